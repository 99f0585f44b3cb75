"""Incidents as they come in and go out."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from kit.web.schemas import (
    PRINTABLE,
    PRINTABLE_LINES,
    Answer,
    AreaCode,
    Crs,
    DateTime,
    Id,
    Latitude,
    ListQuery,
    Longitude,
    Query,
    QueryBool,
    Strict,
)

SourceWord = Literal[
    "member",
    "party_member",
    "rider",
    "resident",
    "property",
    "hotline_12345",
    "media",
    "superior",
    "department",
    "other",
]
StateWord = Literal[
    "reported",
    "verifying",
    "accepted",
    "assigned",
    "in_progress",
    "suspended",
    "in_mediation",
    "police_handoff",
    "resolved",
    "closed",
    "rejected",
    "merged",
    "withdrawn",
]
ActionWord = Literal[
    "send_to_verify",
    "accept",
    "confirm",
    "reject",
    "merge",
    "withdraw",
    "self_handle",
    "dispatch",
    "take",
    "return",
    "request_arbitration",
    "arbitrate",
    "resolve",
    "request_extension",
    "extend",
    "request_suspension",
    "suspend",
    "refuse_request",
    "resume",
    "start_mediation",
    "mediation_concluded",
    "mediation_failed",
    "hand_to_police",
    "handoff_concluded",
    "handoff_returned",
    "verify_pass",
    "verify_fail",
    "reopen",
    "reopen_by_order",
    "urge",
    "escalate",
]
PlacementWord = Literal["located", "locating", "outside", "address", "unknown_grid"]

GridCode = Annotated[
    str, Field(pattern=r"^[0-9]{15}$", description="Grid code", examples=["630102002008001"])
]
CategoryCode = Annotated[
    str,
    Field(pattern=r"^[0-9]{4}$", description="Code of a leaf category", examples=["0102"]),
]
AttributeName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
AttributeValue = (
    bool
    | Annotated[int, Field(ge=-(2**53) + 1, le=2**53 - 1)]
    | float
    | Annotated[str, Field(max_length=2000), PRINTABLE_LINES]
)
Reference = Annotated[str, Field(min_length=1, max_length=100), PRINTABLE]
Remark = Annotated[str, Field(min_length=1, max_length=2000), PRINTABLE_LINES]

#: The schema says what the handler enforces: exactly one place, and beside a point an address.
_PLACES = {
    "anyOf": [
        {
            "required": ["point"],
            "properties": {"point": {"type": "object"}, "grid_code": {"type": "null"}},
        },
        {
            "required": ["grid_code"],
            "properties": {"grid_code": {"type": "string"}, "point": {"type": "null"}},
        },
        {
            "required": ["address"],
            "properties": {
                "address": {"type": "string"},
                "point": {"type": "null"},
                "grid_code": {"type": "null"},
            },
        },
    ]
}


class PointIn(Strict):
    """A position; longitude first, in the reference that `crs` names."""

    lon: Longitude
    lat: Latitude
    crs: Crs = "CGCS2000"


class ReportIn(Strict, json_schema_extra=_PLACES):
    """A report: a category, and a point, a grid or an address; nothing about its reporter."""

    category_code: CategoryCode
    point: PointIn | None = None
    grid_code: GridCode | None = None
    address: Annotated[str, Field(min_length=1, max_length=300), PRINTABLE] | None = None
    source: SourceWord = "member"
    text: Annotated[str, Field(max_length=4000), PRINTABLE_LINES] = ""
    attributes: Annotated[
        dict[AttributeName, AttributeValue],
        Field(
            default_factory=dict,
            max_length=40,
            description="What the category's `fields` ask for",
        ),
    ]
    occurred_at: DateTime | None = None
    dedup_key: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=255,
            pattern=r"^[A-Za-z0-9._:-]+$",
            description="Reports of your client with the same key fold into one open incident",
        ),
    ] = None


class MoveIn(Strict):
    """An action, with what it needs; which fields an action takes stands in its refusal."""

    action: ActionWord
    reason: Remark | None = None
    note: Remark | None = None
    party: Annotated[Reference | None, Field(description="Organisation that is to handle it")] = (
        None
    )
    master_id: Annotated[Id | None, Field(description="Incident to merge this one into")] = None
    evidence: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=500), PRINTABLE]],
        Field(
            default_factory=list,
            max_length=20,
            description="What proves it: ids of photos, or sentences",
        ),
    ]
    approval: Remark | None = None
    until: DateTime | None = None
    dispute_id: Reference | None = None
    handoff_id: Reference | None = None
    outcome: Remark | None = None


class PointOut(Answer):
    """A position, in the reference that was asked for."""

    lon: float
    lat: float
    crs: Crs


class IncidentItem(Answer):
    """An incident as a list shows it."""

    id: Id
    number: str = Field(description="For people: day of the report and a running number")
    state: StateWord
    is_open: bool
    category_code: str
    level: str
    source: str
    text: str
    attributes: dict[str, AttributeValue]
    address: str | None
    point: PointOut | None
    placement: PlacementWord
    locating: bool = Field(description="The grid is still to be found; it will be filled in")
    grid_code: str | None
    community_code: str | None
    grid_code_at_report: str | None = Field(description="Stays when grids change")
    nearest_grid_code: str | None = Field(description="Only when no grid holds the point")
    nearest_m: float | None = Field(description="Metres to the nearest grid")
    handling_party: str | None
    master_id: Id | None
    linked_id: str | None = Field(description="The dispute or hand-off that it hangs on")
    flags: list[str]
    returned_count: int
    rework_count: int
    reopened_count: int
    extended_count: int
    suspended_count: int
    urged_count: int
    escalated_level: int
    repeated_count: int = Field(description="Reports that folded into this one")
    reported_by: str | None = Field(description="Client; hidden from handling parties")
    dedup_key: str | None
    occurred_at: DateTime | None
    reported_at: DateTime
    resolved_at: DateTime | None
    closed_at: DateTime | None
    extended_until: DateTime | None
    suspended_until: DateTime | None
    version: int
    updated_at: DateTime


class IncidentOut(IncidentItem):
    """An incident, and what its reader may do with it now."""

    allowed_actions: list[ActionWord]


class HistoryOut(Answer):
    """One line of an incident's history."""

    version: int = Field(description="Version of the incident that this line made")
    at: DateTime
    actor: str | None = Field(description="Client; the reporter's is hidden from handling parties")
    organization_id: str | None
    action: str
    from_state: str | None
    to_state: str
    reason: str | None
    note: str | None
    details: dict[str, str | list[str] | None]
    counters: dict[str, int]


_DEGREES = r"-?[0-9]{1,3}(?:\.[0-9]{1,17})?"


class CrsQuery(Query):
    """In which reference positions are answered."""

    crs: Annotated[Crs, Field(description="Reference of the positions in the answer")] = "CGCS2000"


class IncidentQuery(ListQuery):
    """Filters of the list of incidents."""

    area: AreaCode | None = None
    grid_code: GridCode | None = None
    state: StateWord | None = None
    category: Annotated[
        str | None, Field(pattern=r"^[0-9]{2}([0-9]{2})?$", description="Class or leaf")
    ] = None
    source: SourceWord | None = None
    placement: PlacementWord | None = None
    open: Annotated[
        QueryBool | None, Field(description="true: still waits for its end; false: ended")
    ] = None
    bbox: Annotated[
        str | None,
        Field(
            pattern=rf"^{_DEGREES}(?:,{_DEGREES}){{3}}$",
            max_length=100,
            description="minLon,minLat,maxLon,maxLat in CGCS2000",
            examples=["101.7,36.5,101.9,36.7"],
        ),
    ] = None
    updated_since: DateTime | None = None
    crs: Annotated[Crs, Field(description="Reference of the positions in the answer")] = "CGCS2000"


class HistoryQuery(ListQuery):
    """Paging of a history."""
