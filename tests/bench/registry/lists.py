"""Every list page, every filter and by-source upserts, in a register of 10,000 and of 1,000,000.

The same request is sent to both, in turn, through the whole service (no socket); the figure is
the middle of its times.  The goal: a page of 100 costs at most twice as much in the large one.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from kit.embedded_postgres import running
from kit.pagination import encode_cursor
from kit.testing.databases import TestDatabases
from kit.testing.in_process import in_process
from kit.testing.tokens import TestTokens
from services.registry.app import PACKAGE_DIR, create_app
from tests.bench.registry.register import ask, fill, sized
from tests.registry.factories import settings_for

V1 = "/registry/v1"
#: What a page may cost in the large register, over the same in the small one.
GOAL = 2.0
_SMALL, _LARGE = 10_000, 1_000_000
_QUICK_LARGE = 200_000


@dataclass(frozen=True, slots=True)
class Case:
    """One request: path with its query, and the areas of its caller."""

    name: str
    path: str
    areas: tuple[str, ...] = ("*",)


class Register:
    """A served register, and what its requests need to name."""

    def __init__(self, url: str, client: httpx.Client, tokens: TestTokens) -> None:
        self.client = client
        self._tokens = tokens
        self._headers: dict[tuple[str, ...], dict[str, str]] = {}
        (middle,) = ask(
            url,
            "SELECT id, community_code, updated_at, building_id FROM households ORDER BY "
            "community_code, id OFFSET (SELECT count(*) FROM households) / 2 LIMIT 1",
        )
        (building,) = ask(
            url,
            f"SELECT estate_id, west, south FROM buildings WHERE id = '{middle['building_id']}'",
        )
        (change,) = ask(
            url,
            "SELECT at, seq, subject FROM changes ORDER BY at, seq "
            "OFFSET (SELECT count(*) FROM changes) / 2 LIMIT 1",
        )
        codes = [row["code"] for row in ask(url, "SELECT code FROM divisions ORDER BY code")]
        communities = [code for code in codes if len(code) == 12]
        west, south = building["west"], building["south"]
        self.names = {
            "community": middle["community_code"],
            "street": middle["community_code"][:9],
            "district": middle["community_code"][:6],
            "building": middle["building_id"],
            "estate": building["estate_id"],
            "box": f"{west - 0.001:.6f},{south - 0.001:.6f},{west + 0.001:.6f},{south + 0.001:.6f}",
            "near": f"{west:.6f},{south:.6f}",
            "subject": change["subject"],
            "deep": encode_cursor([middle["community_code"], middle["id"]]),
            "deep_one": encode_cursor([middle["id"]]),
            "deep_since": encode_cursor(
                [middle["community_code"], middle["updated_at"], middle["id"]]
            ),
            "deep_change": encode_cursor([change["at"], change["seq"]]),
            "hour": "2026-02-28T23:00:00Z",
            "days": "2026-02-25T00:00:00Z",
            "first": communities[0],
            "last": communities[-1],
        }

    def get(self, case: Case) -> tuple[float, int]:
        """Return seconds and rows of one request."""
        areas = tuple(area.format(**self.names) for area in case.areas)
        if areas not in self._headers:
            self._headers[areas] = self._tokens.headers(areas=list(areas))
        path = f"{V1}/{case.path.format(**self.names)}"
        begun = time.perf_counter()
        answer = self.client.get(path, headers=self._headers[areas])
        seconds = time.perf_counter() - begun
        assert answer.status_code == 200, answer.text
        return seconds, len(answer.json().get("items", [1]))

    def put(self, number: int) -> float:
        """Return the seconds of one by-source upsert of a household."""
        headers = self._tokens.headers() | {"If-Match": "*"}
        body = {"building_id": str(self.names["building"]), "household_no": f"U{number:06}"}
        begun = time.perf_counter()
        answer = self.client.put(
            f"{V1}/households/by-source/bench/U{number % 50}", json=body, headers=headers
        )
        seconds = time.perf_counter() - begun
        assert answer.status_code in {200, 201}, answer.text
        return seconds


_LISTED = (
    # name, list, query
    ("all", "households", ""),
    ("a page in the middle", "households", "cursor={deep}"),
    ("area = district", "households", "area={district}"),
    ("area = street", "households", "area={street}"),
    ("area = street, in the middle", "households", "area={street}&cursor={deep}"),
    ("area = community", "households", "area={community}"),
    ("area = community, in the middle", "households", "area={community}&cursor={deep_one}"),
    ("community_code", "households", "community_code={community}"),
    ("building_id", "households", "building_id={building}"),
    ("residence = both", "households", "residence=both"),
    ("residence = registered", "households", "residence=registered"),
    ("residence, area = street", "households", "residence=registered&area={street}"),
    ("source", "households", "source=police"),
    ("source, area = street", "households", "source=police&area={street}"),
    ("a source without rows", "households", "source=nobody"),
    ("updated_since, last hour", "households", "updated_since={hour}"),
    ("updated_since, last days", "households", "updated_since={days}"),
    ("updated_since, in the middle", "households", "updated_since={days}&cursor={deep_since}"),
    ("updated_since, area = street", "households", "updated_since={days}&area={street}"),
    ("updated_since, area = community", "households", "updated_since={hour}&area={community}"),
    ("include_ended", "households", "include_ended=true"),
    ("all", "buildings", ""),
    ("area = street", "buildings", "area={street}"),
    ("estate_id", "buildings", "estate_id={estate}"),
    ("bbox", "buildings", "bbox={box}"),
    ("outside", "buildings", "outside=true"),
    ("updated_since", "buildings", "updated_since={days}"),
    ("all", "units", ""),
    ("building_id", "units", "building_id={building}"),
    ("all", "dwellings", ""),
    ("area = street", "dwellings", "area={street}"),
    ("building_id", "dwellings", "building_id={building}"),
    ("updated_since", "dwellings", "updated_since={days}"),
    ("all", "estates", ""),
    ("is_three_no", "estates", "is_three_no=true"),
    ("all", "organizations", ""),
    ("serves", "organizations", "serves={community}"),
    ("all", "service-points", ""),
    ("near", "service-points", "near={near}"),
    ("all", "teams", ""),
    ("all", "divisions", ""),
    ("all", "changes", ""),
    ("a page in the middle", "changes", "cursor={deep_change}"),
    ("area = street", "changes", "area={street}"),
    ("noun = division", "changes", "noun=division"),
    ("subject", "changes", "subject={subject}"),
    ("updated_since", "changes", "updated_since={days}"),
    ("by building", "counts", "by=building"),
    ("by estate, area = street", "counts", "by=estate&area={street}"),
    ("by community, area = street", "counts", "by=community&area={street}"),
)
CASES = (
    *(Case(f"{noun}: {name}", f"{noun}?limit=100&{query}") for name, noun, query in _LISTED),
    Case("households: caller of a street", "households?limit=100", ("{street}",)),
    Case("households: caller of two communities", "households?limit=100", ("{first}", "{last}")),
    Case(
        "households: caller of two, updated_since",
        "households?limit=100&updated_since={days}",
        ("{first}", "{last}"),
    ),
    Case("organizations: caller of a street", "organizations?limit=100", ("{street}",)),
    Case("snapshot of a community", "communities/{community}/snapshot"),
)


@contextmanager
def served(url: str, tokens: TestTokens, folder: Path) -> Iterator[Register]:
    """Serve a register in this process."""
    settings = settings_for(url, folder)
    with in_process(create_app(settings, verifier=tokens.verifier())) as client:
        yield Register(url, client, tokens)


def measure_lists(*, quick: bool) -> dict[str, Any]:
    """Fill two registers and time every case in both, in turn."""
    large = _QUICK_LARGE if quick else _LARGE
    rounds = 15 if quick else 41
    tokens = TestTokens()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="jw-")))
        server = stack.enter_context(running(folder / "pg"))
        databases = TestDatabases(server)
        registers = []
        for size in (sized(_SMALL), sized(large)):
            url = stack.enter_context(databases.fresh(PACKAGE_DIR))
            fill(url, size)
            registers.append(stack.enter_context(served(url, tokens, folder / "spool")))
        rows = [_row(case, registers, rounds) for case in CASES]
        rows.append(_upserts(registers, rounds))
    return {"small": _SMALL, "large": large, "rounds": rounds, "rows": rows}


def _row(case: Case, registers: list[Register], rounds: int) -> dict[str, Any]:
    found = _middles([lambda r=register: r.get(case) for register in registers], rounds)
    (small_ms, small_rows), (large_ms, large_rows) = found
    return {
        "name": case.name,
        "small_ms": small_ms,
        "large_ms": large_ms,
        "rows": [small_rows, large_rows],
    }


def _upserts(registers: list[Register], rounds: int) -> dict[str, Any]:
    numbers = iter(range(10_000_000))
    asked: list[Callable[[], tuple[float, int]]] = [
        lambda r=register: (r.put(next(numbers)), 1)  # type: ignore[misc]
        for register in registers
    ]
    small, large = _middles(asked, rounds * 2)
    return {
        "name": "households, PUT by-source",
        "small_ms": small[0],
        "large_ms": large[0],
        "rows": [1, 1],
    }


def _middles(asked: list[Callable[[], tuple[float, int]]], rounds: int) -> list[tuple[float, int]]:
    """Return the middle milliseconds and the rows of requests that take turns."""
    for once in asked:
        once(), once()
    times: list[list[float]] = [[] for _ in asked]
    rows = [0] * len(asked)
    for _ in range(rounds):
        for index, once in enumerate(asked):
            seconds, rows[index] = once()
            times[index].append(seconds)
    return [(statistics.median(own) * 1000, count) for own, count in zip(times, rows, strict=True)]


def table(result: dict[str, Any]) -> str:
    """Return the figures as a table for the page.

    Where the small register has fewer rows to show, the two pages are not the same.
    """
    small, large = f"{result['small']:,} households, ms", f"{result['large']:,}, ms"
    lines = [f"| page of 100 | {small} | {large} | ratio | rows |", "|---|--:|--:|--:|--:|"]
    for row in result["rows"]:
        before, after = row["rows"]
        rows = f"{after}" if before == after else f"{before} / {after}"
        lines.append(
            f"| {row['name']} | {row['small_ms']:.1f} | {row['large_ms']:.1f} | "
            f"{row['large_ms'] / row['small_ms']:.2f} | {rows} |"
        )
    return "\n".join(lines) + "\n"


def worst(result: dict[str, Any]) -> float:
    """Return the highest ratio of pages that show the same number of rows in both registers."""
    same = [row for row in result["rows"] if row["rows"][0] == row["rows"][1]]
    return max(float(row["large_ms"] / row["small_ms"]) for row in same)


if __name__ == "__main__":
    found = measure_lists(quick="--quick" in sys.argv)
    sys.stdout.write(f"{table(found)}worst ratio of like pages: {worst(found):.2f}\n")
