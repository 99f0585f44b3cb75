"""People's numbers: identity numbers (GB 11643) and phones, brought to one form and checked.

What a number says about its bearer (day of birth, sex, region) is told; a region that is not known
is no error: regions were renamed and dissolved, and people kept their numbers.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Literal

from kit.errors import Text

Sex = Literal["male", "female"]

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
_FORM = re.compile(r"^[0-9]{17}[0-9X]$|^[0-9]{15}$", re.ASCII)
_OLDEST_YEAR = 1850
_SEPARATORS = re.compile(r"[\s\-‐‑‒–—()]")
_EXTENSION = re.compile(r"(?<=[0-9]{7})-([0-9]{1,6})$", re.ASCII)
_MOBILE = re.compile(r"^1[3-9][0-9]{9}$", re.ASCII)
#: Area codes: three digits for 010 and 02x, four for the rest; an extension after `-` or `转`.
_LANDLINE = re.compile(
    r"^(010|02[0-9]|0[3-9][0-9]{2})([2-9][0-9]{6,7})(?:(?:转|ext\.?|,|#)([0-9]{1,6}))?$", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Remark:
    """Something odd about a number: a stable code and a text; never the number."""

    code: str
    text: Text


FORM = Remark(
    "id_number.form",
    Text(
        "An identity number has 17 digits and a check character (or 15 digits, the old form).",
        "公民身份号码应为 17 位数字加 1 位校验码（或旧式 15 位数字）。",
    ),
)
CHECK = Remark(
    "id_number.check_character",
    Text(
        "The check character does not fit the digits: one of them is mistyped.",
        "校验码与前 17 位数字不符，请核对是否录入有误。",
    ),
)
BIRTHDAY = Remark(
    "id_number.birth_date",
    Text(
        "The identity number holds no possible day of birth.", "号码中的出生日期不存在或晚于今天。"
    ),
)
REGION = Remark(
    "id_number.region_unknown",
    Text(
        "The region at the begin of the identity number is not known here; it was accepted.",
        "身份号码开头的行政区划未知，已按原样接受。",
    ),
)
BIRTHDAY_DIFFERS = Remark(
    "id_number.birth_date_differs",
    Text(
        "The day of birth differs from the one in the identity number.",
        "填写的出生日期与身份号码中的不一致。",
    ),
)
SEX_DIFFERS = Remark(
    "id_number.sex_differs",
    Text(
        "The sex differs from the one in the identity number; both are kept as stated.",
        "填写的性别与身份号码不一致，按填写内容保存。",
    ),
)
NAME = Remark("name.empty", Text("A person needs a name.", "姓名不能为空。"))
PHONE = Remark(
    "phone.form",
    Text(
        "A mainland mobile number (11 digits) or a landline with its area code is needed.",
        "应为 11 位手机号码，或带区号的固定电话。",
    ),
)


class NumberRefused(ValueError):
    """A number is wrong; `remark` says how, never which."""

    def __init__(self, remark: Remark) -> None:
        super().__init__(remark.code)
        self.remark = remark


@dataclass(frozen=True, slots=True)
class Identity:
    """An identity number in its one form, and what it says."""

    number: str
    birth_date: date
    sex: Sex

    @property
    def province(self) -> str:
        """The first two digits."""
        return self.number[:2]


def check_character(digits: str) -> str:
    """Return the check character of 17 digits (ISO 7064 MOD 11-2)."""
    total = sum(int(digit) * weight for digit, weight in zip(digits, _WEIGHTS, strict=True))
    return _CHECKS[total % 11]


def normal_id_number(text: str) -> str:
    """Return the 18-character form of an identity number; what is none comes back folded only."""
    folded = _SEPARATORS.sub("", unicodedata.normalize("NFKC", text)).upper()
    if len(folded) == 15 and _FORM.match(folded):
        digits = folded[:6] + "19" + folded[6:]
        return digits + check_character(digits)
    return folded


def read_id_number(text: str, today: date) -> Identity:
    """Return what an identity number says; raises NumberRefused."""
    number = normal_id_number(text)
    if not _FORM.match(number) or len(number) != 18:
        raise NumberRefused(FORM)
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        raise NumberRefused(BIRTHDAY) from None
    if born > today or born.year < _OLDEST_YEAR:
        raise NumberRefused(BIRTHDAY)
    if check_character(number[:17]) != number[17]:
        raise NumberRefused(CHECK)
    return Identity(number, born, sex_of(number))


def normal_phone(text: str) -> str:
    """Return the one form of a phone number: `13800138000`, `0971-8123567`, `...-801`.

    Raises NumberRefused.
    """
    marked = _EXTENSION.sub(r"#\1", unicodedata.normalize("NFKC", text).strip())
    folded = _SEPARATORS.sub("", marked).lower()
    folded = re.sub(r"^(?:\+|00)86", "", folded)
    if _MOBILE.match(folded):
        return folded
    found = _LANDLINE.match(folded)
    if found is None:
        raise NumberRefused(PHONE)
    area, number, extension = found.groups()
    return f"{area}-{number}" + (f"-{extension}" if extension else "")


def sex_of(number: str) -> Sex:
    """Return the sex that a checked number says."""
    return "male" if int(number[16]) % 2 else "female"


def remarks_on(number: str | None, provinces: Collection[str], sex: str | None) -> list[Remark]:
    """Return what is odd about a checked identity number; nothing of it refuses the number."""
    if number is None:
        return []
    found = [
        (number[:2] not in provinces, REGION),
        (sex is not None and sex != sex_of(number), SEX_DIFFERS),
    ]
    return [remark for is_so, remark in found if is_so]


#: What can be odd without being refused, by code.
WARNINGS = {remark.code: remark for remark in (REGION, SEX_DIFFERS)}
