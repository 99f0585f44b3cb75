"""Key rings: read, checked, made in development only; what is sealed opens in one place only."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.sealing.keys import KeyFileError, KeyRing, SealBroken, read_key_ring, version_of

KEY = bytes(range(180, 212))
OTHER = bytes(range(20, 52))


def encoded(key: bytes) -> str:
    return base64.b64encode(key).decode()


@given(st.binary(max_size=300), st.text(max_size=60))
def test_what_is_sealed_opens_under_its_key_and_for_its_row_only(content: bytes, row: str) -> None:
    ring, bound = KeyRing({1: KEY}, {}), row.encode()
    sealed = ring.seal(bound, content)
    assert sealed.startswith(b"v1:")
    assert len(sealed) == len(content) + 3 + 12 + 16
    assert ring.unseal(bound, sealed) == content
    assert ring.seal(bound, content) != sealed
    flipped = sealed[:-1] + bytes([sealed[-1] ^ 1])
    for other, where, what in (
        (KeyRing({1: OTHER}, {}), bound, sealed),
        (ring, bound + b"x", sealed),
        (ring, bound, flipped),
        (ring, bound, b""),
        (ring, bound, b"v1:"),
        (ring, bound, b"v0:" + sealed[3:]),
        (ring, bound, b"v2:" + sealed[3:]),
    ):
        with pytest.raises(SealBroken):
            other.unseal(where, what)


def test_the_highest_version_seals_and_all_of_them_open() -> None:
    old, both = KeyRing({1: KEY}, {}), KeyRing({1: KEY, 12: OTHER}, {})
    sealed = old.seal(b"row", b"content")
    assert both.versions == [1, 12]
    assert both.unseal(b"row", sealed) == b"content"
    fresh = both.seal(b"row", b"content")
    assert (version_of(sealed), version_of(fresh)) == (1, 12)
    with pytest.raises(SealBroken, match="v12"):
        old.unseal(b"row", fresh)


def test_development_makes_a_key_file_that_nobody_else_reads(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "service.key"
    made = read_key_ring(path, may_make=True, wanted=("index",))
    assert path.stat().st_mode & 0o777 == 0o600
    sealed = made.seal(b"row", b"content")
    for may_make in (True, False):
        again = read_key_ring(path, may_make=may_make, wanted=("index",))
        assert again.unseal(b"row", sealed) == b"content"
        assert again.named("index") == made.named("index")


def test_development_adds_what_a_file_lacks_and_keeps_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "service.key"
    path.write_text(f"# ours\n{encoded(KEY)}\n")
    ring = read_key_ring(path, may_make=True, wanted=("index", "audit"))
    assert ring.unseal(b"", KeyRing({1: KEY}, {}).seal(b"", b"x")) == b"x"
    lines = path.read_text().splitlines()
    assert lines[:2] == ["# ours", encoded(KEY)]
    assert [line.split()[0] for line in lines[2:]] == ["index", "audit"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "holds no key"),
        ("change-me", "32 bytes in base64"),
        (encoded(bytes(32)), "a sample"),
        (encoded(b"a" * 32), "a sample"),
        (encoded(b"sample-sample-change-me-sample-1"), "a sample"),
        (f"v1 {encoded(KEY)}\nv1 {encoded(OTHER)}", "twice"),
        (f"v1 {encoded(KEY)}\nv2 {encoded(KEY)}", "one key under two names"),
        (f"Index! {encoded(KEY)}", "names a key otherwise"),
        (f"index {encoded(KEY)}", "lacks the key v1"),
        (f"v1 {encoded(KEY)}", "lacks the key index"),
    ],
)
def test_keys_that_are_missing_or_samples_stop_the_start(
    tmp_path: Path, text: str, reason: str
) -> None:
    path = tmp_path / "service.key"
    path.touch(mode=0o600)
    path.write_text(text)
    with pytest.raises(KeyFileError, match=reason):
        read_key_ring(path, may_make=False, wanted=("index",))
    if text:
        with pytest.raises(KeyFileError, match=reason):
            read_key_ring(tmp_path / "none", may_make=False, text=text, wanted=("index",))


def test_production_refuses_a_missing_an_open_and_an_unreadable_file(tmp_path: Path) -> None:
    path = tmp_path / "service.key"
    with pytest.raises(KeyFileError, match="is missing"):
        read_key_ring(path, may_make=False)
    path.write_text(encoded(KEY))
    path.chmod(0o640)
    with pytest.raises(KeyFileError, match="open to others"):
        read_key_ring(path, may_make=False)
    path.write_bytes(b"\xff\xfe")
    path.chmod(0o600)
    with pytest.raises(KeyFileError, match="no text"):
        read_key_ring(path, may_make=False)


def test_the_environment_can_hold_the_keys_and_then_no_file_is_looked_at(tmp_path: Path) -> None:
    text = f"v1 {encoded(KEY)}, index {encoded(OTHER)}"
    ring = read_key_ring(tmp_path / "none", may_make=False, text=text, wanted=("index",))
    assert ring.named("index") == OTHER
    assert ring.secret(1) == KEY
    with pytest.raises(KeyFileError, match="audit"):
        ring.named("audit")
    with pytest.raises(SealBroken, match="v7"):
        ring.secret(7)
