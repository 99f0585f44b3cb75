"""A cut in words: every sentence, both languages, and the facts that they are made from."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import shapely

from kit.errors import LANGUAGES
from services.grid_partition.domain.cutting import (
    CutResult,
    CutTask,
    FramesTask,
    cut_community,
    frame_communities,
)
from services.grid_partition.domain.explanation import explain_community, sentences
from services.grid_partition.domain.facts import NAMED_MAX
from services.grid_partition.domain.rules import engine_rules, shipped_rules
from services.grid_partition.domain.snapshots import read_snapshot
from services.grid_partition.engine import ViolationCode
from tests.fakes.registry import FakeRegistry
from tests.grid_partition.maps import FIRST, a_place, fill, lonlat

FACTS: dict[str, Any] = {
    "community": "团结社区", "households": 1200, "buildings": 48, "min": 300, "max": 500,
    "sizes": [400, 412, 388], "outside": [], "apart": [], "bridged": [], "optimal": False,
    "crossing": 0, "crossed": 0, "compactness": 0.6, "border_m": 1234, "estates": 0,
    "divided_estates": [], "sliced": [], "findings": [], "old_grids": 0, "moved": 0,
}  # fmt: skip


def told(**facts: Any) -> tuple[str, str]:
    """The explanation in English and in Chinese, after a journey through JSON."""
    stored = json.loads(json.dumps(FACTS | facts))
    english, chinese = (explain_community(stored, language) for language in LANGUAGES)
    assert not re.search(r"[{}]|\bNone\b", english + chinese)
    assert english.endswith(".")
    assert chinese.endswith("。")
    assert "  " not in english
    return english, chinese


def a_finding(code: str, **more: Any) -> dict[str, Any]:
    plain = {"params": {}, "grid": None, "estates": [], "buildings": 0, "named": []}
    return {"code": code, **plain, **more}


def an_estate(label: int, households: int, grids: int = 2) -> dict[str, Any]:
    return {"label": label, "name": f"小区{label}", "households": households, "grids": grids}


def test_a_good_cut_is_told_in_four_sentences() -> None:
    english, chinese = told()
    assert english == (
        "The 1,200 households of 团结社区 (48 buildings) were divided into 3 grids of 400, 412 "
        "and 388 households. All are contiguous and within the limits of 300 to 500 households. "
        "No grid reaches over a recorded barrier such as a main road, a railway or a river. "
        "The grids' mean compactness is 0.60 (a square has 0.79, a strip three times as long as "
        "wide 0.59); 1,234 metres of their borders follow no barrier."
    )
    assert chinese.startswith(
        "团结社区共 48 栋楼、1200 户，划为 3 个网格，依次为 400、412、388 户。"
        "各网格均连片，户数均在 300 至 500 户的规定范围内。"
    )


def test_one_grid_is_told_in_the_singular() -> None:
    english, chinese = told(households=301, buildings=1, sizes=[301])
    assert english == (
        "The 301 households of 团结社区 (1 building) form one grid. "
        "It is contiguous and within the limits of 300 to 500 households."
    )
    assert "划为 1 个网格" in chinese


def test_many_grids_are_told_by_their_range() -> None:
    english, chinese = told(sizes=[300 + 20 * n for n in range(10)])
    assert "10 grids of 300 to 480 households, 390 on average" in english
    assert "每个网格 300 至 480 户，平均 390 户" in chinese


def test_grids_outside_apart_or_bridged_are_numbered() -> None:
    english, chinese = told(sizes=[250, 412, 388], outside=[1], apart=[2, 3], bridged=[3])
    assert "1 grid is outside the limits of 300 to 500 households: grid 1 (250 house" in english
    assert "2 grids are not contiguous: grid 2 (412 households) and grid 3" in english
    assert "1 grid reaches from one piece to the nearest other: grid 3" in english
    assert "All are" not in english
    assert "不连片：第 2 网格（412 户）、第 3 网格（388 户）。" in chinese
    assert "All are within the limits" in told(apart=[2])[0]


def test_an_optimum_is_claimed_only_for_what_was_compared() -> None:
    assert "Every possible division was considered" in told(optimal=True)[0]
    assert "Every possible division with whole estates" in told(optimal=True, estates=3)[0]
    assert "considered" not in told(optimal=True, sizes=[400])[0]


def test_too_few_households_are_told() -> None:
    finding = a_finding("too_few_households", params={"households": 44, "min": 300}, grid=1)
    english, chinese = told(households=44, sizes=[44], outside=[1], findings=[finding])
    assert "44 households in all, fewer than the 300 that a grid needs" in english
    assert "仅 44 户，不足一个网格所需的 300 户" in chinese


@pytest.mark.parametrize(
    ("households", "proof"),
    [
        (596, "1 grid can hold at most 500 households, 2 grids need at least 600"),
        (1060, "2 grids can hold at most 1,000 households, 3 grids need at least 1,200"),
    ],
)
def test_the_arithmetic_is_shown(households: int, proof: str) -> None:
    limits = {"min": 400 if households > 600 else 300, "max": 500}
    params = limits | {"households": households, "proof": "arithmetic"}
    english, _ = told(
        households=households, findings=[a_finding("no_count_between", params=params)]
    )
    assert proof in english
    assert f"and {households:,} lies between" in english


def test_a_proof_by_enumeration_says_how_many_were_listed() -> None:
    params = {"households": 987, "min": 300, "max": 500, "proof": "enumeration", "columns": 1}
    english, chinese = told(findings=[a_finding("no_count_between", params=params)])
    assert "all 1 group of neighbouring buildings" in english
    assert "已逐一列出" in chinese


@pytest.mark.parametrize(
    ("least", "wanted", "missing"),
    [
        (3, "no division makes fewer cuts", "at least"),
        (2, "at least 2 cuts through estates", "fewer cuts"),
        (0, "It is proved that with every estate whole", "It is also proved"),
    ],
)
def test_divided_estates_are_named_with_what_is_proved(
    least: int, wanted: str, missing: str
) -> None:
    params = {"proven": True, "split": 2, "least_pieces": least}
    finding = a_finding("estates_block", params=params, estates=[4, 7])
    divided = [an_estate(9, 880), an_estate(7, 345, 3), an_estate(4, 226)]
    english, chinese = told(estates=9, divided_estates=divided, findings=[finding])
    assert "2 estates of at most 500 households had to be divided: 小区7 (345 households in 3 " in (
        english
    )
    assert wanted in english
    assert missing not in english
    assert "1 estate of more than 500 households cannot lie in one grid: 小区9 (880" in english
    assert "Every other estate lies wholly in one grid." in english
    assert "小区7（345 户，分属 3 个网格）、小区4（226 户，分属 2 个网格）" in chinese


def test_what_is_not_proved_is_not_claimed() -> None:
    params = {"proven": False, "split": 1, "least_pieces": 0}
    finding = a_finding("estates_block", params=params, estates=[1], buildings=1, named=["x"])
    english, chinese = told(estates=1, divided_estates=[an_estate(1, 300)], findings=[finding])
    assert "it is not proved that there is none" in english
    assert "It is proved" not in english
    assert "尚未证明" in chinese
    assert "Every" not in english


def test_buildings_that_whole_estates_leave_stuck_are_named() -> None:
    params = {"proven": True, "split": 1, "least_pieces": 1}
    finding = a_finding(
        "estates_block", params=params, estates=[1], buildings=2, named=["甲", "乙"]
    )
    english, _ = told(estates=2, divided_estates=[an_estate(1, 300)], findings=[finding])
    assert "could not be reached by any grid within the limits: 甲 and 乙." in english


def test_estates_divided_without_need_are_told_as_such() -> None:
    english, chinese = told(estates=4, divided_estates=[an_estate(1, 300), an_estate(2, 200)])
    assert "2 estates of at most 500 households lie in more than one grid" in english
    assert "had to be" not in english
    assert "分属多个网格" in chinese
    assert "Every estate lies wholly in one grid." in told(estates=4)[0]


@pytest.mark.parametrize(
    ("code", "params", "english", "chinese"),
    [
        ("building_over_max", {"households": 719, "max": 500},
         "The building 8号楼 in grid 2 has 719 households by itself", "第 2 网格内的楼栋8号楼"),
        ("unreachable_part", {"households": 1, "min": 300, "max": 500},
         "can contain each of these: 8号楼 (1 household).", "共 1 户"),
        ("missing_location", {"count": 1},
         "1 building has no location on record and was placed at its estate", "有 1 栋楼没有登记"),
        ("population_over_max", {"population": 2600, "max": 2500},
         "In grid 2 live 2,600 people, more than the 2,500", "第 2 网格人口 2600 人"),
        ("not_found", {"households": 900, "grids_outside": 2},
         "2 grids outside the limits; it is not proved", "仍有 2 个网格不达标"),
    ],
)  # fmt: skip
def test_other_findings_name_grid_and_building(
    code: str, params: dict[str, int], english: str, chinese: str
) -> None:
    finding = a_finding(code, params=params, grid=2, buildings=1, named=["8号楼"])
    both = told(findings=[finding])
    assert english in both[0]
    assert chinese in both[1]


def test_long_lists_are_counted_out() -> None:
    named = [f"b{n}" for n in range(NAMED_MAX)]
    finding = a_finding("missing_location", params={"count": 30}, buildings=30, named=named)
    english, chinese = told(findings=[finding])
    assert "30 buildings have no location on record and were placed at their estate" in english
    assert f"b{NAMED_MAX - 1} and {30 - NAMED_MAX} others." in english
    assert f"b{NAMED_MAX - 1}等共 30 个。" in chinese


def test_sliced_buildings_are_told_by_unit_and_by_floor() -> None:
    sliced = [
        {"name": "1号楼", "households": 900, "parts": 2, "by": "unit"},
        {"name": "2号楼", "households": 566, "parts": 2, "by": "floor"},
    ]
    english, chinese = told(sliced=sliced)
    assert "2 buildings have more than 500 households and were divided" in english
    assert "1号楼 (900 households) by unit into 2 parts and 2号楼 (566" in english
    assert "1号楼（900 户）按单元分为 2 部分、2号楼（566 户）按楼层分为 2 部分" in chinese


def test_barriers_crossed_are_counted() -> None:
    assert "1 grid reaches over recorded barriers" in told(crossing=1, crossed=1)[0]
    assert "with 1 crossing in all" in told(crossing=1, crossed=1)[0]
    assert "2 grids reach over" in told(crossing=2, crossed=5)[0]
    assert "共 5 处" in told(crossing=2, crossed=5)[1]


def test_households_that_move_are_told_only_against_old_grids() -> None:
    assert "former" not in told(moved=0)[0]
    assert "Compared with the 4 former grids, no household changes" in told(old_grids=4)[0]
    english, chinese = told(old_grids=1, moved=24)
    assert "Compared with the 1 former grid, 24 households change" in english
    assert "(2.0 %)" in english
    assert "24 户变更网格（2.0%）" in chinese


def test_every_code_of_the_engine_has_a_sentence() -> None:
    assert {name.partition(".")[0] for name in sentences()} >= {
        code.value for code in ViolationCode
    }


def cut_of(registry: FakeRegistry, code: str = FIRST, **rules: Any) -> CutResult:
    text = json.dumps(registry.snapshot(code))
    made = engine_rules(shipped_rules() | rules, 1)
    frames = frame_communities(
        FramesTask(((code, str(read_snapshot(text).boundary_text)),), (), made)
    )
    return cut_community(CutTask(text, frames.frames[0], frames.meridian, made))


@pytest.fixture
def registry() -> FakeRegistry:
    made = FakeRegistry()
    fill(made, [a_place(FIRST)])
    return made


def test_the_facts_of_a_cut_hold_its_figures_and_survive_json(registry: FakeRegistry) -> None:
    result = cut_of(registry)
    facts = result.facts
    assert json.loads(json.dumps(facts)) == facts
    assert facts["sizes"] == [grid.households for grid in result.grids]
    assert (facts["community"], facts["buildings"], facts["estates"]) == ("社区001", 48, 12)
    assert facts["crossed"] == result.metrics["blocks_crossed"]
    assert facts["old_grids"] == facts["moved"] == 0


def test_estates_and_buildings_are_told_by_name(registry: FakeRegistry) -> None:
    place = a_place(FIRST)
    for number in range(4):
        house = place.houses[number]
        kept = {"geometry": house.geometry, "estate_id": registry.put_estate(FIRST, "big")}
        registry.put_building(FIRST, house.source_id, households=200, **kept)
    registry.put_estate(FIRST, "big", name="夏都花园")
    tower = registry.put_building(
        FIRST, "tower", name="塔楼", households=640, units=2, floors=20,
        geometry=lonlat(shapely.box(400, 320, 420, 340)),
    )  # fmt: skip
    registry.put_building(FIRST, "lost", households=3)
    result = cut_of(registry)
    assert [estate["name"] for estate in result.facts["divided_estates"]] == ["夏都花园"]
    assert result.facts["divided_estates"][0]["households"] == 800
    assert result.facts["sliced"] == [{"name": "塔楼", "households": 640, "parts": 2, "by": "unit"}]
    english = explain_community(result.facts, "en")
    assert "夏都花园 (800 households in" in english
    assert "塔楼 (640 households) by unit into 2 parts" in english
    assert "1 building has no location on record" in english
    assert "lost" in english
    assert tower not in english


def test_an_estate_of_the_neighbours_is_told_by_its_id(registry: FakeRegistry) -> None:
    for house in a_place(FIRST).houses[:4]:
        registry.put_building(
            FIRST, house.source_id, households=200, geometry=house.geometry, estate_id="abroad"
        )
    names = [estate["name"] for estate in cut_of(registry).facts["divided_estates"]]
    assert names == ["abroad"]


def test_a_community_that_cannot_be_cut_says_why() -> None:
    registry = FakeRegistry()
    fill(registry, [a_place(FIRST, columns=4, rows=5, households=28)])
    result = cut_of(registry)
    assert not result.feasible
    for language, words in (("en", "560 lies between"), ("zh-CN", "560 户，介于两者之间")):
        assert words in explain_community(result.facts, language)  # type: ignore[arg-type]


def test_a_move_away_from_old_grids_is_counted(registry: FakeRegistry) -> None:
    snapshot = registry.snapshot(FIRST)
    for number, building in enumerate(snapshot["buildings"]):
        building["legacy_grid"] = f"{FIRST}{number % 3 + 1:03d}"
    text = json.dumps(snapshot)
    rules = engine_rules(shipped_rules(), 1)
    boundary = str(read_snapshot(text).boundary_text)
    frames = frame_communities(FramesTask(((FIRST, boundary),), (), rules))
    result = cut_community(CutTask(text, frames.frames[0], frames.meridian, rules))
    assert result.facts["old_grids"] == 3
    assert result.facts["moved"] == result.metrics["moved_households"] > 0
    assert "Compared with the 3 former grids" in explain_community(result.facts, "en")
