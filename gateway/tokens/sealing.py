"""Signing keys at rest: AES-256-GCM under a key that lives in a file, never in the database."""

from __future__ import annotations

import base64
import binascii
import secrets
import stat
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_KEY_BYTES = 32
_NONCE_BYTES = 12
_VERSION = b"v1:"
_DISTINCT_MIN = 8


class KeyFileError(RuntimeError):
    """The key file is missing, readable by others, malformed or a sample: the start fails."""


class SealBroken(RuntimeError):
    """A signing key in the database was sealed under another key file."""


def read_key_file(path: Path, *, may_make: bool) -> bytes:
    """Return the 32 bytes of the key file; makes one where that is allowed (development).

    Raises KeyFileError, with what to do about it.
    """
    if not path.exists():
        if not may_make:
            message = f"the key file {path} is missing; make one with: openssl rand -base64 32"
            raise KeyFileError(message)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600, exist_ok=True)
        path.write_text(base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode() + "\n")
    if not may_make and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        message = f"the key file {path} is open to others; close it with: chmod 600"
        raise KeyFileError(message)
    try:
        key = base64.b64decode(path.read_text().strip(), validate=True)
    except (ValueError, binascii.Error):
        key = b""
    if len(key) != _KEY_BYTES:
        message = f"the key file {path} must hold 32 bytes in base64"
        raise KeyFileError(message)
    if _looks_like_a_sample(key):
        message = f"the key file {path} holds a sample, not a random key"
        raise KeyFileError(message)
    return key


def _looks_like_a_sample(key: bytes) -> bool:
    # A random key is printable text once in 10^14, and never made of so few different bytes.
    return len(set(key)) < _DISTINCT_MIN or all(32 <= byte < 127 for byte in key)


def seal(key: bytes, name: str, content: bytes) -> bytes:
    """Return the content encrypted and bound to its name."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return _VERSION + nonce + AESGCM(key).encrypt(nonce, content, name.encode())


def unseal(key: bytes, name: str, sealed: bytes) -> bytes:
    """Return the content; raises SealBroken."""
    body = sealed.removeprefix(_VERSION)
    try:
        return AESGCM(key).decrypt(body[:_NONCE_BYTES], body[_NONCE_BYTES:], name.encode())
    except (InvalidTag, ValueError):
        message = f"the signing key {name} was sealed under another key file"
        raise SealBroken(message) from None
