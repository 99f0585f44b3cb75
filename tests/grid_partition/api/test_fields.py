"""Field types of the door: boxes, moments, references."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from services.grid_partition.api.schemas.fields import AsOf, drawn, moment
from services.grid_partition.api.schemas.grids import LocateIn
from services.grid_partition.api.schemas.plans import PlanIn

ZONE = "Asia/Shanghai"


class Holder(BaseModel):
    as_of: AsOf | None = None


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2026-03-02", datetime(2026, 3, 2, 15, 59, 59, 999999, tzinfo=UTC)),
        ("2026-03-02T08:00:00+08:00", datetime(2026, 3, 2, tzinfo=UTC)),
        ("2026-03-02T00:00:00Z", datetime(2026, 3, 2, tzinfo=UTC)),
        ("9999-12-31", datetime(9999, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_day_means_its_end_and_a_moment_itself(text: str, wanted: datetime) -> None:
    assert moment(Holder(as_of=text).as_of, ZONE) == wanted  # type: ignore[arg-type]


@given(st.dates())
def test_every_day_of_the_calendar_has_its_moment(day: date) -> None:
    found = moment(day, ZONE)
    assert found is not None
    assert found.tzinfo is UTC


@pytest.mark.parametrize("text", ["yesterday", "2026-02-30", "2026-03-02T08:00:00", "20260302", ""])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        Holder(as_of=text)  # type: ignore[arg-type]


def test_shapes_are_passed_through_or_converted() -> None:
    text = '{"type":"Point","coordinates":[101.8,36.6]}'
    for crs in ("CGCS2000", "WGS84"):
        assert orjson.dumps(drawn(text, crs)).decode() == text  # type: ignore[arg-type]
    moved: Any = drawn(text, "BD09")
    assert moved["coordinates"] != [101.8, 36.6]


@pytest.mark.parametrize("model", [PlanIn, LocateIn])
def test_bodies_are_bounded_in_the_contract(model: type[BaseModel]) -> None:
    schema = model.model_json_schema()
    assert schema["additionalProperties"] is False
    for name, field in schema["properties"].items():
        kinds = field.get("anyOf", [field])
        for kind in kinds:
            if kind.get("type") == "integer":
                assert {"minimum", "maximum"} <= set(kind), name
            if kind.get("type") == "array":
                assert "maxItems" in kind, name
