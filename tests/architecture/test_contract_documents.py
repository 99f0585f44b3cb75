"""The published contract equals the code, and every route keeps the contract's rules."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra import contract
from kit.auth import SCOPES

PUBLIC = {
    "/livez",
    "/readyz",
    "/version",
    "/problems/{code}",
    "/health",
    "/oauth/token",
    "/.well-known/jwks.json",
    "/.well-known/oauth-authorization-server",
    "/.well-known/revoked-clients",
    "/openapi.json",
    "/docs",
}
METHODS = {"get", "put", "post", "delete", "patch", "head", "options"}


@pytest.fixture(scope="module")
def documents() -> dict[str, dict[str, Any]]:
    return {name: contract.document(package) for name, package in contract.DEPLOYABLES.items()}


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method in METHODS:
                yield path, method, operation


@pytest.mark.parametrize("name", sorted(contract.DEPLOYABLES))
def test_the_stored_openapi_document_is_the_codes(
    name: str, documents: dict[str, dict[str, Any]]
) -> None:
    stored = (Path(contract.DOCS) / "openapi" / f"{name}.json").read_text(encoding="utf-8")
    assert stored == contract.as_text(documents[name]), "run `make openapi` and read the difference"


def test_the_problem_catalogue_is_the_codes() -> None:
    stored = (contract.DOCS / "problems.md").read_text(encoding="utf-8")
    assert stored == contract.problems_page(), "run `make openapi` and read the difference"


def test_every_route_names_its_scope_or_is_public(documents: dict[str, dict[str, Any]]) -> None:
    loose = []
    for name, document in documents.items():
        for path, method, operation in operations(document):
            named = [
                scope
                for requirement in operation.get("security", [])
                for scope in requirement.get("OAuth2", [])
            ]
            if (path in PUBLIC) == bool(named) or not set(named) <= set(SCOPES):
                loose.append(f"{name}: {method.upper()} {path} {named}")
    assert loose == []


def test_operation_ids_are_unique_over_all_services(documents: dict[str, dict[str, Any]]) -> None:
    ids = [op["operationId"] for doc in documents.values() for _, _, op in operations(doc)]
    assert len(ids) == len(set(ids))
    assert all(name[0].islower() and name.isalnum() for name in ids), ids


def test_every_list_is_a_bounded_page(documents: dict[str, dict[str, Any]]) -> None:
    loose = []
    for document in documents.values():
        for path, method, operation in operations(document):
            content = operation["responses"].get("200", {}).get("content", {})
            schema = content.get("application/json", {}).get("schema", {})
            name = schema.get("$ref", "").rpartition("/")[2]
            parameters = {p["name"] for p in operation.get("parameters", [])}
            is_array = schema.get("type") == "array"
            if method == "get" and (
                is_array or (name.startswith("Page") and not {"limit", "cursor"} <= parameters)
            ):
                loose.append(path)
    assert loose == []


def test_every_operation_says_what_it_does(documents: dict[str, dict[str, Any]]) -> None:
    silent = [
        f"{method.upper()} {path}"
        for document in documents.values()
        for path, method, operation in operations(document)
        if len(operation.get("description", "")) < 15
    ]
    assert silent == []


def test_every_route_may_answer_the_common_problems(documents: dict[str, dict[str, Any]]) -> None:
    for document in documents.values():
        for path, _, operation in operations(document):
            if path not in PUBLIC:
                assert {"401", "403", "422", "503"} <= set(operation["responses"]), path
