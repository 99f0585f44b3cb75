"""The fake registry answers like the real one: the same questions, the same asserts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from kit.testing.clock import FrozenClock
from kit.testing.databases import TestDatabases
from kit.testing.in_process import in_process
from kit.testing.tokens import TestTokens
from services.registry.app import PACKAGE_DIR, create_app
from tests.fakes.registry import FakeRegistry
from tests.registry.factories import DISTRICT, V1, A, B, C, Registry, boundary, inside, settings_for

POINT = [101.7912, 36.6012]


class Scene(Protocol):
    """Sets up what is asked about, in the fake or through the real door."""

    client: httpx.Client

    def building(self, code: str, source_id: str, **fields: Any) -> str: ...

    def estate(self, code: str, source_id: str, name: str) -> str: ...

    def govern(self, code: str, *, is_governed: bool) -> None: ...


class RealScene:
    def __init__(self, client: httpx.Client) -> None:
        self.client = client
        self.registry = Registry(client)
        self.registry.district()

    def _put(self, noun: str, source_id: str, body: dict[str, Any]) -> str:
        place = f"{V1}/{noun}/by-source/fake/{source_id}"
        answer = Registry.done(self.client.put(place, json=body, headers={"If-Match": "*"}))
        return str(answer.json()["id"])

    def building(self, code: str, source_id: str, **fields: Any) -> str:
        households = fields.pop("households", {})
        body = {"community_code": code, "geometry": fields.pop("geometry", None)} | fields
        body |= {f"households_{basis}": count for basis, count in households.items()}
        return self._put("buildings", source_id, body)

    def estate(self, code: str, source_id: str, name: str) -> str:
        return self._put("estates", source_id, {"community_code": code, "name": name})

    def govern(self, code: str, *, is_governed: bool) -> None:
        Registry.done(
            self.client.patch(
                f"{V1}/divisions/{code}",
                json={"is_governed": is_governed},
                headers={"If-Match": "*"},
            )
        )


class FakeScene:
    def __init__(self, client: httpx.Client, fake: FakeRegistry) -> None:
        self.client = client
        self.fake = fake
        for code in (A, B, C):
            fake.put_community(code, name=f"区划{code[-3:]}", boundary=boundary(code))

    def building(self, code: str, source_id: str, **fields: Any) -> str:
        if fields.get("geometry"):
            fields["point"] = POINT
        return self.fake.put_building(code, source_id, **fields)

    def estate(self, code: str, source_id: str, name: str) -> str:
        return self.fake.put_estate(code, source_id, name=name)

    def govern(self, code: str, *, is_governed: bool) -> None:
        self.fake.put_community(
            code, name=f"区划{code[-3:]}", boundary=boundary(code), is_governed=is_governed
        )


@pytest.fixture(params=["real", "fake"])
def scene(
    request: pytest.FixtureRequest,
    databases: TestDatabases,
    tokens: TestTokens,
    clock: FrozenClock,
    tmp_path: Path,
) -> Iterator[Scene]:
    if request.param == "real":
        with databases.fresh(PACKAGE_DIR) as url:
            settings = settings_for(url, tmp_path)
            app = create_app(settings, verifier=tokens.verifier(), clock=clock)
            with in_process(app) as client:
                client.headers.update(tokens.headers())
                yield RealScene(client)
        return
    fake = FakeRegistry()
    with in_process(Starlette(routes=[Mount("/", fake)])) as client:
        client.headers.update(tokens.headers())
        yield FakeScene(client, fake)


def snapshot(scene: Scene, code: str, **params: str) -> dict[str, Any]:
    answer = scene.client.get(f"{V1}/communities/{code}/snapshot", params=params)
    assert answer.status_code == 200, answer.text
    assert answer.headers["etag"] == f'"{answer.json()["version"]}"'
    found: dict[str, Any] = answer.json()
    return found


def test_a_snapshot_has_the_shape_that_consumers_read(scene: Scene) -> None:
    estate_id = scene.estate(A, "E1", "团结小区")
    building_id = scene.building(
        A,
        "B1",
        geometry=inside(A),
        estate_id=estate_id,
        name="1号楼",
        kind="slab",
        units=3,
        floors=6,
        households={"resident": 36, "registered": 30},
    )
    scene.building(A, "B2")
    found = snapshot(scene, A)
    assert len(found.pop("version")) == 64
    assert found["estates"] == [
        {"id": estate_id, "source": "fake", "source_id": "E1", "name": "团结小区", "geometry": None}
    ]
    first, second = found["buildings"]
    assert first == {
        "id": building_id,
        "source": "fake",
        "source_id": "B1",
        "name": "1号楼",
        "estate_id": estate_id,
        "kind": "slab",
        "geometry": inside(A),
        "point": pytest.approx(POINT, abs=1e-9),
        "units": 3,
        "floors": 6,
        "households": 36,
        "unit_details": [],
    }
    assert (second["source_id"], second["households"], second["point"]) == ("B2", 0, None)
    assert {name: found[name] for name in found if name not in {"estates", "buildings"}} == {
        "community_code": A,
        "name": f"区划{A[-3:]}",
        "is_governed": True,
        "count_basis": "resident",
        "boundary": boundary(A),
        "totals": {
            "estates": 1,
            "buildings": 2,
            "households": 36,
            "buildings_without_location": 1,
            "buildings_without_count": 1,
        },
    }


def test_each_basis_counts_its_own(scene: Scene) -> None:
    scene.building(A, "B1", households={"resident": 36, "registered": 30})
    by_basis = {
        basis: snapshot(scene, A, count_basis=basis)["totals"]["households"]
        for basis in ("resident", "registered", "dwellings")
    }
    assert by_basis == {"resident": 36, "registered": 30, "dwellings": 0}


def test_the_version_is_the_etag_and_changes_with_the_content(scene: Scene) -> None:
    scene.building(A, "B1", households={"resident": 36})
    before = snapshot(scene, A)
    place = f"{V1}/communities/{A}/snapshot"
    held = {"If-None-Match": f'"{before["version"]}"'}
    same = scene.client.get(place, headers=held)
    assert (same.status_code, same.content) == (304, b"")
    assert snapshot(scene, A)["version"] == before["version"]
    scene.building(A, "B1", households={"resident": 37})
    assert scene.client.get(place, headers=held).status_code == 200
    assert snapshot(scene, A)["version"] != before["version"]


def test_grids_are_told_whole_and_again_with_if_match(scene: Scene) -> None:
    building_id = scene.building(A, "B1")
    place = f"{V1}/communities/{A}/grids"
    share = {
        "grid_code": f"{A}001", "building_id": building_id, "unit_from": 0, "unit_to": 0,
        "floor_from": 0, "floor_to": 0, "households": 0,
    }  # fmt: skip
    made = scene.client.put(place, json={"plan": "p1", "shares": [share]})
    assert made.status_code == 201
    assert (made.json()["plan"], made.json()["shares"]) == ("p1", [share])
    assert scene.client.put(place, json={"plan": None, "shares": []}).status_code == 428
    any_version = {"If-Match": "*"}
    again = scene.client.put(place, json={"plan": None, "shares": []}, headers=any_version)
    assert (again.status_code, again.json()["shares"]) == (200, [])
    unknown = f"{V1}/communities/990001009009/grids"
    answer = scene.client.put(unknown, json={"plan": None, "shares": []}, headers=any_version)
    assert (answer.status_code, answer.json()["code"]) == (404, "division.not_found")


def test_an_unknown_community_is_a_404(scene: Scene) -> None:
    answer = scene.client.get(f"{V1}/communities/990001009009/snapshot")
    assert (answer.status_code, answer.json()["code"]) == (404, "division.not_found")
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_call_without_a_token_is_a_401(scene: Scene) -> None:
    del scene.client.headers["authorization"]
    answer = scene.client.get(f"{V1}/snapshots")
    assert (answer.status_code, answer.json()["code"]) == (401, "token.invalid")


def test_the_stream_holds_the_governed_communities_in_code_order(scene: Scene) -> None:
    scene.govern(B, is_governed=False)

    def codes(**params: str) -> list[str]:
        answer = scene.client.get(f"{V1}/snapshots", params=params)
        assert answer.headers["content-type"] == "application/x-ndjson"
        return [json.loads(line)["community_code"] for line in answer.text.splitlines()]

    assert codes(area=DISTRICT) == [A, C]
    assert codes(governed="all") == [A, B, C]
    assert codes(area=A[:9]) == [A]
    assert codes(area="990009") == []
    lines = scene.client.get(f"{V1}/snapshots", params={"area": A}).text.splitlines()
    assert [json.loads(line) for line in lines] == [snapshot(scene, A)]


def test_divisions_tell_names_and_boundaries(scene: Scene) -> None:
    answer = scene.client.get(f"{V1}/divisions", params={"area": A, "kind": "community"}).json()
    assert answer["next_cursor"] is None
    (found,) = answer["items"]
    seen = {name: found[name] for name in ("code", "kind", "parent_code", "boundary")}
    assert seen == {
        "code": A,
        "kind": "community",
        "parent_code": A[:9],
        "boundary": boundary(A),
    }


def test_the_fake_can_be_down_and_remembers_what_it_was_asked() -> None:
    fake = FakeRegistry()
    fake.is_down = True
    with in_process(Starlette(routes=[Mount("/", fake)])) as client:
        assert client.get(f"{V1}/snapshots").status_code == 503
    assert fake.asked == [("GET", f"{V1}/snapshots")]
