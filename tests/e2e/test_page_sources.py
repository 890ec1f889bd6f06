"""What the page and the program must agree on, read from their sources."""

import gzip
import re
import subprocess
import sys
from pathlib import Path

from tallymark.interfaces import view_ids

ROOT = Path(__file__).parents[2]
WEB = ROOT / "web"
STATIC = ROOT / "src/tallymark/server/static"
FIRST_LOAD_BYTES = 110_000


def test_both_registries_of_interfaces_are_equal() -> None:
    for file, table in (("edits.ts", r"EDITS = \{(.*?)\}"), ("views.ts", r"VIEWS: .*? = \{(.*?)\}")):
        found = re.search(f"export const {table}", (WEB / "src/interfaces" / file).read_text(), re.DOTALL)
        assert found is not None, file
        names = [line.strip().rstrip(",").split(":")[0] for line in found[1].splitlines() if line.strip()]
        assert sorted(names) == view_ids(), file


def test_the_types_of_the_page_are_those_of_the_server(tmp_path: Path) -> None:
    described = tmp_path / "openapi.json"
    with described.open("w") as file:
        subprocess.run([sys.executable, "-m", "tallymark.server.openapi"], stdout=file, check=True)
    generated = tmp_path / "schema.d.ts"
    command = [str(WEB / "node_modules/.bin/openapi-typescript"), str(described), "-o", str(generated)]
    subprocess.run(command, check=True, capture_output=True, cwd=WEB)
    committed = (WEB / "src/api/schema.d.ts").read_text()
    assert generated.read_text() == committed, "npm run types, in web/"


def test_the_first_load_is_light_and_from_here() -> None:
    index = (STATIC / "index.html").read_text()
    files = re.findall(r'(?:src|href)="\./(assets/[^"]+)"', index)
    assert files
    assert "http://" not in index
    assert "https://" not in index
    packed = sum(len(gzip.compress((STATIC / name).read_bytes())) for name in files)
    assert packed <= FIRST_LOAD_BYTES
