"""The merged contract, its page without the internet, and the pages of problems."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from schemathesis.specs.openapi import definitions

from gateway.app import PACKAGE_DIR, create_app, published
from gateway.openapi import merge, operations, read_documents
from gateway.settings import Settings
from kit.testing.databases import TestDatabases
from tests.gateway.serving import gateway

TOKENS = "https://g.test/oauth/token"
NOWHERE = Settings(database_url="postgresql://x@/x")


def a_document(prefix: str, **schemas: Any) -> dict[str, Any]:
    """Return the contract of a service with one route that answers `Thing`."""
    reference = {"$ref": "#/components/schemas/Thing"}
    answer = {"200": {"description": "ok", "content": {"application/json": {"schema": reference}}}}
    return {
        "openapi": "3.1.0",
        "info": {"title": prefix, "version": "1"},
        "paths": {
            f"/{prefix}/v1/things": {
                "get": {"operationId": f"{prefix}Things", "tags": ["things"], "responses": answer}
            },
            "/livez": {"get": {"operationId": f"{prefix}Livez", "responses": answer}},
        },
        "components": {"schemas": {"Thing": {"type": "object"}} | schemas},
    }


def is_valid(document: dict[str, Any]) -> bool:
    return bool(definitions.OPENAPI_31_VALIDATOR.is_valid(document))


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def resolves(document: dict[str, Any], reference: str) -> bool:
    _, kind, group, name = reference.split("/")
    return name in document[kind][group]


def test_the_merged_contract_of_the_published_documents_is_valid_and_unambiguous() -> None:
    document = published(NOWHERE, create_app(NOWHERE)).document
    assert is_valid(document)
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"[a-z][A-Za-z0-9]*", name) for name in ids)
    assert all("security" in operation for _, _, operation in operations(document))
    assert all(resolves(document, reference) for reference in references(document))
    for path in ("/oauth/token", "/admin/v1/clients", "/health", "/.well-known/jwks.json"):
        assert path in document["paths"]
    assert "/metrics" not in document["paths"]
    named = {tag["name"] for tag in document["tags"]}
    assert all(set(operation["tags"]) <= named for _, _, operation in operations(document))


def test_only_routed_paths_of_a_service_are_shown_and_equal_components_are_shared() -> None:
    own = a_document("own")
    services = {"registry": a_document("registry"), "incidents": a_document("incidents")}
    merged = merge(own, services, token_url=TOKENS)
    assert set(merged.document["paths"]) == {
        "/own/v1/things", "/livez", "/registry/v1/things", "/incidents/v1/things",
    }  # fmt: skip
    assert list(merged.document["components"]["schemas"]) == ["Thing"]
    assert merged.conflicts == ()
    assert is_valid(merged.document)


def test_components_that_differ_are_kept_apart_and_reported() -> None:
    other = a_document(
        "registry", Thing={"type": "array"}, Box={"$ref": "#/components/schemas/Thing"}
    )
    merged = merge(a_document("own"), {"registry": other}, token_url=TOKENS)
    schemas = merged.document["components"]["schemas"]
    assert schemas["Thing"] == {"type": "object"}
    assert schemas["RegistryThing"] == {"type": "array"}
    assert schemas["Box"] == {"$ref": "#/components/schemas/RegistryThing"}
    assert merged.conflicts == ("schemas Thing differs between gateway, registry",)
    answer = merged.document["paths"]["/registry/v1/things"]["get"]["responses"]["200"]
    schema = answer["content"]["application/json"]["schema"]
    assert schema == {"$ref": "#/components/schemas/RegistryThing"}


def test_an_operation_id_that_stands_twice_is_renamed_and_reported() -> None:
    twin = a_document("registry")
    twin["paths"]["/registry/v1/things"]["get"]["operationId"] = "ownThings"
    merged = merge(a_document("own"), {"registry": twin}, token_url=TOKENS)
    ids = [operation["operationId"] for _, _, operation in operations(merged.document)]
    assert "registryOwnThings" in ids
    assert len(ids) == len(set(ids))
    assert merged.conflicts == ("operationId ownThings stands twice (registry)",)


def test_the_contract_and_its_page_are_served_without_the_internet(web: httpx.Client) -> None:
    assert is_valid(web.get("/openapi.json").json())
    page = web.get("/docs")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "//" not in page.text.replace("<!DOCTYPE html>", "")
    assert not re.search(r"<script>|<script [^>]*>[^<]|\son\w+=|<style", page.text)
    parts = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(parts) == 4
    for part in parts:
        assert part.startswith("/docs/")
        assert web.get(part).status_code == 200
    start = web.get("/docs/start.js").text
    assert "validatorUrl: null" in start
    assert "http" not in start
    assert b"SwaggerUIBundle" in web.get("/docs/swagger-ui-bundle.js").content
    for missing in ("/docs/redoc.standalone.js", "/docs/..%2fcore.py", "/docs/x"):
        assert web.get(missing).status_code in {400, 404}


def test_every_problem_code_resolves_whoever_owns_it(web: httpx.Client) -> None:
    own = web.get("/problems/upstream.too_slow").json()
    assert (own["status"], own["title"]["zh-CN"]) == (504, "上游应答超时")
    assert web.get("/problems/grid.too_large").json() == {"code": "grid.too_large"}
    absent = web.get("/problems/nobody.knows_this")
    assert (absent.status_code, absent.json()["code"]) == (404, "resource.not_found")
    assert web.get("/problems/Not%20a%20code").status_code == 404


def test_a_problem_page_of_a_silent_service_is_not_called_absent(
    databases: TestDatabases, tmp_path: Path
) -> None:
    with (
        databases.fresh(PACKAGE_DIR) as url,
        gateway(
            url,
            tmp_path / "gateway.key",
            registry_url="http://127.0.0.1:9",
            partition_url="http://127.0.0.1:9",
            incidents_url="http://127.0.0.1:9",
        ) as running,
    ):
        answer = httpx.get(f"{running.url}/problems/nobody.knows_this")
        assert (answer.status_code, answer.json()["code"]) == (503, "upstream.unavailable")
        health = httpx.get(f"{running.url}/health").json()
        assert health["status"] == "warn"


def test_refusals_of_the_door_speak_the_callers_language(web: httpx.Client) -> None:
    answer = web.get("/registry/v1/x", headers={"Accept-Language": "zh-CN"})
    assert answer.status_code == 401
    assert answer.headers["content-language"] == "zh-CN"
    assert answer.json()["title"] == "未通过身份验证"
    assert web.get("/registry/v1/x").json()["title"] == "Unauthenticated"


def test_documents_that_are_not_there_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "registry.json").write_text(json.dumps(a_document("registry")), encoding="utf-8")
    assert list(read_documents(tmp_path)) == ["registry"]


@pytest.mark.parametrize("address", ["ftp://x", "127.0.0.1:8101", ""])
def test_a_wrong_address_of_a_service_stops_the_start(address: str) -> None:
    with pytest.raises(ValueError, match="registry"):
        create_app(Settings(database_url="postgresql://x@/x", registry_url=address))
