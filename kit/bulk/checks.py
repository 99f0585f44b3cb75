"""What a row model asks of one column, as a pattern over all of its cells at once.

Whatever such a check lets through, the model would take, and would stage as the same text; the
reverse need not hold: a row that does not pass is judged by the model itself, which alone writes
errors.  A field that asks for more than is understood here has no check at all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Le, MaxLen, MinLen
from pydantic import BaseModel, WithJsonSchema
from pydantic.fields import FieldInfo

from kit.web.schemas import PRINTABLE, PRINTABLE_CLASS, Date

#: Texts as they are in COPY: no backslash or tab, nothing that PostgreSQL cannot store.
_PLAIN_CLASS = r"[^\x00\t\n\r\\\ud800-\udfff]"
_PRINTABLE_CLASS = rf"[^\\{PRINTABLE_CLASS[2:]}"
_LENGTH_MAX = 100_000
_INTEGER = r"-?(?:0|[1-9][0-9]{0,17})"
_NUMBER = r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,15})?"
_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_DATE_MARKS = get_args(Date)[1:]

Number = int | float


@dataclass(frozen=True, slots=True)
class CellCheck:
    """Looks at the texts of one column; `number` reads those that must lie between bounds."""

    cell: re.Pattern[str]
    column: re.Pattern[str]
    #: What a value from JSON may be besides a text.
    kind: type | None = None
    number: Callable[[str], Number] | None = None
    low: Number | None = None
    high: Number | None = None
    is_date: bool = False

    def takes_all(self, texts: Sequence[str]) -> bool:
        """Tell whether every text is good, in one pass over all of them."""
        joined = "\n".join(texts) + "\n"
        if joined.count("\n") != len(texts) or not self.column.fullmatch(joined):
            return False
        if self.is_date:
            return all(map(_is_day, set(texts)))
        if self.number is not None:
            numbers = list(map(self.number, texts))
            return self._within(min(numbers)) and self._within(max(numbers))
        return True

    def takes(self, text: str) -> bool:
        """Tell whether one text is good."""
        return "\n" not in text and self.takes_all((text,))

    def takes_number(self, value: Number) -> bool:
        """Tell whether a number from JSON is good."""
        return self._within(value)

    def _within(self, value: Number) -> bool:
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class _Demand:
    """What the parts of an annotation add up to."""

    kind: Any = None
    pattern: str | None = None
    shortest: int = 0
    longest: int = _LENGTH_MAX
    low: Number | None = None
    high: Number | None = None
    printable: bool = False
    choices: tuple[str, ...] = ()


class _NotUnderstood(Exception):
    """A part of an annotation means more than is known here."""


def checks_of(model: type[BaseModel]) -> dict[str, CellCheck]:
    """Return the checks of a model's fields; those that have none are left out.

    Empty for a model with validators of its own, which see more than one column.
    """
    decorators = model.__pydantic_decorators__
    if any(getattr(decorators, name) for name in decorators.__dataclass_fields__):
        return {}
    found = {}
    for name, info in model.model_fields.items():
        try:
            demand = _read(info.annotation, _Demand())
            found[name] = _check(_with(demand, info.metadata))
        except _NotUnderstood:
            continue
    return found


def _read(annotation: Any, demand: _Demand) -> _Demand:
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *marks = get_args(annotation)
        return _with(_read(inner, demand), marks)
    if origin in {Union, UnionType}:
        parts = [part for part in get_args(annotation) if part is not NoneType]
        if len(parts) != 1:
            raise _NotUnderstood
        return _read(parts[0], demand)
    if origin is Literal:
        choices = get_args(annotation)
        if not all(isinstance(choice, str) for choice in choices):
            raise _NotUnderstood
        return replace(demand, kind=Literal, choices=choices)
    if annotation not in {str, int, float, bool, date}:
        raise _NotUnderstood
    return replace(demand, kind=annotation)


def _with(demand: _Demand, marks: Iterable[Any]) -> _Demand:
    for mark in marks:
        if isinstance(mark, FieldInfo):
            demand = _with(demand, mark.metadata)
        elif demand.kind is date and mark in _DATE_MARKS:
            continue
        else:
            demand = _with_one(demand, mark)
    return demand


def _with_one(demand: _Demand, mark: Any) -> _Demand:
    if isinstance(mark, MinLen):
        return replace(demand, shortest=max(demand.shortest, mark.min_length))
    if isinstance(mark, MaxLen):
        return replace(demand, longest=min(demand.longest, mark.max_length))
    if isinstance(mark, Ge | Le):
        low, high = getattr(mark, "ge", demand.low), getattr(mark, "le", demand.high)
        return replace(demand, low=_number(low), high=_number(high))
    if mark is PRINTABLE or isinstance(mark, WithJsonSchema):
        return replace(demand, printable=demand.printable or mark is PRINTABLE)
    told = getattr(mark, "__dict__", None)
    if type(mark).__name__ == "_PydanticGeneralMetadata" and told and set(told) == {"pattern"}:
        if demand.pattern is not None:
            raise _NotUnderstood
        return replace(demand, pattern=told["pattern"])
    raise _NotUnderstood


def _number(bound: Any) -> Number | None:
    if isinstance(bound, bool) or not isinstance(bound, int | float | None):
        raise _NotUnderstood
    return bound


def _check(demand: _Demand) -> CellCheck:
    if demand.kind in {int, float}:
        body, reads = (_INTEGER, int) if demand.kind is int else (_NUMBER, float)
        check = replace(_compiled(body), kind=demand.kind, number=reads)
        return replace(check, low=demand.low, high=demand.high)
    if demand.kind is date:
        return replace(_compiled(_DAY), is_date=True)
    if demand.kind is bool:
        return replace(_compiled("true|false"), kind=bool)
    if demand.kind is Literal:
        return _compiled("|".join(re.escape(choice) for choice in demand.choices))
    return _compiled(_text(demand))


def _text(demand: _Demand) -> str:
    kept = _PRINTABLE_CLASS if demand.printable else _PLAIN_CLASS
    size = f"{{{max(1, demand.shortest)},{demand.longest}}}"
    if demand.pattern is None:
        # Blanks around a text are cut off by the model, so that they do not pass here.
        return rf"(?!\s){kept}{size}(?<!\s)"
    return rf"(?!\s)(?={kept}{size}\n)(?:{_anchored(demand.pattern)})(?<!\s)"


_RISKY = re.compile(r"\[\^|\\[A-Za-z\\]|\(\?|[\x00-\x1f]|(?<!\\)\.(?![^\[]*\])")


def _anchored(pattern: str) -> str:
    """Return the inner part of a pattern that both engines read the same way, end to end."""
    inner = pattern[1:-1]
    if not (pattern.startswith("^") and pattern.endswith("$")) or _RISKY.search(inner):
        raise _NotUnderstood
    if "|" in inner and not re.fullmatch(r"\([^()]*(\([^()]*\)[^()]*)*\)", inner):
        raise _NotUnderstood
    return inner


def _compiled(body: str) -> CellCheck:
    line = rf"(?:{body})\n"
    return CellCheck(re.compile(line), re.compile(f"(?:{line})*+"))
