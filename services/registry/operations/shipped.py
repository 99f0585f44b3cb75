"""Divisions that come with the product: data/divisions_*.csv, loaded where they are missing."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path

from kit.auth import Principal
from kit.db import Database
from services.registry.domain.rules import Rules
from services.registry.operations import divisions
from services.registry.operations.keeping import Wanted
from services.registry.operations.work import Work
from services.registry.storage import divisions as storage
from services.registry.storage import rows

LOADER = Principal("load-divisions", frozenset(), ("*",))


def read_files(folder: Path) -> list[tuple[str, Wanted]]:
    """Return code and fields of every shipped division, parents first."""
    found = [row for path in sorted(folder.glob("divisions_*.csv")) for row in _rows(path)]
    return sorted(found, key=lambda row: (len(row[0]), row[0]))


def _rows(path: Path) -> Iterator[tuple[str, Wanted]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        for line in csv.DictReader(file):
            yield line["code"], _wanted(line)


def _wanted(line: Mapping[str, str]) -> Wanted:
    return {
        "name": line["name"],
        "name_en": line["name_en"] or None,
        "kind": line["kind"],
        "is_governed": line["is_governed"] == "true",
        "valid_from": date.fromisoformat(line["valid_from"]) if line["valid_from"] else None,
    }


async def load(
    database: Database, shipped: Sequence[tuple[str, Wanted]], *, at: datetime, today: date
) -> int:
    """Create the shipped divisions that are not there; returns how many.

    What is there already, changed or revoked, is left as it is: corrections made here stay.
    """
    created = 0
    async with database.unit_of_work() as tx:
        work = Work(tx, LOADER, at, today, Rules())
        for code, wanted in shipped:
            if await rows.one(tx, storage.of_code(code, LOADER.areas)) is None:
                await divisions.put(work, code, wanted, None)
                created += 1
    return created
