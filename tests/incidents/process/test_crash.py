"""Real processes: what was acknowledged is there after kill -9, and nothing is there twice."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from kit.testing.tokens import AUDIENCE, ISSUER, TestTokens
from tests.incidents.database import rows
from tests.incidents.partition import FakeGridPartition
from tests.incidents.reports import GRID, HERE, PATH, a_report
from tests.openapi_gate import served

ROUNDS = 3
SENDERS = 4


def world(grids: FakeGridPartition, tokens: TestTokens) -> FastAPI:
    """Return what surrounds the service: the token service's keys and the grid partition."""

    async def keys(_request: Request) -> Response:
        return JSONResponse(tokens.jwks)

    async def partition(request: Request) -> Response:
        asked = httpx.Request(request.method, str(request.url), content=await request.body())
        try:
            answer = await grids.answer(asked)
        except httpx.ConnectError:
            return Response(status_code=503)
        return Response(answer.content, answer.status_code)

    app = FastAPI()
    app.add_route("/.well-known/jwks.json", keys)
    app.add_route("/partition/v1/{rest:path}", partition, methods=["GET", "POST"])
    return app


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Process:
    """One life after another of `python -m services.incidents serve`."""

    settings: dict[str, str]
    port: int = field(default_factory=free_port)
    running: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self.running = subprocess.Popen(
            [sys.executable, "-m", "services.incidents", "serve"],
            env=self.settings | {"INCIDENTS_PORT": str(self.port)},
            stderr=subprocess.DEVNULL,
        )
        end = time.monotonic() + 30
        while time.monotonic() < end:
            try:
                if httpx.get(f"{self.address}/readyz", timeout=2).status_code == 200:
                    return
            except httpx.HTTPError:
                time.sleep(0.05)
        pytest.fail("the service did not become ready")

    def kill(self) -> None:
        assert self.running is not None
        self.running.send_signal(signal.SIGKILL)
        self.running.wait(10)
        self.running = None

    def stop(self) -> int:
        assert self.running is not None
        self.running.terminate()
        code = self.running.wait(25)
        self.running = None
        return code


@pytest.fixture
def process(url: str, tokens: TestTokens, grids: FakeGridPartition) -> Iterator[Process]:
    grids.cover(GRID, at=HERE)
    with served(world(grids, tokens)) as address:
        process = Process(
            {
                "INCIDENTS_DATABASE_URL": url,
                "INCIDENTS_ISSUER": ISSUER,
                "INCIDENTS_AUDIENCE": AUDIENCE,
                "INCIDENTS_JWKS_URL": f"{address}/.well-known/jwks.json",
                "INCIDENTS_PARTITION_URL": address,
                "INCIDENTS_LOCATOR_INTERVAL_S": "0.1",
                "INCIDENTS_LOCATOR_LEASE_S": "1",
                "INCIDENTS_ENVIRONMENT": "development",
                "INCIDENTS_LOG_LEVEL": "ERROR",
            }
        )
        try:
            yield process
        finally:
            if process.running is not None:
                process.kill()


@dataclass
class Sender:
    """Reports without pause; repeats a report with its key until it is acknowledged."""

    address: str
    headers: dict[str, str]
    name: str
    acknowledged: dict[str, str] = field(default_factory=dict)
    stopping: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        number = 0
        with httpx.Client(base_url=self.address, headers=self.headers, timeout=5) as client:
            while not self.stopping.is_set():
                number += 1
                self._send(client, f"{self.name}-{number:06d}")

    def _send(self, client: httpx.Client, key: str) -> None:
        body = a_report(text=key)
        while True:
            try:
                answer = client.post(PATH, json=body, headers={"Idempotency-Key": key})
            except httpx.HTTPError:
                time.sleep(0.02)
                continue
            if answer.status_code == 201:
                self.acknowledged[key] = answer.json()["id"]
                return
            assert answer.status_code in {409, 503}, answer.text
            time.sleep(0.02)


@contextmanager
def sending(process: Process, headers: dict[str, str]) -> Iterator[list[Sender]]:
    senders = [Sender(process.address, headers, f"sender-{n}") for n in range(SENDERS)]
    threads = [threading.Thread(target=sender.run) for sender in senders]
    for thread in threads:
        thread.start()
    try:
        yield senders
    finally:
        for sender in senders:
            sender.stopping.set()
        for thread in threads:
            thread.join(30)


@pytest.mark.system
def test_kill_9_during_intake_loses_nothing_and_doubles_nothing(
    process: Process, tokens: TestTokens, url: str
) -> None:
    process.start()
    with sending(process, tokens.headers()) as senders:
        for _ in range(ROUNDS):
            time.sleep(0.8)
            process.kill()
            process.start()
        time.sleep(0.5)
    acknowledged = {k: i for sender in senders for k, i in sender.acknowledged.items()}
    stored = rows(url, "SELECT id, text FROM incidents")
    assert len(acknowledged) > 20
    assert {str(row["id"]) for row in stored} == set(acknowledged.values())
    assert sorted(row["text"] for row in stored) == sorted(acknowledged)
    for table, owner in (("incident_history", "incident_id::text"), ("outbox", "subject")):
        reports = rows(
            url,
            f"SELECT count(DISTINCT {owner}) AS n FROM {table} "
            f"WHERE {owner} IN (SELECT id::text FROM incidents)",
        )
        assert reports[0]["n"] == len(stored)


@pytest.mark.system
def test_kill_9_while_the_partition_is_down_leaves_the_backlog_to_the_next_process(
    process: Process, grids: FakeGridPartition, tokens: TestTokens, url: str
) -> None:
    grids.is_up = False
    process.start()
    with sending(process, tokens.headers()) as senders:
        time.sleep(1.0)
        process.kill()
        grids.is_up = True
        process.start()
    acknowledged = sum(len(sender.acknowledged) for sender in senders)
    end = time.monotonic() + 20
    while time.monotonic() < end and _waiting(url):
        time.sleep(0.1)
    located = rows(url, "SELECT grid_code FROM incidents")
    assert [row["grid_code"] for row in located] == [GRID] * acknowledged
    assert acknowledged > 5
    assert process.stop() in {0, -signal.SIGTERM}


def _waiting(url: str) -> Any:
    return rows(url, "SELECT count(*) AS n FROM incidents WHERE placement = 'locating'")[0]["n"]
