"""What every use case is handed: the transaction, the caller, the time, the rules in force."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from kit.auth import Principal
from kit.db import Tx
from services.registry.domain.buildings import Placement


@dataclass(frozen=True, slots=True)
class Work:
    """One request at work; `today` is the day in the tenant's zone."""

    tx: Tx
    caller: Principal
    at: datetime
    today: date
    placement: Placement

    @property
    def areas(self) -> tuple[str, ...]:
        """The code prefixes that the caller sees and may change."""
        return self.caller.areas
