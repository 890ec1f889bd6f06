"""Every name that recipes import is there, and one that is not says so."""

import importlib
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tallymark.cli.main import main
from tallymark.compat import disable, enable

USED = """
prodigy: recipe set_hashes log get_stream recipe_args Arg serve get_recipe get_hash get_config Controller
    ControllerComponentsDict __version__
prodigy.core: recipe recipe_args Arg Controller get_recipe set_recipe
prodigy.app: server
prodigy.errors: RecipeError
prodigy.types: TaskType StreamType RecipeSettingsType LabelsType SourceType PosExample DepExample NerExample
    PathInputType RelationsTask ViewId
prodigy.protocols: ControllerComponentsDict RecipeEventHookProtocol
prodigy.structured_types: get_input_hash get_task_hash
prodigy.util: set_hashes split_string log msg get_labels INPUT_HASH_ATTR TASK_HASH_ATTR SESSION_ID_ATTR
    b64_uri_to_bytes combine_models file_to_b64 prints get_seeds export_model_data get_seeds_from_set
    img_to_b64_uri split_evals get_print ANNOTATOR_ID_ATTR BINARY_ATTR DEFAULT_LLM_BATCH_SIZE
    SPANCAT_DEFAULT_KEY color ensure_path get_config get_hash get_timestamp_session_id read_jsonl write_jsonl
prodigy.components.db: connect get_db get_prodigy_path Database
prodigy.components.loaders: JSONL JSON CSV TXT Images ImageServer Audio Video get_stream
prodigy.components.stream: Stream get_stream _source_is_dataset
prodigy.components.preprocess: add_tokens split_sentences fetch_media fetch_images add_label_options
    resolve_labels make_ner_suggestions split_spans add_answer add_labels_to_stream fetch_task_media
    get_llm_task make_raw_doc make_spancat_suggestions merge_entities merge_noun_chunks msg set_hashes
    tokenize_example
prodigy.components.sorters: prefer_uncertain prefer_high_scores prefer_low_scores Probability find_with_terms
prodigy.components.filters: filter_duplicates filter_seen_before filter_tasks
prodigy.components.printers: answers tc_result trainconf get_compare_printer ner_before ner_result
    pretty_print_ner pretty_print_tc
prodigy.components.routers: full_overlap log_router no_overlap route_average_per_task
prodigy.components.session: Session
prodigy.components.validate: validate
prodigy.components.decorators: support_both_streams
prodigy.components.openai: GLOBAL_STYLE
prodigy.models.matcher: PatternMatcher
prodigy.models.ner: EntityRecognizer merge_spans ensure_sentencizer
prodigy.models.textcat: TextClassifier
prodigy.recipes.ner: manual batch_train get_labels_from_ner preprocess_stream remove_tokens
prodigy.recipes.spans: manual
prodigy.recipes.rel: manual
prodigy.recipes.textcat: manual
prodigy.recipes.image: image_manual
prodigy.recipes.train: setup_gpu set_log_level RECIPE_ARGS
prodigy.recipes.data_utils: get_datasets_from_cli_eval
prodigy.recipes.compare: get_questions get_printer
"""


def used() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for word in USED.split():
        if word.endswith(":"):
            names = found[word.removesuffix(":")] = []
        else:
            names.append(word)
    return found


@pytest.mark.parametrize("module", used())
def test_every_used_name_is_there(prodigy: ModuleType, module: str) -> None:
    loaded = importlib.import_module(module)
    assert [name for name in used()[module] if not hasattr(loaded, name)] == []


def test_a_module_is_the_same_under_both_names(prodigy: ModuleType) -> None:
    ours = importlib.import_module("tallymark.compat.prodigy.components.db")
    assert importlib.import_module("prodigy.components.db") is ours
    assert ours.__spec__ is not None
    assert ours.__spec__.name == "tallymark.compat.prodigy.components.db"
    assert prodigy.components.db is ours, "reached from the top without an import of its own"


@pytest.mark.parametrize(
    ("statement", "error", "words"),
    [
        ("import prodigy.utils", ModuleNotFoundError, 'no module prodigy.utils. Did you mean "util"?'),
        ("from prodigy.util import splitstring", ImportError, 'Did you mean "split_string"?'),
        ("from prodigy.components import loader", ImportError, 'Did you mean "loaders"?'),
        ("import prodigy; prodigy.recipes_args", AttributeError, 'Did you mean "recipe_args"?'),
    ],
)
def test_an_unknown_name_is_told_with_what_is_near(
    prodigy: ModuleType, statement: str, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words.replace("?", r"\?")):
        exec(statement, {})  # noqa: S102


def test_one_import_is_enough_for_every_module(tmp_path: Path) -> None:
    chains = [f"{module}.{names[0]}" for module, names in used().items()]
    lines = (
        "import tallymark.compat as c",
        "c.enable()",
        "import prodigy",
        f"print(all(eval(chain) is not None for chain in {chains}))",
    )
    assert python(*lines, folder=tmp_path).strip() == "True"


def test_names_can_be_looked_for(prodigy: ModuleType) -> None:
    assert not hasattr(prodigy, "teams")
    assert getattr(prodigy, "teams", None) is None


def test_a_recipe_file_with_an_unknown_name_says_where(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mine.py"
    file.write_text("import prodigy\nfrom prodigy.components.sorters import prefer_uncertian\n")
    assert main(["mine", "-F", str(file)]) == 2
    said = capsys.readouterr().err
    assert "prefer_uncertian" in said
    assert 'Did you mean "prefer_uncertain"?' in said
    assert "line 2" in said


def python(*lines: str, folder: Path) -> str:
    """Run lines in a process of their own; gives what they print."""
    run = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)],
        cwd=folder,
        env=os.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    return run.stdout + run.stderr


def test_only_who_asks_for_it_gets_it(tmp_path: Path) -> None:
    assert "No module named 'prodigy'" in python("import tallymark", "import prodigy", folder=tmp_path)
    enabled = (
        "import tallymark.compat as c",
        "c.enable()",
        "import prodigy",
        "print(prodigy.recipe.__module__)",
    )
    assert python(*enabled, folder=tmp_path).strip() == "tallymark.compat.prodigy.core"


def test_an_installed_package_comes_first_unless_ours_is_preferred(tmp_path: Path) -> None:
    (tmp_path / "prodigy").mkdir()
    lines = ("import tallymark.compat as c", "c.enable({})", "import prodigy", "print(prodigy.__name__)")

    def name(how: str) -> str:
        return python(lines[0], lines[1].format(how), *lines[2:], folder=tmp_path).strip()

    assert name("") == "tallymark.compat.prodigy", "a folder that happens to have the name is no package"
    (tmp_path / "prodigy" / "__init__.py").touch()
    assert name("") == "prodigy"
    assert name("prefer=True") == "tallymark.compat.prodigy"


def test_nothing_heavy_is_loaded_with_it(tmp_path: Path) -> None:
    modules = [module for module in used() if not module.startswith("prodigy.recipes")]
    lines = (
        "import tallymark.compat as c, importlib, sys",
        "c.enable()",
        f"for name in {modules}: importlib.import_module(name)",
        "print([n for n in ('spacy', 'numpy', 'sqlalchemy', 'fastapi', 'pyarrow') if n in sys.modules])",
    )
    assert python(*lines, folder=tmp_path).strip() == "[]"


def test_enabling_twice_makes_one_finder() -> None:
    before = list(sys.meta_path)
    enable()
    enable(prefer=True)
    assert len(sys.meta_path) <= len(before) + 1
    disable()
