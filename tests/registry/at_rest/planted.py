"""Ten thousand made-up residents whose numbers and names can be found again byte by byte."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.registry.people import a_phone, an_id_number

COUNT = 10_000
#: Two characters that stand in every planted name and nowhere else.
MARK = "龘靐"
#: Stands in the same files in clear: a search that misses it would miss everything.
CONTROL = "CONTROL-7f3a"
_DIGITS = re.compile(rb"(?=([0-9]{11}))")
_NUMBERS = re.compile(rb"(?=([0-9]{17}[0-9Xx]))")
_OLD_NUMBERS = re.compile(rb"(?=([0-9]{15}))")


def name(nth: int) -> str:
    return f"{MARK}{chr(0x4E00 + nth)}"


def phone(nth: int) -> str:
    return a_phone(nth + 300_000_000)


def number(nth: int) -> str:
    return an_id_number(nth, "630102")


@dataclass
class Search:
    """Looks for every planted value in every form in which it could lie somewhere."""

    numbers: set[bytes] = field(default_factory=lambda: {number(n).encode() for n in range(COUNT)})
    phones: set[bytes] = field(default_factory=lambda: {phone(n).encode() for n in range(COUNT)})
    scanned_bytes: int = 0

    def __post_init__(self) -> None:
        self._old = {value[:6] + value[8:17] for value in self.numbers}
        marks = [MARK.encode(code) for code in ("utf-8", "gb18030", "utf-16-le")]
        # As JSON escapes it, and as hexadecimal: COPY and logs write bytes so.
        escaped = "".join(f"\\u{ord(mark):04x}" for mark in MARK).encode()
        hexed = [MARK.encode().hex().encode(), phone(17).encode().hex().encode()]
        self._texts = [
            *marks,
            escaped,
            *hexed,
            *(number(n).encode().hex().encode() for n in (1, 9)),
        ]

    def in_bytes(self, content: bytes) -> list[str]:
        """What is found, by kind; never the value itself."""
        self.scanned_bytes += len(content)
        found = []
        for kind, pattern, planted in (
            ("identity number", _NUMBERS, self.numbers),
            ("old identity number", _OLD_NUMBERS, self._old),
            ("phone", _DIGITS, self.phones),
        ):
            if any(match[1].upper() in planted for match in pattern.finditer(content)):
                found.append(kind)
        found += [f"text {at}" for at, text in enumerate(self._texts) if text in content]
        return found

    def in_folder(self, folder: Path) -> dict[str, list[str]]:
        """What is found in which file below a folder; files may come and go meanwhile."""
        return {
            str(path.relative_to(folder)): found
            for path, content in contents(folder)
            if (found := self.in_bytes(content))
        }


def contents(folder: Path) -> Iterator[tuple[Path, bytes]]:
    for path in sorted(folder.rglob("*")):
        try:
            if path.is_file() and not path.is_socket():
                yield path, path.read_bytes()
        except (FileNotFoundError, PermissionError):
            continue


def holds(folder: Path, text: str) -> bool:
    return any(text.encode() in content for _, content in contents(folder))
