"""X-Purpose: why personal data are wanted in clear; a code of the operator's list, and a note."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from typing import Annotated, Any
from urllib.parse import unquote

from fastapi import Header

from kit.audit.trail import Purpose
from kit.errors import FieldError, Invalid, Text
from kit.web.schemas import is_printable

NOTE_CHARACTERS_MAX = 200
_HEADER = "X-Purpose"
#: Mobile and landline numbers, identity numbers of 18 and (with a possible birthday) 15 digits.
_NUMBERS = re.compile(
    r"(?<![0-9])(?:1[3-9][0-9]{9}|0[0-9]{9,11}|[0-9]{17}[0-9Xx]"
    r"|[0-9]{8}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3})(?![0-9])"
)
_FORM = r"^[a-z][a-z0-9_]{0,39}(; ?[!-~][ -~]{0,1999})?$"

_PURPOSE: Any = Header(
    alias=_HEADER,
    pattern=_FORM,
    description="Why personal data are wanted in clear: a code of the list `purposes`; then, behind"
    " a semicolon, words of your own (UTF-8, percent-encoded, at most 200 characters). Needs the "
    "scope pii:read; the read is written into the audit trail",
    examples=["home_visit", "home_visit; annual%20round"],
)
PurposeHeader = Annotated[str, _PURPOSE]
"""The header where it is needed."""

PurposeChoice = Annotated[str | None, _PURPOSE]
"""The header where it asks for more than is answered without it; give it the default None."""


class PurposeUnknown(Invalid):
    """The purpose is not in the operator's list."""

    code = "purpose.unknown"
    title = Text("Unknown purpose", "用途未知")
    detail = Text(
        "X-Purpose must begin with one of: {known}.",
        "X-Purpose 应以下列用途代码之一开头：{known}。",
    )
    cure = Text(
        "Take a code of the list `purposes`, or ask the operator to add one.",
        "请使用 purposes 代码表中的用途，或联系运维方增补。",
    )


class PurposeNoteRefused(Invalid):
    """The words of the purpose are missing, too long, or name a person."""

    code = "purpose.note_refused"
    title = Text("Purpose note refused", "用途说明不符合要求")
    detail = Text(
        "The words behind the semicolon of X-Purpose must be 2..{limit} readable characters and "
        "hold no phone or identity number.",
        "X-Purpose 分号后的说明应为 2 至 {limit} 个可读字符，且不得含电话或证件号码。",
    )
    cure = Text(
        "Say in a few words what the data are for, percent-encoded in UTF-8.",
        "请用几个字说明用途，并以 UTF-8 百分号编码。",
    )


def read_purpose(header: str, known: Collection[str], *, needs_note: bool = False) -> Purpose:
    """Return the purpose that a header states; raises PurposeUnknown, PurposeNoteRefused."""
    code, _, rest = header.partition(";")
    if code not in known:
        raise _refusal(PurposeUnknown(known=", ".join(sorted(known))))
    if not rest.strip():
        if needs_note:
            raise _refusal(PurposeNoteRefused(limit=NOTE_CHARACTERS_MAX))
        return Purpose(code)
    try:
        note = unquote(rest.strip(), errors="strict").strip()
    except UnicodeDecodeError:
        note = ""
    good = 2 <= len(note) <= NOTE_CHARACTERS_MAX and is_printable(note)
    if not good or _NUMBERS.search(_joined_digits(note)):
        raise _refusal(PurposeNoteRefused(limit=NOTE_CHARACTERS_MAX))
    return Purpose(code, note)


def _joined_digits(note: str) -> str:
    folded = unicodedata.normalize("NFKC", note)
    return re.sub(r"(?<=[0-9])[\s-]+(?=[0-9])", "", folded)


def _refusal(problem: Invalid) -> Invalid:
    params = tuple(problem.params.items())
    problem.errors = (
        FieldError(problem.code, type(problem).detail, parameter=_HEADER, params=params),
    )
    return problem
