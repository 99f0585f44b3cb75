"""Starting: with and without a database, tables, a partition."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import httpx
import pytest
from pydantic import ValidationError

from kit import migrations
from kit.testing.databases import TestDatabases
from kit.testing.in_process import in_process
from kit.testing.tokens import ISSUER, TestTokens
from services.incidents.api.schemas.incidents import ReportIn
from services.incidents.app import PACKAGE_DIR, create_app
from services.incidents.settings import Settings
from tests.incidents.operations.test_locating import soon
from tests.incidents.partition import FakeGridPartition
from tests.incidents.reports import PATH, a_report


def settings(url: str, **more: object) -> Settings:
    return Settings(database_url=url, issuer=ISSUER, environment="development", **more)  # type: ignore[arg-type] # names are fields


def test_without_a_database_the_process_lives_and_says_that_it_is_not_ready(
    tokens: TestTokens, tmp_path: Path
) -> None:
    app = create_app(
        settings(f"postgresql://x@/x?host={tmp_path}"),
        verifier=tokens.verifier(),
        partition=FakeGridPartition().transport(),
    )
    with in_process(app) as client:
        client.headers.update(tokens.headers())
        assert client.get("/livez").status_code == 200
        assert client.get("/readyz").status_code == 503
        answer = client.post(PATH, json=a_report())
        assert (answer.status_code, answer.json()["code"]) == (503, "database.unavailable")
        assert answer.headers["retry-after"]


def test_a_process_that_starts_before_its_tables_loads_the_categories_once_they_are_there(
    databases: TestDatabases, tokens: TestTokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.incidents.app._RETRY_S", 0.1)
    with databases.empty() as url:
        app = create_app(
            settings(url), verifier=tokens.verifier(), partition=FakeGridPartition().transport()
        )
        with in_process(app) as client:
            client.headers.update(tokens.headers())
            assert client.get("/readyz").status_code == 503
            migrations.upgrade(PACKAGE_DIR, url)
            soon(lambda: client.get("/readyz").status_code, 200)
            soon(lambda: client.get("/incidents/v1/categories/0102").status_code, 200)
            assert client.post(PATH, json=a_report()).status_code == 201


def test_a_partition_that_is_down_does_not_make_the_service_unready(
    client: httpx.Client, grids: FakeGridPartition
) -> None:
    grids.is_up = False
    assert client.get("/readyz").json()["status"] == "pass"


@pytest.mark.parametrize(
    "wrong", [{"locate_patience_s": 0}, {"locator_batch": 0}, {"locator_interval_s": -1}]
)
def test_a_setting_out_of_its_bounds_stops_the_start(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        settings("postgresql://x@/x", **wrong)


def test_the_schema_of_a_report_says_that_one_place_is_needed() -> None:
    schema = ReportIn.model_json_schema()
    assert [choice["required"] for choice in schema["anyOf"]] == [
        ["point"],
        ["grid_code"],
        ["address"],
    ]


def test_the_data_files_carry_no_field_for_a_persons_data() -> None:
    content = json.loads((PACKAGE_DIR / "data" / "categories.json").read_text(encoding="utf-8"))
    codes = {
        field["code"]
        for group in copy.deepcopy(content["classes"])
        for leaf in group["children"]
        for field in leaf["fields"]
    }
    personal = {"name", "phone", "id_number", "reporter", "address", "mobile"}
    assert codes
    assert not codes & personal


def test_the_contract_of_the_incidents_is_complete(client: httpx.Client) -> None:
    app = create_app(settings("postgresql://x@/x"))
    paths = app.openapi()["paths"]
    own = sorted(path for path in paths if path.startswith("/incidents/v1"))
    assert own == [
        "/incidents/v1/categories",
        "/incidents/v1/categories/{category_code}",
        "/incidents/v1/incidents",
        "/incidents/v1/incidents/{incident_id}",
        "/incidents/v1/incidents/{incident_id}/history",
        "/incidents/v1/incidents/{incident_id}/transitions",
    ]
    answers = paths["/incidents/v1/incidents"]["post"]["responses"]
    assert {"200", "201", "401", "403", "409", "422", "503"} <= set(answers)
    assert client.put(PATH).headers["allow"] == "GET, POST"
