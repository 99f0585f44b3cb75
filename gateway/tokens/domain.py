"""Service clients, their secrets and the claims of their tokens, as plain values and rules."""

from __future__ import annotations

import base64
import hashlib
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

SECRETS_LIVE_MAX = 2
_SECRET = re.compile(r"jw_([A-Za-z0-9_-]{43})([0-9a-f]{8})\Z")

State = Literal["active", "expired", "revoked"]


@dataclass(frozen=True, slots=True)
class Client:
    """A service client: a program of the city, of a vendor, or one of our own services."""

    client_id: str
    name: str
    scopes: tuple[str, ...]
    areas: tuple[str, ...]
    organization_id: str | None = None
    expires_at: datetime | None = None
    revoked_at: datetime | None = None

    def state(self, now: datetime) -> State:
        """Return whether the client may have tokens, and if not, why."""
        if self.revoked_at is not None:
            return "revoked"
        if self.expires_at is not None and self.expires_at <= now:
            return "expired"
        return "active"


def new_secret(random: bytes) -> str:
    """Return the secret that 32 random bytes make: `jw_`, the bytes, a CRC-32 in hex.

    Prefix and checksum let secret scanners find a leaked one without false alarms.
    """
    body = base64.urlsafe_b64encode(random).decode().rstrip("=")
    return f"jw_{body}{_checksum(body)}"


def is_secret(text: str) -> bool:
    """Tell whether a text can be a secret at all; what cannot costs no hashing."""
    found = _SECRET.match(text)
    return found is not None and _checksum(found[1]) == found[2]


def _checksum(body: str) -> str:
    return f"{zlib.crc32(body.encode()):08x}"


def fingerprint(secret: str) -> bytes:
    """Return the 8 bytes that find a secret's row; of 256 random bits they betray nothing."""
    return hashlib.sha256(secret.encode()).digest()[:8]


def narrowed(granted: Sequence[str], asked: str | None) -> tuple[str, ...] | None:
    """Return the scopes of a token (RFC 6749 3.3); None when more is asked than was granted."""
    if asked is None:
        return tuple(granted)
    wanted = tuple(dict.fromkeys(asked.split(" ")))
    return wanted if set(wanted) <= set(granted) else None


def claims(
    client: Client,
    scopes: Sequence[str],
    *,
    issuer: str,
    audience: str,
    issued_at: datetime,
    lifetime_s: int,
    token_id: str,
) -> dict[str, Any]:
    """Return the claims of an access token (RFC 9068)."""
    issued = int(issued_at.timestamp())
    content: dict[str, Any] = {
        "iss": issuer,
        "aud": audience,
        "sub": client.client_id,
        "client_id": client.client_id,
        "iat": issued,
        "nbf": issued,
        "exp": issued + lifetime_s,
        "jti": token_id,
        "scope": " ".join(scopes),
        "areas": list(client.areas),
    }
    if client.organization_id:
        content["organization_id"] = client.organization_id
    return content


@dataclass(frozen=True, slots=True)
class KeyTimes:
    """When a signing key is used and shown."""

    signs_from: datetime
    published_until: datetime | None = None

    def is_published(self, now: datetime) -> bool:
        """Tell whether verifiers are still shown the key."""
        return self.published_until is None or self.published_until > now

    def may_sign(self, now: datetime) -> bool:
        """Tell whether the key may sign; of several the one that began last does."""
        return self.signs_from <= now and self.is_published(now)


#: Twice the 5 minutes for which services keep the key set (kit.auth.RemoteKeys).
ROTATION_LEAD = timedelta(minutes=10)
#: Beyond a token's life: leeway of verifiers and clocks.
ROTATION_SLACK = timedelta(minutes=2)


def rotation(
    now: datetime, *, is_first: bool, at_once: bool, lifetime_s: int
) -> tuple[datetime, datetime]:
    """Return when a new key begins to sign and when the keys before it vanish.

    The new one is shown before it signs, the old one is shown until its last token has ended.
    `at_once` is for a key that has leaked: its tokens die with it.
    """
    if at_once:
        return now, now
    begins = now if is_first else now + ROTATION_LEAD
    return begins, begins + timedelta(seconds=lifetime_s) + ROTATION_SLACK
