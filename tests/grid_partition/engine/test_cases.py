"""The shipped cases: every community feasible, or refused by name with its proof."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from services.grid_partition.engine import Partition, Rules, cut, node_district
from tests.grid_partition.engine import cases, checker

#: Communities that no cut can serve, and why; everything else must be feasible.
REFUSED = {
    "tainan-east": {
        "67000320021": "no_count_between",
        "67000320023": "no_count_between",
        "67000320040": "building_over_max",
    },
    "monaco": {"OSM5986438": "unreachable_part", "OSM5986475": "too_few_households"},
    "chengdong-synth": {
        "990001009003": "no_count_between",
        "990001007001": "too_few_households",
    },
}
EXPLAINS = {"estates_block", "missing_location"}
MOST_ESTATES_SPLIT = {"tainan-east": 0, "monaco": 0, "chengdong-synth": 36}


@pytest.mark.parametrize("name", [pytest.param(n, marks=cases.needs_case(n)) for n in cases.CASES])
def test_every_community_of_a_case_is_cut_or_refused_by_name(name: str) -> None:
    case = cases.load_case(name)
    frames = node_district(case.codes, case.boundaries, case.barriers)
    shapes = [frame.polygon for frame in frames]
    assert shapely.coverage_is_valid(shapes)

    partitions: list[Partition] = []
    for community, frame, land in zip(case.communities, frames, shapes, strict=True):
        partition = cut(community, frame)
        assert checker.faults(community, land, partition, Rules()) == []
        partitions.append(partition)

    told = {
        partition.community_code: violation.code.value
        for partition in partitions
        for violation in partition.violations
        if violation.code.value not in EXPLAINS
    }
    assert told == REFUSED[name]
    assert {p.community_code for p in partitions if not p.feasible} == set(REFUSED[name])
    assert sum(p.metrics.estates_split for p in partitions) <= MOST_ESTATES_SPLIT[name]


@cases.needs_case("chengdong-synth")
def test_estates_are_opened_only_where_whole_ones_are_proved_impossible() -> None:
    case = cases.load_case("chengdong-synth")
    frames = node_district(case.codes, case.boundaries, case.barriers)
    chosen = [c for c in range(len(frames)) if len(case.communities[c].building_ids) < 150]

    for number in chosen[:6]:
        partition = cut(case.communities[number], frames[number])
        split = partition.metrics.estates_split
        told = [v for v in partition.violations if v.code.value == "estates_block"]
        assert bool(split) == bool(told)
        if told:
            least = int(told[0].params["least_pieces"])
            assert 1 <= least <= partition.metrics.estate_pieces
            assert told[0].params["split"] == split


@cases.needs_case("monaco")
def test_the_frames_of_a_case_survive_storage() -> None:
    case = cases.load_case("monaco")
    frames = node_district(case.codes, case.boundaries, case.barriers)
    areas = np.array([frame.polygon.area for frame in frames])
    stored = [type(frame).from_bytes(frame.to_bytes()) for frame in frames]

    assert np.array_equal(areas, [frame.polygon.area for frame in stored])
    assert max(len(frame.to_bytes()) for frame in frames) < 50_000
