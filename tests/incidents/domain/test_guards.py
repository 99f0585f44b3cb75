"""The conditions of actions, one by one, at their edges."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.incidents.domain.guards import (
    GUARDS,
    Actor,
    Case,
    Given,
    Master,
    Parameters,
    Question,
    first_refusal,
)

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
RULES = Parameters(
    max_returns=2,
    max_extensions=1,
    reopen_days=10,
    suspension_days_max=90,
    urge_interval_hours=4,
    sources_to_verify=frozenset({"resident"}),
)
LOCALITY = Actor("street-app")
PARTY = Actor("party-app", "sanitation-1")


def a_case(**fields: Any) -> Case:
    return Case(**({"state": "reported", "source": "member", "reported_by": "rider"} | fields))


def passes(guard: str, case: Case, actor: Actor = LOCALITY, given: Given | None = None) -> bool:
    return GUARDS[guard](Question(case, actor, NOW, RULES, given))


@pytest.mark.parametrize("guard", ["by_dispatcher", "by_grid_member"])
def test_a_handling_party_is_not_the_locality(guard: str) -> None:
    assert passes(guard, a_case())
    assert not passes(guard, a_case(handling_party="sanitation-1"), PARTY)


def test_only_the_assigned_party_or_the_locality_for_it_handles() -> None:
    assert passes("by_handling_party", a_case(handling_party="sanitation-1"), PARTY)
    assert passes("by_handling_party", a_case(handling_party="sanitation-1"), LOCALITY)
    assert not passes("by_handling_party", a_case(handling_party="gas"), PARTY)
    assert not passes("by_handling_party", a_case(), PARTY)


def test_the_reporter_is_the_client_that_reported() -> None:
    assert passes("by_reporter", a_case(reported_by="street-app"))
    assert not passes("by_reporter", a_case())


def test_neither_the_client_that_resolved_it_nor_its_party_checks_it() -> None:
    case = a_case(resolved_by="party-app", handling_party="sanitation-1")
    assert passes("not_by_handler", case, Actor("street-app"))
    assert not passes("not_by_handler", case, Actor("party-app"))
    assert not passes("not_by_handler", case, Actor("another-app", "sanitation-1"))


def test_some_sources_are_verified_first() -> None:
    assert passes("verified_when_source_requires", a_case())
    assert not passes("verified_when_source_requires", a_case(source="resident"))


@pytest.mark.parametrize(("returned", "may"), [(0, True), (1, True), (2, False), (3, False)])
def test_returns_are_counted_and_arbitration_follows(returned: int, may: bool) -> None:
    case = a_case(counters={"returned_count": returned})
    assert passes("max_two_returns", case) is may
    assert passes("returns_used_up", case) is not may


@pytest.mark.parametrize(
    ("guard", "flag", "wanted"),
    [
        ("arbitration_was_requested", "arbitration_requested", True),
        ("extension_was_requested", "extension_requested", True),
        ("suspension_was_requested", "suspension_requested", True),
        ("request_is_pending", "extension_requested", True),
        ("request_is_pending", "suspension_requested", True),
        ("not_arbitrated", "arbitrated", False),
    ],
)
def test_a_flag_opens_or_shuts_an_action(guard: str, flag: str, wanted: bool) -> None:
    assert passes(guard, a_case(flags=frozenset({flag}))) is wanted
    assert passes(guard, a_case()) is not wanted


@pytest.mark.parametrize(
    ("since", "open_"), [(10 * DAY, True), (10 * DAY + HOUR, False), (timedelta(0), True)]
)
def test_the_window_to_reopen_ends_after_its_days(since: timedelta, open_: bool) -> None:
    assert passes("within_reopen_window", a_case(closed_at=NOW - since)) is open_
    assert not passes("within_reopen_window", a_case())


@pytest.mark.parametrize(("since", "may"), [(4 * HOUR, True), (3 * HOUR, False)])
def test_urging_waits_for_its_interval(since: timedelta, may: bool) -> None:
    assert passes("urge_interval_passed", a_case(urged_at=NOW - since)) is may
    assert passes("urge_interval_passed", a_case())


def test_an_extension_is_asked_for_before_the_last_one_ends() -> None:
    assert passes("before_due", a_case())
    assert passes("before_due", a_case(extended_until=NOW + HOUR))
    assert not passes("before_due", a_case(extended_until=NOW))


def test_extensions_are_counted() -> None:
    assert passes("max_extensions", a_case())
    assert not passes("max_extensions", a_case(counters={"extended_count": 1}))


@pytest.mark.parametrize(("days", "may"), [(90, True), (91, False)])
def test_a_suspension_has_a_longest_length(days: int, may: bool) -> None:
    given = Given(until=NOW + days * DAY)
    assert passes("within_suspension_limit", a_case(), given=given) is may


@pytest.mark.parametrize(
    ("master", "may"),
    [
        (Master(is_open=True, is_itself=False), True),
        (Master(is_open=False, is_itself=False), False),
        (Master(is_open=True, is_itself=True), False),
        (None, False),
    ],
)
def test_a_master_is_open_and_another(master: Master | None, may: bool) -> None:
    assert passes("master_is_open", a_case(), given=Given(master=master)) is may


def test_an_outcome_belongs_to_something_linked() -> None:
    told = Given(outcome="agreed")
    assert passes("linked_object_has_outcome", a_case(linked_id="D-1"), given=told)
    assert not passes("linked_object_has_outcome", a_case(), given=told)
    assert not passes("linked_object_has_outcome", a_case(linked_id="D-1"), given=Given())


def test_a_party_is_known_or_named() -> None:
    assert passes("party_known", a_case(handling_party="sanitation-1"), given=Given())
    assert passes("party_known", a_case(), given=Given(party="sanitation-1"))
    assert not passes("party_known", a_case(), given=Given())


@pytest.mark.parametrize("guard", ["master_is_open", "within_suspension_limit", "party_known"])
def test_a_guard_about_what_comes_with_the_action_passes_while_actions_are_listed(
    guard: str,
) -> None:
    assert passes(guard, a_case())


def test_the_first_guard_that_says_no_is_named() -> None:
    asked = Question(a_case(), LOCALITY, NOW, RULES)
    assert first_refusal(("by_dispatcher", "by_reporter", "not_arbitrated"), asked) == "by_reporter"
    assert first_refusal(("by_dispatcher",), asked) is None
