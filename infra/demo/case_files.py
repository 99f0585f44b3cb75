"""The files of a case, as bytes that depend on nothing but their content."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.demo.features import Feature

_SUFFIX = ".geojson.gz"


@dataclass(frozen=True)
class CaseFiles:
    """File name -> bytes: five collections, case.json and README.md."""

    files: Mapping[str, bytes]

    def features(self, collection: str) -> list[Feature]:
        """The features of `communities`, `buildings`, `barriers`, `estates` or `legacy_grids`."""
        raw = gzip.decompress(self.files[collection + _SUFFIX])
        found: list[Feature] = json.loads(raw)["features"]
        return found

    @property
    def summary(self) -> dict[str, Any]:
        """The content of case.json."""
        found: dict[str, Any] = json.loads(self.files["case.json"])
        return found

    def write(self, folder: Path) -> None:
        """Write every file into the folder, which is made when it is missing."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in self.files.items():
            (folder / name).write_bytes(content)


def collection_file(name: str, features: Iterable[Feature]) -> tuple[str, bytes]:
    """File name and gzip bytes of a FeatureCollection, one feature a line."""
    lines = ",\n".join(
        json.dumps(feature, ensure_ascii=False, separators=(",", ":")) for feature in features
    )
    text = '{"type":"FeatureCollection","features":[\n' + lines + "\n]}\n"
    # mtime 0 keeps the clock out of the bytes.
    return name + _SUFFIX, gzip.compress(text.encode(), compresslevel=6, mtime=0)


def sha256_of(files: Mapping[str, bytes]) -> dict[str, str]:
    """Digest of each file."""
    return {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}


def read_case(folder: Path) -> CaseFiles:
    """Read a case folder back."""
    return CaseFiles({path.name: path.read_bytes() for path in sorted(folder.iterdir())})
