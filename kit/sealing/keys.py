"""Keys that never lie in a database: a key ring from a file or the environment, checked at start.

A key file holds one key a line, `<name> <32 bytes in base64>`: `v1`, `v2` ... are versions of the
key that seals (the highest seals, all open), other names are keys of their own (`index`, `audit`).
A line without a name is `v1`.  Lines that begin with `#` are notes.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
import secrets
import stat
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_KEY_BYTES = 32
NONCE_BYTES = 12
_DISTINCT_MIN = 8
_VERSION = re.compile(r"^v([1-9][0-9]{0,5})$", re.ASCII)
_NAME = re.compile(r"^[a-z][a-z0-9]{0,19}$", re.ASCII)
_SEALED = re.compile(rb"^v([1-9][0-9]{0,5}):")


class KeyFileError(RuntimeError):
    """Keys are missing, readable by others, malformed, repeated or a sample: the start fails."""


class SealBroken(RuntimeError):
    """Something sealed does not open: sealed under another key, bound to another row, changed."""


class KeyRing:
    """The keys of one deployable: versions that seal and open, and named keys beside them."""

    def __init__(self, versions: Mapping[int, bytes], named: Mapping[str, bytes]) -> None:
        self._ciphers = {number: AESGCM(key) for number, key in versions.items()}
        self._secrets = dict(versions)
        self._named = dict(named)
        self.newest = max(versions)
        self.prefix = b"v%d:" % self.newest

    @property
    def versions(self) -> list[int]:
        """The versions that can be opened, oldest first."""
        return sorted(self._ciphers)

    def named(self, name: str) -> bytes:
        """Return the key of a purpose of its own, such as `index`; raises KeyFileError."""
        try:
            return self._named[name]
        except KeyError:
            raise KeyFileError(_missing(name, "the key ring")) from None

    def secret(self, version: int) -> bytes:
        """Return the key of a version, to derive others from; raises SealBroken."""
        try:
            return self._secrets[version]
        except KeyError:
            raise SealBroken(_unknown_version(version)) from None

    def seal(self, bound: bytes, content: bytes) -> bytes:
        """Return `v<n>:`, a fresh nonce and the content under AES-256-GCM, bound to `bound`."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return self.prefix + nonce + self._ciphers[self.newest].encrypt(nonce, content, bound)

    def unseal(self, bound: bytes, sealed: bytes) -> bytes:
        """Return the content; raises SealBroken."""
        version = version_of(sealed)
        cipher = self._ciphers.get(version)
        if cipher is None:
            raise SealBroken(_unknown_version(version))
        start = sealed.index(b":") + 1
        nonce = sealed[start : start + NONCE_BYTES]
        try:
            return cipher.decrypt(nonce, sealed[start + NONCE_BYTES :], bound)
        except (InvalidTag, ValueError):
            what = bound.decode(errors="replace")
            message = f"what is bound to {what} was sealed under another key file, or has changed"
            raise SealBroken(message) from None


def version_of(sealed: bytes) -> int:
    """Return the key version that a sealed value names; raises SealBroken."""
    found = _SEALED.match(sealed)
    if found is None:
        message = "this is no sealed value"
        raise SealBroken(message)
    return int(found[1])


def _unknown_version(version: int) -> str:
    return f"the key v{version}, under which values are sealed, is not in the key ring"


def read_key_ring(
    path: Path, *, may_make: bool, text: str = "", wanted: Sequence[str] = ()
) -> KeyRing:
    """Return the key ring of a file, or of `text` when that is given (lines or commas between).

    `wanted` names the keys that must be there besides a version.  Where it is allowed
    (development), what is missing is made and kept in the file.  Raises KeyFileError, with what
    to do about it.
    """
    names = ("v1", *wanted)
    if text:
        keys = _parse(re.split(r"[\n,;]", text), "the keys in the environment")
        return _ring(keys, wanted, "the keys in the environment")
    where = f"the key file {path}"
    if may_make:
        _complete(path, names)
    elif not path.exists():
        message = f"{where} is missing; make each of its keys with: openssl rand -base64 32"
        raise KeyFileError(message)
    elif path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        message = f"{where} is open to others; close it with: chmod 600"
        raise KeyFileError(message)
    return _ring(_parse(_lines(path), where), wanted, where)


def _complete(path: Path, names: Iterable[str]) -> None:
    """Make the file, or add to it what it lacks; another key than those that lack is never made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    known = _parse(_lines(path), f"the key file {path}") if path.exists() else {}
    has_version = any(_VERSION.match(name) for name in known)
    lacking = [n for n in names if n not in known and not (n == "v1" and has_version)]
    if not lacking:
        return
    made = [f"{name} {_fresh_key()}" for name in lacking]
    text = "".join(f"{line}\n" for line in [*(_lines(path) if known else []), *made])
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def _fresh_key() -> str:
    return base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="ascii").splitlines()
    except UnicodeDecodeError:
        message = f"the key file {path} is no text"
        raise KeyFileError(message) from None


def _parse(lines: Iterable[str], where: str) -> dict[str, bytes]:
    keys: dict[str, bytes] = {}
    written = [line.strip() for line in lines]
    for line in written:
        if not line or line.startswith("#"):
            continue
        name, _, encoded = line.rpartition(" ")
        name = name.strip() or "v1"
        if not _NAME.match(name):
            message = f"{where} names a key otherwise than v1, v2 ... or a short word"
            raise KeyFileError(message)
        if name in keys:
            message = f"{where} holds the key {name} twice"
            raise KeyFileError(message)
        keys[name] = _decode(name, encoded, where)
    if not keys:
        message = f"{where} holds no key"
        raise KeyFileError(message)
    if len(set(keys.values())) < len(keys):
        message = f"{where} holds one key under two names; each needs its own"
        raise KeyFileError(message)
    return keys


def _decode(name: str, encoded: str, where: str) -> bytes:
    try:
        key = base64.b64decode(encoded, validate=True)
    except (ValueError, binascii.Error):
        key = b""
    if len(key) != _KEY_BYTES:
        message = f"{where}: the key {name} must be 32 bytes in base64"
        raise KeyFileError(message)
    if _looks_like_a_sample(key):
        message = f"{where}: the key {name} is a sample, not a random key"
        raise KeyFileError(message)
    return key


def _looks_like_a_sample(key: bytes) -> bool:
    # A random key is printable text once in 10^14, and never made of so few different bytes.
    return len(set(key)) < _DISTINCT_MIN or all(32 <= byte < 127 for byte in key)


def _ring(keys: Mapping[str, bytes], wanted: Sequence[str], where: str) -> KeyRing:
    versions = {int(found[1]): key for name, key in keys.items() if (found := _VERSION.match(name))}
    named = {name: key for name, key in keys.items() if not _VERSION.match(name)}
    lacking = [name for name in wanted if name not in named]
    if not versions:
        raise KeyFileError(_missing("v1", where))
    if lacking:
        raise KeyFileError(_missing(lacking[0], where))
    return KeyRing(versions, named)


def _missing(name: str, where: str) -> str:
    return f"{where} lacks the key {name}; add `{name} ` and the output of: openssl rand -base64 32"
