"""How personal text is shown to those who may not read it in clear.

A mask tells enough to recognise what one knows already, and nothing that would find it.
"""

from __future__ import annotations

import re

_STAR = "*"
_MOBILE_DIGITS = 11
_LANDLINE = re.compile(r"^(0[0-9]{2,3})-?([0-9]{7,8})(-[0-9]{1,6})?$", re.ASCII)


def mask_name(name: str) -> str:
    """Return a name with its first character only: `王*`, `王**`, `J*******`."""
    return name[:1] + _STAR * (len(name) - 1) if len(name) > 1 else _STAR


def mask_phone(phone: str) -> str:
    """Return a phone number without its middle: `138****8000`, `0971-****567`."""
    landline = _LANDLINE.match(phone)
    if landline is not None:
        area, number, extension = landline.groups()
        hidden = _STAR * (len(number) - 3) + number[-3:]
        return f"{area}-{hidden}{'-' + _STAR * (len(extension) - 1) if extension else ''}"
    if len(phone) == _MOBILE_DIGITS:
        return phone[:3] + _STAR * 4 + phone[-4:]
    return _STAR * max(0, len(phone) - 2) + phone[-2:] if len(phone) > 4 else _STAR * len(phone)


def mask_id_number(number: str) -> str:
    """Return an identity number with its first four and last two places: no day of birth."""
    if len(number) <= 6:
        return _STAR * len(number)
    return number[:4] + _STAR * (len(number) - 6) + number[-2:]


def mask_birth_date(year: int) -> str:
    """Return a day of birth as its year only: `1990-**-**`."""
    return f"{year:04d}-**-**"


def mask_room(room: str) -> str:
    """Return a room or flat number without any of its digits: `3-1-***`, `**室`.

    The parts before the last hyphen (house, entrance) name no flat and stay.
    """
    head, hyphen, last = room.rpartition("-")
    return head + hyphen + re.sub(r"[0-9A-Za-z]", _STAR, last)
