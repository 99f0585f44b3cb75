"""What a request carries along: its id, the caller's language, the trace."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass

from kit.errors import Language


@dataclass(frozen=True, slots=True)
class RequestContext:
    """The context of the request being served, readable from anywhere below it."""

    request_id: str = "-"
    language: Language = "en"
    traceparent: str | None = None


_NOWHERE = RequestContext()

current: ContextVar[RequestContext] = ContextVar("request_context", default=_NOWHERE)


def choose_language(accept_language: str | None, default: Language) -> Language:
    """Return the first language of Accept-Language (RFC 9110 12.5.4) that we speak."""
    if not accept_language:
        return default
    ranked: list[tuple[float, int, Language]] = []
    for position, part in enumerate(accept_language[:500].split(",")):
        tag, _, parameters = part.strip().partition(";")
        weight = _weight(parameters)
        primary = tag.strip().lower().split("-")[0]
        if weight > 0 and primary in {"zh", "en"}:
            ranked.append((-weight, position, "zh-CN" if primary == "zh" else "en"))
    return min(ranked)[2] if ranked else default


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
