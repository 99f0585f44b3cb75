"""The registry against its own OpenAPI document: every operation, every check.

What a schema cannot say is put into well-formed cases before they are sent: rings are closed and
do not cross, and references name rows that exist.  Hostile cases stay hostile; no check is left
out and no status is added to the expected ones.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kit.testing.in_process import in_process
from kit.testing.tokens import ISSUER, TestTokens
from services.registry.app import create_app
from tests import openapi_gate
from tests.registry.factories import V1, A, Registry, a_team, an_organization, inside, settings_for

NUMBER = "63010219900307159X"

#: What a pattern cannot say: check characters, hours in order, divisions that are there.
FITTING = {
    "uscc": "91350100M000100Y43",
    "opening_hours": "Mo-Fr 09:00-18:00",
    "division_code": A,
    "jurisdiction": [A],
    "use": "residential",
}
REFERENCES = {
    "building": "B1",
    "dwelling": "D1",
    "estate": "E1",
    "parent": "O1",
    "organization": "O1",
    "property_company": "O1",
    "owners_committee": "O2",
    "party_branch": "O3",
    "residents_group": "O4",
    "household": "H1",
    "registered_household": "H1",
    "member": "M1",
    "team": "T1",
}
#: Well-formed bodies get rings that are closed, and name the community and the rows that are there.
KNOWN = f"""

@schemathesis.hook
def before_call(context, case, kwargs):
    meta = case.meta
    body = case.body
    if meta is None or meta.generation.mode is not GenerationMode.POSITIVE:
        return
    if case.path_parameters and "address_code" in case.path_parameters:
        case.path_parameters["address_code"] = "DOOR-1"
    # A link that follows a reference to nothing asks for nothing that is there.
    for name, value in (case.path_parameters or {{}}).items():
        if value in (None, "None"):
            case.path_parameters[name] = "01900000-0000-7000-8000-000000000000"
    # Purposes are of the list.
    if case.headers is not None and case.headers.get("X-Purpose"):
        case.headers["X-Purpose"] = "data_check; gate"
    about_people = set(case.operation.path.split("/")) & PEOPLE
    if about_people:
        known_of_people(case, body)
    if not isinstance(body, dict):
        return
    for name in ("geometry", "boundary"):
        if body.get(name):
            body[name] = {json.dumps(inside(A))}
            body.pop("crs", None)
    if body.get("community_code"):
        body["community_code"] = "{A}"
    for name, known in {json.dumps(FITTING)}.items():
        if body.get(name):
            body[name] = known
    body.pop("address_code", None)
    for name in ("has_property_company", "has_owners_committee", "has_party_branch",
                 "has_resident_organization"):
        body.pop(name, None)
    if any(noun in case.path for noun in ("organizations", "service-points", "teams")):
        body["kind"] = "other"
    for share in body.get("shares") or ():
        if isinstance(share, dict):
            share["grid_code"] = "{A}001"
            for name in ("floor_from", "floor_to", "unit_from", "unit_to"):
                share.pop(name, None)
    if "memberships" in case.path:
        body.update({{"valid_from": "2026-01-01", "valid_to": None}})
    for name, known in {json.dumps(REFERENCES)}.items():
        if body.get(name):
            body[name] = {{"source": "gate", "source_id": known}}
        body.pop(name + "_id", None)


PEOPLE = {{"residents", "members", "appointments"}}
KNOWN = {{
    "id_number": "{NUMBER}",
    "phone": "13800138000",
    "work_phone": "0971-8123567",
    "name": "王五",
    "kind": "grid_member",
    "post": "grid_member",
    "division_code": "{A}",
    "place_code": "{A}",
    "reason": "subject_request",
}}


def known_of_people(case, body):
    # Codes are of the lists, numbers of nobody, days come one after another.
    if case.headers is not None and case.operation.path.endswith("/erasure"):
        case.headers["If-Match"] = "*"
    for name, known in (("tag", "elderly"), ("kind", "grid_head"), ("post", "grid_head")):
        if case.query and name in case.query:
            case.query[name] = known
    if not isinstance(body, dict):
        return
    body.update({{name: known for name, known in KNOWN.items() if body.get(name)}})
    if body.get("tags"):
        body["tags"] = ["elderly"]
    if "birth_date" in body:
        body["birth_date"] = None
    if {{"valid_from", "valid_to", "end_reason"}} & body.keys():
        body.update({{"valid_from": "2026-01-01", "valid_to": None, "end_reason": None}})
    if case.operation.path.endswith("/lookup"):
        body.update({{"by": "phone", "value": "13800138000"}})
    if case.operation.path.endswith("/residents") or "/residents/by-source" in case.operation.path:
        body["household"] = {{"source": "gate", "source_id": "H1"}}
    if "/residents" in case.operation.path:
        body.pop("household_id", None)
        body.pop("registered_household_id", None)
"""
#: What every service has from the kit is gone through by the kit's own gates.
OF_THE_KIT = "^/(livez|readyz|version|problems)|/imports"


def without_long_limits(part: Any) -> Any:
    """The contract, without the upper limits of coordinate lists.

    Cases at such a limit (20,000 positions and one more) cost seconds each to make; tests of
    single requests hold those limits.
    """
    if isinstance(part, list):
        return [without_long_limits(item) for item in part]
    if not isinstance(part, dict):
        return part
    kept = {name: without_long_limits(value) for name, value in part.items()}
    if isinstance(kept.get("maxItems"), int) and kept["maxItems"] > 100:
        del kept["maxItems"]
    return kept


def test_the_registry_keeps_its_contract(
    url: str, tokens: TestTokens, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_for(
        url, tmp_path, issuer=ISSUER, lookups_per_minute=1_000_000, clear_rows_per_day=10**9
    )
    with in_process(create_app(settings, verifier=tokens.verifier())) as client:
        client.headers.update(tokens.headers())
        registry = Registry(client)
        registry.district()
        for place, body in (
            ("estates/by-source/gate/E1", {"community_code": A, "name": "小区"}),
            ("buildings/by-source/gate/B1", {"community_code": A, "geometry": inside(A)}),
            (
                "households/by-source/gate/H1",
                {"building": {"source": "gate", "source_id": "B1"}, "household_no": "001"},
            ),
            (
                "members/by-source/gate/M1",
                {"division_code": A, "kind": "grid_head", "name": "王五"},
            ),
            (
                "dwellings/by-source/gate/D1",
                {"building": {"source": "gate", "source_id": "B1"}, "address_code": "DOOR-1"},
            ),
            ("teams/by-source/gate/T1", a_team(A)),
            ("organizations/by-source/gate/O1", an_organization(A)),
            ("organizations/by-source/gate/O2", an_organization(A, kind="owners_committee")),
            ("organizations/by-source/gate/O3", an_organization(A, kind="estate_party_branch")),
            ("organizations/by-source/gate/O4", an_organization(A, kind="residents_group")),
        ):
            registry.done(client.put(f"{V1}/{place}", json=body))
    monkeypatch.setattr(openapi_gate, "HOOKS", openapi_gate.HOOKS + KNOWN)
    app = create_app(settings, verifier=tokens.verifier())
    code, report = openapi_gate.run_gate(
        app,
        tokens.sign(tokens.claims()),
        tmp_path,
        "--exclude-path-regex",
        OF_THE_KIT,
        contract=without_long_limits(app.openapi()),
    )
    assert code == 0, report
