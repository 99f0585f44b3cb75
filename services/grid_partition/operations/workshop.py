"""What the stages of a plan work with, and how they end early."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from kit.clock import Clock
from kit.db import Database
from services.grid_partition.clients.registry import RegistryClient
from services.grid_partition.settings import Settings

Task = TypeVar("Task")
Result = TypeVar("Result")


class LeaseLost(Exception):
    """Another worker has taken over, or the plan computes no more: nothing is stored."""


class PlanFailed(Exception):
    """The plan cannot be computed; `code` is a key of data/failures.json."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.code = code
        self.params = params

    def failure(self) -> dict[str, Any]:
        """Return what is stored with the plan."""
        return {"code": self.code, **self.params}


class Compute(Protocol):
    """Runs a pure function of one picklable argument somewhere where it may hold the CPU."""

    async def __call__(
        self, function: Callable[[Task], Result], task: Task, /, *, alone: bool
    ) -> Result:
        """Return the result; `alone` keeps a suspect away from everybody else's work."""
        ...


@dataclass(frozen=True, slots=True)
class Workshop:
    """The hands and tools of one worker; `owner` is unique to the process."""

    owner: str
    database: Database
    registry: RegistryClient
    clock: Clock
    settings: Settings
    compute: Compute
