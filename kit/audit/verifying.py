"""The verifier: walks the trail and names what was changed, dropped, swapped, cut or rewritten."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy import Table, select

from kit.audit.checkpoints import Checkpoint
from kit.audit.trail import digest, link
from kit.db import Tx

FaultKind = Literal[
    "changed", "missing", "reordered", "rewritten", "tail_cut", "checkpoint_not_genuine"
]
FAULTS_MAX = 100
_BATCH = 1000
_BEGIN = bytes(32)


@dataclass(frozen=True, slots=True)
class Fault:
    """One break of the chain, at the number of the row where it shows."""

    kind: FaultKind
    seq: int


@dataclass(slots=True)
class Walk:
    """The state of a verification; feed it rows in order with `take`, then call `end`."""

    checkpoints: Sequence[Checkpoint] = ()
    next_seq: int = 1
    prev_hash: bytes = _BEGIN
    checked: int = 0
    faults: list[Fault] = field(default_factory=list)
    _known: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for checkpoint in self.checkpoints:
            if checkpoint.genuine:
                self._known[checkpoint.seq] = checkpoint.hash
            else:
                self._find("checkpoint_not_genuine", checkpoint.seq)

    def take(self, row: Mapping[Any, Any]) -> None:
        """Check the next row; a fault does not hide the ones behind it."""
        seq, prev_hash, hashed = row["seq"], bytes(row["prev_hash"]), bytes(row["hash"])
        if seq != self.next_seq:
            self._find("missing", self.next_seq)
        elif prev_hash != self.prev_hash:
            self._find("reordered", seq)
        if link(prev_hash, seq, digest(row)) != hashed:
            self._find("changed", seq)
        elif self._known.get(seq, hashed.hex()) != hashed.hex():
            self._find("rewritten", seq)
        self.next_seq, self.prev_hash = seq + 1, hashed
        self.checked += 1

    def end(self) -> None:
        """Say that the trail has ended here: no checkpoint may tell of later rows."""
        later = [seq for seq in self._known if seq >= self.next_seq]
        if later:
            self._find("tail_cut", min(self.next_seq, *later))

    def _find(self, kind: FaultKind, seq: int) -> None:
        if len(self.faults) < FAULTS_MAX:
            self.faults.append(Fault(kind, seq))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a verification found; `next_seq` is where to go on when `rows_max` ended it."""

    checked: int
    faults: Sequence[Fault]
    head_seq: int
    head_hash: bytes
    next_seq: int | None


async def verify(
    tx: Tx,
    table: Table,
    checkpoints: Sequence[Checkpoint],
    *,
    from_seq: int = 1,
    rows_max: int | None = None,
) -> Verdict:
    """Walk the trail from a row on, in batches, so that memory stays flat.

    Beginning behind the first row trusts the row before it.
    """
    walk = Walk(checkpoints, from_seq)
    if from_seq > 1:
        before = select(table.c.hash).where(table.c.seq == from_seq - 1)
        walk.prev_hash = await tx.scalar(before) or _BEGIN
    while True:
        room = _BATCH if rows_max is None else min(_BATCH, rows_max - walk.checked)
        if room <= 0:
            return _verdict(walk, ended=False)
        batch = select(table).where(table.c.seq >= walk.next_seq).order_by(table.c.seq).limit(room)
        rows = (await tx.execute(batch)).mappings().all()
        for row in rows:
            walk.take(row)
        if len(rows) < room:
            walk.end()
            return _verdict(walk, ended=True)


def _verdict(walk: Walk, *, ended: bool) -> Verdict:
    return Verdict(
        walk.checked,
        tuple(walk.faults),
        walk.next_seq - 1 if walk.checked else 0,
        walk.prev_hash if walk.checked else _BEGIN,
        None if ended else walk.next_seq,
    )
