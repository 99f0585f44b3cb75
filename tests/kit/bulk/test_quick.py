"""Rows judged by columns and rows judged one by one come to the same, whatever is in them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import Field, ValidationError, field_validator

from kit.bulk.checks import checks_of
from kit.bulk.noun import About, Counts, ImportContext, Noun, Row, Staging, staged_directly
from kit.bulk.quick import QuickJudge
from kit.bulk.reading.columns import Columns
from kit.bulk.reading.records import Block
from kit.bulk.rows import batches
from kit.db import Tx
from kit.web.schemas import PRINTABLE, PRINTABLE_LINES, Date, SourceName

Kind = Literal["house", "shop", "a.b"]


class Lot(Row):
    source: SourceName
    own: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:@-]{0,9}$")]
    code: Annotated[str | None, Field(pattern=r"^([0-9]{6}|[0-9]{9})$")] = None
    name: Annotated[str | None, Field(min_length=2, max_length=5), PRINTABLE] = None
    note: Annotated[str, Field(max_length=6)] = "none"
    kind: Kind | None = None
    floors: Annotated[int, Field(ge=-9, le=300)] = 1
    height: Annotated[float, Field(ge=0, le=900)] | None = None
    since: Date | None = None
    is_new: bool = False
    other: SourceName | None = None


_STAGING = (
    ("source", "text"), ("own", "text"), ("code", "text"), ("name", "text"), ("note", "text"),
    ("kind", "text"), ("floors", "integer"), ("height", "double precision"), ("since", "date"),
    ("is_new", "boolean"), ("from_where", "text"), ("empty", "text"),
)  # fmt: skip
_DIRECT = {name: (name,) for name, _ in _STAGING[:10]} | {"from_where": ("other", "source")}


async def apply(_tx: Tx, _staging: Staging, _context: ImportContext) -> Counts:
    return Counts()


def lots(area: str | None = None, direct: bool = True) -> Noun[Lot]:
    """The same noun, judged quickly or not."""
    staging = _STAGING if direct else tuple(one for one in _STAGING if one[0] in _DIRECT)
    return Noun(
        "lots",
        Lot,
        staging,
        staged_directly(staging, _DIRECT),
        apply,
        direct=_DIRECT if direct else None,
        area=area,
        about={"kind": About(choices={"house": "住宅", "shop": "商铺", "a.b": "其他"})},
    )


def context(source: str | None = None, areas: tuple[str, ...] = ("*",)) -> ImportContext:
    return ImportContext(UUID(int=1), "c", areas, "CGCS2000", source, datetime.now(UTC))


def judged(noun: Noun[Lot], block: Block, where: ImportContext) -> tuple[list[str], list[Any]]:
    """Lines in order of their rows, without the fresh ids; and the flaws."""
    lines: list[str] = []
    flaws: list[Any] = []
    for batch in batches([block], noun, where):
        lines += batch.copy.decode().split("\n")[:-1]
        flaws += [(row, flaw.issue.code, flaw.column) for row, flaw in batch.flaws]
    cells = sorted((line.split("\t") for line in lines), key=lambda line: int(line[0]))
    return ["\t".join([row, *_as_numbers(rest)]) for row, _, *rest in cells], flaws


def _as_numbers(cells: Sequence[str]) -> list[str]:
    # A number may be written in two ways that PostgreSQL reads as one.
    told = list(cells)
    told[7] = told[7] if told[7] == "\\N" else repr(float(told[7]))
    told[6] = str(int(told[6]))
    told[9] = {"true": "t", "false": "f"}.get(told[9], told[9])
    return told


_USUAL = {
    "source": ["seed", "a.b-c"],
    "own": ["b1", "H-1:2@x", "é", "x y", "12345678901"],
    "code": ["630102", "630102001", "63010", "", "630102\n630102"],
    "name": ["甲乙", "x", "toolong", " ab ", "a\u202eb", "a\tb", "\\N", "a\\b", "", "ab\ncd"],
    "note": ["ok", "\\", "a\nb", "\x00", "", "  ", "1234567"],
    "kind": ["house", "住宅", "商 铺", "a.b", "axb", "HOUSE", ""],
    "floors": ["1", "-9", "301", "007", "-0", "1.0", "１２", "1,000", "x", "", "9" * 30],
    "height": ["1", "2.50", "901", "1e3", "nan", "-1", ""],
    "since": ["2024-01-31", "2024/1/31", "2024年1月31日", "20240131", "2024-02-30", ""],
    "is_new": ["true", "是", "否", "maybe", "1", ""],
    "other": ["seed", "", "no good"],
}
_NAMES = list(_USUAL)
_cells = {name: st.sampled_from(values) | st.text(max_size=4) for name, values in _USUAL.items()}


@settings(deadline=None)
@given(
    rows=st.lists(st.tuples(*(_cells[name] for name in _NAMES)), min_size=1, max_size=8),
    names=st.sets(st.sampled_from(_NAMES), min_size=1),
    source=st.none() | st.just("given"),
)
def test_columns_and_rows_come_to_the_same(
    rows: list[tuple[str, ...]], names: set[str], source: str | None
) -> None:
    kept = [name for name in _NAMES if name in names | {"own"}]
    cells = [[row[_NAMES.index(name)] for name in kept] for row in rows]
    block = Block(Columns(lots()), kept, range(2, len(rows) + 2), cells)
    assert judged(lots(), block, context(source)) == judged(
        lots(direct=False), block, context(source)
    )


_VALUES = (
    st.none() | st.booleans() | st.integers(-20, 400) | st.floats(-1, 1e3) | st.text(max_size=3)
)


@settings(deadline=None)
@given(
    rows=st.lists(st.tuples(*(_cells[name] | _VALUES for name in _NAMES)), min_size=1, max_size=6)
)
def test_values_from_json_come_to_the_same(rows: list[tuple[Any, ...]]) -> None:
    block = Block(Columns(lots()), _NAMES, range(1, len(rows) + 1), rows, empty_is_absent=False)
    assert judged(lots(), block, context()) == judged(lots(direct=False), block, context())


def test_good_rows_are_not_judged_one_by_one() -> None:
    cells = [["seed", f"b{n}", "630102", "甲乙", "7", "2024-01-31"] for n in range(50)]
    fields = ["source", "own", "code", "name", "floors", "since"]
    cells[7][4] = "many"
    block = Block(Columns(lots()), fields, range(2, 52), cells)
    copy, slow = QuickJudge(lots(), context()).judge(block)
    assert (copy.count(b"\n"), list(slow)) == (49, [7])


def test_rows_outside_the_areas_are_refused() -> None:
    cells = [["seed", "a", "630102001"], ["seed", "b", "630103"], ["seed", "c", ""]]
    block = Block(Columns(lots("code")), ["source", "own", "code"], [2, 3, 4], cells)
    where = context(areas=("630102",))
    lines, flaws = judged(lots("code"), block, where)
    assert [line.split("\t")[2] for line in lines] == ["a"]
    assert flaws == [(3, "row.outside_area", "code"), (4, "row.outside_area", "code")]


CHECKS = checks_of(Lot)


@pytest.mark.parametrize("name", ["source", "own", "code", "name", "kind", "floors", "since"])
@settings(deadline=None)
@given(text=st.text(max_size=12))
def test_what_a_check_lets_through_the_model_takes_as_it_stands(name: str, text: str) -> None:
    check = CHECKS[name]
    if not check.takes(text):
        return
    values = {"source": "seed", "own": "b1"} | {name: text}
    try:
        taken = getattr(Lot.model_validate(values), name)
    except ValidationError as error:
        raise AssertionError(text) from error
    assert str(taken) == (str(int(text)) if name == "floors" else text)


class Odd(Row):
    """Fields that ask for more than a pattern can tell."""

    lines: Annotated[str, PRINTABLE_LINES] = "x"
    either: int | str = 1
    loose: Annotated[str, Field(pattern="[0-9]")] = "1"
    negated: Annotated[str, Field(pattern="^[^0-9]$")] = "a"
    digits: Annotated[str, Field(pattern=r"^\d$")] = "1"
    open_end: Annotated[str, Field(pattern="^a|b$")] = "a"
    more: Annotated[int, Field(gt=3)] = 4
    listed: list[str] | None = None
    numbers: Literal[1, 2] = 1
    plain: str = "x"


def test_fields_that_ask_for_more_have_no_check() -> None:
    assert set(checks_of(Odd)) == {"plain"}


class Stern(Row):
    name: str

    @field_validator("name")
    @classmethod
    def stern(cls, value: str) -> str:
        return value.upper()


def test_a_model_with_validators_of_its_own_is_judged_row_by_row() -> None:
    assert checks_of(Stern) == {}


def test_patterns_do_not_run_away() -> None:
    check = checks_of(Lot)["name"]
    assert re.escape("\\") in check.cell.pattern
    assert not check.takes("x" * 2_000_000)
    assert not check.takes_all(["ab"] * 5000 + ["x" * 100_000])
