"""/openapi.json and /docs: the contract, readable without the internet."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import orjson
from fastapi import APIRouter, Request
from starlette.responses import FileResponse, Response

from kit.errors import NotFound

_TYPES = {
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "swagger-ui.css": "text/css; charset=utf-8",
    "favicon.png": "image/png",
}
_PAGE = b"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Jingwei: the contract</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
<link rel="icon" type="image/png" href="/docs/favicon.png">
</head>
<body>
<div id="contract"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""
_START = b"""window.ui = SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#contract",
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  deepLinking: true,
  docExpansion: "none",
  validatorUrl: null
});
"""
#: Nothing but this origin may be spoken to; the library sets styles on elements.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_HEADERS = {"Content-Security-Policy": _POLICY, "Cache-Control": "public, max-age=3600"}


def static_folder() -> Path:
    """Return the folder of the installed Swagger UI files; the package is not imported."""
    spec = find_spec("fastapi_offline")
    if spec is None or spec.origin is None:
        message = "the package fastapi-offline is missing (extra `gateway`)"
        raise RuntimeError(message)
    return Path(spec.origin).parent / "static"


def docs_router(contract: Callable[[], dict[str, Any]]) -> APIRouter:
    """Return the routes of the contract and its page; none of them is part of the contract.

    `contract` is called once, when the document is first asked for.
    """
    router = APIRouter(include_in_schema=False)
    text = cache(lambda: orjson.dumps(contract()))
    folder = static_folder()

    @router.get("/openapi.json")
    async def contract_document(request: Request) -> Response:
        """Answer the merged document."""
        del request
        return Response(text(), 200, {"Cache-Control": "public, max-age=60"}, "application/json")

    @router.get("/docs")
    async def contract_page(request: Request) -> Response:
        """Answer the page that shows the document."""
        del request
        return Response(_PAGE, 200, _HEADERS, "text/html; charset=utf-8")

    @router.get("/docs/{name}")
    async def contract_file(name: str) -> Response:
        """Answer a file of the page."""
        if name == "start.js":
            return Response(_START, 200, _HEADERS, "text/javascript; charset=utf-8")
        if name not in _TYPES:
            raise NotFound
        return FileResponse(folder / name, headers=_HEADERS, media_type=_TYPES[name])

    return router
