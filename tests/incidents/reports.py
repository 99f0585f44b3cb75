"""Reports as tests send them, and the roads that bring an incident into a state."""

from __future__ import annotations

from typing import Any

import httpx

HERE = (101.79, 36.62)
GRID = "630102002008001"
COMMUNITY = GRID[:12]
DISTRICT = "630102"
PATH = "/incidents/v1/incidents"


def a_report(*, at: tuple[float, float] = HERE, **fields: Any) -> dict[str, Any]:
    """Return the body of a report at a point; a field of None is left out."""
    body = {
        "category_code": "0102",
        "point": {"lon": at[0], "lat": at[1]},
        "text": "垃圾满溢",
    } | fields
    return {name: value for name, value in body.items() if value is not None}


def reported(client: httpx.Client, **fields: Any) -> dict[str, Any]:
    """Report and return the incident."""
    headers = fields.pop("headers", None)
    answer = client.post(PATH, json=a_report(**fields), headers=headers)
    assert answer.status_code in {200, 201}, answer.text
    found: dict[str, Any] = answer.json()
    return found


def act(
    client: httpx.Client,
    incident_id: str,
    action: str,
    *,
    headers: dict[str, str] | None = None,
    **fields: Any,
) -> httpx.Response:
    """Take an action."""
    return client.post(
        f"{PATH}/{incident_id}/transitions", json={"action": action} | fields, headers=headers
    )


def acted(client: httpx.Client, incident_id: str, action: str, **fields: Any) -> dict[str, Any]:
    """Take an action that must succeed; returns the incident."""
    answer = act(client, incident_id, action, **fields)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


#: What each action needs; `until` and `master_id` are filled in by the tests that use them.
FIELDS: dict[str, dict[str, Any]] = {
    "confirm": {"evidence": ["photo 1"]},
    "reject": {"reason": "并非事件"},
    "self_handle": {"evidence": ["photo 2"]},
    "dispatch": {"party": "sanitation-1"},
    "return": {"reason": "非本单位职责"},
    "request_arbitration": {"reason": "已退回两次"},
    "arbitrate": {"reason": "职责所在", "party": "sanitation-2"},
    "resolve": {"evidence": ["photo 3"]},
    "request_extension": {"reason": "配件未到", "until": "2026-03-20T00:00:00Z"},
    "extend": {"approval": "同意", "until": "2026-03-20T00:00:00Z"},
    "request_suspension": {"reason": "冬季不能施工", "until": "2026-04-20T00:00:00Z"},
    "suspend": {"approval": "同意", "until": "2026-04-20T00:00:00Z"},
    "refuse_request": {"reason": "理由不足"},
    "start_mediation": {"dispute_id": "D-1"},
    "mediation_concluded": {"outcome": "达成协议"},
    "mediation_failed": {"reason": "未达成协议"},
    "hand_to_police": {"handoff_id": "P-1"},
    "handoff_concluded": {"outcome": "已处罚"},
    "handoff_returned": {"reason": "不属公安职责"},
    "verify_fail": {"reason": "现场仍有垃圾"},
    "reopen": {"reason": "又出现了"},
    "reopen_by_order": {"reason": "督办"},
    "escalate": {"reason": "多次投诉"},
}

#: The actions that lead to each state.
ROADS: dict[str, tuple[str, ...]] = {
    "reported": (),
    "verifying": ("send_to_verify",),
    "accepted": ("accept",),
    "assigned": ("accept", "dispatch"),
    "in_progress": ("accept", "dispatch", "take"),
    "suspended": ("accept", "dispatch", "take", "request_suspension", "suspend"),
    "in_mediation": ("accept", "dispatch", "take", "start_mediation"),
    "police_handoff": ("accept", "dispatch", "take", "hand_to_police"),
    "resolved": ("accept", "dispatch", "take", "resolve"),
    "closed": ("accept", "dispatch", "take", "resolve", "verify_pass"),
    "rejected": ("reject",),
    "merged": ("merge",),
    "withdrawn": ("withdraw",),
}


def brought_to(
    client: httpx.Client, state: str, verifier: dict[str, str], **fields: Any
) -> dict[str, Any]:
    """Report an incident and bring it to a state; `verifier` are the headers of another client."""
    incident = reported(client, **fields)
    for action in ROADS[state]:
        more = dict(FIELDS.get(action, {}))
        if action == "merge":
            more["master_id"] = reported(client)["id"]
        headers = verifier if action == "verify_pass" else None
        incident = acted(client, incident["id"], action, headers=headers, **more)
    assert incident["state"] == state
    return incident
