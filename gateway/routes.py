"""Which service stands behind a path.  A service mounts the path that the gateway shows."""

from __future__ import annotations

from collections.abc import Mapping

#: First path segment -> service.
PREFIXES: Mapping[str, str] = {
    "registry": "registry",
    "partition": "partition",
    "incidents": "incidents",
    "open311": "incidents",
}

#: Service -> the file of its contract in the folder of OpenAPI documents.
DOCUMENTS: Mapping[str, str] = {
    "registry": "registry.json",
    "partition": "grid_partition.json",
    "incidents": "incidents.json",
}

#: Endings of paths whose bodies are streamed, with the limit of imports.
STREAMED = ("/imports", "/attachments")


def service_of(path: str) -> str | None:
    """Return the service of a path, None when the gateway answers itself."""
    return PREFIXES.get(path[1:].partition("/")[0])


def label_of(path: str) -> str:
    """Return the bounded metrics label of a proxied path."""
    return f"/{path[1:].partition('/')[0]}/*"
