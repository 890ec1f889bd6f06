"""The build hook: when the page is built anew, and what is said when it cannot be."""

import importlib.util
import json
import re
import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def build() -> ModuleType:
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def project(tmp_path: Path, build: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose npm only notes how it was called."""
    web = tmp_path / "web"
    (web / "src").mkdir(parents=True)
    (web / "package.json").write_text("{}")
    (web / "src" / "main.ts").write_text("export {};")
    (web / "package-lock.json").write_text(json.dumps({"packages": {"": {}}}))
    calls = tmp_path / "calls"

    def run_npm(root: Path, *arguments: str) -> None:
        with calls.open("a") as file:
            file.write(" ".join(arguments) + "\n")
        (root / build.STATIC).mkdir(parents=True, exist_ok=True)

    monkeypatch.setattr(build, "run_npm", run_npm)
    return tmp_path


def called(project: Path) -> list[str]:
    path = project / "calls"
    lines = path.read_text().splitlines() if path.exists() else []
    path.unlink(missing_ok=True)
    return lines


def test_the_page_is_built_when_its_sources_changed(build: ModuleType, project: Path) -> None:
    assert build.build_page(project)
    assert called(project) == ["ci --no-fund --no-audit", "run build"]
    assert not build.build_page(project)
    (project / "web" / "src" / "main.ts").write_text("export const changed = 1;")
    assert build.build_page(project)
    (project / "web" / "src" / "new.ts").write_text("")
    assert build.build_page(project)
    (project / "web" / "node_modules" / "x").mkdir(parents=True)
    (project / "web" / "node_modules" / "x" / "index.js").write_text("")
    assert not build.build_page(project), "installed packages are no sources"


def test_a_source_archive_brings_its_page(build: ModuleType, project: Path) -> None:
    build.build_page(project)
    shutil.rmtree(project / "web")
    assert build.page_is_built(project)


def test_packages_are_installed_when_the_lock_file_changed(build: ModuleType, project: Path) -> None:
    web = project / "web"
    wanted = {
        "": {},
        "node_modules/a": {"version": "1.0.0"},
        "node_modules/b": {"version": "2.0.0", "optional": True},
    }
    (web / "package-lock.json").write_text(json.dumps({"packages": wanted}))
    assert not build.packages_are_installed(web)
    (web / "node_modules").mkdir()
    installed = web / "node_modules" / ".package-lock.json"
    installed.write_text(json.dumps({"packages": {"node_modules/a": {"version": "1.0.0"}}}))
    assert build.packages_are_installed(web), "optional packages of other platforms are left out"
    build.install_packages(project)
    assert called(project) == []
    installed.write_text(json.dumps({"packages": {"node_modules/a": {"version": "0.9.0"}}}))
    assert not build.packages_are_installed(web)
    installed.write_text(json.dumps({"packages": {}}))
    build.install_packages(project)
    assert called(project) == ["ci --no-fund --no-audit"]


def test_without_node_it_says_what_to_install(
    build: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    assert build.npm_command() is None
    assert build.main(["npm", "--version"]) == 1
    assert "Node.js >= 20.19" in capsys.readouterr().err


def test_the_lock_files_name_public_registries_only() -> None:
    python = (ROOT / "uv.lock").read_text()
    assert set(re.findall(r'registry = "([^"]+)"', python)) == {"https://pypi.org/simple"}
    assert set(re.findall(r'url = "https?://([^/"]+)', python)) == {"files.pythonhosted.org"}
    node = (ROOT / "web" / "package-lock.json").read_text()
    assert set(re.findall(r'"resolved": "https?://([^/"]+)', node)) <= {"registry.npmjs.org"}
