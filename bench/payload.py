"""What a browser is sent before the first task can be shown: `python bench/payload.py`."""

import gzip
import re
import sys
from importlib.resources import files
from pathlib import Path

PAGES = ("index.html", "admin.html")


def main() -> int:
    """Print bytes as they are sent, and as a proxy that compresses would send them."""
    static = Path(str(files("tallymark.server") / "static"))
    for page in PAGES:
        path = static / page
        if not path.is_file():
            raise SystemExit("The page has not been built; run `make page`.")
        assets = re.findall(r'(?:src|href)="/?([^"]+)"', path.read_text())
        contents = [path.read_bytes(), *(find(static, asset).read_bytes() for asset in assets)]
        packed = sum(len(gzip.compress(content, 6)) for content in contents)
        sent = sum(map(len, contents))
        print(f"{page}: {len(contents)} files, {sent / 1e3:,.0f} kB, {packed / 1e3:,.0f} kB packed")
    return 0


def find(static: Path, asset: str) -> Path:
    """The file of an address in a page."""
    return static / asset.removeprefix("./")


if __name__ == "__main__":
    sys.exit(main())
