"""Files that lie sealed on disk: written as they come, read from any position.

`v<n>:`, a salt, then chunks under AES-256-GCM with a key of the file's own (HKDF of the ring's key,
the salt and the file's name).  A nonce is the chunk's number and whether it is the last (the STREAM
construction), so that chunks can be neither exchanged nor cut off.
"""

from __future__ import annotations

import io
import os
import secrets
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from kit.sealing.keys import KeyRing, SealBroken, version_of

CHUNK_BYTES = 256 << 10
_TAG_BYTES = 16
_SALT_BYTES = 16
_HEAD_MAX = 8


def _cipher(ring: KeyRing, version: int, salt: bytes, name: str) -> AESGCM:
    derive = HKDF(SHA256(), 32, salt, f"file|{name}".encode())
    return AESGCM(derive.derive(ring.secret(version)))


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


class FileSealer:
    """Turns the bytes of a file, as they come, into what is written to disk."""

    def __init__(self, ring: KeyRing, name: str) -> None:
        salt = secrets.token_bytes(_SALT_BYTES)
        self._cipher = _cipher(ring, ring.newest, salt, name)
        self._ready = ring.prefix + salt
        self._pending = bytearray()
        self._number = 0

    def update(self, data: bytes) -> bytes:
        """Take more of the file; returns what can be written now."""
        self._pending += data
        out = [self._ready]
        self._ready = b""
        # A chunk is closed only once more follows it: the last one is marked as such.
        while len(self._pending) > CHUNK_BYTES:
            out.append(self._chunk(bytes(self._pending[:CHUNK_BYTES]), last=False))
            del self._pending[:CHUNK_BYTES]
        return b"".join(out)

    def finish(self) -> bytes:
        """Return the rest, when the file has ended."""
        ready, self._ready = self._ready, b""
        return ready + self._chunk(bytes(self._pending), last=True)

    def _chunk(self, content: bytes, *, last: bool) -> bytes:
        sealed = self._cipher.encrypt(_nonce(self._number, last=last), content, None)
        self._number += 1
        return sealed


class _SealedReader(io.RawIOBase):
    """The plain bytes of a sealed file; raises SealBroken where one does not open."""

    def __init__(self, file: BinaryIO, ring: KeyRing, name: str) -> None:
        super().__init__()
        self._file = file
        head = file.read(_HEAD_MAX)
        version = version_of(head)
        start = head.index(b":") + 1
        file.seek(start)
        self._cipher = _cipher(ring, version, file.read(_SALT_BYTES), name)
        self._start = start + _SALT_BYTES
        body = file.seek(0, os.SEEK_END) - self._start
        step = CHUNK_BYTES + _TAG_BYTES
        self._chunks = max(1, -(-body // step))
        self._size = max(0, body - self._chunks * _TAG_BYTES)
        self._position = 0
        self._number, self._content = -1, b""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        begin = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        if begin + offset < 0:
            message = "a position before the file's begin"
            raise ValueError(message)
        self._position = begin + offset
        return self._position

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override] # any buffer, in fact
        if self._position >= self._size:
            if self._size == 0:
                self._load(0)
            return 0
        number, offset = divmod(self._position, CHUNK_BYTES)
        self._load(number)
        part = self._content[offset : offset + len(buffer)]
        buffer[: len(part)] = part
        self._position += len(part)
        return len(part)

    def _load(self, number: int) -> None:
        if number == self._number:
            return
        step = CHUNK_BYTES + _TAG_BYTES
        self._file.seek(self._start + number * step)
        sealed = self._file.read(step)
        nonce = _nonce(number, last=number == self._chunks - 1)
        try:
            self._content = self._cipher.decrypt(nonce, sealed, None)
        except (InvalidTag, ValueError):
            message = "a sealed file was cut, changed, or sealed under another name or key"
            raise SealBroken(message) from None
        self._number = number

    def close(self) -> None:
        self._file.close()
        super().close()


def open_sealed(path: Path, ring: KeyRing, name: str) -> BinaryIO:
    """Return the plain bytes of a sealed file as a stream that can be read from any position.

    Raises SealBroken, here or where a chunk is read.
    """
    file = path.open("rb")
    try:
        return io.BufferedReader(_SealedReader(file, ring, name), CHUNK_BYTES)
    except SealBroken:
        file.close()
        raise
