"""What the registry is told from outside changes what it does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from kit.testing.in_process import in_process
from kit.testing.tokens import TestTokens
from services.registry.app import create_app
from services.registry.domain.buildings import remark_on
from services.registry.domain.kinds import SHIPPED
from services.registry.settings import Settings
from tests.registry.factories import V1, Registry, a_building, settings_for

NOWHERE = "postgresql://nobody@/nothing"


@pytest.mark.parametrize(("limit_m", "status"), [(200.0, 409), (400.0, 201)])
def test_the_distance_at_which_a_building_is_refused_is_a_setting(
    registry: Registry, url: str, tokens: TestTokens, tmp_path: Path, limit_m: float, status: int
) -> None:
    assert registry.client is not None
    settings = settings_for(url, tmp_path, outside_near_m=10.0, outside_refused_m=limit_m)
    point = {"type": "Point", "coordinates": [101.80 + 300 / 89_266, 36.605]}
    with in_process(create_app(settings, verifier=tokens.verifier())) as client:
        client.headers.update(tokens.headers())
        answer = client.post(f"{V1}/buildings", json=a_building(geometry=point))
        assert answer.status_code == status, answer.text


def test_where_a_stronger_warning_begins_is_a_setting() -> None:
    rules = Settings(database_url=NOWHERE, outside_near_m=5.0, time_zone="Asia/Urumqi").rules
    near, far = (remark_on(metres, rules.placement) for metres in (4.9, 5.1))
    assert near is not None
    assert far is not None
    assert (near.code, far.code) == ("building.near_outside", "building.far_outside")
    assert rules.time_zone == "Asia/Urumqi"
    assert remark_on(None, rules.placement) is None


def test_the_kinds_are_a_file_of_the_operators(tmp_path: Path) -> None:
    path = tmp_path / "kinds.json"
    known = json.loads(SHIPPED.read_text("utf-8"))
    known["team"] = {"divers": {"zh": "潜水队", "en": "Divers"}}
    path.write_text(json.dumps(known), "utf-8")
    kinds = Settings(database_url=NOWHERE, kinds_file=path).rules.kinds
    assert [kind.code for kind in kinds.all("team")] == ["divers"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"outside_near_m": 600.0},
        {"outside_near_m": 0},
        {"outside_refused_m": 1e9},
        {"three_no_parties": []},
        {"three_no_parties": ["committee"]},
        {"export_xlsx_rows_max": 1_048_576},
        {"outside_refused_m": 0},
        {"port": 70_000},
        {"host": 7},
    ],
)
def test_a_wrong_setting_stops_the_start(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Settings(database_url=NOWHERE, **wrong)  # type: ignore[arg-type]


def test_the_contract_needs_no_database() -> None:
    paths = create_app(Settings(database_url=NOWHERE)).openapi()["paths"]
    assert f"{V1}/communities/{{code}}/snapshot" in paths
    assert f"{V1}/imports" in paths
