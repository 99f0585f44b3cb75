"""How far outside its community a building may lie."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.registry.domain.buildings import Placement, judge_distance
from services.registry.domain.problems import OutsideCommunity

RULE = Placement(refused_beyond_m=500.0)


@given(st.floats(0, 1e6))
def test_a_distance_is_nothing_noted_or_refused(distance_m: float) -> None:
    if distance_m == 0:
        assert judge_distance(distance_m, RULE) is None
    elif distance_m <= 500:
        assert judge_distance(distance_m, RULE) == pytest.approx(distance_m, abs=0.051)
    else:
        with pytest.raises(OutsideCommunity):
            judge_distance(distance_m, RULE)


def test_the_refusal_tells_both_distances() -> None:
    with pytest.raises(OutsideCommunity) as refused:
        judge_distance(1234.5, RULE)
    assert "1234 m outside" in refused.value.render_detail("en")
    assert "最多允许 500 米" in refused.value.render_detail("zh-CN")
