from __future__ import annotations

import pytest

from gateway.cli.positions import find, middle, outline
from tests.gateway.cli.cases import square

HOLED = {
    "type": "Polygon",
    "coordinates": [
        [[0, 0], [4, 0], [4, 4], [0, 4], [0, 0]],
        [[1, 1], [3, 1], [3, 3], [1, 3], [1, 1]],
    ],
}


@pytest.mark.parametrize(
    ("point", "inside"), [((0.5, 0.5), True), ((2, 2), False), ((5, 2), False), ((3.5, 2), True)]
)
def test_a_hole_is_outside(point: tuple[float, float], inside: bool) -> None:
    one = outline("a", HOLED)
    assert one is not None
    assert (find(point, [one]) == "a") is inside


def test_a_multipolygon_holds_what_any_of_its_parts_holds() -> None:
    parts = [square(0, 0, 1)["coordinates"], square(5, 5, 1)["coordinates"]]
    one = outline("m", {"type": "MultiPolygon", "coordinates": parts})
    assert one is not None
    assert find((5.5, 5.5), [one]) == "m"
    assert find((3, 3), [one]) is None


def test_only_areas_have_an_outline() -> None:
    assert outline("p", {"type": "Point", "coordinates": [1, 2]}) is None
    assert outline("n", None) is None


def test_the_middle_is_the_mean_of_the_positions() -> None:
    assert middle({"type": "LineString", "coordinates": [[0, 0], [2, 4]]}) == (1, 2)
    assert middle(None) is None
