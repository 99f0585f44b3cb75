"""The contract: one OpenAPI 3.1 document of all services, merged from theirs."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from gateway.routes import DOCUMENTS, service_of

log = structlog.get_logger()

Document = dict[str, Any]
_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_DESCRIPTION = (
    "Who lives where, grids of 300 to 500 households, and incidents that reach a verified end. "
    "Get a token from `POST /oauth/token`, send it as `Authorization: Bearer ...`. Errors are "
    "`application/problem+json` (RFC 9457) in English or Chinese, by `Accept-Language`."
)


@dataclass(frozen=True, slots=True)
class Merged:
    """A merged document and what stood in the way of a plain merge."""

    document: Document
    conflicts: tuple[str, ...]


def read_documents(folder: Path) -> dict[str, Document]:
    """Return the services' documents; one that is missing is logged and left out."""
    found = {}
    for service, name in DOCUMENTS.items():
        path = folder / name
        if path.exists():
            found[service] = json.loads(path.read_text(encoding="utf-8"))
        else:
            log.warning("contract_missing", service=service)
    return found


def merge(own: Document, services: Mapping[str, Document], *, token_url: str) -> Merged:
    """Return one document of the gateway's own and the services'; `token_url` is absolute.

    Of a service only the paths that the gateway routes to it are shown (never its health).
    Components that two documents define differently, and operationIds that stand twice, get the
    service's name in front and are reported as conflicts; equal components are shared.
    """
    conflicts: list[str] = []
    documents = {"gateway": deepcopy(own)} | {
        service: _routed(deepcopy(document), service) for service, document in services.items()
    }
    _part_components(documents, conflicts)
    _part_operations(documents, conflicts)
    merged: Document = {
        "openapi": "3.1.0",
        "info": own["info"] | {"title": "Jingwei", "description": _DESCRIPTION},
        "servers": own.get("servers", [{"url": "/"}]),
        "tags": _tags(documents.values()),
        "paths": {},
        "components": {},
    }
    for document in documents.values():
        for path, item in document.get("paths", {}).items():
            merged["paths"][path] = item
        for kind, entries in document.get("components", {}).items():
            merged["components"].setdefault(kind, {}).update(entries)
    for scheme in merged["components"].get("securitySchemes", {}).values():
        for flow in scheme.get("flows", {}).values():
            # A service knows only the path; the standard wants an address here.
            flow["tokenUrl"] = token_url
    for _, _, operation in operations(merged):
        operation.setdefault("security", [])
    return Merged(merged, tuple(conflicts))


def operations(document: Document) -> Iterator[tuple[str, str, Document]]:
    """Yield path, method and operation of a document."""
    for path, item in document.get("paths", {}).items():
        for method in _METHODS:
            if method in item:
                yield path, method, item[method]


def _routed(document: Document, service: str) -> Document:
    document["paths"] = {
        path: item
        for path, item in document.get("paths", {}).items()
        if service_of(path) == service
    }
    return document


def _part_components(documents: Mapping[str, Document], conflicts: list[str]) -> None:
    """Rename components that documents define differently, and the references to them."""
    kinds: dict[tuple[str, str], list[str]] = defaultdict(list)
    for service, document in documents.items():
        for kind, entries in document.get("components", {}).items():
            for name in entries:
                kinds[kind, name].append(service)
    renamed: dict[str, dict[str, str]] = defaultdict(dict)
    for (kind, name), services in kinds.items():
        texts = {
            json.dumps(documents[service]["components"][kind][name], sort_keys=True)
            for service in services
        }
        if len(texts) == 1:
            continue
        conflicts.append(f"{kind} {name} differs between {', '.join(services)}")
        for service in services[1:]:
            entries = documents[service]["components"][kind]
            new_name = f"{service.capitalize()}{name}"
            entries[new_name] = entries.pop(name)
            renamed[service][f"#/components/{kind}/{name}"] = f"#/components/{kind}/{new_name}"
    for service, references in renamed.items():
        _rewrite(documents[service], references)


def _rewrite(node: Any, references: Mapping[str, str]) -> None:
    if isinstance(node, dict):
        target = node.get("$ref")
        if isinstance(target, str) and target in references:
            node["$ref"] = references[target]
        mapping = node.get("mapping")
        if isinstance(mapping, dict):
            for key, value in mapping.items():
                mapping[key] = references.get(value, value) if isinstance(value, str) else value
        for value in node.values():
            _rewrite(value, references)
    elif isinstance(node, list):
        for value in node:
            _rewrite(value, references)


def _part_operations(documents: Mapping[str, Document], conflicts: list[str]) -> None:
    seen: set[str] = set()
    for service, document in documents.items():
        for path, method, operation in operations(document):
            name = operation.get("operationId") or f"{method}{path}"
            if name in seen:
                conflicts.append(f"operationId {name} stands twice ({service})")
                name = f"{service}{name[:1].upper()}{name[1:]}"
                operation["operationId"] = name
            seen.add(name)


def _tags(documents: Iterable[Document]) -> list[Document]:
    tags: dict[str, Document] = {}
    for document in documents:
        for tag in document.get("tags", []):
            tags.setdefault(tag["name"], tag)
        for _, _, operation in operations(document):
            for name in operation.get("tags", []):
                tags.setdefault(name, {"name": name})
    return list(tags.values())
