"""Bounding boxes: read from a query, refused when they are none, asked of tables."""

from __future__ import annotations

import pytest
from pydantic import BaseModel, ValidationError

from kit.boxes import Box, read_bbox
from kit.web.schemas import Bbox


class Holder(BaseModel):
    bbox: Bbox | None = None


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("101.7,36.5,101.9,36.7", (101.7, 36.5, 101.9, 36.7)),
        ("101.7,36.7,101.9,36.5", (101.7, 36.5, 101.9, 36.7)),
        ("170,-10,-170,10", (170.0, -10.0, -170.0, 10.0)),
        ("-180,-90,180,90", (-180.0, -90.0, 180.0, 90.0)),
    ],
)
def test_boxes_are_read(text: str, wanted: tuple[float, ...]) -> None:
    assert read_bbox(Holder(bbox=text).bbox) == Box(*wanted)


def test_no_box_is_no_box() -> None:
    assert read_bbox(Holder().bbox) is None


@pytest.mark.parametrize(
    "text", ["1,2,3", "181,0,1,1", "0,91,1,1", "a,b,c,d", "1,2,3,4,5", "nan,0,1,1", "", " 1,2,3,4"]
)
def test_what_is_no_box_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        Holder(bbox=text)
