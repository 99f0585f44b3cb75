"""The incidents service against its own OpenAPI document, with a partition that always answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from kit.clock import SystemClock
from kit.testing.tokens import ISSUER, TestTokens
from services.incidents.app import create_app
from services.incidents.settings import Settings
from tests import openapi_gate
from tests.incidents.partition import FakeGridPartition, Rectangle
from tests.incidents.reports import GRID

#: Two operations refuse by rules that no schema can say: a category is one of the stored ones and
#: its attributes are its own; which fields an action takes depends on the action.
SEMANTIC = """
[[operations]]
include-name = "POST /incidents/v1/incidents"
checks.positive_data_acceptance.expected-statuses = ["2xx", "401", "403", "404", "409", "422"]

[[operations]]
include-name = "POST /incidents/v1/incidents/{{incident_id}}/transitions"
checks.positive_data_acceptance.expected-statuses = ["2xx", "401", "403", "404", "409", "422"]

[[operations]]
include-name = "GET /incidents/v1/incidents"
# A box has its south below its north.
checks.positive_data_acceptance.expected-statuses = ["2xx", "401", "403", "404", "406", "422"]
"""
#: Well-formed reports name a stored category and a grid in force, so that most are taken in.
REPORTS = f"""

@schemathesis.hook
def before_call(context, case, kwargs):
    meta = case.meta
    if meta is None or meta.generation.mode is not GenerationMode.POSITIVE:
        return
    if case.headers is not None and case.method == "POST" and "If-Match" in case.headers:
        case.headers["If-Match"] = "*"
    if isinstance(case.body, dict) and "category_code" in case.body:
        case.body["category_code"] = "0102"
        case.body.pop("attributes", None)
        if case.body.get("grid_code"):
            case.body["grid_code"] = "{GRID}"
"""


def test_the_service_keeps_its_contract(
    url: str, tokens: TestTokens, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openapi_gate, "CONFIG", openapi_gate.CONFIG + SEMANTIC)
    monkeypatch.setattr(openapi_gate, "HOOKS", openapi_gate.HOOKS + REPORTS)
    grids = FakeGridPartition([Rectangle(GRID, -181, -91, 181, 91)])
    settings = Settings(database_url=url, issuer=ISSUER, environment="development")
    app = create_app(
        settings, verifier=tokens.verifier(), clock=SystemClock(), partition=grids.transport()
    )
    # What every service has from the kit is gone through by the kit's own gate.
    own = ("--exclude-path-regex", "^/(livez|readyz|version|problems)")
    code, report = openapi_gate.run_gate(app, tokens.sign(tokens.claims()), tmp_path, *own)
    assert code == 0, report
