"""What the registry is told from outside changes what it does."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from kit.testing.in_process import in_process
from kit.testing.tokens import TestTokens
from services.registry.app import create_app
from services.registry.settings import Settings
from tests.registry.factories import V1, Registry, a_building, settings_for

NOWHERE = "postgresql://nobody@/nothing"


@pytest.mark.parametrize(("limit_m", "status"), [(200.0, 409), (400.0, 201)])
def test_the_distance_at_which_a_building_is_refused_is_a_setting(
    registry: Registry, url: str, tokens: TestTokens, tmp_path: Path, limit_m: float, status: int
) -> None:
    assert registry.client is not None
    settings = settings_for(url, tmp_path, outside_refused_m=limit_m)
    point = {"type": "Point", "coordinates": [101.80 + 300 / 89_266, 36.605]}
    with in_process(create_app(settings, verifier=tokens.verifier())) as client:
        client.headers.update(tokens.headers())
        answer = client.post(f"{V1}/buildings", json=a_building(geometry=point))
        assert answer.status_code == status, answer.text


@pytest.mark.parametrize("wrong", [{"outside_refused_m": 0}, {"port": 70_000}, {"host": 7}])
def test_a_wrong_setting_stops_the_start(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Settings(database_url=NOWHERE, **wrong)  # type: ignore[arg-type]


def test_the_contract_needs_no_database() -> None:
    paths = create_app(Settings(database_url=NOWHERE)).openapi()["paths"]
    assert f"{V1}/communities/{{code}}/snapshot" in paths
    assert f"{V1}/imports" in paths
