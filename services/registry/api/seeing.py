"""Dependencies of routes about persons: whether they are shown in clear, and what that costs.

Clear text needs the scope pii:read and the header X-Purpose; it is counted against the client's
day, and written into the audit trail in the transaction that ends before the answer leaves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

from fastapi import Depends, Request
from pydantic import BaseModel

from kit.audit.purpose import (
    NOTE_CHARACTERS_MAX,
    PurposeChoice,
    PurposeHeader,
    PurposeNoteRefused,
    read_purpose,
)
from kit.audit.trail import Actor, Entry, Purpose, append, area_of, of_client
from kit.auth import Principal
from kit.clock import Clock, local_date
from kit.db import Database, Tx
from kit.quota import QuotaUsed, spend
from kit.web import context
from kit.web.deps import Now, Reader, UnitOfWork, lacking, needs
from kit.web.listing import Rows
from services.registry.operations.personal import Personal
from services.registry.operations.work import People, PersonalWork
from services.registry.storage.rows import Row
from services.registry.storage.tables import QUOTAS

_CLEAR = "pii:read"
#: What a route that may show clear text can refuse besides its own.
CLEAR_PROBLEMS = (PurposeNoteRefused, QuotaUsed)


def _people(request: Request) -> People:
    people: People = request.app.state.people
    return people


def _actor(request: Request, caller: Principal) -> Actor:
    ip = request.client.host if request.client else None
    return of_client(caller, context.current.get().request_id, ip)


def _own(caller: Principal) -> Principal:
    """Return the caller with the areas in which it may see persons.

    A client that acts for an organization (a handling party, a property company) sees none.
    """
    return caller if caller.organization_id is None else replace(caller, areas=())


def _work(request: Request, tx: Tx, clock: Clock, caller: Principal) -> PersonalWork:
    settings = request.app.state.settings
    at = clock.now()
    return PersonalWork(
        tx=tx,
        caller=_own(caller),
        at=at,
        today=local_date(at, settings.time_zone),
        rules=request.app.state.rules,
        people=_people(request),
        actor=_actor(request, caller),
    )


async def _purpose(
    request: Request,
    database: Reader,
    clock: Now,
    caller: Annotated[Principal, needs("registry:read")],
    header: PurposeChoice = None,
) -> Purpose | None:
    if header is None:
        return None
    people = _people(request)
    purpose = read_purpose(header, people.lists.codes("purposes"))
    await _check_scope(request, database, clock, caller, purpose)
    return purpose


async def _check_scope(
    request: Request, database: Database, clock: Clock, caller: Principal, purpose: Purpose
) -> None:
    if _CLEAR in caller.scopes:
        return
    route = getattr(request.scope.get("route"), "path", "")
    entry = Entry(
        action="read",
        noun="person",
        purpose=purpose,
        outcome="refused",
        details={"route": route, "clear": True},
    )
    async with database.unit_of_work() as tx:
        table = _people(request).trail.table
        await append(tx, table, _actor(request, caller), entry, at=clock.now())
    raise lacking(_CLEAR, ["registry:read", _CLEAR])


Asked = Annotated[Purpose | None, Depends(_purpose)]
"""The purpose for which clear text is asked; None for masked text."""


async def _stated_purpose(
    request: Request,
    caller: Annotated[Principal, needs("registry:read", _CLEAR)],
    header: PurposeHeader,
) -> Purpose:
    del caller
    return read_purpose(header, _people(request).lists.codes("purposes"))


Stated = Annotated[Purpose, Depends(_stated_purpose)]
"""The purpose, where there is no masked answer."""


def _reading(
    request: Request,
    tx: UnitOfWork,
    clock: Now,
    caller: Annotated[Principal, needs("registry:read")],
) -> PersonalWork:
    return _work(request, tx, clock, caller)


def _writing(
    request: Request,
    tx: UnitOfWork,
    clock: Now,
    caller: Annotated[Principal, needs("registry:write")],
) -> PersonalWork:
    return _work(request, tx, clock, caller)


def _erasing(
    request: Request,
    tx: UnitOfWork,
    clock: Now,
    caller: Annotated[Principal, needs("registry:write", _CLEAR)],
) -> PersonalWork:
    return _work(request, tx, clock, caller)


PersonalReading = Annotated[PersonalWork, Depends(_reading)]
"""A request that looks at persons; needs the scope registry:read."""

PersonalWriting = Annotated[PersonalWork, Depends(_writing)]
"""A request that changes persons; needs the scope registry:write."""

PersonalErasing = Annotated[PersonalWork, Depends(_erasing)]
"""A request that erases a person's data; needs the scopes registry:write and pii:read."""


@dataclass(frozen=True, slots=True)
class Viewing:
    """The caller of a list of persons, which opens its own transactions."""

    caller: Principal
    actor: Actor
    people: People
    purpose: Purpose | None
    clock: Clock


def _viewing(
    request: Request,
    clock: Now,
    caller: Annotated[Principal, needs("registry:read")],
    purpose: Asked,
) -> Viewing:
    return Viewing(_own(caller), _actor(request, caller), _people(request), purpose, clock)


PersonalViewing = Annotated[Viewing, Depends(_viewing)]


class ClearWitness:
    """Counts and writes down each page of persons shown in clear; a stream needs words of why."""

    def __init__(self, viewing: Viewing, of: Personal, query: BaseModel) -> None:
        self._viewing = viewing
        self._of = of
        self._filter = query.model_dump(
            mode="json", exclude_unset=True, exclude={"cursor", "limit", "count"}
        )
        self._is_stream = False

    async def page(self, tx: Tx, rows: Rows) -> None:
        """Count the rows of a page; write down whom it shows."""
        if not rows:
            return
        if not self._is_stream:
            await self._spend(tx, len(rows))
        action = "exported" if self._is_stream else "listed"
        await self._tell(tx, action, len(rows), rows)

    async def stream(self, tx: Tx, count: int) -> None:
        """Count all rows of an export before its first; raises PurposeNoteRefused, QuotaUsed."""
        purpose = self._viewing.purpose
        if purpose is None or purpose.note is None:
            raise PurposeNoteRefused(limit=NOTE_CHARACTERS_MAX)
        self._is_stream = True
        if count:
            await self._spend(tx, count)
        await self._tell(tx, "export_begun", count, ())

    async def _spend(self, tx: Tx, count: int) -> None:
        people, client = self._viewing.people, self._viewing.caller.client_id
        at = self._viewing.clock.now()
        await spend(tx, QUOTAS, people.clear_rows, client, count, at=at)

    async def _tell(self, tx: Tx, action: str, count: int, rows: Sequence[Any]) -> None:
        entry = Entry(
            action=action,
            noun=self._of.noun,
            subjects=[str(row["id"]) for row in rows],
            area=area_of([row[self._of.area] for row in rows]),
            fields=self._of.fields,
            purpose=self._viewing.purpose,
            details={"count": count, "filter": self._filter, "clear": True},
        )
        table = self._viewing.people.trail.table
        await append(tx, table, self._viewing.actor, entry, at=self._viewing.clock.now())


def witness(viewing: Viewing, of: Personal, query: BaseModel) -> ClearWitness | None:
    """Return what hears of a list in clear; None for a masked one."""
    return None if viewing.purpose is None else ClearWitness(viewing, of, query)


async def note_read(work: PersonalWork, of: Personal, row: Row, purpose: Purpose) -> None:
    """Count and write down that one person is shown in clear; raises QuotaUsed."""
    people, client = work.people, work.caller.client_id
    await spend(work.tx, QUOTAS, people.clear_rows, client, 1, at=work.at)
    entry = Entry(
        action="read",
        noun=of.noun,
        subjects=[str(row["id"])],
        area=row[of.area],
        fields=of.fields,
        purpose=purpose,
        details={"count": 1, "clear": True},
    )
    await append(work.tx, people.trail.table, work.actor, entry, at=work.at)
