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
        failure = plan.get("failure") or {}
        raise CliFailure(
            str(failure.get("code") or "cli.plan_failed"),
            f"The plan {plan_id} failed: {failure.get('detail') or 'no reason was given'}",
            cure="Mend what it names, then make a new plan.",
            more={"plan": plan_id, "community": failure.get("community")},
        )
    return plan


def communities_of(door: Door, plan_id: str) -> list[JSON]:
    """Return the plan's communities in code order."""
    rows = door.pages(f"{PLANS}/{plan_id}/communities")
    return sorted(rows, key=lambda row: str(row["code"]))


def violations_of(door: Door, plan_id: str) -> list[JSON]:
    """Return the plan's violations, acknowledged or not."""
    return list(door.pages(f"{PLANS}/{plan_id}/violations"))


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
                for row in violations_of(door, plan["id"])
                if row["acknowledgement"] is None
            ]
        plan = door.post(f"{PLANS}/{plan['id']}/transitions", body, key=f"{plan['id']}-{action}")
        yield action, plan


def show_plan(screen: Screen, plan: JSON, communities: list[JSON], violations: list[JSON]) -> None:
    """Print one row a community, the sums, and a sentence for each violation."""
    codes: dict[str, set[str]] = {}
    for violation in violations:
        codes.setdefault(violation["community_code"], set()).add(violation["code"])
    rows = [
        [
            row["code"],
            row["name"],
            row["households"],
            row["grids"] or 0,
            bool(row["feasible"]),
            "\n".join(sorted(codes.get(row["code"], ()))),
        ]
        for row in communities
    ]
    screen.table(
        f"Plan {plan['id']} of {plan['area']}",
        ["community", "name", "households", "grids", "feasible", "violations"],
        rows,
    )
    feasible = sum(bool(row["feasible"]) for row in communities)
    cpu_s = sum(float((row["metrics"] or {}).get("cpu_s", 0.0)) for row in communities)
    households, grids = (
        sum(row[name] or 0 for row in communities) for name in ("households", "grids")
    )
    screen.say(
        f"{households:,} households -> {grids:,} grids in {len(communities)} communities; "
        f"{feasible} wholly within the rules; {cpu_s:.2f} s of computing."
    )
    for violation in violations:
        where = violation["grid_code"] or violation["community_code"]
        screen.say(f"  {where} {violation['code']}: {violation['detail']}")
