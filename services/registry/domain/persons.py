"""Fields about a person as they come in: brought to one form, checked against each other."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from services.registry.domain.identity import (
    BIRTHDAY_DIFFERS,
    NAME,
    Identity,
    NumberRefused,
    Remark,
    normal_phone,
    read_id_number,
)

PHONES = ("phone", "work_phone")


@dataclass(slots=True)
class PersonRead:
    """What was read: clear values by field (None empties), the identity, and what is wrong."""

    clear: dict[str, str | None] = field(default_factory=dict)
    identity: Identity | None = None
    wrong: list[tuple[str, Remark]] = field(default_factory=list)


def read_person(given: Mapping[str, Any], today: date) -> PersonRead:
    """Read the personal fields among the given ones.

    An identity number decides the day of birth; a stated day that differs is wrong.
    """
    read = PersonRead()
    if "name" in given:
        name = given["name"] and unicodedata.normalize("NFC", given["name"]).strip()
        read.clear["name"] = name or None
        if not name:
            read.wrong.append(("name", NAME))
    for phone in PHONES:
        if phone in given:
            read.clear[phone] = _read_phone(read, phone, given[phone])
    if "birth_date" in given:
        stated: date | None = given["birth_date"]
        read.clear["birth_date"] = None if stated is None else stated.isoformat()
    if "id_number" in given:
        _read_identity(read, given["id_number"], given.get("birth_date"), today)
    return read


def _read_phone(read: PersonRead, name: str, value: str | None) -> str | None:
    if value is None:
        return None
    try:
        return normal_phone(value)
    except NumberRefused as refused:
        read.wrong.append((name, refused.remark))
        return None


def _read_identity(
    read: PersonRead, value: str | None, birth_date: date | None, today: date
) -> None:
    read.clear["id_number"] = None
    if value is None:
        return
    try:
        read.identity = read_id_number(value, today)
    except NumberRefused as refused:
        read.wrong.append(("id_number", refused.remark))
        return
    read.clear["id_number"] = read.identity.number
    if birth_date is not None and birth_date != read.identity.birth_date:
        read.wrong.append(("birth_date", BIRTHDAY_DIFFERS))
    read.clear["birth_date"] = read.identity.birth_date.isoformat()


def is_id_number(text: str) -> bool:
    """Tell whether a text is somebody's identity number, which may name no row and no address."""
    try:
        read_id_number(text, date.max)
    except NumberRefused:
        return False
    return True
