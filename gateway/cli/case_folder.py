"""A case folder: GeoJSON and CSV files, gzip or plain, read as streams of any size."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from gateway.cli.failures import CliFailure

Feature = dict[str, Any]
_CHUNK = 1 << 16
_UNSPEAKABLE = re.compile(r"[^A-Za-z0-9._-]+")
_DECODER = json.JSONDecoder()


class CaseFolder:
    """The files of a case by their plain names; `communities` and `buildings` must be there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        if not folder.is_dir():
            raise CliFailure(
                "cli.no_case", f"{folder} is no folder.", cure="Name the folder of a case."
            )
        for name in ("communities", "buildings"):
            if self.path(name) is None:
                raise CliFailure(
                    "cli.no_case",
                    f"{folder} has no {name}.geojson and no {name}.geojson.gz.",
                    cure="A case folder holds at least communities and buildings.",
                )
        self.name = self._name()

    def _name(self) -> str:
        about = self.folder / "case.json"
        try:
            content = json.loads(about.read_text(encoding="utf-8"))
            name = str(content.get("case") or self.folder.resolve().name)
        except (OSError, ValueError, AttributeError):
            name = self.folder.resolve().name
        # Rows are known by (source, source_id), and the source is this name: keep it speakable.
        return _UNSPEAKABLE.sub("-", name).strip("-.")[:60] or "case"

    def path(self, name: str, suffix: str = ".geojson") -> Path | None:
        """Return the file of a layer, plain before gzip, None when the case has none."""
        for ending in (suffix, f"{suffix}.gz"):
            path = self.folder / f"{name}{ending}"
            if path.is_file():
                return path
        return None

    def features(self, name: str) -> Iterator[Feature]:
        """Yield the features of a layer one by one; nothing when the case has no such layer."""
        path = self.path(name)
        if path is None:
            return
        with opened(path) as file:
            yield from read_features(file, path.name)

    def rows(self, name: str) -> Iterator[dict[str, str]]:
        """Yield the rows of a CSV file of the case."""
        path = self.path(name, ".csv")
        if path is None:
            return
        with opened(path) as file:
            yield from csv.DictReader(file)


@contextmanager
def opened(path: Path) -> Iterator[IO[str]]:
    """Open a text file, unpacking it when its name ends in .gz; a BOM is skipped."""
    with path.open("rb") as file:
        raw: Any = gzip.GzipFile(fileobj=file) if path.suffix == ".gz" else file
        yield io.TextIOWrapper(raw, encoding="utf-8-sig", newline="")


def read_features(file: IO[str], name: str) -> Iterator[Feature]:
    """Yield the features of a FeatureCollection while it is read.

    Holds one feature at a time, whatever the size of the file.  Raises CliFailure
    `cli.broken_file` where the text is not GeoJSON or ends too early.
    """
    try:
        buffer = _after_bracket(file)
        while True:
            buffer = buffer.lstrip(" \t\r\n,")
            if buffer.startswith("]"):
                return
            try:
                feature, end = _DECODER.raw_decode(buffer)
            except json.JSONDecodeError:
                more = file.read(max(_CHUNK, len(buffer)))
                if not more:
                    raise
                buffer += more
                continue
            yield feature
            buffer = buffer[end:]
    except (ValueError, EOFError, OSError) as error:
        raise CliFailure(
            "cli.broken_file",
            f"{name} is no readable GeoJSON FeatureCollection ({type(error).__name__}: {error}).",
            cure="Check that the file was copied whole: its end may be missing.",
        ) from error


def _after_bracket(file: IO[str]) -> str:
    """Read up to the opening bracket of the features and return what was read beyond it."""
    buffer = ""
    while True:
        more = file.read(_CHUNK)
        buffer += more
        _, found, rest = buffer.partition('"features"')
        head = rest.lstrip(" \t\r\n:")
        if found and head.startswith("["):
            return head[1:]
        if not more or (found and head):
            message = 'no "features" list'
            raise ValueError(message)
