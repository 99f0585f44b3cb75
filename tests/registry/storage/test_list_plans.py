"""Every list query is served by an index in the order it asks for, however large the register.

The plans are PostgreSQL's own for a register of 40,000 households, with the values known and
with them still open (as a prepared statement may be planned).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest
from sqlalchemy.dialects.postgresql.asyncpg import dialect as asyncpg_dialect

from kit.boxes import Box
from kit.pagination import after, encode_cursor
from kit.testing.databases import TestDatabases
from services.registry.app import PACKAGE_DIR
from services.registry.storage import (
    buildings,
    changes,
    counts,
    divisions,
    dwellings,
    estates,
    households,
    organizations,
    service_points,
    teams,
    units,
)
from services.registry.storage.buildings import Basis
from services.registry.storage.divisions import DivisionFilter
from services.registry.storage.places import Listed, PlaceFilter
from services.registry.storage.service_points import Near
from tests.bench.registry.register import ask, fill, sized

ALL = ("*",)
DISTRICT, STREET = "990001", "990001001"
FIRST, LAST = "990001001001", "990001001008"
SINCE = datetime(2026, 2, 28, tzinfo=UTC)
NONE = PlaceFilter()
AREA = PlaceFilter(area=DISTRICT)
ONE = PlaceFilter(community_code=FIRST)
CHANGED = PlaceFilter(updated_since=SINCE)
CHANGED_HERE = PlaceFilter(area=FIRST, updated_since=SINCE)


@dataclass(frozen=True)
class Register:
    """A filled database, and ids that its queries may name."""

    url: str
    building_id: Any
    estate_id: Any
    organization_id: Any
    subject: str


@pytest.fixture(scope="module")
def register(databases: TestDatabases) -> Iterator[Register]:
    with databases.fresh(PACKAGE_DIR) as url:
        fill(url, sized(40_000))
        (row,) = ask(url, "SELECT id, estate_id FROM buildings ORDER BY id OFFSET 200 LIMIT 1")
        (owner,) = ask(url, "SELECT id FROM organizations ORDER BY id LIMIT 1")
        (change,) = ask(url, "SELECT subject FROM changes ORDER BY seq OFFSET 9000 LIMIT 1")
        yield Register(url, row["id"], row["estate_id"], owner["id"], change["subject"])


def lists(known: Register) -> dict[str, Listed]:
    """Every list with every filter, by name."""
    found = {
        "divisions": divisions.listing(ALL, DivisionFilter()),
        "organizations, served": organizations.listing((STREET,), NONE),
        "organizations, serves": organizations.listing(ALL, NONE, serves=FIRST, kind="other"),
        "estates, party": estates.listing(ALL, NONE, organization_id=known.organization_id),
        "estates, three-no": estates.listing(ALL, NONE, three_no=(True, ("owners_committee",))),
        "buildings, estate": buildings.listing(ALL, NONE, estate_id=known.estate_id),
        "buildings, outside": buildings.listing(ALL, AREA, outside=True),
        "dwellings, building": dwellings.listing(ALL, NONE, building_id=known.building_id),
        "units, building": units.listing(ALL, NONE, building_id=known.building_id),
        "households, building": households.listing(ALL, NONE, building_id=known.building_id),
        "households, dwelling": households.listing(ALL, NONE, dwelling_id=known.building_id),
        "households, registered": households.listing(ALL, NONE, residence="registered"),
        "households, both": households.listing(ALL, AREA, residence="both"),
        "households, source": households.listing(ALL, PlaceFilter(source="police")),
        "households, source here": households.listing(
            ALL, PlaceFilter(source="police", area=STREET)
        ),
        "households, ended too": households.listing(ALL, PlaceFilter(include_ended=True)),
        "changes": changes_of(),
        "changes, area": changes_of(area=STREET),
        "changes, community": changes_of(area=FIRST),
        "changes, noun": changes_of(noun="division"),
        "changes, subject": changes_of(subject=known.subject),
        "changes, since": changes_of(updated_since=SINCE),
        "counts by building": counts.listing(
            ALL, area=None, by="building", basis=Basis("resident")
        ),
        "counts by estate": counts.listing(
            ALL, area=None, by="estate", basis=Basis("dwellings", ["residential"])
        ),
    }
    for name, listing in (
        ("organizations", organizations.listing),
        ("estates", estates.listing),
        ("buildings", buildings.listing),
        ("units", units.listing),
        ("dwellings", dwellings.listing),
        ("households", households.listing),
        ("service_points", service_points.listing),
        ("teams", teams.listing),
    ):
        found |= {
            name: listing(ALL, NONE),
            f"{name}, area": listing(ALL, AREA),
            f"{name}, changed": listing(ALL, CHANGED),
        }
        if name not in {"organizations", "teams"}:
            found |= {
                f"{name}, community": listing(ALL, ONE),
                f"{name}, changed here": listing(ALL, CHANGED_HERE),
                f"{name}, caller of two": listing((FIRST, LAST), NONE),
                f"{name}, caller of two, changed": listing((FIRST, LAST), CHANGED),
            }
    return found


def changes_of(**narrowed: Any) -> Listed:
    wanted = {"area": None, "noun": None, "subject": None, "updated_since": None} | narrowed
    return changes.listing(ALL, **wanted)


def page(listed: Listed) -> tuple[str, list[Any]]:
    """The SQL of a page and its values, as the driver gets them."""
    statement, key = listed
    compiled = after(statement, key, None).limit(101).compile(dialect=asyncpg_dialect())
    expanded = compiled.construct_expanded_state()
    return expanded.statement, list(expanded.positional_parameters)


async def explained(url: str, listed: Listed, *settings: str) -> str:
    """The plan of a page, as a prepared statement that is executed."""
    statement, values = page(listed)
    connection = await asyncpg.connect(url)
    try:
        for setting in settings:
            await connection.execute(f"SET {setting}")
        prepared = await connection.prepare(statement)
        types = ", ".join(
            parameter.name + ("[]" if parameter.kind == "array" else "")
            for parameter in prepared.get_parameters()
        ).replace("[][]", "[]")
        await connection.execute(f"PREPARE listed{f' ({types})' if types else ''} AS {statement}")
        written = [
            await connection.fetchval("SELECT quote_nullable($1::text)", as_text(value))
            for value in values
        ]
        call = f"listed ({', '.join(written)})" if written else "listed"
        rows = await connection.fetch(f"EXPLAIN EXECUTE {call}")
        return "\n".join(row[0] for row in rows)
    finally:
        await connection.close()


def as_text(value: Any) -> str:
    if isinstance(value, list):
        return "{" + ",".join(value) + "}"
    return value.isoformat() if isinstance(value, datetime) else str(value)


#: Tables that stay small in the test's register: PostgreSQL rightly reads them as a whole there,
#: so it is asked what it would do if it must not.
SMALL = ("divisions", "organizations", "estates", "service_points", "teams")
NO_WAY_ROUND = ("enable_seqscan = off", "enable_sort = off", "enable_bitmapscan = off")


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
def test_no_list_reads_a_table_from_end_to_end_or_sorts_it(register: Register, mode: str) -> None:
    wrong = []
    for name, listed in lists(register).items():
        small = name.startswith(SMALL) or "estate" in name
        settings = (f"plan_cache_mode = {mode}", *(NO_WAY_ROUND if small else ()))
        plan = asyncio.run(explained(register.url, listed, *settings))
        # What belongs to one building is a handful of rows: sorting them is no harm.
        sorts = "Sort" in plan and not name.endswith(", building")
        if re.search(r"Seq Scan on (?!divisions)", plan) or sorts:
            wrong.append(f"{name}:\n{plan}")
    assert wrong == [], "\n\n".join(wrong)


def test_a_page_in_the_middle_begins_where_it_should(register: Register) -> None:
    (row,) = ask(
        register.url,
        "SELECT id, community_code, updated_at FROM households "
        "ORDER BY community_code, id OFFSET 20000 LIMIT 1",
    )
    for narrowed, values in (
        (NONE, [row["community_code"], row["id"]]),
        (CHANGED, [row["community_code"], row["updated_at"], row["id"]]),
        (PlaceFilter(community_code=row["community_code"]), [row["id"]]),
    ):
        statement, key = households.listing(ALL, narrowed)
        cursor = encode_cursor(values)
        paged = after(statement, key, cursor)
        plan = asyncio.run(explained(register.url, (paged, [])))
        assert "Seq Scan" not in plan
        assert "Sort" not in plan


def test_what_is_near_is_looked_for_in_a_box(register: Register) -> None:
    near = service_points.listing(ALL, NONE, near=Near(101.005, 36.605, 500))
    plan = asyncio.run(explained(register.url, near, "enable_seqscan = off"))
    assert "ix_service_points_west_south" in plan
    boxed = buildings.listing(ALL, PlaceFilter(bbox=Box(101.005, 36.605, 101.006, 36.606)))
    plan = asyncio.run(explained(register.url, boxed))
    assert "Seq Scan" not in plan
