"""Categories as they go out."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from kit.web.schemas import Answer, DateTime, ListQuery, QueryBool


class TextOut(Answer):
    """One text in both languages."""

    zh: str
    en: str


class StageOut(Answer):
    """One limit of a category: so much of a unit, counted from the filing."""

    name: str
    amount: float
    unit: Literal["working_hour", "working_day", "hour", "day"]
    from_tag: str = Field(description="Where the figure comes from: see the data's README")


class FieldOut(Answer):
    """One attribute that a report of the category takes."""

    code: str
    name: TextOut
    type: Literal["text", "integer", "decimal", "boolean", "month", "url", "organization"]
    required: bool
    minimum: float | None = None
    max_length: int | None = None
    unit: str | None = None


class CategoryOut(Answer):
    """A class (two digits) or a leaf (four); conditions, limits and fields belong to leaves."""

    code: str
    parent_code: str | None
    name: TextOut
    level: str
    is_active: bool
    handling_party_kind: str | None
    filing_condition: TextOut | None
    closing_condition: TextOut | None
    stages: list[StageOut]
    fields: list[FieldOut]
    suggests: list[str]
    level_rules: list[dict[str, Any]]
    reporter_hidden_from_party: bool
    note: TextOut | None
    set_version: str = Field(description="Version of the shipped set that it came with")
    version: int
    updated_at: DateTime


class CategoryNode(CategoryOut):
    """A category in a list; with `view=tree`, classes carry their leaves."""

    children: list[CategoryOut] | None = None


class CategoryQuery(ListQuery):
    """Filters of the list of categories."""

    view: Annotated[
        Literal["flat", "tree"], Field(description="tree: classes with their leaves inside")
    ] = "flat"
    parent: Annotated[
        str | None, Field(pattern=r"^[0-9]{2}$", description="Only the leaves of this class")
    ] = None
    active: Annotated[QueryBool | None, Field(description="Only categories in use, or not")] = None
    updated_since: DateTime | None = None
