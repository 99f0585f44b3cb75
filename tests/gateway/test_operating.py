"""`python -m gateway`: what the operator and `make run` type."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from gateway.app import PACKAGE_DIR
from gateway.tokens.domain import is_secret
from kit.testing.databases import TestDatabases
from tests.gateway.serving import bound_socket

ROOT = Path(__file__).parents[2]
Typed = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def typed(
    databases: TestDatabases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Typed]:
    """Run a command of the gateway on a migrated database of its own."""
    with databases.fresh(PACKAGE_DIR) as url:
        monkeypatch.setenv("GATEWAY_ENVIRONMENT", "development")
        monkeypatch.setenv("GATEWAY_DATABASE_URL", url)
        monkeypatch.setenv("GATEWAY_KEY_FILE", str(tmp_path / "gateway.key"))

        def run(*words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                [sys.executable, "-m", "gateway", *words],
                cwd=ROOT, input=stdin, capture_output=True, text=True, check=False,
            )  # fmt: skip

        yield run


def test_a_client_can_be_ensured_again_and_again(typed: Typed, tmp_path: Path) -> None:
    secret_file = tmp_path / "secrets" / "registry"
    words = [
        *("clients", "create", "--ensure", "--id", "registry", "--name", "Registry"),
        *("--scope", "registry:read", "--area", "*", "--secret-file", str(secret_file), "--json"),
    ]
    first = typed(*words)
    assert first.returncode == 0, first.stderr
    assert json.loads(first.stdout) == {"client_id": "registry", "created": True}
    assert secret_file.stat().st_mode & 0o777 == 0o600
    secret = secret_file.read_text().strip()
    assert is_secret(secret)
    again = typed(*words, "--scope", "registry:write")
    assert json.loads(again.stdout)["created"] is False
    from_stdin = [word if word != str(secret_file) else "-" for word in words]
    assert typed(*from_stdin, stdin=secret + "\n").returncode == 0
    (row,) = json.loads(typed("clients", "list", "--json").stdout)
    assert row == {
        "client_id": "registry", "name": "Registry", "state": "active",
        "scopes": "registry:read", "areas": "*", "secrets": 1,
    }  # fmt: skip


def test_a_refusal_is_one_line_and_exit_code_1(typed: Typed) -> None:
    wrong = ("clients", "create", "--name", "A", "--scope", "admin", "--secret-file", "-")
    for words, stdin, said in (
        (("clients", "revoke", "nobody"), "", "client.not_found"),
        (wrong, "x\n", "stdin holds no client secret"),
    ):
        done = typed(*words, stdin=stdin)
        assert (done.returncode, done.stderr.count("\n")) == (1, 1)
        assert done.stderr.startswith(said)


def test_the_gateway_starts_gives_a_token_and_ends_in_order(
    typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("clients", "create", "--name", "A", "--scope", "admin", "--json")
    made = json.loads(typed(*words).stdout)
    assert is_secret(made["client_secret"])
    assert "kid" in json.loads(typed("keys", "rotate", "--json").stdout)
    bound = bound_socket()
    port = bound.getsockname()[1]
    bound.close()
    monkeypatch.setenv("GATEWAY_PORT", str(port))
    process = subprocess.Popen(
        [sys.executable, "-m", "gateway", "serve"], cwd=ROOT, stderr=subprocess.DEVNULL
    )
    try:
        url = f"http://127.0.0.1:{port}"
        until = time.monotonic() + 20
        while True:
            try:
                assert httpx.get(f"{url}/readyz").status_code == 200
                break
            except httpx.HTTPError:
                assert time.monotonic() < until
                time.sleep(0.1)
        answer = httpx.post(
            f"{url}/oauth/token",
            data={"grant_type": "client_credentials"},
            auth=(made["client_id"], made["client_secret"]),
        )
        assert answer.status_code == 200, answer.text
        assert "server" not in answer.headers
    finally:
        process.terminate()
        assert process.wait(20) in {0, -15}


def test_the_contract_is_printed_without_a_database(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GATEWAY_DATABASE_URL", "postgresql://x@/x")
    monkeypatch.setenv("GATEWAY_OPENAPI_FOLDER", str(tmp_path))
    done = subprocess.run(
        [sys.executable, "-m", "gateway", "contract", "--check"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "/oauth/token" in json.loads(done.stdout)["paths"]
