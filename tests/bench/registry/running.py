"""A registry to be measured: an embedded server, the service in its own process, a client."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from kit import migrations
from kit.embedded_postgres import running as running_server
from kit.testing.tokens import TestTokens
from services.registry.app import PACKAGE_DIR

ROOT = Path(__file__).parents[3]
V1 = "/registry/v1"
_PIECE = 1 << 18
_POLL_S = 0.02


@dataclass
class Measured:
    """The running service as its measurer sees it."""

    client: httpx.Client
    url: str
    folder: Path
    pid: int
    keys: Iterator[int] = field(default_factory=count)

    def load(self, resource: str, path: Path, media: str, **query: str) -> dict[str, Any]:
        """Import a file and wait for its end; returns the job with its seconds and peak memory."""
        self._forget_peak()
        began = time.perf_counter()
        answer = self.client.post(
            f"{V1}/imports",
            params={"resource": resource, "source": "bench"} | query,
            content=_pieces(path),
            headers={"Content-Type": media, "Idempotency-Key": f"bench-{next(self.keys):08}"},
        )
        assert answer.status_code == 202, answer.text
        place = answer.headers["location"]
        while (job := self.client.get(place).json())["ended_at"] is None:
            time.sleep(_POLL_S)
        seconds = time.perf_counter() - began
        assert job["state"] == "succeeded", job
        return job | {"seconds": seconds, "peak_mb": self.peak_mb()}

    def _forget_peak(self) -> None:
        Path(f"/proc/{self.pid}/clear_refs").write_text("5", encoding="ascii")

    def peak_mb(self) -> float:
        """Highest resident memory of the service process since the last import began."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024

    def sql(self, statement: str, *values: Any) -> list[Any]:
        """Ask the service's database."""

        async def ask() -> list[Any]:
            connection = await connect(self.url)
            try:
                return list(await connection.fetch(statement, *values))
            finally:
                await connection.close()

        return asyncio.run(ask())


async def connect(url: str) -> Any:
    """Open a connection of one's own."""
    return await asyncpg.connect(url.replace("postgresql+asyncpg", "postgresql"))


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece


@contextmanager
def a_registry() -> Iterator[Measured]:
    """Run an empty registry until the block ends."""
    tokens = TestTokens()
    with tempfile.TemporaryDirectory(prefix="bench-registry-") as name:
        folder = Path(name)
        with running_server(folder / "postgres") as server:
            url = server.ensure_databases({"registry": "bench"})["registry"]
            migrations.upgrade(PACKAGE_DIR, url)
            with _served(url, folder, tokens) as (port, pid):
                base = f"http://127.0.0.1:{port}"
                with httpx.Client(base_url=base, timeout=600) as client:
                    # A token lives ten minutes, a run longer.
                    client.event_hooks["request"] = [lambda r: r.headers.update(tokens.headers())]
                    _wait(client)
                    yield Measured(client, url, folder, pid)


@contextmanager
def _served(url: str, folder: Path, tokens: TestTokens) -> Iterator[tuple[int, int]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    module = "tests.bench.registry.served_registry"
    words = [sys.executable, "-m", module, url, str(folder), str(port)]
    with (folder / "service.log").open("wb") as log:
        process = subprocess.Popen([*words, json.dumps(tokens.jwks)], cwd=ROOT, stdout=log)
        try:
            yield port, process.pid
        finally:
            process.terminate()
            process.wait()


def _wait(client: httpx.Client) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            if client.get("/livez").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    message = "the registry did not start"
    raise RuntimeError(message)
