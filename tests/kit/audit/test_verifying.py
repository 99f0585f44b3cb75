"""The verifier finds a changed, dropped or swapped row; checkpoints find cut and rewritten ends."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import asyncpg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from kit.audit import checkpoints
from kit.audit.checkpoints import Notary, Trail
from kit.audit.trail import CONTENT, Actor, append, digest, link
from kit.audit.verifying import Verdict, Walk, verify
from kit.db import Database
from kit.testing.keys import a_vault
from tests.kit.audit.conftest import AUDIT
from tests.kit.audit.test_trail import ACTOR, AT, entry

ROWS = 10
Sql = Callable[..., Awaitable[None]]


def after(url: str, trail: Trail, *tampering: str, checkpoint: bool = False) -> Verdict:
    """The verdict on a trail of ten rows after somebody with all rights has tampered with it."""

    async def run() -> Verdict:
        database = Database(url, application="test")
        try:
            async with database.unit_of_work() as tx:
                for number in range(ROWS):
                    await append(tx, AUDIT, ACTOR, entry(number), at=AT)
            if checkpoint:
                await checkpoints.take(trail, database, at=AT)
            if tampering:
                connection = await asyncpg.connect(url)
                # A superuser can: the chain is what tells.
                await connection.execute("SET session_replication_role = replica")
                for statement in tampering:
                    await connection.execute(statement)
                await connection.close()
            async with database.reading() as tx:
                return await verify(tx, AUDIT, trail.kept())
        finally:
            await database.close()

    return asyncio.run(run())


def kinds(verdict: Verdict) -> list[tuple[str, int]]:
    return [(fault.kind, fault.seq) for fault in verdict.faults]


def test_an_untouched_trail_is_whole(url: str, trail: Trail) -> None:
    verdict = after(url, trail, checkpoint=True)
    assert (verdict.checked, kinds(verdict)) == (ROWS, [])


@pytest.mark.parametrize(
    "change",
    [
        "purpose = 'other'",
        "client_id = 'nobody'",
        "at = at + interval '1 microsecond'",
        "subjects = '{}'",
        "areas = '{*}'",
        "fields = fields || 'x'::text",
        "details = details || '{\"count\": 9}'",
        "outcome = 'refused'",
        "ip = NULL",
    ],
)
def test_one_changed_row_is_found(url: str, trail: Trail, change: str) -> None:
    verdict = after(url, trail, f"UPDATE audit SET {change} WHERE seq = 4")
    assert kinds(verdict) == [("changed", 4)]


def test_one_changed_byte_of_a_link_is_found(url: str, trail: Trail) -> None:
    flipped = "UPDATE audit SET hash = set_byte(hash, 5, get_byte(hash, 5) # 1) WHERE seq = 4"
    assert kinds(after(url, trail, flipped)) == [("changed", 4), ("reordered", 5)]


def test_a_dropped_row_is_found(url: str, trail: Trail) -> None:
    assert kinds(after(url, trail, "DELETE FROM audit WHERE seq = 4")) == [("missing", 4)]


def test_a_dropped_row_whose_gap_was_closed_is_found(url: str, trail: Trail) -> None:
    verdict = after(
        url,
        trail,
        "DELETE FROM audit WHERE seq = 9",
        "UPDATE audit SET seq = 9 WHERE seq = 10",
    )
    assert kinds(verdict)[0] == ("reordered", 9)


def test_two_swapped_rows_are_found(url: str, trail: Trail) -> None:
    verdict = after(
        url,
        trail,
        "UPDATE audit SET seq = 99 WHERE seq = 4",
        "UPDATE audit SET seq = 4 WHERE seq = 7",
        "UPDATE audit SET seq = 7 WHERE seq = 99",
    )
    assert ("reordered", 4) in kinds(verdict)
    assert ("reordered", 7) in kinds(verdict)


def test_swapped_contents_are_found(url: str, trail: Trail) -> None:
    verdict = after(
        url,
        trail,
        "UPDATE audit a SET details = b.details FROM audit b "
        "WHERE (a.seq, b.seq) IN ((4, 7), (7, 4))",
    )
    assert kinds(verdict) == [("changed", 4), ("changed", 7)]


def test_a_tail_that_was_cut_off_is_found_by_the_checkpoint_only(url: str, trail: Trail) -> None:
    cut = "DELETE FROM audit WHERE seq > 8"
    assert kinds(after(url, trail, cut, checkpoint=True)) == [("tail_cut", 9)]


def test_without_a_checkpoint_a_cut_tail_cannot_be_found(url: str, trail: Trail) -> None:
    assert kinds(after(url, trail, "DELETE FROM audit WHERE seq > 8")) == []


def test_an_empty_trail_that_once_had_rows_is_found(url: str, trail: Trail) -> None:
    assert kinds(after(url, trail, "DELETE FROM audit", checkpoint=True)) == [("tail_cut", 1)]


def test_a_chain_written_anew_is_found_by_the_checkpoint(url: str, trail: Trail) -> None:
    verdict = after(
        url,
        trail,
        "CREATE TEMP TABLE kept AS SELECT * FROM audit",
        "DELETE FROM audit",
        "SET session_replication_role = origin",
        *(
            # The forger knows how links are made, and makes all of them anew.
            "INSERT INTO audit SELECT * FROM kept WHERE seq = 1"
            for _ in range(ROWS)
        ),
        checkpoint=True,
    )
    assert ("rewritten", ROWS) in kinds(verdict) or ("changed", ROWS) in kinds(verdict)


def test_a_forged_checkpoint_is_not_believed(url: str, trail: Trail) -> None:
    good = trail.notary.sign(3, bytes(32), AT)
    forged = json.loads(good.line()) | {"seq": 4}
    trail.file.path.write_text(
        f"{json.dumps(forged)}\nno json\n{{}}\n{Notary('toy', a_vault()).sign(3, b'', AT).line()}\n"
        f"{Notary('other', trail.notary._vault).sign(3, b'', AT).line()}\n"
    )
    assert kinds(after(url, trail)) == [("checkpoint_not_genuine", 0)] * 5


def test_a_checkpoint_can_be_checked_by_anybody_with_the_public_key(trail: Trail) -> None:
    made = trail.notary.sign(7, bytes(range(32)), AT)
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(trail.notary.public_key))
    told = json.loads(made.line())
    signature = base64.b64decode(told.pop("signature"))
    public.verify(signature, json.dumps(told, sort_keys=True, separators=(",", ":")).encode())


def test_checkpoints_are_kept_once_per_state(url: str, trail: Trail) -> None:
    async def run() -> None:
        database = Database(url, application="test")
        try:
            assert await checkpoints.take(trail, database, at=AT) is None
            async with database.unit_of_work() as tx:
                await append(tx, AUDIT, ACTOR, entry(), at=AT)
            assert (await checkpoints.take(trail, database, at=AT)) is not None
            assert await checkpoints.take(trail, database, at=AT) is None
        finally:
            await database.close()

    asyncio.run(run())
    assert [kept.seq for kept in trail.kept()] == [1]
    assert trail.file.path.stat().st_mode & 0o777 == 0o600


def test_a_part_of_the_trail_can_be_verified_and_gone_on_with(url: str, trail: Trail) -> None:
    assert after(url, trail).checked == ROWS

    async def parts() -> list[Verdict]:
        database = Database(url, application="test")
        try:
            async with database.reading() as tx:
                return [
                    await verify(tx, AUDIT, [], from_seq=1, rows_max=4),
                    await verify(tx, AUDIT, [], from_seq=5, rows_max=100),
                    await verify(tx, AUDIT, [], from_seq=99),
                ]
        finally:
            await database.close()

    first, second, beyond = asyncio.run(parts())
    assert (first.checked, first.next_seq, first.faults) == (4, 5, ())
    assert (second.checked, second.next_seq, second.faults, second.head_seq) == (6, None, (), 10)
    assert (beyond.checked, beyond.head_seq) == (0, 0)


def a_chain(length: int) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    prev = bytes(32)
    for seq in range(1, length + 1):
        row: dict[str, object] = dict.fromkeys(CONTENT, "x")
        row |= {"at": datetime(2026, 1, 1, tzinfo=UTC), "details": {"seq": seq}, "seq": seq}
        row |= {"prev_hash": prev, "hash": link(prev, seq, digest(row))}
        prev = bytes(row["hash"])  # type: ignore[call-overload] # bytes it is
        rows.append(row)
    return rows


@given(st.permutations(range(6)))
def test_any_other_order_of_rows_is_found(order: list[int]) -> None:
    chain = a_chain(6)
    walk = Walk()
    for at, index in enumerate(order):
        walk.take(chain[index] | {"seq": at + 1})
    walk.end()
    assert bool(walk.faults) == (order != list(range(6)))


def test_a_walk_keeps_no_more_faults_than_are_of_use() -> None:
    walk = Walk()
    for row in a_chain(300):
        walk.take(row | {"purpose": "forged"})
    assert len(walk.faults) == 100


def test_an_actor_of_a_token_is_the_client(trail: Trail) -> None:
    assert trail.service == "toy"
    assert Actor("a", ("*",)).ip is None
