"""The registry against its own OpenAPI document: every operation, every check.

What a schema cannot say is put into well-formed cases before they are sent: rings are closed and
do not cross, and references name rows that exist.  Hostile cases stay hostile; no check is left
out and no status is added to the expected ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import Case, GenerationMode
from schemathesis.config import SchemathesisConfig

from kit.testing.databases import TestDatabases
from kit.testing.in_process import in_process
from kit.testing.tokens import ISSUER, TestTokens
from services.registry.app import PACKAGE_DIR, create_app
from services.registry.settings import Settings
from tests import openapi_gate
from tests.registry.factories import V1, A, Registry, inside

CONFIG = {
    "seed": 1,
    "continue-on-failure": True,
    "generation": {"mode": "all", "with-security-parameters": True, "allow-x00": True},
    "phases": {"coverage": {"generate-duplicate-query-parameters": True}},
    "checks": {"max_response_time": 10.0},
}
BUILDING = {"source": "gate", "source_id": "B1"}
ESTATE = {"source": "gate", "source_id": "E1"}


TOKENS = TestTokens()
NOWHERE = Settings(database_url="postgresql://nobody@/nothing")


def document() -> dict[str, Any]:
    """The contract, without the upper limits of coordinate lists.

    Cases at such a limit (20,000 positions and one more) cost seconds each to make; tests of
    single requests hold those limits.
    """

    def without_long_limits(part: Any) -> Any:
        if isinstance(part, list):
            return [without_long_limits(item) for item in part]
        if not isinstance(part, dict):
            return part
        kept = {name: without_long_limits(value) for name, value in part.items()}
        if isinstance(kept.get("maxItems"), int) and kept["maxItems"] > 100:
            del kept["maxItems"]
        return kept

    found: dict[str, Any] = without_long_limits(create_app(NOWHERE).openapi())
    return found


#: What every service has from the kit is gone through by the kit's own gates.
OF_THE_KIT = "^/(livez|readyz|version|problems)|/imports"

schema = schemathesis.openapi.from_dict(
    document(),
    config=SchemathesisConfig.from_dict(
        CONFIG | {"auth": {"openapi": {"OAuth2": {"bearer": TOKENS.sign(TOKENS.claims())}}}}
    ),
).exclude(path_regex=OF_THE_KIT)


@pytest.fixture(scope="module")
def address(databases: TestDatabases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The registry over a small district, served on loopback."""
    with databases.fresh(PACKAGE_DIR) as url:
        told = Settings(
            database_url=url, spool_folder=tmp_path_factory.mktemp("spool"), issuer=ISSUER
        )
        with in_process(create_app(told, verifier=TOKENS.verifier())) as client:
            client.headers.update(TOKENS.headers())
            registry = Registry(client)
            registry.district()
            for place, body in (
                ("estates/by-source/gate/E1", {"community_code": A, "name": "小区"}),
                ("buildings/by-source/gate/B1", {"community_code": A, "geometry": inside(A)}),
            ):
                registry.done(client.put(f"{V1}/{place}", json=body))
        with openapi_gate.served(create_app(told, verifier=TOKENS.verifier())) as address:
            yield address


def settle(case: Case) -> None:
    """Give a well-formed case what its schema could not ask for."""
    if case.meta is None or case.meta.generation.mode is not GenerationMode.POSITIVE:
        return
    if case.query:
        case.query.pop("cursor", None)
    if case.headers is not None and case.method in {"PUT", "PATCH", "DELETE"}:
        case.headers["If-Match"] = "*"
    if case.headers is not None and "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = uuid4().hex
    body = case.body
    if not isinstance(body, dict):
        return
    for name in ("geometry", "boundary"):
        if body.get(name):
            body[name] = inside(A)
            body.pop("crs", None)
    if body.get("community_code"):
        body["community_code"] = A
    for name, reference in (("building", BUILDING), ("estate", ESTATE)):
        if body.get(name):
            body[name] = reference
            body.pop(f"{name}_id", None)


def keeps_its_contract(operation_id: str) -> Any:
    """Return the test of one operation."""

    @schema.include(operation_id=operation_id).parametrize()
    @settings(
        max_examples=50, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    def test(case: Case, address: str) -> None:
        settle(case)
        case.call_and_validate(base_url=address)

    return test


# A test of its own name for each operation: runners that share work tell tests apart by name.
OPERATIONS = sorted(
    operation.ok().definition.raw["operationId"] for operation in schema.get_all_operations()
)
for name in OPERATIONS:
    globals()[f"test_{name}"] = keeps_its_contract(name)


def test_every_operation_has_its_test() -> None:
    assert len(OPERATIONS) == 28
    assert {"putDivision", "createBuilding", "getCommunitySnapshot"} <= set(OPERATIONS)
