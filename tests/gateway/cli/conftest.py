"""Cases on disk and a door that answers from memory."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.cli.door import Door
from gateway.cli.settings import CliSettings
from tests.gateway.cli.cases import feature, square, write_layer

Handler = Callable[[httpx.Request], httpx.Response]


@pytest.fixture
def small_case(tmp_path: Path) -> Path:
    """Two communities with codes of their own, three buildings, an estate known by position."""
    folder = tmp_path / "a case"
    communities = [
        feature(square(10.0, 50.0), code="Q2", name="East", street_code="S", street_name="Mill"),
        feature(square(10.01, 50.0), code="Q1", name="West", street_code="S", street_name="Mill"),
    ]
    buildings = [
        feature(square(10.001, 50.001, 0.001), building_id="b1", community_code="Q2", households=4),
        feature(square(10.012, 50.001, 0.001), building_id="b2", community_code="Q1", households=7),
        feature(None, building_id="b3", community_code="Q1", households=0, estate_id="e1"),
    ]
    estates = [
        feature({"type": "Point", "coordinates": [10.002, 50.002]}, estate_id="e1", name="Yard"),
        feature({"type": "Point", "coordinates": [99.0, 50.002]}, estate_id="e2", name="Far"),
    ]
    line = {"type": "LineString", "coordinates": [[10.0, 50.005], [10.02, 50.005]]}
    barriers = [feature(line, barrier_id="r1", kind="road", **{"class": "primary"})]
    write_layer(folder, "communities", communities, gz=True)
    write_layer(folder, "buildings", buildings)
    write_layer(folder, "estates", estates)
    write_layer(folder, "barriers", barriers, gz=True)
    (folder / "case.json").write_text(json.dumps({"case": "小 case"}), encoding="utf-8")
    return folder


@pytest.fixture
def a_door() -> Iterator[Callable[..., Door]]:
    """Make doors onto a handler; the token endpoint answers by itself."""
    opened: list[Door] = []

    def make(handler: Handler, **settings: Any) -> Door:
        def answer(request: httpx.Request) -> httpx.Response:
            if request.url.path == "/oauth/token":
                return httpx.Response(200, json={"access_token": "t", "expires_in": 600})
            return handler(request)

        given = {"client_id": "me", "client_secret": "s", **settings}
        door = Door(
            CliSettings(url="http://door.test", **given), transport=httpx.MockTransport(answer)
        )
        opened.append(door)
        return door

    yield make
    for door in opened:
        door.close()


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("URL", "CLIENT_ID", "CLIENT_SECRET", "LANGUAGE", "CREDENTIALS"):
        monkeypatch.delenv(f"JINGWEI_{name}", raising=False)
