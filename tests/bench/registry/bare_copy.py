"""What a bare COPY of the same CSV costs in the same server: the least that storing rows takes.

`plain` is a table of the file's columns and nothing else.  `keyed` has what the register keeps its
households by: every key, index and foreign key of that table, taken from the catalogue, over the
file's columns.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

from tests.bench.registry.running import connect

_COLUMNS = (
    'household_id text COLLATE "C", building_id text COLLATE "C", '
    'community_code text COLLATE "C", unit text, floor integer, room text, '
    "lon double precision, lat double precision"
)
_NAMES = [
    "household_id", "building_id", "community_code", "unit", "floor", "room", "lon", "lat",
]  # fmt: skip
#: What the register keeps beside the file's columns, filled by defaults.
_OWN = (
    "id uuid NOT NULL DEFAULT gen_random_uuid(), source text COLLATE \"C\" DEFAULT 'bench', "
    "residence text NOT NULL DEFAULT 'both', ended_at timestamptz, "
    "version integer NOT NULL DEFAULT 1, created_at timestamptz NOT NULL DEFAULT now(), "
    "updated_at timestamptz NOT NULL DEFAULT now()"
)
#: Column of the register -> column of the file.
_SAME = {"source_id": "household_id", "household_no": "household_id"}


def copy_seconds(url: str, path: Path) -> dict[str, float]:
    """Seconds of COPY into either table; both are made anew and dropped again."""
    return asyncio.run(_measure(url, path))


async def _measure(url: str, path: Path) -> dict[str, float]:
    connection = await connect(url)
    try:
        await connection.execute(f"CREATE TABLE bare_plain ({_COLUMNS})")
        seconds = {"plain": await _copy(connection, "bare_plain", path)}
        await _make_keyed(connection)
        seconds["keyed"] = await _copy(connection, "bare_keyed", path)
        await connection.execute("DROP TABLE bare_plain, bare_keyed, bare_buildings")
        return seconds
    finally:
        await connection.close()


async def _copy(connection: Any, table: str, path: Path) -> float:
    began = time.perf_counter()
    await connection.copy_to_table(
        table, source=str(path), format="csv", header=True, columns=_NAMES
    )
    return time.perf_counter() - began


async def _make_keyed(connection: Any) -> None:
    await connection.execute(
        "CREATE TABLE bare_buildings AS SELECT DISTINCT building_id FROM bare_plain;"
        "ALTER TABLE bare_buildings ADD PRIMARY KEY (building_id);"
        f"CREATE TABLE bare_keyed ({_COLUMNS}, {_OWN})"
    )
    keys = await connection.fetch(
        "SELECT indexdef FROM pg_indexes WHERE tablename = 'households' ORDER BY indexname"
    )
    for number, key in enumerate(keys):
        await connection.execute(_on_bare(key["indexdef"], number))
    foreign = await connection.fetch(
        "SELECT a.attname, c.confrelid::regclass::text AS target FROM pg_constraint c "
        "JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1] "
        "WHERE c.conrelid = 'households'::regclass AND c.contype = 'f'"
    )
    for each in foreign:
        target = "bare_buildings (building_id)" if each["target"] == "buildings" else each["target"]
        await connection.execute(
            f"ALTER TABLE bare_keyed ADD FOREIGN KEY ({each['attname']}) REFERENCES {target}"
        )


def _on_bare(definition: str, number: int) -> str:
    """The statement that makes an index of households on the bare table."""
    head, _, columns = definition.partition(" USING btree ")
    unique = "UNIQUE " if head.startswith("CREATE UNIQUE") else ""
    for own, of_file in _SAME.items():
        columns = columns.replace(own, of_file)
    return f"CREATE {unique}INDEX bare_keyed_{number} ON bare_keyed USING btree {columns}"
