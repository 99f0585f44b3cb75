"""Identifiers: UUIDv7 (RFC 9562), so that they sort by creation."""

from __future__ import annotations

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """Return a fresh UUIDv7 as a standard-library UUID; monotonic within a process."""
    return uuid7()
