"""Real servers for the gateway's tests: each in its own thread, on a free loopback port."""

from __future__ import annotations

import hashlib
import json
import re
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.app import create_door
from gateway.door import Door
from gateway.server import server_options
from gateway.settings import Settings
from gateway.tokens.domain import Client, claims
from kit.clock import SystemClock


def bound_socket() -> socket.socket:
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind(("127.0.0.1", 0))
    return bound


@contextmanager
def serving(app: ASGIApp, bound: socket.socket, **options: Any) -> Iterator[None]:
    """Serve an application on a bound socket, in a thread, as long as the block runs."""
    options = {"lifespan": "off", "access_log": False, "log_config": None} | options
    options["timeout_graceful_shutdown"] = 1
    for name in ("host", "port"):
        options.pop(name, None)
    server = uvicorn.Server(uvicorn.Config(app, **options))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
    thread.start()
    until = time.monotonic() + 20
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        assert time.monotonic() < until
        time.sleep(0.01)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(10)
        bound.close()


@dataclass
class Service:
    """A well-behaved service: it tells what it was asked, and streams when it is asked to."""

    requests: list[dict[str, Any]] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        digest, size, more = hashlib.sha256(), 0, True
        while more:
            message = await receive()
            digest.update(message.get("body", b""))
            size += len(message.get("body", b""))
            more = message.get("more_body", False)
        headers = [(name.decode(), value.decode("latin-1")) for name, value in scope["headers"]]
        seen = {
            "method": scope["method"],
            "target": scope["raw_path"].decode() + "?" + scope["query_string"].decode(),
            "headers": headers,
            "sha256": digest.hexdigest(),
            "size": size,
        }
        self.requests.append(seen)
        path = scope["path"]
        if path.endswith("/big"):
            await self._stream(send, 160, 65536)
        elif path.endswith("/readyz"):
            await self._plain(send, 200, b'{"status":"pass"}', b"application/health+json")
        elif path.startswith("/problems/"):
            known = path == "/problems/grid.too_large"
            await self._plain(send, 200 if known else 404, b'{"code":"grid.too_large"}')
        elif path.endswith("/csv"):
            await self._stream(send, 400, 1024, b"text/csv", pause_s=0.005)
        elif path.endswith("/answer"):
            await self._odd_headers(send)
        else:
            await self._plain(send, 200, json.dumps(seen).encode())

    async def _plain(
        self, send: Send, status: int, body: bytes, kind: bytes = b"application/json"
    ) -> None:
        headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _odd_headers(self, send: Send) -> None:
        headers = [
            (b"content-type", b"application/json"),
            (b"server", b"inner/1.0"),
            (b"x-powered-by", b"inner"),
            (b"set-cookie", b"a=b"),
            (b"keep-alive", b"timeout=5"),
            (b"x-request-id", b"of-the-service"),
            (b"etag", b'"3"'),
            (b"link", b'</registry/v1/x?cursor=1>; rel="next"'),
        ]
        await send({"type": "http.response.start", "status": 203, "headers": headers})
        await send({"type": "http.response.body", "body": b"{}"})

    async def _stream(
        self,
        send: Send,
        pieces: int,
        size: int,
        kind: bytes = b"application/octet-stream",
        pause_s: float = 0,
    ) -> None:
        import asyncio  # noqa: PLC0415 - only streams need it

        headers = [(b"content-type", kind)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for number in range(pieces):
            body = bytes([number % 251]) * size
            await send({"type": "http.response.body", "body": body, "more_body": True})
            if pause_s:
                await asyncio.sleep(pause_s)
        await send({"type": "http.response.body", "body": b""})


def big_sha256() -> str:
    digest = hashlib.sha256()
    for number in range(160):
        digest.update(bytes([number % 251]) * 65536)
    return digest.hexdigest()


@dataclass
class Running:
    """A served gateway."""

    url: str
    port: int
    door: Door
    settings: Settings

    def token(self, **changes: Any) -> str:
        """Return a good token of the gateway itself, with some claims changed."""
        client = Client("app", "App", ("registry:read", "registry:write"), ("*",))
        content = claims(
            client,
            client.scopes,
            issuer=self.settings.issuer,
            audience=self.settings.audience,
            issued_at=SystemClock().now(),
            lifetime_s=600,
            token_id=uuid4().hex,
        )
        return str(self.door.app.state.keyring.sign(content | changes))

    def headers(self, **changes: Any) -> dict[str, str]:
        """Return the headers of a caller."""
        return {"Authorization": f"Bearer {self.token(**changes)}"}

    def raw(self, *pieces: bytes, pause_s: float = 0, silence_s: float = 0.7) -> bytes:
        """Send bytes as they are; return all that comes back until the end or a silence."""
        answer = b""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            try:
                for piece in pieces:
                    connection.sendall(piece)
                    time.sleep(pause_s)
                connection.settimeout(silence_s)
                while data := connection.recv(65536):
                    answer += data
            except (TimeoutError, ConnectionError):
                pass
        return answer


@contextmanager
def gateway(database_url: str, key_file: Path, **changes: Any) -> Iterator[Running]:
    """Serve a gateway with settings of the test."""
    plenty: dict[str, Any] = {
        "environment": "development",
        "database_url": database_url,
        "database_pool_size": 2,
        "key_file": key_file,
        "anonymous_rate_per_s": 10_000,
        "anonymous_burst": 100_000,
        "rate_per_s": 10_000,
        "burst": 100_000,
        "openapi_folder": key_file.parent,
    }
    settings = Settings(**(plenty | changes))
    door = create_door(settings)
    bound = bound_socket()
    port = bound.getsockname()[1]
    with serving(door, bound, **server_options(settings)):
        yield Running(f"http://127.0.0.1:{port}", port, door, settings)


def statuses(answer: bytes) -> Sequence[int]:
    """Return the status of every answer in a raw byte stream."""
    return [int(found) for found in re.findall(rb"HTTP/1\.1 (\d{3}) ", answer)]
