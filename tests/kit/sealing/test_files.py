"""Sealed files: the same bytes come back from any position; a cut or changed file does not open."""

from __future__ import annotations

import os
import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.sealing.files import CHUNK_BYTES, FileSealer, open_sealed
from kit.sealing.keys import KeyRing, SealBroken

RING = KeyRing({1: bytes(range(180, 212))}, {})
STEP = CHUNK_BYTES + 16
HEAD = 3 + 16


def write(path: Path, *parts: bytes, name: str = "upload") -> Path:
    sealer = FileSealer(RING, name)
    path.write_bytes(b"".join([*(sealer.update(part) for part in parts), sealer.finish()]))
    return path


def content_of(path: Path, name: str = "upload") -> bytes:
    with open_sealed(path, RING, name) as file:
        return file.read()


@pytest.mark.parametrize(
    "size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES, 700_001]
)
def test_a_file_of_any_size_comes_back_and_is_not_readable_on_disk(
    tmp_path: Path, size: int
) -> None:
    content = (b"13800138000" * (size // 11 + 1))[:size]
    path = write(tmp_path / "f", *(content[at : at + 99_991] for at in range(0, size, 99_991)))
    assert content_of(path) == content
    assert b"13800138000" not in path.read_bytes()
    assert path.stat().st_size == HEAD + size + 16 * max(1, -(-size // CHUNK_BYTES))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 700_000), st.integers(0, 300_000)), max_size=8))
def test_reading_from_any_position_gives_what_stands_there(reads: list[tuple[int, int]]) -> None:
    content = os.urandom(600_000)
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder) / "f", content)
        with open_sealed(path, RING, "upload") as file:
            for position, size in reads:
                assert file.seek(position) == position
                assert file.read(size) == content[position : position + size]
                assert file.tell() == max(position, min(position + size, len(content)))
            assert file.seek(-5, os.SEEK_END) == len(content) - 5
            assert file.read() == content[-5:]


def test_a_zip_file_can_be_read_where_it_lies(tmp_path: Path) -> None:
    plain = tmp_path / "plain.zip"
    with zipfile.ZipFile(plain, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", "x" * 1_000_000)
        archive.writestr("b.bin", os.urandom(500_000))
    path = write(tmp_path / "f", plain.read_bytes())
    with open_sealed(path, RING, "upload") as file, zipfile.ZipFile(file) as archive:
        assert archive.read("a.txt") == b"x" * 1_000_000
        assert archive.testzip() is None


def test_a_file_that_was_cut_changed_or_renamed_does_not_open(tmp_path: Path) -> None:
    whole = write(tmp_path / "f", os.urandom(3 * CHUNK_BYTES)).read_bytes()
    chunks = [whole[HEAD + n * STEP : HEAD + (n + 1) * STEP] for n in range(3)]
    damaged = {
        "cut at a chunk": whole[: HEAD + 2 * STEP],
        "cut inside": whole[:-1],
        "only a head": whole[:HEAD],
        "exchanged": whole[:HEAD] + chunks[1] + chunks[0] + chunks[2],
        "flipped": whole[:-1] + bytes([whole[-1] ^ 1]),
        "longer": whole + chunks[2],
        "empty": b"",
        "plain": b"name,phone\n",
        "another version": b"v2" + whole[2:],
    }
    for kind, content in damaged.items():
        path = tmp_path / "damaged"
        path.write_bytes(content)
        with pytest.raises(SealBroken):
            content_of(path)
        assert kind
    with pytest.raises(SealBroken):
        content_of(tmp_path / "f", name="another")


def test_the_same_file_never_lies_on_disk_the_same_way_twice(tmp_path: Path) -> None:
    first, second = (write(tmp_path / name, b"a" * 100).read_bytes() for name in ("1", "2"))
    assert first != second
