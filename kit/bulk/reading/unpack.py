"""The bytes of a spooled upload: gzip opened with limits, the whole looked through once first.

The look costs a few per cent of an import and buys that a damaged, bursting or wrongly encoded
file is refused by name before the database hears of it.
"""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, cast

from kit.bulk import problems
from kit.bulk.issues import FileRefused
from kit.bulk.reading.records import LINE_BYTES_MAX, Limits
from kit.bulk.spool import Openable

_BLOCK = 1 << 20
GZIP_MAGIC = b"\x1f\x8b"


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

    `charset` is what the sender declared, which then decides.  Raises FileRefused, for a text also
    when one of its lines is too long to be held.
    """
    look = _Look(charset)
    with opened(upload) as (stream, raw):
        for block in _blocks(stream):
            look.total += len(block)
            _check_size(look.total, raw.tell(), limits)
            if text:
                look.at(block)
    if look.total == 0:
        raise FileRefused(problems.FILE_EMPTY)
    return look.found()


def _blocks(stream: BinaryIO) -> Iterator[bytes]:
    while block := stream.read(_BLOCK):
        # Whole lines, so that no character is cut in two; a line beyond a block is refused.
        yield block if block.endswith(b"\n") else block + stream.readline(_BLOCK)


class _Look:
    """What the blocks of a text have told so far."""

    def __init__(self, charset: str | None) -> None:
        self.total = 0
        self._declared = charset
        self._good = self._bad = 0
        self._apostrophes = False
        self._lines = 0
        self._wide: _WideLines | None = None

    def at(self, block: bytes) -> None:
        """Look at the next block."""
        if self.total == len(block):
            self._begin(block)
        self._apostrophes = self._apostrophes or b"'" in block
        if self._wide is not None:
            self._wide.at(block)
            return
        last = block.rfind(b"\n", 0, _BLOCK)
        # What begins in a block and ends behind it is the only line that can be too long.
        if len(block) - last > LINE_BYTES_MAX:
            row = self._lines + block.count(b"\n", 0, _BLOCK) + 1
            raise FileRefused(problems.FILE_LINE, row=row, limit_bytes=LINE_BYTES_MAX)
        self._lines += block.count(b"\n")
        good, bad = _count_utf8(block)
        self._good, self._bad = self._good + good, self._bad + bad

    def _begin(self, block: bytes) -> None:
        if self._declared is None and block.startswith(codecs.BOM_UTF8):
            self._declared = "utf-8"
        if self._declared is None and block.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            self._declared = "utf-16"
        if self._declared == "utf-16":
            self._wide = _WideLines()

    def found(self) -> Inspection:
        """Return what came of it; a Chinese text tells its encoding by most of its lines."""
        guess = "gb18030" if self._bad > self._good else "utf-8"
        return Inspection(self._declared or guess, self._apostrophes)


class _WideLines:
    """Measures the lines of a text in UTF-16, whose bytes do not show where they end."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-16")("replace")
        self._pending = 0
        self._lines = 0

    def at(self, block: bytes) -> None:
        try:
            lines = self._decoder.decode(block).split("\n")
        except UnicodeError:
            raise FileRefused(problems.FILE_ENCODING) from None
        lengths = [self._pending + len(lines[0]), *map(len, lines[1:])]
        if max(lengths) > LINE_BYTES_MAX:
            row = self._lines + lengths.index(max(lengths)) + 1
            raise FileRefused(problems.FILE_LINE, row=row, limit_bytes=LINE_BYTES_MAX)
        self._pending = lengths[-1]
        self._lines += len(lines) - 1


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
