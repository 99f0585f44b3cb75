"""Following a plan: server-sent events, resumed where they broke off."""

from __future__ import annotations

import json
from typing import Any

from tests.grid_partition.service import V1, Service


def read_events(text: str) -> list[dict[str, Any]]:
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
        if "event" in fields:
            fields["data"] = json.loads(fields["data"])
            found.append(fields)
    return found


def test_a_watcher_hears_every_step_in_order(service: Service) -> None:
    plan = service.computed()
    answer = service.client.get(f"{V1}/plans/{plan['id']}/events")
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = read_events(answer.text)
    assert [event["event"] for event in events] == [
        "state", "progress", "progress", "progress", "state",
    ]  # fmt: skip
    assert [int(event["id"]) for event in events] == [1, 2, 3, 4, 5]
    assert [event["data"].get("done") for event in events[1:4]] == [0, 1, 2]
    assert events[-1]["data"]["state"] == "computed"


def test_a_broken_stream_goes_on_behind_the_last_event(service: Service) -> None:
    plan = service.computed()
    place = f"{V1}/plans/{plan['id']}/events"
    rest = read_events(service.client.get(place, headers={"Last-Event-ID": "3"}).text)
    assert [int(event["id"]) for event in rest] == [4, 5]
    over = service.client.get(place, headers={"Last-Event-ID": "5"})
    assert over.status_code == 204
    garbage = service.client.get(place, headers={"Last-Event-ID": "x" * 50})
    assert len(read_events(garbage.text)) == 5


def test_a_watcher_of_another_area_sees_no_plan(service: Service) -> None:
    plan = service.computed()
    answer = service.client.get(
        f"{V1}/plans/{plan['id']}/events", headers=service.seen_by("630103")
    )
    assert answer.status_code == 404
