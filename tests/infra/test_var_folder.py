from __future__ import annotations

import json
import os
import socket
import stat
from pathlib import Path

import pytest

from infra.ports import choose, free_port, is_free, require_free
from infra.var_folder import CannotStart, VarFolder, read_json, write_private


@pytest.fixture
def var(tmp_path: Path) -> VarFolder:
    folder = VarFolder(tmp_path / "var")
    folder.prepare()
    return folder


def test_secrets_are_made_once_and_are_the_owners_alone(var: VarFolder) -> None:
    first = var.secret("databases", ["a", "b"])
    assert VarFolder(var.root).secret("databases", ["a", "b", "c"]) | first == (
        VarFolder(var.root).secret("databases", ["a", "b", "c"])
    )
    assert len(set(var.secret("databases", ["a", "b", "c"]).values())) == 3
    assert stat.S_IMODE(var.secrets_file.stat().st_mode) == 0o600


def test_groups_of_secrets_are_kept_apart(var: VarFolder) -> None:
    assert var.secret("databases", ["gateway"]) != var.secret("clients", ["gateway"])
    assert set(json.loads(var.secrets_file.read_text(encoding="utf-8"))) == {
        "databases",
        "clients",
    }


def test_a_second_holder_is_told_who_came_first(var: VarFolder) -> None:
    with var.locked("http://here"):
        with pytest.raises(CannotStart) as refused, VarFolder(var.root).locked("http://there"):
            pass
        assert f"process {os.getpid()}, http://here" in str(refused.value)
        assert "VAR=" in refused.value.cure
    with VarFolder(var.root).locked("http://there"):
        assert "http://there" in var.lock_file.read_text(encoding="utf-8")


def test_broken_secrets_stop_the_start_instead_of_being_made_anew(var: VarFolder) -> None:
    var.secrets_file.write_text("{", encoding="utf-8")
    with pytest.raises(CannotStart):
        var.secret("databases", ["a"])
    assert var.secrets_file.read_text(encoding="utf-8") == "{"


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("", encoding="utf-8")
    with pytest.raises(CannotStart) as refused:
        VarFolder(blocked / "var").prepare()
    assert "cannot be written" in str(refused.value)


def test_a_private_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "x"
    write_private(path, '{"a": 1}')
    write_private(path, '{"a": 2}')
    assert read_json(path) == {"a": 2}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]
    assert read_json(tmp_path / "none") == {}


def test_a_taken_port_is_seen_and_another_chosen() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        taken = server.getsockname()[1]
        assert not is_free(taken)
        chosen = choose({"a": taken, "b": taken})
        assert taken not in chosen.values()
        assert len(set(chosen.values())) == 2
        with pytest.raises(CannotStart) as refused:
            require_free(taken)
        assert f"Port {taken} is taken" in str(refused.value)
        assert "PORT=" in refused.value.cure


def test_a_free_port_is_taken_as_it_is() -> None:
    port = free_port()
    assert choose({"a": port}) == {"a": port}
    require_free(port)
