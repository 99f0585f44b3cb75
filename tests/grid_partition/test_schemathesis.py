"""Schemathesis, all checks, over real HTTP with a plan in force."""

from __future__ import annotations

from pathlib import Path

import pytest

from kit.testing.clock import FrozenClock
from kit.testing.tokens import TestTokens
from services.grid_partition.app import create_app
from tests import openapi_gate
from tests.fakes.registry import FakeRegistry
from tests.grid_partition.maps import FIRST, a_road
from tests.grid_partition.service import peers, running, settings_for

#: What no schema can say, so that a well-formed request may be refused with 422: rules whose
#: numbers contradict each other, areas without communities, violations of another plan.
SEMANTIC = "".join(
    f"""
[[operations]]
include-name = "{operation}"
checks.positive_data_acceptance.expected-statuses = ["2xx", "401", "403", "404", "409", "422"]
"""
    for operation in (
        "POST /partition/v1/rule-sets",
        "PATCH /partition/v1/rule-sets/{{rule_set_id}}",
        "POST /partition/v1/plans",
        "POST /partition/v1/plans/{{plan_id}}/transitions",
    )
)
#: Well-formed requests name the plan, the grid and the area that are there, so that most get in.
KNOWN = """

@schemathesis.hook
def before_call(context, case, kwargs):
    meta = case.meta
    if meta is None or meta.generation.mode is not GenerationMode.POSITIVE:
        return
    known = {"plan_id": "PLAN", "code": "GRID"}
    for name in known.keys() & (case.path_parameters or {}).keys():
        case.path_parameters[name] = known[name]
    if isinstance(case.body, dict) and "kind" in case.body:
        case.body |= {"area": "AREA", "rule_set": "default"}
"""
#: What every service has from the kit is gone through by the kit's own gate; a stream of events
#: lasts as long as its plan is computed, and nobody computes here.
LEFT_OUT = "^/(livez|readyz|version|problems)|/imports|/events$"


def test_the_contract_holds_whatever_comes(
    url: str,
    fake_registry: FakeRegistry,
    tokens: TestTokens,
    clock: FrozenClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = settings_for(url, tmp_path)
    with running(settings, fake_registry, tokens, clock) as service:
        service.import_barriers([a_road()])
        plan = service.in_force()
    known = KNOWN.replace("PLAN", plan["id"]).replace("GRID", f"{FIRST}001")
    hooks = openapi_gate.HOOKS + known.replace("AREA", FIRST)
    monkeypatch.setattr(openapi_gate, "HOOKS", hooks)
    monkeypatch.setattr(openapi_gate, "CONFIG", openapi_gate.CONFIG + SEMANTIC)
    with openapi_gate.served(peers(fake_registry)) as address:
        there = {"registry_url": address, "token_url": f"{address}/oauth/token"}
        app = create_app(settings.model_copy(update=there), verifier=tokens.verifier(), clock=clock)
        token = tokens.sign(tokens.claims())
        own = ("--exclude-path-regex", LEFT_OUT)
        code, report = openapi_gate.run_gate(app, token, tmp_path, *own, examples=50)
    assert code == 0, report
