"""Plans at the door."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from kit.errors import Language
from kit.web.schemas import (
    PRINTABLE_LINES,
    WHOLE,
    Answer,
    AreaCode,
    Date,
    DateTime,
    Id,
    ListQuery,
    Strict,
)
from services.grid_partition.api.schemas.fields import Name, PlanArea, Version
from services.grid_partition.api.schemas.rule_sets import RulesOut
from services.grid_partition.domain import failures
from services.grid_partition.domain.lifecycle import Action, State, allowed_actions

CountBasis = Literal["resident", "registered", "dwellings"]
PlanKind = Literal["division"]
Reason = Annotated[str, Field(min_length=1, max_length=1000), PRINTABLE_LINES]


class PlanIn(Strict):
    """What a plan is to divide, and how."""

    kind: PlanKind
    area: PlanArea
    rule_set: Name = "default"
    base: Annotated[
        Literal["in_force"] | None,
        Field(description="Start from the grids in force, so that few households move"),
    ] = None
    count_basis: Annotated[
        CountBasis,
        Field(
            description="Which households count: who lives there, who is "
            "registered there, or every dwelling"
        ),
    ] = "resident"
    seed: Annotated[
        int,
        Field(ge=0, le=2**31 - 1, description="Same seed and same register, same grids"),
        WHOLE,
    ] = 1
    effective_date: Annotated[
        Date | None,
        Field(description="Local day of the switch; by default the end of the publicity period"),
    ] = None
    note: Reason | None = None


class AcknowledgementIn(Strict):
    """Why one violation is accepted."""

    violation_id: Id
    reason: Reason


class PlanSubmissionIn(Strict):
    """The plan goes to the district for review."""

    action: Literal["submit"]
    note: Reason | None = None
    acknowledgements: Annotated[
        list[AcknowledgementIn],
        Field(max_length=1000, description="Each open violation needs one"),
    ] = Field(default_factory=list)


class PlanActionIn(Strict):
    """Any other action on a plan."""

    action: Literal["cancel", "withdraw", "approve", "reject", "publish"]
    note: Reason | None = None


PlanTransitionIn = Annotated[PlanSubmissionIn | PlanActionIn, Field(discriminator="action")]


class ProgressOut(Answer):
    """How far the computation is; `total` is 0 until the registry has been read."""

    done: int
    total: int
    unit: Literal["community"] = "community"
    eta_s: Annotated[int | None, Field(description="Seconds to go, once something is done")]


class TotalsOut(Answer):
    """Sums over the communities of a computed plan."""

    communities: int
    households: int
    buildings: int
    grids: int
    feasible_communities: int
    violations: int
    moved_households: int


class NoteOut(Answer):
    """One step of a plan's history."""

    action: str
    from_state: str | None
    to_state: State
    note: str | None
    by: str
    at: DateTime


class FailureOut(Answer):
    """Why the computation failed."""

    code: str
    detail: str
    community: str | None = None


class PlanOut(Answer):
    """A plan."""

    id: Id
    kind: PlanKind
    area: str
    state: State
    allowed_actions: Annotated[list[Action], Field(description="What this caller may do now")]
    progress: ProgressOut
    totals: TotalsOut | None
    failure: FailureOut | None
    rule_set: str
    rules: RulesOut
    base: Literal["in_force"] | None
    count_basis: CountBasis
    seed: int
    effective_date: Date | None
    switches_on: Annotated[Date | None, Field(description="Local day of the switch, if published")]
    registry_version: Annotated[
        str | None, Field(description="Digest of the snapshots that were cut")
    ]
    notes: list[NoteOut]
    created_by: str
    version: Version
    created_at: DateTime
    updated_at: DateTime


class PlanQuery(ListQuery):
    """Filters of plans."""

    area: AreaCode | None = None
    state: State | None = None
    updated_since: DateTime | None = None


def _eta_s(row: Mapping[Any, Any], now: datetime) -> int | None:
    if row["state"] != "computing" or not row["households_done"] or row["cutting_since"] is None:
        return None
    spent_s = (now - row["cutting_since"]).total_seconds()
    left = row["households_total"] - row["households_done"]
    return max(0, int(spent_s * left / row["households_done"] + 0.5))


def show_plan(
    row: Mapping[Any, Any],
    notes: Sequence[Mapping[Any, Any]],
    *,
    scopes: Collection[str],
    language: Language,
    now: datetime,
) -> dict[str, Any]:
    """Return a plan as it is answered to a caller with these scopes."""
    failure = row["failure"] and failures.explain(row["failure"], language)
    shown = dict(row) | {
        "allowed_actions": allowed_actions(row["state"], scopes),
        "progress": {
            "done": row["communities_done"],
            "total": row["communities_total"],
            "eta_s": _eta_s(row, now),
        },
        "failure": failure,
        "notes": [dict(note) | {"from_state": note["from_state"] or None} for note in notes],
    }
    return PlanOut.model_validate(shown).model_dump(mode="json")
