"""Running a recipe or a command, from the command line or from Python."""

import inspect
import logging
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from tallymark.cli import catalog
from tallymark.cli.arguments import (
    ARGUMENTS,
    DASH,
    OPTIONS,
    command_of,
    known_options,
    split_extra,
    values_of,
)
from tallymark.cli.options import (
    COMMAND_SETTINGS,
    RECIPE_SETTINGS,
    SERVER_SETTINGS,
    assigned,
    chosen,
    settings_arguments,
)
from tallymark.config import IGNORED, NOT_YET, PAGE_KEYS, Files, Settings, resolve, with_settings
from tallymark.databases import shown_words
from tallymark.errors import InputError, RecipeError
from tallymark.recipe import MISSING, Argument, Recipe
from tallymark.registry import did_you_mean
from tallymark.types import Components

if TYPE_CHECKING:
    from cyclopts import App

    from tallymark.components import RecipeComponents
    from tallymark.host.launch import Launch
    from tallymark.source import Source
    from tallymark.store.reading import StoredDatasets

__all__ = ["begin_server", "invoke", "run_recipe", "serve", "serve_components"]

log = logging.getLogger("tallymark")

_HELP: Final = frozenset({"--help", "-h"})
_LEVELS: Final = {None: logging.WARNING, "basic": logging.INFO, "verbose": logging.DEBUG}


@dataclass(frozen=True, slots=True)
class Call:
    """A recipe or command with its values, and the settings given beside them."""

    recipe: Recipe
    values: dict[str, Any]
    extra: list[str]
    command_line: dict[str, Any]
    keywords: dict[str, Any]
    command: str
    assignments: tuple[str, ...] = ()

    def settings(
        self, components: "RecipeComponents | None" = None, *, files: Files | None = None
    ) -> Settings:
        """Everything put together; a recipe's own `config` is known once it ran.

        `files` were read before it did, and are not read again: a recipe may change the folder.
        """
        return resolve(
            recipe_config=components.config if components else None,
            recipe_name=self.recipe.name,
            command_line=self.command_line,
            assignments=self.assignments,
            keywords=self.keywords,
            files=files,
        )


def invoke(found: Recipe, tokens: Sequence[str], *, command: Sequence[str]) -> int:
    """Run a recipe or command with what was typed after its name; gives the exit code."""
    call = _parse(found, tokens, command=shlex.join(shown_words(command)), keywords={})
    return 0 if call is None else _start(call)


def serve(command: str, *args: Any, **config: Any) -> int:
    """Run a recipe as if `tallymark <command>` had been typed; `config` are settings and come last.

    Further positional arguments are handed to the recipe's function as they are, so that a source may be any
    iterable: `serve("mark", "news", [{"text": "…"}], view_id="text")`.
    """
    from tallymark.cli.main import COMPAT, take_files
    from tallymark.compat.finder import enable
    from tallymark.registry import load_files

    words = shlex.split(command)
    tokens, files = take_files([word for word in words if word != COMPAT])
    if not tokens:
        raise InputError("serve() needs the name of a recipe.")
    enable(prefer=COMPAT in words)
    catalog.load_built_in()
    for paths in files:
        load_files(paths)
    found = catalog.find(tokens[0])
    call = (
        _direct(found, args, config)
        if args
        else _parse(found, tokens[1:], command=_shown(command), keywords=config)
    )
    return 0 if call is None else _start(call)


def serve_components(components: Components, *, name: str) -> int:
    """Serve components that are there already, as if a recipe of this name had returned them."""
    return _start(Call(Recipe(name, lambda: components, {}), {}, [], {}, {}, name))


def _shown(command: str) -> str:
    """A command as it is kept: as it was typed, but for passwords."""
    words = shlex.split(command)
    kept = shown_words(words)
    return command if kept == words else shlex.join(kept)


def run_recipe(
    components: "RecipeComponents",
    *,
    recipe_name: str,
    command: str,
    settings: Settings,
    sources: "Sequence[Source]" = (),
    launch: "Launch | None" = None,
) -> int:
    """Serve what a recipe returned until it is stopped; gives the exit code.

    `sources` are those it opened while it ran, `launch` is a server begun beforehand.
    """
    from tallymark.host.host import run

    return run(
        components,
        recipe_name=recipe_name,
        command=command,
        settings=settings,
        sources=sources,
        launch=launch,
        say=_say,
    )


def begin_server(settings: Settings) -> "Launch":
    """Have the server start while the recipe loads its model; the host takes it over."""
    from tallymark.host.host import begin_server

    return begin_server(settings)


def _say(line: str) -> None:
    print(line, flush=True)


def _direct(found: Recipe, args: Sequence[Any], config: Mapping[str, Any]) -> Call:
    """A call with Python values: keywords the recipe has parameters for are its own, the rest settings."""
    bound = inspect.signature(found.function).bind_partial(*args)
    names = {argument.name for argument in found.arguments}
    values = {**bound.arguments, **{key: value for key, value in config.items() if key in names}}
    keywords = {key: value for key, value in config.items() if key not in names}
    return Call(found, values, [], {}, keywords, found.name)


def _parse(found: Recipe, tokens: Sequence[str], *, command: str, keywords: Mapping[str, Any]) -> Call | None:
    """Take apart the command line; None when only help was asked for."""
    ours = catalog.is_command(found)
    arguments = [argument for argument in found.arguments if not (ours and argument.name == "settings")]
    taken = SERVER_SETTINGS.get(found.name, COMMAND_SETTINGS) if ours else RECIPE_SETTINGS
    options = settings_arguments(taken, arguments)
    rest: list[str] = list(tokens)
    extra: list[str] = []
    if found.takes_extra:
        rest, extra = split_extra(rest, known_options([*arguments, *options]) | _HELP)
    app, marker = _application(found, arguments, options)
    typed = _typed(app, marker, [found.name, *(DASH if word == "-" else word for word in rest)])
    if typed is None:
        return None
    return Call(
        recipe=found,
        values=values_of(arguments, typed),
        extra=extra,
        command_line=chosen(options, typed),
        keywords=dict(keywords),
        command=command,
        assignments=assigned(typed),
    )


def _application(
    found: Recipe, arguments: Sequence[Argument], options: Sequence[Argument]
) -> "tuple[App, Any]":
    from cyclopts import App

    app = App(
        name="tallymark",
        help_format="plaintext",
        version_flags=[],
        group_arguments=ARGUMENTS,
        group_parameters=OPTIONS,
    )
    marker = command_of(arguments, options)
    app.command(marker, name=found.name, help=_paragraphs(inspect.getdoc(found.function) or ""))
    return app, marker


def _paragraphs(text: str) -> str:
    """A docstring with its lines joined, so that the terminal breaks them where it must."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.split("\n\n"))


def _typed(app: "App", marker: Any, tokens: list[str]) -> dict[str, Any] | None:
    """What was typed for each argument, or None after printing help."""
    from cyclopts import CycloptsError

    try:
        function, bound, _ = app.parse_args(tokens, print_error=False, exit_on_error=False)
    except CycloptsError as error:
        raise InputError(f"{_words(error, tokens)}\nSee `tallymark {tokens[0]} --help`.") from error
    if function is marker:
        return dict(bound.arguments)
    function(*bound.args, **bound.kwargs)
    return None


def _words(error: Exception, tokens: Sequence[str]) -> str:
    """A parser's complaint in our words."""
    from cyclopts import MissingArgumentError, UnusedCliTokensError

    if isinstance(error, MissingArgumentError) and error.argument is not None:
        argument = error.argument
        name = argument.name if argument.name.startswith("-") else argument.name.upper()
        what = f" ({argument.parameter.help})" if argument.parameter.help else ""
        return f"{tokens[0]} needs {'a value for ' if name.startswith('-') else ''}{name}{what}."
    if isinstance(error, UnusedCliTokensError):
        return f"{tokens[0]} does not know what to do with {shlex.join(error.unused_tokens or [])}."
    return str(error).replace(DASH, "-")


def _start(call: Call) -> int:
    settings = call.settings()
    _log_to_terminal(settings)
    if catalog.is_command(call.recipe):
        return int(_called(call, settings=settings) or 0)
    return _run_recipe_function(call, settings)


def _log_to_terminal(settings: Settings) -> None:
    """Warnings are for people; who asks for more gets times and names, too."""
    form = "%(message)s" if settings.logging is None else "%(asctime)s %(name)s: %(message)s"
    logging.basicConfig(level=_LEVELS[settings.logging], format=form)


def _run_recipe_function(call: Call, settings: Settings) -> int:
    with reading(settings):  # as long as the host runs: it reads `dataset:` sources when they are asked for
        return _serve_recipe_function(call, settings)


@contextmanager
def reading(settings: Settings) -> Iterator[None]:
    """Let `dataset:` sources read the settings' database, which is opened when the first one asks.

    Functions of recipes that are handed no settings find them, too.
    """
    from tallymark.source import with_datasets

    with ExitStack() as stack:

        @cache
        def opened() -> "StoredDatasets":
            from tallymark.cli.commands._database import reading_store
            from tallymark.store.reading import StoredDatasets

            return StoredDatasets(stack.enter_context(reading_store(settings)))

        with with_datasets(opened), with_settings(settings):
            yield


def _serve_recipe_function(call: Call, settings: Settings) -> int:
    from tallymark.stream import collect_sources

    with ExitStack() as stack:
        launch = None
        if call.recipe.module.startswith("tallymark."):  # a recipe of somebody else may be a plain command
            launch = begin_server(settings)
            stack.callback(launch.cancel)
        with collect_sources(call.recipe.name) as sources:
            result = _called_with_advice(call)
        if not isinstance(result, Mapping):
            return _exit_code(call, result)
        components = _components(call, result)
        _refuse_own_answers(sources, components.dataset)
        settings = _settings(call, components, files=settings.resolution.files)
        stack.pop_all()  # the host takes over
    return run_recipe(
        components,
        recipe_name=call.recipe.name,
        command=call.command,
        settings=settings,
        sources=sources,
        launch=launch,
    )


def _refuse_own_answers(sources: "Sequence[Source]", dataset: str | None) -> None:
    """A dataset's answers, asked again in the same dataset, would feed themselves."""
    from tallymark.loaders.answered import dataset_of

    if any(dataset is not None and dataset_of(source) == dataset for source in sources):
        raise InputError(
            f"The answers of dataset {dataset!r} cannot be a source of the same dataset.\n"
            "Save to another dataset, such as one that ends in -2."
        )


def _exit_code(call: Call, result: Any) -> int:
    if result is None or isinstance(result, int):
        return int(result or 0)
    raise RecipeError(
        f'The recipe "{call.recipe.name}" returned {type(result).__name__}.',
        "A recipe returns a dict of components, or nothing when there is nothing to annotate.",
    )


def _called_with_advice(call: Call) -> Any:
    """What the recipe returns; an error of its own keeps its traceback, and is told what helps below it."""
    try:
        return _called(call)
    except OSError as error:
        from tallymark.pipelines import advise

        advise(error)
        raise


def _called(call: Call, **more: Any) -> Any:
    """Call the function, positional-only parameters included."""
    values = {**call.values, **more}
    if call.recipe.takes_extra:
        values["_extra"] = call.extra
    function = call.recipe.function
    signature = inspect.signature(function)
    left = {a.name: a.default for a in call.recipe.arguments if not a.required and a.name not in values}
    values |= {name: left[name] for name in left if signature.parameters[name].default is MISSING}
    bound = signature.bind_partial()
    bound.arguments.update({name: values[name] for name in signature.parameters if name in values})
    return function(*bound.args, **bound.kwargs)


def _components(call: Call, result: Mapping[str, Any]) -> "RecipeComponents":
    from tallymark.components import read_components
    from tallymark.interfaces import view_ids

    return read_components(result, recipe_name=call.recipe.name, view_ids=view_ids())


def _settings(call: Call, components: "RecipeComponents", *, files: Files | None) -> Settings:
    """All settings, and one report of what was given and has no effect."""
    from tallymark.interfaces import settings_problem

    settings = call.settings(components, files=files)
    problem = settings_problem(components.view_id, {**components.config, **settings.for_page()})
    if problem is not None:
        raise RecipeError(f'The recipe "{call.recipe.name}" cannot start: {problem}')
    _report_settings(settings, call.values.get("source"))
    return settings


def _report_settings(settings: Settings, source: Any) -> None:
    """Say which files were read, which look like settings and were not, and what else has no effect."""
    from tallymark.config.places import strays_near
    from tallymark.interfaces import setting_names

    resolution = settings.resolution
    for key, chain in resolution.extra.items():
        if key in IGNORED:
            log.info("%s has no effect: %s.", chain[-1].named, IGNORED[key])
        elif key in NOT_YET and key in PAGE_KEYS:
            log.info("%s has no effect on the page yet: %s.", chain[-1].named, NOT_YET[key])
        elif key not in setting_names() and key not in PAGE_KEYS:
            near = did_you_mean(key, {*Settings.model_fields, *PAGE_KEYS, *setting_names()})
            place = chain[-1].place
            log.warning("%s is no setting (%s); it is passed to the page as it is.%s", key, place, near)
    for notice in resolution.notices:
        log.warning("%s", notice)
    if resolution.files is None:
        return
    found = ", ".join(str(place.path) for place in resolution.files.found)
    log.info("Settings files: %s.", found or "none")
    for stray in strays_near(resolution.files, source):
        log.warning("%s is not read: %s.", stray.path, stray.reason)
