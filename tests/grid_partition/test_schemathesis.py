"""Schemathesis, all checks, over real HTTP with a plan in force."""

from __future__ import annotations

from pathlib import Path

from kit.testing.clock import FrozenClock
from kit.testing.tokens import TestTokens
from services.grid_partition.app import create_app
from tests.fakes.registry import FakeRegistry
from tests.grid_partition.maps import a_road
from tests.grid_partition.service import peers, running, settings_for
from tests.openapi_gate import run_gate, served

#: What no schema can say, so that a well-formed request may be refused with 422: rules whose
#: numbers contradict each other, areas without communities, violations of another plan.
SEMANTIC = """
[[operations]]
include-path = "/partition/v1/rule-sets"
checks.positive_data_acceptance.expected-statuses = ["2xx", "401", "403", "404", "409", "422"]
"""


def test_the_contract_holds_whatever_comes(
    url: str, fake_registry: FakeRegistry, tokens: TestTokens, clock: FrozenClock, tmp_path: Path
) -> None:
    settings = settings_for(url, tmp_path)
    with running(settings, fake_registry, tokens, clock) as service:
        service.import_barriers([a_road()])
        service.in_force()
    with served(peers(fake_registry)) as address:
        reachable = settings.model_copy(
            update={"registry_url": address, "token_url": f"{address}/oauth/token"}
        )
        app = create_app(reachable, verifier=tokens.verifier(), clock=clock)
        code, report = run_gate(app, tokens.sign(tokens.claims()), tmp_path, examples=50)
    assert code == 0, report
