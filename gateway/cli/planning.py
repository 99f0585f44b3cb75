"""`plan`: make a plan, follow it, show it, and take it into force."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from gateway.cli.door import JSON, Door
from gateway.cli.failures import CliFailure
from gateway.cli.imports import follow_states
from gateway.cli.screen import Screen

PLANS = "/partition/v1/plans"
_COMPUTED = {"computed", "failed", "cancelled"}
_STEPS: Sequence[tuple[str, str]] = (
    ("computed", "submit"),
    ("submitted", "approve"),
    ("approved", "publish"),
)


@dataclass(frozen=True, slots=True)
class PlanWish:
    """What to plan."""

    area: str
    seed: int = 1
    rule_set: str | None = None
    base: str | None = None
    effective_date: str | None = None


def make_plan(door: Door, wish: PlanWish) -> JSON:
    """Ask for a plan; where one of the same area is being computed, that one is returned."""
    body: JSON = {"kind": "division", "area": wish.area, "seed": wish.seed}
    given = {
        "rule_set": wish.rule_set,
        "base": wish.base,
        "effective_date": wish.effective_date or today(),
    }
    body |= {name: value for name, value in given.items() if value is not None}
    try:
        return door.post(PLANS, body)
    except CliFailure as failure:
        running = failure.more.get("plan")
        if failure.code != "plan.already_running" or not running:
            raise
        return door.get(f"{PLANS}/{running}")


def today() -> str:
    """Return today in UTC: never later than today in the tenant's zone, so in force at once."""
    return datetime.now(UTC).date().isoformat()


def follow_plan(door: Door, screen: Screen, plan_id: str) -> JSON:
    """Show a plan's progress until it is computed; raises CliFailure when it failed."""
    with screen.bar("computing", "communities") as bar:
        plan: JSON = {}
        for plan in follow_states(door, f"{PLANS}/{plan_id}", _COMPUTED):
            bar.update(plan.get("progress"), plan["state"])
    if plan["state"] == "failed":
        raise CliFailure(
            "cli.plan_failed",
            f"The plan {plan_id} failed: {plan.get('failure') or 'no reason was given'}.",
            cure="Read its violations and the worker's log, then make a new plan.",
            more={"plan": plan},
        )
    return plan


def communities_of(door: Door, plan_id: str) -> list[JSON]:
    """Return the plan's communities in code order."""
    rows = door.pages(f"{PLANS}/{plan_id}/communities")
    return sorted(rows, key=lambda row: str(row["community_code"]))


def open_violations(door: Door, plan_id: str) -> list[JSON]:
    """Return the violations that nobody has acknowledged yet."""
    rows = door.pages(f"{PLANS}/{plan_id}/violations")
    return [row for row in rows if not row.get("acknowledged")]


def publish(door: Door, plan: JSON, reason: str) -> Iterator[tuple[str, JSON]]:
    """Submit, approve and publish, from whatever step the plan has reached.

    Every open violation is acknowledged with the given reason.  Yields each action with the plan
    after it.
    """
    for state, action in _STEPS:
        if plan["state"] != state:
            continue
        body: JSON = {"action": action}
        if action == "submit":
            body["acknowledgements"] = [
                {"violation_id": row["id"], "reason": reason}
                for row in open_violations(door, plan["id"])
            ]
        plan = door.post(f"{PLANS}/{plan['id']}/transitions", body, key=f"{plan['id']}-{action}")
        yield action, plan


def show_plan(screen: Screen, plan: JSON, communities: list[JSON]) -> None:
    """Print one row a community and the sums."""
    rows = [
        [
            row["community_code"],
            row.get("name"),
            row["households"],
            row["grids"],
            bool(row["feasible"]),
            _codes(row.get("violations")),
            float(row.get("seconds") or 0.0),
        ]
        for row in communities
    ]
    screen.table(
        f"Plan {plan['id']} of {plan['area']}",
        ["community", "name", "households", "grids", "feasible", "violations", "seconds"],
        rows,
    )
    feasible = sum(bool(row["feasible"]) for row in communities)
    screen.say(
        f"{sum(row['households'] for row in communities):,} households -> "
        f"{sum(row['grids'] for row in communities):,} grids in {len(communities)} communities; "
        f"{feasible} wholly within the rules."
    )


def _codes(violations: object) -> str:
    if isinstance(violations, list):
        codes = [v["code"] if isinstance(v, dict) else str(v) for v in violations]
        return ", ".join(sorted(set(codes)))
    return "" if violations is None else str(violations)
