"""A harbour service with a fresh database, and a client that imports into it and waits."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from kit.db import async_url
from kit.settings import ServiceSettings
from kit.testing.clock import FrozenClock
from kit.testing.databases import TestDatabases
from kit.testing.in_process import in_process
from kit.testing.tokens import TestTokens
from tests.kit.bulk.harbour import app as harbour

ROOT = Path(__file__).parents[3]
AREA = "630102001001"
KEYS = count()
HEADER = "source,source_id,area,name,seats\n"


@dataclass
class Harbour:
    """The service as a client sees it, with its database for looking behind."""

    client: httpx.Client
    url: str
    settings: ServiceSettings

    def send(self, body: bytes | str, media: str = "text/csv", **query: Any) -> httpx.Response:
        headers = query.pop("headers", {})
        key = {"Idempotency-Key": f"key-{next(KEYS):08}", "Content-Type": media}
        return self.client.post(
            "/harbour/v1/imports",
            params={"resource": "berths"} | query,
            content=body.encode() if isinstance(body, str) else body,
            headers=key | headers,
        )

    def run(self, body: bytes | str, media: str = "text/csv", **query: Any) -> dict[str, Any]:
        """Import and wait for the end."""
        answer = self.send(body, media, **query)
        assert answer.status_code == 202, answer.text
        return self.wait(answer.headers["location"])

    def wait(self, place: str, seconds: float = 20.0) -> dict[str, Any]:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            job: dict[str, Any] = self.client.get(place).json()
            if job["ended_at"] is not None:
                return job
            time.sleep(0.02)
        raise AssertionError(job)

    def errors(self, job: dict[str, Any], **headers: str) -> list[tuple[int, str | None, str]]:
        place = f"/harbour/v1/imports/{job['id']}/errors"
        items = self.client.get(place, headers=headers).json()["items"]
        return [(item["row"], item["column"], item["code"]) for item in items]

    def sql(self, statement: str, *values: Any) -> list[Any]:
        return sql(self.url, statement, *values)

    def berths(self) -> dict[str, Any]:
        rows = self.sql("SELECT * FROM berths ORDER BY source_id")
        return {row["source_id"]: dict(row) for row in rows}

    def spooled(self) -> list[Path]:
        return list(self.settings.spool_folder.rglob("*.upload"))


def sql(url: str, statement: str, *values: Any) -> list[Any]:
    async def run() -> list[Any]:
        connection = await asyncpg.connect(async_url(url).replace("+asyncpg", ""))
        try:
            return list(await connection.fetch(statement, *values))
        finally:
            await connection.close()

    return asyncio.run(run())


def csv_rows(*rows: str) -> str:
    return HEADER + "".join(f"{row}\n" for row in rows)


def a_row(number: int, area: str = AREA, seats: int = 1) -> str:
    return f"seed,b{number},{area},泊位{number},{seats}"


@pytest.fixture
def url(databases: TestDatabases) -> Iterator[str]:
    with databases.fresh(harbour.PACKAGE_DIR) as url:
        yield url


def a_harbours_settings(url: str, folder: Path) -> ServiceSettings:
    return ServiceSettings(
        database_url=url,
        spool_folder=folder,
        import_limit_bytes=64 << 20,
        import_unpacked_limit_bytes=4 << 20,
        import_errors_max=50,
        import_lease_s=2.0,
    )


@pytest.fixture
def settings(url: str, tmp_path: Path) -> ServiceSettings:
    return a_harbours_settings(url, tmp_path / "spool")


@pytest.fixture
def port(settings: ServiceSettings, tokens: TestTokens, clock: FrozenClock) -> Iterator[Harbour]:
    """The harbour with its runner."""
    with in_process(harbour.create_app(settings, tokens.verifier(), clock)) as client:
        client.headers.update(tokens.headers())
        yield Harbour(client, settings.database_url, settings)


@pytest.fixture
def still_port(
    settings: ServiceSettings, tokens: TestTokens, clock: FrozenClock
) -> Iterator[Harbour]:
    """The harbour without its runner: jobs stay queued."""
    app = harbour.create_app(settings, tokens.verifier(), clock, runs=False)
    with in_process(app) as client:
        client.headers.update(tokens.headers())
        yield Harbour(client, settings.database_url, settings)


def until(what: Callable[[], Any], seconds: float = 20.0) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = what()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError("it did not happen in time")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def a_process(
    settings: ServiceSettings, tokens: TestTokens, pace: str
) -> Iterator[tuple[httpx.Client, subprocess.Popen[bytes]]]:
    """The harbour as a process of its own (`pace`: slow or usual); killed at the end."""
    number = _free_port()
    spool = str(settings.spool_folder)
    command = [sys.executable, "-m", "tests.kit.bulk.harbour", settings.database_url, spool]
    process = subprocess.Popen(
        [*command, str(number), json.dumps(tokens.jwks), pace],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{number}", timeout=30) as client:
            client.headers.update(tokens.headers())
            until(lambda: _alive(client), 30)
            yield client, process
    finally:
        process.kill()
        process.wait()


def _alive(client: httpx.Client) -> bool:
    try:
        return client.get("/livez").status_code == 200
    except httpx.TransportError:
        return False
