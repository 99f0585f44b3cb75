"""The toy service against its own OpenAPI document: the kit's part of every service's gate."""

from __future__ import annotations

from pathlib import Path

from kit.testing.clock import FrozenClock
from kit.testing.databases import TestDatabases
from kit.testing.tokens import TestTokens
from tests.kit.toy import app as toy
from tests.openapi_gate import run_gate


def test_the_toy_service_keeps_its_contract(
    databases: TestDatabases, tokens: TestTokens, clock: FrozenClock, tmp_path: Path
) -> None:
    token = tokens.sign(tokens.claims())
    with databases.fresh(Path(toy.__file__).parent) as url:
        app = toy.create_app(url, tokens.verifier(), clock)
        code, report = run_gate(app, token, tmp_path, "--exclude-path-regex", "/sink$")
    assert code == 0, report
