"""The routes of imports hold what their OpenAPI document promises, under generated requests."""

from __future__ import annotations

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from schemathesis import GenerationMode
from schemathesis.core.result import Ok

from kit.bulk.reading.formats import XLSX
from kit.settings import ServiceSettings
from kit.testing.clock import FrozenClock
from kit.testing.tokens import TestTokens
from tests.kit.bulk.conftest import KEYS, Harbour, a_process, a_row, csv_rows
from tests.kit.bulk.harbour import app as harbour


def test_generated_requests_meet_the_contract(
    settings: ServiceSettings, tokens: TestTokens
) -> None:
    document = harbour.create_app(settings, tokens.verifier(), FrozenClock()).openapi()
    schema = schemathesis.openapi.from_dict(document)
    with a_process(settings, tokens, "usual") as (client, _):
        port = Harbour(client, settings.database_url, settings)
        port.run(csv_rows(a_row(1)))
        seen = 0
        for result in schema.get_all_operations():
            assert isinstance(result, Ok)
            operation = result.ok()
            if "/imports" in operation.path:
                _try(operation, GenerationMode.POSITIVE, client, tokens)
                _try(operation, GenerationMode.NEGATIVE, client, tokens)
                seen += 1
        assert seen == 8
        states = port.sql("SELECT state, failure_code FROM imports")
        assert all(state["failure_code"] != "import.defect" for state in states)


def _try(
    operation: schemathesis.APIOperation,
    mode: GenerationMode,
    client: httpx.Client,
    tokens: TestTokens,
) -> None:
    @hypothesis_settings(
        max_examples=8,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def check(case: schemathesis.Case) -> None:
        if "Idempotency-Key" in case.headers and mode is GenerationMode.POSITIVE:
            # One key for two files is refused on purpose; the generator likes to do that.
            case.headers["Idempotency-Key"] = f"generated-{next(KEYS)}"
        if mode is GenerationMode.POSITIVE:
            # A cursor is opaque: no generated one is any of ours.
            case.query.pop("cursor", None)
        case.call_and_validate(base_url=str(client.base_url), headers=tokens.headers())

    check()


@pytest.mark.parametrize("name", ["harbourCreateImport", "harbourWatchImport"])
def test_operations_bear_the_services_name(
    still_port: Harbour, tokens: TestTokens, name: str
) -> None:
    app = harbour.create_app(still_port.settings, tokens.verifier(), FrozenClock())
    document = app.openapi()
    operations = {
        operation["operationId"]: operation
        for path in document["paths"].values()
        for operation in path.values()
    }
    assert name in operations
    created = operations["harbourCreateImport"]
    assert set(created["requestBody"]["content"]) == {
        "text/csv", "application/x-ndjson", "application/geo+json", XLSX,
    }  # fmt: skip
    parameters = {each["name"]: each for each in created["parameters"]}
    assert parameters["Idempotency-Key"]["required"] is True
    assert parameters["resource"]["schema"]["enum"] == ["berths", "slow_berths", "broken_berths"]
