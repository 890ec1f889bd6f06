"""Local files of a dataset's media folders: pictures, sound, film; nothing else and nowhere else."""

import mimetypes
from pathlib import Path
from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import APIRouter, Depends
from starlette.responses import FileResponse

from tallymark.server.folders import file_below, media_folders
from tallymark.server.problems import Refused
from tallymark.server.state import ServerState, state_of

router = APIRouter(prefix="/api/v1", tags=["media"])
Server = Annotated[ServerState, Depends(state_of)]

_KINDS = ("image/", "audio/", "video/")
_PLAIN_KINDS = frozenset({"application/pdf"})


@router.get("/media/{dataset}/{mount}/{path:path}", response_class=FileResponse, operation_id="media")
async def media(server: Server, dataset: str, mount: str, path: str) -> FileResponse:
    """A media file below one of the dataset's folders; ranges are answered, so film can be wound.

    The mount `task-57` stands for the folders of the dataset's sources, of that task's own first; the path
    may be a whole one then, as long as the file lies in such a folder.
    """
    folders = await server.read(lambda tx: media_folders(tx, dataset=dataset, mount=mount))
    if not folders:
        raise Refused("media_unknown", f"the dataset {dataset!r} has no media folder {mount!r}")
    found = await run_sync(_found, folders, path)
    if found is None:
        raise Refused("media_unknown", f"there is no media file {path!r} in the folder {mount!r}")
    file, kind = found
    headers = {
        "cache-control": "private, max-age=3600",
        "content-security-policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
    }
    return FileResponse(file, media_type=kind, headers=headers)


def _found(folders: list[str], path: str) -> tuple[Path, str] | None:
    return next(filter(None, (resolve(Path(folder), path) for folder in folders)), None)


def resolve(folder: Path, path: str) -> tuple[Path, str] | None:
    """The file and its type, or None unless it is a media file that really lies below the folder.

    Links are followed before the check, so a link out of the folder is refused as `..` is.
    """
    kind = mimetypes.guess_type(path, strict=False)[0] or ""
    if not (kind.startswith(_KINDS) or kind in _PLAIN_KINDS):
        return None
    file = file_below(folder, path)
    if file is None or any(part.startswith(".") for part in file.relative_to(folder.resolve()).parts):
        return None
    return file, kind
