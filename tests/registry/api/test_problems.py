"""Every refusal of the registry is explained, in both languages, without a refused value."""

from __future__ import annotations

import re
import string

import httpx
import pytest

from kit.errors import LANGUAGES, Problem, catalogue
from tests.registry.factories import V1, A, Registry, a_building

OWN = [kind for kind in catalogue() if kind.__module__.startswith("services.registry.domain")]


@pytest.mark.parametrize("kind", OWN, ids=lambda kind: kind.code)
def test_a_problem_is_explained_where_its_type_points(
    client: httpx.Client, kind: type[Problem]
) -> None:
    found = client.get(f"/problems/{kind.code}").json()
    assert found["code"] == kind.code
    assert 400 <= found["status"] < 500
    for part in ("title", "meaning", "cure"):
        assert set(found[part]) == set(LANGUAGES)
        assert all(found[part].values())
    assert re.search("[\u4e00-\u9fff]", found["meaning"]["zh-CN"])
    assert not re.search("[\u4e00-\u9fff]", found["meaning"]["en"])


@pytest.mark.parametrize("kind", OWN, ids=lambda kind: kind.code)
def test_both_languages_tell_the_same_figures(kind: type[Problem]) -> None:
    def names(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    assert names(kind.detail.en) == names(kind.detail.zh)


def test_codes_name_the_noun_they_are_about() -> None:
    nouns = {kind.code.partition(".")[0] for kind in OWN}
    assert nouns == {
        "division", "estate", "building", "household", "source_id", "reference", "geometry",
        "organization", "service_point", "team", "uscc", "kind", "unit", "dwelling",
        "address", "address_code", "grid_layout", "resident", "member", "appointment", "person",
        "place", "code", "membership",
    }  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_refusal_speaks_the_callers_language_and_never_echoes(
    registry: Registry, language: str
) -> None:
    secret = "13800138000"
    answer = registry.client.post(
        f"{V1}/buildings",
        json=a_building(A, estate={"source": "gis", "source_id": secret}),
        headers={"Accept-Language": language},
    )
    assert answer.status_code == 404
    assert answer.headers["content-language"] == language
    assert secret not in answer.text
    expected = "There is no such estate." if language == "en" else "没有这个小区。"
    assert answer.json()["detail"] == expected


def test_the_service_tells_of_its_health(client: httpx.Client) -> None:
    assert client.get("/readyz").json()["status"] == "pass"
    assert client.get("/version").json()["service"] == "registry"
    assert b"http_request" in client.get("/metrics").content
