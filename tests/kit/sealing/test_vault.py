"""The vault: fields open in their own table, column and row only; hashes need the key."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.ids import new_id
from kit.sealing.keys import KeyFileError, KeyRing, SealBroken
from kit.sealing.vault import Vault

OLD, NEW, INDEX = (bytes(range(start, start + 32)) for start in (10, 60, 200))


def a_vault(versions: dict[int, bytes] | None = None, index: bytes = INDEX) -> Vault:
    vault = Vault(lambda: KeyRing(versions or {1: OLD}, {"index": index}))
    vault.open()
    return vault


VAULT = a_vault()


@given(st.text(max_size=60), st.uuids())
def test_a_field_opens_in_its_own_place_only(value: str, row_id: UUID) -> None:
    sealed = VAULT.seal("boats", "owner", row_id, value)
    assert VAULT.unseal("boats", "owner", row_id, sealed) == value
    for place in (
        ("harbours", "owner", row_id),
        ("boats", "keeper", row_id),
        ("boats", "owner", new_id()),
    ):
        with pytest.raises(SealBroken):
            VAULT.unseal(*place, sealed)


def test_resealing_changes_the_key_and_keeps_the_content() -> None:
    row_id, later = new_id(), a_vault({1: OLD, 2: NEW})
    sealed = VAULT.seal("boats", "owner", row_id, "王五")
    fresh = later.reseal("boats", "owner", row_id, sealed)
    assert fresh.startswith(b"v2:")
    assert a_vault({2: NEW}).unseal("boats", "owner", row_id, fresh) == "王五"


@given(st.lists(st.text(max_size=12), min_size=1, max_size=4))
def test_a_hash_follows_from_the_key_and_every_part(parts: list[str]) -> None:
    found = VAULT.keyed_hash(*parts)
    assert len(found) == 32
    assert found == VAULT.keyed_hash(*parts)
    assert found != VAULT.keyed_hash(*parts, "")
    assert found != VAULT.keyed_hash("x" + parts[0], *parts[1:])
    assert found != a_vault(index=NEW).keyed_hash(*parts)


def test_a_vault_that_was_not_opened_does_nothing() -> None:
    closed = Vault(lambda: KeyRing({1: OLD}, {"index": INDEX}))
    with pytest.raises(RuntimeError, match="before it was opened"):
        closed.seal("boats", "owner", new_id(), "x")
    with pytest.raises(RuntimeError, match="before it was opened"):
        closed.keyed_hash("x")
    with pytest.raises(KeyFileError, match="index"):
        Vault(lambda: KeyRing({1: OLD}, {})).open()
