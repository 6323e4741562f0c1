"""The built web app and the API's page: files from two folders of ours, nothing else."""

import mimetypes
from pathlib import Path

from aiohttp import web

DOCS = Path(__file__).parent / "docs"
PACKAGED_APP = Path(__file__).parent.parent / "webapp"
FOREVER = "public, max-age=31536000, immutable"
"""Vite puts a hash of the content into every name under assets/."""
TYPES = {".js": "text/javascript", ".webmanifest": "application/manifest+json"}
"""What machines know differently or not at all (RFC 9239 §6)."""
NOT_BUILT = "The web app is not built yet. In a clone, run: make web. The API is here: /api/docs\n"


def add_static(app: web.Application, folder: Path) -> None:
    """Serve the web app at `/` and the API's page at `/api/docs`."""

    async def page(request: web.Request) -> web.StreamResponse:
        return _file(DOCS, request.match_info.get("name") or "index.html")

    async def web_app(request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        if not name and not (folder / "index.html").is_file():
            return web.Response(text=NOT_BUILT, status=200)
        return _file(folder, name or "index.html")

    app.router.add_get("/api/docs", page)
    app.router.add_get("/api/docs/{name}", page)
    app.router.add_get(r"/{name:(?!api/).*}", web_app)


def _file(folder: Path, name: str) -> web.StreamResponse:
    if "\0" in name or len(name) > 200:
        raise web.HTTPNotFound
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()) or not path.is_file():
        raise web.HTTPNotFound
    caching = FOREVER if name.startswith("assets/") else "no-cache"
    return web.FileResponse(path, headers={"Cache-Control": caching, "Content-Type": _type_of(path)})


def _type_of(path: Path) -> str:
    """With the character set where it is text: nobody shall guess it."""
    kind = TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return kind + "; charset=utf-8" * kind.startswith(("text/", "image/svg"))
