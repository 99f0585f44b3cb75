"""Plans at the door: making one, and taking it from state to state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NoReturn
from uuid import UUID

from kit.areas import covers, require_area
from kit.auth import Principal
from kit.clock import local_date
from kit.db import Tx
from kit.errors import FieldError, Forbidden, Problem
from kit.ids import new_id
from services.grid_partition.clients.registry import RegistryClient
from services.grid_partition.domain.lifecycle import Action, Step, advance, after_publication
from services.grid_partition.domain.lifecycle import switch_day as day_of_switch
from services.grid_partition.domain.problems import (
    PlanAlreadyRunning,
    PlanAreaEmpty,
    PlanBaseMissing,
    PlanNotFound,
    PlanRuleSetUnknown,
    RegistryChanged,
    ViolationsOpen,
    ViolationUnknown,
)
from services.grid_partition.operations import publication
from services.grid_partition.operations.history import Change, record_change
from services.grid_partition.storage import grids, inputs, plans, results, rule_sets

_LISTED_MAX = 100


@dataclass(frozen=True, slots=True)
class NewPlan:
    """What a plan is asked for with."""

    kind: str
    area: str
    rule_set: str
    base: str | None
    count_basis: str
    seed: int
    effective_date: date | None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """Why one violation is accepted."""

    violation_id: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class Request:
    """One transition: who takes which action, and when; days are those of the zone."""

    caller: Principal
    action: Action
    now: datetime
    zone: str
    note: str | None = None
    acknowledgements: Sequence[Acknowledgement] = field(default=())


async def get(tx: Tx, plan_id: UUID, areas: Sequence[str]) -> Mapping[Any, Any]:
    """Return one plan; raises PlanNotFound."""
    row = await plans.find(tx, plan_id, areas)
    if row is None:
        raise PlanNotFound
    return row


async def create(
    tx: Tx, wanted: NewPlan, *, caller: Principal, registry: RegistryClient, now: datetime
) -> Mapping[Any, Any]:
    """Begin a plan: the worker computes it.

    Raises PlanRuleSetUnknown, PlanBaseMissing, PlanAreaEmpty, PlanAlreadyRunning, PeerUnavailable.
    """
    require_area(caller.areas, wanted.area)
    rule_set = await rule_sets.holding(tx, wanted.rule_set, wanted.area)
    if rule_set is None:
        _refuse(PlanRuleSetUnknown, "/rule_set")
    if wanted.base is not None and not await grids.any_in_force(tx, wanted.area):
        _refuse(PlanBaseMissing, "/base")
    await _refuse_second(tx, wanted.area, caller)
    if not await registry.has_households(wanted.area, wanted.count_basis):
        _refuse(PlanAreaEmpty, "/area")
    # Looked at again under the lock: the registry took its time.
    await plans.lock_district(tx, wanted.area)
    await _refuse_second(tx, wanted.area, caller)
    row = _new_row(wanted, rule_set, caller, now)
    await plans.add(tx, row)
    change = Change("create", None, "computing", caller.client_id, wanted.note)
    await record_change(tx, row, change, now)
    return row


def _refuse(problem: type[Problem], pointer: str) -> NoReturn:
    raise problem(errors=[FieldError(problem.code, problem.detail, pointer=pointer)])


async def _refuse_second(tx: Tx, area: str, caller: Principal) -> None:
    running = await plans.computing_over(tx, area)
    if running is not None:
        seen = covers(caller.areas, running["area"])
        raise PlanAlreadyRunning(
            extra={"plan": str(running["id"])} if seen else None, retry_after_s=5
        )


def _new_row(
    wanted: NewPlan, rule_set: Mapping[Any, Any], caller: Principal, now: datetime
) -> dict[str, Any]:
    return {
        "id": new_id(),
        "kind": wanted.kind,
        "area": wanted.area,
        "state": "computing",
        "rule_set": wanted.rule_set,
        "rules": rule_set["rules"],
        "base": wanted.base,
        "count_basis": wanted.count_basis,
        "seed": wanted.seed,
        "effective_date": wanted.effective_date,
        "switches_on": None,
        "meridian": None,
        "registry_version": None,
        "communities_total": 0,
        "communities_done": 0,
        "households_total": 0,
        "households_done": 0,
        "cutting_since": None,
        "totals": None,
        "failure": None,
        "event_seq": 1,
        "created_by": caller.client_id,
        "version": 1,
        "created_at": now,
        "updated_at": now,
    }


async def transition(
    tx: Tx, plan_id: UUID, request: Request, registry: RegistryClient
) -> Mapping[Any, Any]:
    """Take an action on a plan; returns the plan as it is then.

    Raises PlanNotFound, TransitionRefused, Forbidden, and for submit ViolationsOpen,
    ViolationUnknown, RegistryChanged, PeerUnavailable.
    """
    plan = await plans.find(tx, plan_id, request.caller.areas, lock=True)
    if plan is None:
        raise PlanNotFound
    step = advance(plan["state"], request.action)
    _require_scope(request.caller, step)
    if request.action == "submit":
        await _acknowledge(tx, plan_id, request)
        await _check_registry(tx, plan, registry)
    if request.action == "publish":
        return await _publish(tx, plan, request)
    if request.action == "cancel":
        await results.drop(tx, plan_id)
    change = Change(request.action, plan["state"], step.to, request.caller.client_id, request.note)
    return await record_change(tx, plan, change, request.now)


def _require_scope(caller: Principal, step: Step) -> None:
    if step.scope not in caller.scopes:
        challenge = f'Bearer error="insufficient_scope", scope="{step.scope}"'
        raise Forbidden(scope=step.scope, headers={"WWW-Authenticate": challenge})


async def _acknowledge(tx: Tx, plan_id: UUID, request: Request) -> None:
    for number, given in enumerate(request.acknowledgements):
        known = await results.acknowledge(
            tx,
            plan_id,
            given.violation_id,
            reason=given.reason,
            by=request.caller.client_id,
            now=request.now,
        )
        if not known:
            _refuse(ViolationUnknown, f"/acknowledgements/{number}/violation_id")
    left = await results.open_violations(tx, plan_id)
    if left:
        told = [
            {"id": str(row["id"]), "code": row["code"], "community": row["community_code"]}
            for row in left[:_LISTED_MAX]
        ]
        raise ViolationsOpen(count=len(left), extra={"violations": told})


async def _check_registry(tx: Tx, plan: Mapping[Any, Any], registry: RegistryClient) -> None:
    then = await inputs.versions(tx, plan["id"])
    now = await registry.versions(plan["area"], plan["count_basis"])
    changed = sorted(code for code in then.keys() | now.keys() if then.get(code) != now.get(code))
    if changed:
        raise RegistryChanged(count=len(changed), extra={"communities": changed[:_LISTED_MAX]})


async def _publish(tx: Tx, plan: Mapping[Any, Any], request: Request) -> Mapping[Any, Any]:
    today = local_date(request.now, request.zone)
    switches_on = day_of_switch(
        plan["effective_date"],
        publicity_days=plan["rules"]["publicity_days"],
        published_on=today,
    )
    to = after_publication(switches_on, today)
    change = Change("publish", plan["state"], to, request.caller.client_id, request.note)
    if to == "in_force":
        await publication.switch(tx, plan, request.now)
    return await record_change(tx, plan, change, request.now, switches_on=switches_on)
