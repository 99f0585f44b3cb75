"""Pages of the services that are shown without a prefix: /problems/{code} of every service."""

from __future__ import annotations

import asyncio
import re
import time
from collections import OrderedDict
from collections.abc import Mapping

from gateway.problems import UpstreamUnavailable
from gateway.upstream.faults import Fault
from gateway.upstream.services import Upstream, fetch
from kit import errors
from kit.errors import NotFound

_PATH = re.compile(r"/problems/([a-z][a-z0-9_]*(?:\.[a-z0-9_]+)*)\Z")
_CODE_LENGTH_MAX = 100
_KNOWN_MAX = 1000
_ABSENT_S = 60.0
_DEADLINE_S = 2.0


class ProblemPages:
    """Explains codes that are not the gateway's own by asking the services, once each.

    The services are asked, not a file, because only they know which release of them runs.
    """

    def __init__(self, upstreams: Mapping[str, Upstream]) -> None:
        self._upstreams = upstreams
        self._own = {kind.code for kind in errors.catalogue()}
        self._known: OrderedDict[str, tuple[float, bytes | None]] = OrderedDict()

    async def elsewhere(self, method: str, path: str) -> bytes | None:
        """Return the page of a code that a service knows; None when this is no such path.

        Raises NotFound when no service knows it, UpstreamUnavailable when one could not be asked.
        """
        found = _PATH.match(path) if path.startswith("/problems/") and method == "GET" else None
        if found is None or found[1] in self._own or len(found[1]) > _CODE_LENGTH_MAX:
            return None
        until, page = self._known.get(found[1], (0.0, None))
        if until < time.monotonic():
            page = await self._ask(found[1])
        if page is None:
            raise NotFound
        return page

    async def _ask(self, code: str) -> bytes | None:
        answers = await asyncio.gather(
            *(self._ask_one(upstream, code) for upstream in self._upstreams.values())
        )
        page = next((answer for answer in answers if isinstance(answer, bytes)), None)
        silent = next((answer for answer in answers if isinstance(answer, Upstream)), None)
        if page is None and silent is not None:
            raise UpstreamUnavailable(upstream=silent.name, retry_after_s=5)
        until = float("inf") if page is not None else time.monotonic() + _ABSENT_S
        self._known[code] = (until, page)
        if len(self._known) > _KNOWN_MAX:
            self._known.popitem(last=False)
        return page

    async def _ask_one(self, upstream: Upstream, code: str) -> bytes | Upstream | None:
        try:
            answer = await fetch(upstream, f"/problems/{code}", deadline_s=_DEADLINE_S)
        except Fault:
            return upstream
        return answer.body if answer.status == 200 else None
