"""What every use case is handed: the transaction, the caller, the time, the rules in force."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from kit.audit.checkpoints import Trail
from kit.audit.trail import Actor
from kit.auth import Principal
from kit.db import Tx
from kit.quota import Quota
from kit.sealing.vault import Vault
from services.registry.domain.people_lists import PeopleLists
from services.registry.domain.rules import Rules


@dataclass(frozen=True, slots=True)
class Work:
    """One request at work; `today` is the day in the tenant's zone."""

    tx: Tx
    caller: Principal
    at: datetime
    today: date
    rules: Rules

    @property
    def areas(self) -> tuple[str, ...]:
        """The code prefixes that the caller sees and may change."""
        return self.caller.areas


@dataclass(frozen=True, slots=True)
class People:
    """What guards and judges personal data: keys, lists of codes, the trail, what a day allows."""

    vault: Vault
    lists: PeopleLists
    trail: Trail
    clear_rows: Quota
    lookups: Quota


@dataclass(frozen=True, slots=True)
class PersonalWork(Work):
    """A request at work on personal data; `actor` is who the audit trail names."""

    people: People
    actor: Actor


def personal(work: Work) -> PersonalWork:
    """Return the work as one on personal data; anything else is a defect of the route."""
    if not isinstance(work, PersonalWork):
        message = "personal data need a personal work"
        raise TypeError(message)
    return work
