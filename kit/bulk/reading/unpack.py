"""The bytes of a spooled upload: gzip opened with limits, the whole looked through once first.

The look costs a few per cent of an import and buys that a damaged, bursting or wrongly encoded
file is refused by name before the database hears of it.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, cast

from kit.bulk import problems
from kit.bulk.issues import FileRefused
from kit.bulk.spool import Openable

_BLOCK = 1 << 20
GZIP_MAGIC = b"\x1f\x8b"
_UTF8_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of the unpacked file: in bytes, and as a multiple of its packed size."""

    unpacked_bytes: int
    ratio: int


@dataclass(frozen=True, slots=True)
class Inspection:
    """What the first look found: encoding of the text, and whether apostrophes occur at all."""

    encoding: str
    apostrophes: bool


@contextmanager
def opened(upload: Openable) -> Iterator[tuple[BinaryIO, BinaryIO]]:
    """Yield the unpacked stream and the raw file, whose position tells the progress.

    Damaged gzip data raise FileRefused wherever they are read.
    """
    with upload.open("rb") as raw:
        packed = raw.read(2) == GZIP_MAGIC
        raw.seek(0)
        try:
            if packed:
                with gzip.GzipFile(fileobj=raw, mode="rb") as unpacked:
                    yield cast("BinaryIO", unpacked), raw
            else:
                yield raw, raw
        except (EOFError, zlib.error, gzip.BadGzipFile):
            raise FileRefused(problems.FILE_GZIP) from None


def inspect(upload: Openable, limits: Limits, *, text: bool, charset: str | None) -> Inspection:
    """Look through the whole file; `text` asks for the encoding (CSV), JSON is always UTF-8.

    `charset` is what the sender declared, which then decides.  Raises FileRefused.
    """
    total = good = bad = 0
    apostrophes = marked = False
    with opened(upload) as (stream, raw):
        for block in _blocks(stream):
            if total == 0:
                marked = block.startswith(_UTF8_MARK)
            total += len(block)
            _check_size(total, raw.tell(), limits)
            if text:
                apostrophes = apostrophes or b"'" in block
                more_good, more_bad = _count_utf8(block)
                good, bad = good + more_good, bad + more_bad
    if total == 0:
        raise FileRefused(problems.FILE_EMPTY)
    declared = charset or ("utf-8" if marked else None)
    encoding = declared or ("gb18030" if bad > good else "utf-8")
    return Inspection(encoding, apostrophes)


def _blocks(stream: BinaryIO) -> Iterator[bytes]:
    while block := stream.read(_BLOCK):
        # Whole lines, so that no character is cut in two; a line beyond a block is refused later.
        yield block if block.endswith(b"\n") else block + stream.readline(_BLOCK)


def _check_size(total: int, packed: int, limits: Limits) -> None:
    if total > limits.unpacked_bytes or total > limits.ratio * max(packed, _BLOCK // limits.ratio):
        raise FileRefused(problems.FILE_BOMB, limit_bytes=limits.unpacked_bytes, ratio=limits.ratio)


def _count_utf8(block: bytes) -> tuple[int, int]:
    """Count the lines beyond ASCII that are UTF-8 and those that are not.

    A Chinese GB18030 text almost never is valid UTF-8, so the majority tells the encoding; a
    UTF-8 file with single broken lines stays UTF-8, and those lines are refused one by one.
    """
    if block.isascii():
        return 0, 0
    try:
        block.decode()
    except UnicodeDecodeError:
        verdicts = [_is_utf8(line) for line in block.splitlines() if not line.isascii()]
        return sum(verdicts), len(verdicts) - sum(verdicts)
    return block.count(b"\n") + 1, 0


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True
