"""The words of a service's imports, from a data file: headers, labels, notes, what may be shown.

Kept as data so that an installation can add the headers of its own district's sheets.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter

from kit.bulk.noun import About, Noun
from kit.errors import Text


class _Note(BaseModel):
    model_config = ConfigDict(extra="forbid")

    en: str
    zh: str


class ColumnWords(BaseModel):
    """What the file tells of one column.

    `zh` is the header in templates, `headers` are all further names by which sheets call it,
    `choices` the Chinese labels of its values.  `open` says that it never holds personal data.
    """

    model_config = ConfigDict(extra="forbid")

    zh: str = ""
    headers: Sequence[str] = ()
    note: _Note | None = None
    example: str = ""
    choices: Mapping[str, str] = {}
    open: bool = False
    in_template: bool = True

    def about(self) -> About:
        """Return what a noun holds of it."""
        return About(
            label=self.zh,
            note=Text(self.note.en, self.note.zh) if self.note else None,
            example=self.example,
            choices=self.choices,
            is_open=self.open,
            in_template=self.in_template,
        )


Words = Mapping[str, Mapping[str, ColumnWords]]
_FILE: TypeAdapter[dict[str, dict[str, ColumnWords]]] = TypeAdapter(
    dict[str, dict[str, ColumnWords]]
)


def read_words(path: Path) -> Words:
    """Return the words of a file: noun -> column -> words; raises ValueError when it is wrong."""
    return _FILE.validate_python(json.loads(path.read_text(encoding="utf-8")))


def described(noun: Noun[Any], words: Words) -> Noun[Any]:
    """Return the noun with the words of a file, where it has any, over its own.

    Raises ValueError for a column that the noun does not have.
    """
    told = words.get(noun.name, {})
    unknown = sorted(told.keys() - noun.model.model_fields.keys())
    if unknown:
        message = f"{noun.name}: words for unknown columns {', '.join(unknown)}"
        raise ValueError(message)
    headers = dict(noun.headers)
    for name, column in told.items():
        headers[name] = tuple(dict.fromkeys([*headers.get(name, ()), column.zh, *column.headers]))
    headers = {name: tuple(filter(None, names)) for name, names in headers.items()}
    about = dict(noun.about) | {name: column.about() for name, column in told.items()}
    return replace(noun, headers=headers, about=about)
