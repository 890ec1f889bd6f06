"""How many public recipes written for Prodigy run here unchanged: `python bench/compat.py FOLDER [hash…]`.

FOLDER holds the files that `compat.json` lists, each named by the sha256 of its text and `.py`; they are not
part of this repository. Every recipe of a file is started by the command line, with arguments that its
signature suggests, in a process and with a home of its own; it passes when it serves a task over HTTP and
stores an answer, or, if it has no stream, when it runs to its end. A file passes when all its recipes do.
Stand-ins are made for packages that are not installed, for models, neighbouring modules and private data
(`standins/`, `compatibility/worlds.json`), never for anything of `prodigy`. Wanted: 85 of 100 files.
"""

import argparse
import concurrent.futures
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import urllib.error
import urllib.request
from collections import Counter
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from compatibility.data import TEXTS, fill, several
from compatibility.words import words_for

HERE = Path(__file__).parent
STANDINS = HERE / "standins"
WANTED = 85
ROUNDS = 8
SECONDS = 60.0
PASSED = "passed"
HOME = "{home}"


def main() -> int:
    """Print a line for each file and the sums; 1 when too few pass."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("only", nargs="*", help="beginnings of hashes")
    parser.add_argument("--logs", type=Path, help="keep what each recipe said in this folder")
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_intermixed_args()
    if given.folder is None:
        print("Left out: give the folder that holds the files of bench/compat.json.")
        return 0
    listed = json.loads((HERE / "compat.json").read_text())["files"]
    worlds = json.loads((HERE / "compatibility" / "worlds.json").read_text())
    chosen = [entry for entry in listed if not given.only or entry["sha256"].startswith(tuple(given.only))]
    with tempfile.TemporaryDirectory() as made:
        pipeline = Path(made) / "pipeline"
        subprocess.run([sys.executable, str(STANDINS / "pipeline.py"), str(pipeline), *TEXTS], check=True)

        def run(entry: dict[str, Any]) -> list[Outcome]:
            file = given.folder.resolve() / f"{entry['sha256']}.py"
            return measured(file, worlds.get(entry["sha256"][:8], {}), pipeline, given.logs)

        with concurrent.futures.ThreadPoolExecutor(given.processes) as pool:
            results = list(pool.map(run, chosen))
    return report([entry["sha256"][:8] for entry in chosen], results)


@dataclass
class Outcome:
    """What came of one recipe: "passed", or whose fault it is, with the reason."""

    recipe: str
    kind: str
    reason: str = ""
    view: str = ""


def report(names: list[str], results: list[list[Outcome]]) -> int:
    """Print everything; 1 when too few files pass."""
    for name, outcomes in zip(names, results, strict=True):
        for outcome in outcomes:
            shown = f"{outcome.kind:13} {outcome.view or '-':14} {outcome.reason[:200]}"
            print(f"{name} {outcome.recipe:34} {shown}")
    whole = sum(all(outcome.kind == PASSED for outcome in outcomes) for outcomes in results)
    some = sum(any(outcome.kind == PASSED for outcome in outcomes) for outcomes in results)
    main_ones = sum(outcomes[0].kind == PASSED for outcomes in results)
    kinds = Counter(outcome.kind for outcomes in results for outcome in outcomes)
    print(f"recipes: {', '.join(f'{kind} {count}' for kind, count in kinds.most_common())}")
    print(
        f"files: {whole} of {len(results)} pass whole (wanted {WANTED} of 100),"
        f" {main_ones} with their first recipe, {some} with some recipe"
    )
    return int(whole * 100 < WANTED * len(results))


def measured(file: Path, world: dict[str, Any], pipeline: Path, logs: Path | None) -> list[Outcome]:
    """The outcomes of a file's recipes.

    What a recipe turns out to need of private data is added, and it is started again.
    """
    needs = Needs(
        dict(world.get("row", {})),
        dict(world.get("files", {})),
        list(world.get("datasets", [])),
        dict(world.get("variables", {})),
    )
    for _ in range(ROUNDS):
        with Place(file, pipeline, needs) as place:
            said = place.run("--list")
        found = re.search(r"^RECIPES (.*)$", said, re.MULTILINE)
        if found or not needs.learn(said, place):
            break
    keep(logs, file, "list", said)
    if not found:
        return [judge(said, "(import)")]
    outcomes = []
    for name, arguments in json.loads(found[1]).items():
        needed, own = needs.copy(), world.get("arguments", {})
        for _ in range(ROUNDS):
            with Place(file, pipeline, needed) as place:
                outcome, said = try_recipe(place, name, arguments, own)
            if outcome.kind == PASSED or not needed.learn(said + outcome.reason, place):
                break
        keep(logs, file, name, said + f"\n=> {outcome}\n")
        outcomes.append(outcome)
    return outcomes or [Outcome("(none)", "nothing")]


def keep(logs: Path | None, file: Path, name: str, said: str) -> None:
    if logs:
        logs.mkdir(parents=True, exist_ok=True)
        (logs / f"{file.stem[:8]}.{name.replace('/', '_')}.log").write_text(said)


@dataclass
class Needs:
    """Private data that a recipe turned out to need: fields of its rows, files, datasets, variables."""

    row: dict[str, Any]
    files: dict[str, Any]
    datasets: list[str]
    variables: dict[str, str]
    tried: set[str] = field(default_factory=set)

    def copy(self) -> "Needs":
        """The same, to be added to."""
        return Needs(
            dict(self.row), dict(self.files), list(self.datasets), dict(self.variables), set(self.tried)
        )

    def learn(self, said: str, place: "Place") -> bool:
        """Take from an error what is missing; False when it says nothing new."""
        for pattern, learn in (
            (r"(?:No such file or directory|unable to open database file): '([^']+)'", self._file),
            (r"names the file ([^\n]+?), which does not exist", self._file),
            (
                r"(?:There is no file|Can't read file:?|Can't find file:?) ([^\n]+?)(?:\. |\.?\n|\.?$| \()",
                self._file,
            ),
            (r"KeyError: '([^'\n]+)'", self._field),
            (r"(?:no dataset|no dataset or session|Can't find) [\"']([\w.-]+)[\"']", self._dataset),
        ):
            for name in reversed(re.findall(pattern, said)):
                if f"{pattern}{name}" not in self.tried:
                    self.tried.add(f"{pattern}{name}")
                    learn(name.replace(str(place.folder), HOME))
                    return True
        return False

    def _file(self, name: str) -> None:
        self.files.setdefault(name, None)

    def _field(self, name: str) -> None:
        if name.isupper():
            self.variables.setdefault(name, "thing")
        self.row.setdefault(name, None)

    def _dataset(self, name: str) -> None:
        self.datasets.append(name)


class Place:
    """A folder with data, a home, and the processes that run in it."""

    def __init__(self, file: Path, pipeline: Path, needs: Needs) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="compat-"))
        self.work = self.folder / "project"
        self.file = self.work / "recipe.py"
        self.killed = False
        self.work.mkdir()
        shutil.copyfile(file, self.file)
        self.pipeline, self.needs = pipeline, needs
        self.text = self.file.read_text()
        fill(self.work, needs.row)
        for name, content in needs.files.items():
            for path in several(name):
                self._make(path, content)
        for dataset in needs.datasets:
            self.tallymark("db-in", dataset, "rows.jsonl")

    def __enter__(self) -> "Place":
        return self

    def __exit__(self, *_error: object) -> None:
        if self.killed:  # its server would go on, so that nobody loses work
            self.tallymark("stop")
        shutil.rmtree(self.folder, ignore_errors=True)

    def _make(self, name: str, content: Any) -> None:
        path = Path(name)
        if name.startswith(HOME):
            target = self.folder / name.removeprefix(HOME).lstrip("/")
        else:
            target = self.folder / "elsewhere" / name[1:] if path.is_absolute() else self.work / name
        if target.exists():
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str) and content.startswith("@"):
            shutil.copytree(self.work / content[1:], target)
        elif content is not None and target.suffix == ".db":
            with closing(sqlite3.connect(target)) as connection:
                connection.executescript(content)
        elif content is not None:
            target.write_text(content if isinstance(content, str) else json.dumps(content))
        elif target.suffix in (".pkl", ".pickle", ".dict"):
            # a `Thing`, of the module that a recipe's process has
            target.write_bytes(b"cthings\nThing\n)R.")
        elif (self.work / f"rows{target.suffix}").is_file():
            shutil.copyfile(self.work / f"rows{target.suffix}", target)
        elif target.suffix:
            target.write_text("{}")
        elif re.search("model|nlp", target.name):
            shutil.copytree(self.pipeline, target)
        else:
            shutil.copytree(self.work / "mixed", target)

    @property
    def environment(self) -> dict[str, str]:
        """Variables of its processes."""
        kept = {key: value for key, value in os.environ.items() if key in ("PATH", "LANG", "LC_ALL")}
        return {
            **kept,
            **dict.fromkeys(re.findall(r"\b[A-Z][A-Z_]*_(?:KEY|ORG|TOKEN)\b", self.text), "thing"),
            **self.needs.variables,
            "PYTHONBREAKPOINT": "0",
            "TALLYMARK_PORT": "0",
            "PYTHONPATH": f"{STANDINS}:{HERE.parent / 'src'}",
            "HOME": str(self.folder / "home"),
            "TMPDIR": str(self.folder),
            "TALLYMARK_HOME": str(self.folder / "home"),
            "TALLYMARK_LOGGING": "verbose",
            "COMPAT_FILE": str(self.file),
            "COMPAT_ROOT": str(self.folder / "elsewhere"),
            "COMPAT_PIPELINE": str(self.pipeline),
        }

    def begin(self, *words: str, log: Path) -> "subprocess.Popen[bytes]":
        """Start the recipe's process; it says everything into a file."""
        with log.open("wb") as out:
            return subprocess.Popen(
                [sys.executable, str(STANDINS / "start.py"), *words],
                cwd=self.work,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def run(self, *words: str) -> str:
        """All that was said until its end."""
        log = self.folder / "said.txt"
        process = self.begin(*words, log=log)
        try:
            process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            self.end(process)
        return log.read_text(errors="replace")

    def end(self, process: "subprocess.Popen[bytes]") -> None:
        """Leave nothing of it running."""
        self.killed |= process.poll() is None
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def tallymark(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """A command of ours, without stand-ins."""
        environment = {key: value for key, value in self.environment.items() if not key.startswith("COMPAT")}
        return subprocess.run(
            [sys.executable, "-m", "tallymark", *words],
            cwd=self.work, env={**environment, "TALLYMARK_LOGGING": "basic"}, capture_output=True, text=True,
        )  # fmt: skip


def try_recipe(
    place: Place, name: str, arguments: list[dict[str, Any]], own: dict[str, Any]
) -> tuple[Outcome, str]:
    """Start a recipe, answer its first task and stop it; gives the outcome and all that was said."""
    log = place.folder / "said.txt"
    words = words_for(name, arguments, place.text, own)
    process = place.begin(*words, log=log)
    view, problem = "", ""
    try:
        address = listening(process, log)
        if address:
            view, problem = annotate(address, process)
            stop(process)
    except Exception as error:
        problem = f"{type(error).__name__}: {error}"
        if not isinstance(error, AssertionError):
            problem += "".join(traceback.format_tb(error.__traceback__)[-1:])
    finally:
        place.end(process)
    said = f"$ {' '.join(words)}\n" + log.read_text(errors="replace")
    if not problem and process.returncode == 0 and address:
        problem = exported(place, said)
    if process.returncode == 0 and not problem and not failed_callback(said):
        how = [] if address else ["ran to its end"]
        how += sorted(set(re.findall(r"^OLDER SPACY: .*$", said, re.MULTILINE)))
        return Outcome(name, PASSED, ", ".join(how), view), said
    outcome = judge(f"{said}\n{problem}", name)
    outcome.view = view
    return outcome, f"{said}\n{problem}"


def failed_callback(said: str) -> bool:
    return bool(re.search(r"^Traceback|The callback|failed:", said, re.MULTILINE))


def exported(place: Place, said: str) -> str:
    """What is wrong with the dataset afterwards, if anything."""
    dataset = re.search(r"^Dataset (.+) in ", said, re.MULTILINE)
    if not dataset or "Nothing is saved" in said:
        return ""
    out = place.tallymark("db-out", dataset[1])
    if out.returncode or not out.stdout.strip():
        return f"db-out {dataset[1]} gives nothing: {out.stderr}"
    return ""


def listening(process: "subprocess.Popen[bytes]", log: Path) -> str:
    """The address it says, or nothing when it ended by itself."""
    deadline, pause = time.monotonic() + SECONDS, threading.Event()
    while time.monotonic() < deadline:
        ended = process.poll() is not None
        found = re.search(r"^Annotate at (\S+?/)(?:\?\S*)?$", log.read_text(errors="replace"), re.MULTILINE)
        if found:
            return found[1]
        if ended:
            return ""
        pause.wait(0.05)
    raise AssertionError(f"no address within {SECONDS:.0f} s")


def annotate(address: str, process: "subprocess.Popen[bytes]") -> tuple[str, str]:
    """Lease a task and answer it; gives the view and the problem, if there is one."""
    api = f"{address}api/v1"
    project = call(f"{api}/project")
    view = str(project["view_id"])
    session = f"{api}/sessions/{call(f'{api}/sessions', {'name': 'ann'})['session']}"
    deadline, pause = time.monotonic() + SECONDS, threading.Event()
    while time.monotonic() < deadline:
        reply = call(f"{session}/lease", {"size": 10})
        if reply["state"] == "failed":
            return view, f"the stream failed: {json.dumps(reply)}"
        if reply["tasks"]:
            break
        if reply["state"] == "exhausted":
            return view, f"no task: {json.dumps(reply)}"
        if process.poll() is not None:
            return view, "it ended"
        pause.wait(0.05)
    else:
        return view, f"no task within {SECONDS:.0f} s: {json.dumps(reply)}"
    task = reply["tasks"][0]
    op = {"op_id": "op-1", "task_id": task["task_id"], "base": task["revision"], "status": "submitted"}
    ops = [{**op, "decision": "accept", "set": values(task["task"], view, project)}]
    ack = call(f"{session}/answers", {"ops": ops})["acks"][0]
    return view, "" if ack["result"] == "stored" else f"not stored: {json.dumps(ack)}"


def values(task: dict[str, Any], view: str, project: dict[str, Any]) -> dict[str, Any]:
    """What an annotator might have entered."""
    blocks = (task.get("config") or {}).get("blocks") or (project.get("config") or {}).get("blocks") or []
    views = [view, *(block.get("view_id") for block in blocks)]
    found: dict[str, Any] = {}
    options = task.get("options") or []
    if "choice" in views and options:
        found["accept"] = [options[0]["id"]]
    for block in blocks:
        if block.get("view_id") == "text_input":
            found[block.get("field_id", "user_input")] = "some words"
    return found


def call(address: str, body: Any = None) -> Any:
    """The answer to a request, as JSON."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(address, data, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as reply:
            return json.load(reply)
    except urllib.error.HTTPError as error:
        raise AssertionError(f"{address.rpartition('/')[2]}: {error} {error.read().decode()}") from error


def stop(process: "subprocess.Popen[bytes]") -> None:
    """Ctrl-C."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        process.wait(SECONDS)


def judge(said: str, name: str) -> Outcome:
    """Whose fault a failure is, from what was said."""
    view = re.search(r'there is no interface "?([\w-]+)', said, re.IGNORECASE)
    if view:
        return Outcome(name, "view missing", view[1])
    lacking = re.search(r"Tallymark has no (?:module )?(prodigy[^\n]*)", said)
    if lacking:
        return Outcome(name, "name missing", lacking[1])
    lines = [line for line in said.splitlines() if line.strip()]
    errors = [
        line for line in lines if re.match(r"\s*(\w+\.)*\w*(Error|Exception|Interrupt|Refused)\b", line)
    ]
    frames = re.findall(r'File "([^"]+)", line (\d+)', said)
    place = f" ({Path(frames[-1][0]).name}:{frames[-1][1]})" if frames else ""
    theirs = bool(frames) and ("recipe.py" in frames[-1][0] or "tallymark" not in frames[-1][0])
    return Outcome(
        name, "their error" if theirs else "our error", (errors or lines or ["nothing said"])[-1] + place
    )


if __name__ == "__main__":
    sys.exit(main())
