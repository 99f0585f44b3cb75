"""The vault: what a process seals and finds personal fields with, opened when it starts.

A field is sealed on its own and bound to its table, its column and its row, so that a value moved
to another row does not open.  What must be found again has a keyed hash beside it: HMAC-SHA256
under a key of its own, over the column and the normalised value.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Any
from uuid import UUID

from sqlalchemy import Column, LargeBinary

from kit.sealing.keys import KeyRing

#: The keys that a vault needs besides a version: one for keyed hashes, one that signs checkpoints.
NAMED_KEYS = ("index", "audit")


class Vault:
    """Seals and opens; `open` reads the keys, before that every use is a defect."""

    def __init__(self, read: Callable[[], KeyRing]) -> None:
        self._read = read
        self._ring: KeyRing | None = None
        self._index = b""

    def open(self) -> None:
        """Read the keys; raises KeyFileError."""
        ring = self._read()
        self._index = ring.named("index")
        self._ring = ring

    @property
    def ring(self) -> KeyRing:
        """The keys in use."""
        if self._ring is None:
            message = "the vault is used before it was opened"
            raise RuntimeError(message)
        return self._ring

    def seal(self, table: str, column: str, row_id: UUID, value: str) -> bytes:
        """Return a text sealed for one field of one row."""
        return self.ring.seal(bound_to(table, column, row_id), value.encode())

    def unseal(self, table: str, column: str, row_id: UUID, sealed: bytes) -> str:
        """Return the text of one field of one row; raises SealBroken."""
        return self.ring.unseal(bound_to(table, column, row_id), bytes(sealed)).decode()

    def reseal(self, table: str, column: str, row_id: UUID, sealed: bytes) -> bytes:
        """Return the same content under the newest key."""
        bound = bound_to(table, column, row_id)
        return self.ring.seal(bound, self.ring.unseal(bound, bytes(sealed)))

    def keyed_hash(self, *parts: str) -> bytes:
        """Return the keyed hash of some text; the first part says what it is a hash of.

        Equal values have equal hashes, so the parts should bind what need not be found again.
        """
        if not self._index:
            message = "the vault is used before it was opened"
            raise RuntimeError(message)
        # With lengths, so that no two lists of parts make one text.
        joined = "".join(f"{len(part)}:{part}" for part in parts)
        return hmac.digest(self._index, joined.encode(), "sha256")


def bound_to(table: str, column: str, row_id: UUID) -> bytes:
    """Return what a sealed field is bound to."""
    return f"{table}|{column}|{row_id}".encode()


def sealed_column(name: str) -> list[Column[Any]]:
    """Return the two columns of a sealed field: its content, and the keyed hash beside it."""
    return [
        Column(name, LargeBinary, nullable=True),
        Column(f"{name}_hash", LargeBinary, nullable=True),
    ]
