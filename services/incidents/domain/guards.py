"""Guards: the conditions of an action beyond its state.  Each is one plain function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Parameters:
    """The numbers of the rules; they come from the data file."""

    max_returns: int
    max_extensions: int
    reopen_days: int
    suspension_days_max: int
    urge_interval_hours: int
    sources_to_verify: frozenset[str]


@dataclass(frozen=True, slots=True)
class Case:
    """What the rules look at in an incident."""

    state: str
    source: str
    reported_by: str
    handling_party: str | None = None
    resolved_by: str | None = None
    closed_at: datetime | None = None
    urged_at: datetime | None = None
    extended_until: datetime | None = None
    linked_id: str | None = None
    flags: frozenset[str] = frozenset()
    counters: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a client; one that speaks for a handling party carries its organisation."""

    client_id: str
    organization_id: str | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """What came with the action; `master` is the state of the incident to merge into.

    `master` is None when there is no such incident, or none that the actor may see.
    """

    reason: str | None = None
    note: str | None = None
    evidence: tuple[str, ...] = ()
    party: str | None = None
    master: Master | None = None
    approval: str | None = None
    until: datetime | None = None
    dispute_id: str | None = None
    handoff_id: str | None = None
    outcome: str | None = None


@dataclass(frozen=True, slots=True)
class Master:
    """The incident that another one is to be merged into."""

    is_open: bool
    is_itself: bool


@dataclass(frozen=True, slots=True)
class Question:
    """May this actor do this to this incident now?

    `given` is None while only the possible actions are listed: a guard about what came with the
    action then lets it pass.
    """

    case: Case
    actor: Actor
    now: datetime
    parameters: Parameters
    given: Given | None = None

    def counted(self, name: str) -> int:
        """Return a counter of the incident."""
        return self.case.counters.get(name, 0)


def _by_locality(asked: Question) -> bool:
    return asked.actor.organization_id is None


def _by_handling_party(asked: Question) -> bool:
    # A client with areas instead of an organisation is the locality's own: it may write down what
    # a party without a system of its own reports.
    organization = asked.actor.organization_id
    return organization is None or organization == asked.case.handling_party


def _by_reporter(asked: Question) -> bool:
    return asked.actor.client_id == asked.case.reported_by


def _not_by_handler(asked: Question) -> bool:
    organization = asked.actor.organization_id
    is_party = organization is not None and organization == asked.case.handling_party
    return asked.actor.client_id != asked.case.resolved_by and not is_party


def _master_is_open(asked: Question) -> bool:
    if asked.given is None:
        return True
    master = asked.given.master
    return master is not None and master.is_open and not master.is_itself


def _before_due(asked: Question) -> bool:
    until = asked.case.extended_until
    return until is None or asked.now < until


def _within_suspension_limit(asked: Question) -> bool:
    if asked.given is None or asked.given.until is None:
        return True
    return asked.given.until <= asked.now + timedelta(days=asked.parameters.suspension_days_max)


def _within_reopen_window(asked: Question) -> bool:
    closed_at = asked.case.closed_at
    return closed_at is not None and asked.now <= closed_at + timedelta(
        days=asked.parameters.reopen_days
    )


def _urge_interval_passed(asked: Question) -> bool:
    urged_at = asked.case.urged_at
    return urged_at is None or asked.now >= urged_at + timedelta(
        hours=asked.parameters.urge_interval_hours
    )


def _party_known(asked: Question) -> bool:
    named = asked.given is None or asked.given.party is not None
    return named or asked.case.handling_party is not None


def _linked_object_has_outcome(asked: Question) -> bool:
    told = asked.given is None or asked.given.outcome is not None
    return told and asked.case.linked_id is not None


def _raised(flag: str) -> Callable[[Question], bool]:
    return lambda asked: flag in asked.case.flags


def _verified_when_source_requires(asked: Question) -> bool:
    return asked.case.source not in asked.parameters.sources_to_verify


def _may_still_return(asked: Question) -> bool:
    return asked.counted("returned_count") < asked.parameters.max_returns


GUARDS: Mapping[str, Callable[[Question], bool]] = {
    "by_dispatcher": _by_locality,
    "by_grid_member": _by_locality,
    "by_handling_party": _by_handling_party,
    "by_reporter": _by_reporter,
    "verified_when_source_requires": _verified_when_source_requires,
    "master_is_open": _master_is_open,
    "max_two_returns": _may_still_return,
    "returns_used_up": lambda asked: not _may_still_return(asked),
    "not_arbitrated": lambda asked: "arbitrated" not in asked.case.flags,
    "arbitration_was_requested": _raised("arbitration_requested"),
    "before_due": _before_due,
    "extension_was_requested": _raised("extension_requested"),
    "max_extensions": lambda asked: (
        asked.counted("extended_count") < asked.parameters.max_extensions
    ),
    "suspension_was_requested": _raised("suspension_requested"),
    "within_suspension_limit": _within_suspension_limit,
    "request_is_pending": lambda asked: bool(
        asked.case.flags & {"extension_requested", "suspension_requested"}
    ),
    "linked_object_has_outcome": _linked_object_has_outcome,
    "not_by_handler": _not_by_handler,
    "party_known": _party_known,
    "within_reopen_window": _within_reopen_window,
    "urge_interval_passed": _urge_interval_passed,
}


def first_refusal(guards: tuple[str, ...], asked: Question) -> str | None:
    """Return the name of the first guard that says no, None when all let it pass."""
    return next((name for name in guards if not GUARDS[name](asked)), None)
