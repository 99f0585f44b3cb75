"""A plain httpx.Client that talks to an ASGI application in this process, without a socket."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal
from starlette.applications import Starlette
from starlette.types import ASGIApp


class InProcessTransport(httpx.BaseTransport):
    """Hand each request of a synchronous client to an ASGI application."""

    def __init__(self, app: ASGIApp, portal: BlockingPortal) -> None:
        self._portal = portal
        self._inner = httpx.ASGITransport(app)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request on the portal's event loop and return the whole response."""
        return self._portal.call(
            self._send, request.method, request.url, request.headers, request.read()
        )

    async def _send(
        self, method: str, url: httpx.URL, headers: httpx.Headers, body: bytes
    ) -> httpx.Response:
        request = httpx.Request(method, url, headers=headers, content=body)
        response = await self._inner.handle_async_request(request)
        content = await response.aread()
        return httpx.Response(response.status_code, headers=response.headers, content=content)


@contextmanager
def in_process(app: Starlette, base_url: str = "http://test") -> Iterator[httpx.Client]:
    """Yield a client for the application, whose lifespan runs as long as the block."""
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(app.router.lifespan_context(app)),
        httpx.Client(transport=InProcessTransport(app, portal), base_url=base_url) as client,
    ):
        yield client
