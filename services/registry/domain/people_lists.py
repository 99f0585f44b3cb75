"""Lists of codes about people that an installation may change: a data file, not code."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from kit.errors import FieldError, Text
from services.registry.domain.people_problems import CodeUnknown

ListName = Literal[
    "purposes",
    "tags",
    "member_kinds",
    "posts",
    "appointment_end_reasons",
    "erasure_reasons",
    "id_provinces",
]
NAMES: tuple[ListName, ...] = (
    "purposes",
    "tags",
    "member_kinds",
    "posts",
    "appointment_end_reasons",
    "erasure_reasons",
    "id_provinces",
)
SHIPPED = Path(__file__).parent.parent / "data" / "people.json"
_CODE = re.compile(r"^[a-z0-9][a-z0-9_]{0,39}$", re.ASCII)


@dataclass(frozen=True, slots=True)
class ListedCode:
    """One code of a list, with its names."""

    code: str
    name: Text


class PeopleLists:
    """The lists of an installation; each keeps the order of its file."""

    def __init__(self, lists: Mapping[ListName, Mapping[str, ListedCode]]) -> None:
        self._lists = lists
        self._by_name = {
            name: {
                spelling: listed.code for listed in codes.values() for spelling in _names(listed)
            }
            for name, codes in lists.items()
        }

    def codes(self, name: ListName) -> Mapping[str, ListedCode]:
        """Return the codes of a list."""
        return self._lists[name]

    def find(self, name: ListName, spelling: str) -> str | None:
        """Return the code that a code or a name (Chinese or English) stands for."""
        return self._by_name[name].get(spelling.strip().casefold())

    def check(
        self,
        name: ListName,
        code: str | None,
        pointer: str | None = None,
        *,
        parameter: str | None = None,
    ) -> None:
        """Refuse a code that is not in the list: CodeUnknown; None passes.

        It came at the pointer of a body, or as a query parameter.
        """
        if code is not None and code not in self._lists[name]:
            error = FieldError(
                CodeUnknown.code,
                CodeUnknown.detail,
                pointer=pointer,
                parameter=parameter,
                params=(("list", name),),
            )
            raise CodeUnknown(errors=[error], list=name)


def _names(listed: ListedCode) -> list[str]:
    return [text.strip().casefold() for text in (listed.code, listed.name.zh, listed.name.en)]


def read_lists(path: Path = SHIPPED) -> PeopleLists:
    """Return the lists of a file; raises ValueError naming what is wrong with it."""
    found = json.loads(path.read_text(encoding="utf-8"))
    return PeopleLists({name: _list(name, found.get(name)) for name in NAMES})


def _list(name: str, found: Any) -> dict[str, ListedCode]:
    if not isinstance(found, dict) or not found:
        message = f"the file of lists about people lacks {name}"
        raise ValueError(message)
    return {code: _listed(name, code, entry) for code, entry in found.items()}


def _listed(name: str, code: str, entry: Any) -> ListedCode:
    named = isinstance(entry, dict) and entry.get("zh") and entry.get("en")
    if not _CODE.match(code) or not named:
        message = f"the file of lists about people: {name}.{code} needs a plain code, `zh` and `en`"
        raise ValueError(message)
    return ListedCode(code, Text(entry["en"], entry["zh"]))
