"""Logs: one JSON line an event, with the request's context and no personal data."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import orjson
import structlog

from kit.web import context

# A second net below the rule "log no person": what looks like a Chinese mobile number or an
# identity number is blotted out wherever it stands in a text value.
_PERSONAL = re.compile(r"(?<![0-9A-Za-z])(?:1[3-9]\d{9}|\d{17}[0-9Xx]|\d{15})(?![0-9A-Za-z])")
# Codes of places have fifteen digits too; fields that hold codes are named so.
_CODE_FIELDS = re.compile(r"(^|_)(code|area|request_id)$")


def _add_context(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    here = context.current.get()
    if here.request_id != "-":
        event.setdefault("request_id", here.request_id)
    return event


def _blot(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    for name, value in event.items():
        if isinstance(value, str) and not _CODE_FIELDS.search(name):
            event[name] = _PERSONAL.sub("***", value)
    return event


def _dumps(event: Any, default: Any = str, **_: Any) -> str:
    return orjson.dumps(event, default=default).decode()


def configure(service: str, level: str) -> None:
    """Set up logging of the process: structlog and the standard library write the same lines."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        _add_context,
        structlog.processors.format_exc_info,
        _blot,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer(serializer=_dumps)],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(serializer=_dumps),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for noisy in ("httpx", "httpcore", "asyncio", "alembic", "uvicorn.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
