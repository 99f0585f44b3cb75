"""The media types that can be read; another format is one more line here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from kit import errors
from kit.bulk.problems import BodyNotJson
from kit.bulk.reading import csv_file, geojson_file, ndjson_file, xlsx_file
from kit.bulk.reading.records import Block, Reading, Record
from kit.bulk.reading.unpack import GZIP_MAGIC
from kit.bulk.spool import Openable

_HEAD_BYTES = 4096

Reader = Callable[[BinaryIO, Reading], Iterator[Record | Block]]


@dataclass(frozen=True, slots=True)
class Format:
    """One file format: how it is read, and whether its text may be in several encodings."""

    read: Reader
    any_text: bool = False
    #: What the unpacked text begins with, if every file of the format begins so.
    begin: bytes = b""


XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMATS: Mapping[str, Format] = {
    "text/csv": Format(csv_file.read, any_text=True),
    "application/x-ndjson": Format(ndjson_file.read),
    "application/geo+json": Format(geojson_file.read, begin=b"{"),
    XLSX: Format(xlsx_file.read),
}

_CHARSETS: Mapping[str, str] = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "utf-8",
    "gb18030": "gb18030",
    "gbk": "gb18030",
    "gb2312": "gb18030",
    "utf-16": "utf-16",
    "utf16": "utf-16",
}


def choose(content_type: str) -> tuple[str, str | None]:
    """Return media type and declared encoding of a Content-Type; raises UnsupportedMedia."""
    media, *parameters = (part.strip().lower() for part in content_type.split(";"))
    charset = None
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "charset":
            charset = _CHARSETS.get(value.strip().strip('"'), "?")
    json_text = media in FORMATS and not FORMATS[media].any_text
    if media not in FORMATS or charset == "?" or (json_text and charset not in {None, "utf-8"}):
        raise errors.UnsupportedMedia(accepted=", ".join(FORMATS))
    return media, charset if FORMATS[media].any_text else None


def check_begin(upload: Openable, media: str) -> None:
    """Refuse a file at the door whose first character is impossible: BodyNotJson."""
    begin = FORMATS[media].begin
    with upload.open("rb") as raw:
        head = raw.read(_HEAD_BYTES)
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if begin and not head.startswith(GZIP_MAGIC) and text[:1] != begin:
        raise BodyNotJson
