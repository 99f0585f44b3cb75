"""Made-up people for tests, and a client that knows the paths about persons."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from urllib.parse import quote

import httpx

from services.registry.domain.identity import check_character
from tests.registry.factories import V1, A, Registry

PURPOSE = {"X-Purpose": "home_visit"}
REASON = {"X-Purpose": f"data_check; {quote('年度核对')}"}
ANY = {"If-Match": "*"}
_FAMILY = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂"


def an_id_number(nth: int, region: str = "990001") -> str:
    """A valid number of nobody: its region does not exist."""
    born = date(1950, 1, 1) + timedelta(days=nth % 20_000)
    digits = f"{region}{born:%Y%m%d}{nth % 1000:03d}"
    return digits + check_character(digits)


def a_phone(nth: int) -> str:
    return f"19{nth:09d}"


def a_name(nth: int) -> str:
    """A made-up name, hardly twice the same."""
    family, first = _FAMILY[nth % 20], _GIVEN[nth // 20 % 22]
    return f"{family}{first}{_GIVEN[nth // 440 % 22]}甲{_GIVEN[nth // 9680 % 22]}"


def a_person(nth: int = 1, **fields: Any) -> dict[str, Any]:
    known = {"name": a_name(nth), "id_number": an_id_number(nth, "630102"), "phone": a_phone(nth)}
    return known | fields


class People:
    """The registry as somebody who keeps persons uses it."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.client = registry.client

    def household(self, code: str = A, number: str = "001") -> str:
        building = self.registry.building(code)
        return str(self.registry.household(building["id"], number)["id"])

    def add(self, household_id: str, nth: int = 1, **fields: Any) -> dict[str, Any]:
        body = a_person(nth, household_id=household_id) | fields
        return self.registry.post("residents", body)

    def read(self, row_id: str, headers: dict[str, str] | None = None) -> dict[str, Any]:
        answer = self.client.get(f"{V1}/residents/{row_id}", headers=headers)
        shown: dict[str, Any] = Registry.done(answer).json()
        return shown

    def change(self, row_id: str, **fields: Any) -> httpx.Response:
        return self.client.patch(f"{V1}/residents/{row_id}", json=fields, headers=ANY)

    def look_up(self, by: str, value: str, headers: dict[str, str] | None = None) -> httpx.Response:
        body = {"by": by, "value": value}
        return self.client.post(f"{V1}/residents/lookup", json=body, headers=headers)

    def trail(self, **params: Any) -> list[dict[str, Any]]:
        """Every row of the audit trail, oldest first."""
        page = self.registry.get("audit", limit=1000, **params)
        items: list[dict[str, Any]] = page["items"]
        return items


def refused(answer: httpx.Response) -> tuple[int, str, list[tuple[str | None, str]]]:
    """Status, code, and place and code of each field error."""
    told = answer.json()
    places = [(e.get("pointer") or e.get("parameter"), e["code"]) for e in told.get("errors", [])]
    return answer.status_code, told["code"], places


def as_csv(rows: Sequence[dict[str, Any]]) -> str:
    header = ",".join(rows[0])
    return "\n".join([header, *(",".join(str(cell) for cell in row.values()) for row in rows), ""])


def as_ndjson(rows: Sequence[dict[str, Any]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
