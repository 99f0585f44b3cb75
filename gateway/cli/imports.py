"""Sending a file as an import job and following it to its end."""

from __future__ import annotations

import gzip
import hashlib
import json
import time
import uuid
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gateway.cli.door import JSON, Door
from gateway.cli.failures import CliFailure
from gateway.cli.screen import Bar, Screen

_PIECE = 1 << 18
_POLL_S = (0.1, 0.2, 0.3, 0.5)
ENDED = {"succeeded", "failed", "cancelled"}
_ERRORS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Target:
    """Which service imports what, and what the layer is called in a case."""

    service: str
    resource: str
    layer: str

    @property
    def path(self) -> str:
        """Return the path of the service's imports."""
        return f"/{self.service}/v1/imports"


@dataclass(frozen=True, slots=True)
class Package:
    """A file made ready to send: where it lies, its kind, its digest, its number of rows."""

    path: Path
    content_type: str
    digest: str
    rows: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an import ended: its counts, and the first of its row errors."""

    layer: str
    job: JSON
    errors: list[JSON] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        """Tell whether every row was applied."""
        return self.job["state"] == "succeeded" and not self.counts.get("refused")

    @property
    def counts(self) -> dict[str, int]:
        """Return read, created, updated, unchanged, refused."""
        counts: dict[str, int] = self.job.get("counts") or {}
        return counts

    def as_json(self) -> JSON:
        """Return what `--json` prints of it."""
        return {
            "layer": self.layer,
            "import_id": self.job["id"],
            "state": self.job["state"],
            "counts": self.counts,
            "errors": self.errors,
        }


def pack_features(features: Iterable[Any], path: Path) -> Package:
    """Write features as a gzip FeatureCollection; holds one at a time."""
    return _pack(features, path, "application/geo+json", '{"type":"FeatureCollection","features":[')


def pack_rows(rows: Iterable[Any], path: Path) -> Package:
    """Write rows as gzip NDJSON; holds one at a time."""
    return _pack(rows, path, "application/x-ndjson", None)


def _pack(items: Iterable[Any], path: Path, content_type: str, head: str | None) -> Package:
    count = 0
    with path.open("wb") as raw, gzip.GzipFile("", "wb", 5, raw, mtime=0) as file:
        file.write(f"{head}\n".encode() if head else b"")
        for item in items:
            separator = "," if head and count else ""
            text = json.dumps(item, ensure_ascii=False, separators=(",", ":"))
            file.write(f"{separator}{text}\n".encode())
            count += 1
        file.write(b"]}\n" if head else b"")
    with path.open("rb") as written:
        digest = hashlib.file_digest(written, "sha256").hexdigest()
    return Package(path, content_type, digest, count)


def pieces(path: Path) -> Iterator[bytes]:
    """Yield a file's bytes in pieces, so that memory stays flat."""
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece


def send_import(
    door: Door, screen: Screen, target: Target, package: Package, on_error: str
) -> Outcome:
    """Send a package, follow its job, and return how it ended.

    The key is the file's digest, so that a repeat after a lost answer finds the job that runs.  A
    job that has ended long ago is no news: then the file is sent once more under a fresh key, and
    its counts say what changed since (nothing, as a rule).
    """
    prefix = target.path
    key = f"load-{target.resource}-{on_error}-{package.digest[:48]}"
    with screen.bar(f"{target.layer} ({package.rows:,} rows)", "bytes") as bar:
        job, replayed = _post(door, target, package, on_error, key)
        if replayed and door.get(f"{prefix}/{job['id']}")["state"] in ENDED:
            fresh = f"{key}-{uuid.uuid4().hex[:12]}"
            job, _ = _post(door, target, package, on_error, fresh)
        job = _follow(door, f"{prefix}/{job['id']}", bar)
    errors: list[JSON] = []
    if job["state"] == "failed" or (job.get("counts") or {}).get("refused"):
        errors = door.get(f"{prefix}/{job['id']}/errors", limit=_ERRORS_SHOWN)["items"]
    return Outcome(target.layer, job, errors)


def _follow(door: Door, path: str, bar: Bar) -> JSON:
    job: JSON = {}
    for job in follow_states(door, path, ENDED):
        bar.update(job.get("progress"), job["state"])
    return job


def _post(
    door: Door, target: Target, package: Package, on_error: str, key: str
) -> tuple[JSON, bool]:
    headers: JSON = {}
    job = door.send(
        "POST",
        target.path,
        key=key,
        params={"resource": target.resource, "mode": "apply", "on_error": on_error, "crs": "WGS84"},
        headers={"Content-Type": package.content_type, "Content-Encoding": "gzip"},
        content=lambda: pieces(package.path),
        answered=headers,
    )
    return job, headers.get("idempotency-replayed") == "true"


def follow_states(
    door: Door, path: str, ended: Container[str], patience_s: float = 3600.0
) -> Iterator[JSON]:
    """Yield a resource again and again until its state is one of the ended ones."""
    deadline = time.monotonic() + patience_s
    polls = 0
    while True:
        seen = door.get(path)
        yield seen
        if seen["state"] in ended:
            return
        if time.monotonic() > deadline:
            raise CliFailure(
                "cli.still_running",
                f"The job at {path} still runs after {patience_s:g} s.",
                cure="It goes on by itself; repeat the command to follow it.",
            )
        time.sleep(_POLL_S[min(polls, len(_POLL_S) - 1)])
        polls += 1
