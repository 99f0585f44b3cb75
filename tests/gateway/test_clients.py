"""/admin/v1/clients: nobody makes a client that reaches farther than itself; secrets show once."""

from __future__ import annotations

import time
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.gateway.serving import Running

PLACE = "/admin/v1/clients"


def admin(running: Running, *areas: str) -> dict[str, str]:
    return running.headers(scope="admin", client_id="root", areas=list(areas or ("*",)))


def a_client(**fields: Any) -> dict[str, Any]:
    return {
        "client_id": f"app-{uuid4().hex[:8]}",
        "name": "街道平台",
        "scopes": ["incidents:report", "incidents:read"],
        "areas": ["630102001"],
    } | fields


def token_of(web: httpx.Client, client_id: str, secret: str) -> httpx.Response:
    form = {"grant_type": "client_credentials"}
    return web.post("/oauth/token", data=form, auth=(client_id, secret))


def test_a_made_client_gets_tokens_and_its_secret_is_shown_once(
    running: Running, web: httpx.Client
) -> None:
    body = a_client()
    made = web.post(PLACE, json=body, headers=admin(running))
    assert made.status_code == 201, made.text
    content = made.json()
    assert content["client_secret"].startswith("jw_")
    assert (content["state"], content["allowed_actions"]) == ("active", ["revoke"])
    shown = web.get(made.headers["location"], headers=admin(running))
    assert "client_secret" not in shown.json()
    assert shown.headers["etag"] == '"1"'
    assert len(shown.json()["secrets"]) == 1
    answer = token_of(web, body["client_id"], content["client_secret"])
    assert answer.json()["scope"] == "incidents:read incidents:report"
    again = web.post(PLACE, json=body, headers=admin(running))
    assert (again.status_code, again.json()["code"]) == (409, "client.exists")


def test_a_client_without_an_id_gets_one(running: Running, web: httpx.Client) -> None:
    made = web.post(PLACE, json=a_client(client_id=None), headers=admin(running)).json()
    assert len(made["client_id"]) == 36
    assert token_of(web, made["client_id"], made["client_secret"]).status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"scopes": ["root"]},
        {"scopes": []},
        {"areas": ["63"]},
        {"areas": ["63010%"]},
        {"name": ""},
        {"name": "a\u202eb"},
        {"client_id": "UPPER"},
        {"expires_at": "2026-01-01"},
        {"secret": "mine"},
    ],
)
def test_a_wrong_client_is_refused_by_field(
    running: Running, web: httpx.Client, wrong: dict[str, Any]
) -> None:
    answer = web.post(PLACE, json=a_client(**wrong), headers=admin(running))
    assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")
    assert answer.json()["errors"][0]["pointer"].startswith("/" + next(iter(wrong)))


def test_two_secrets_live_side_by_side_and_the_old_one_goes(
    running: Running, web: httpx.Client
) -> None:
    made = web.post(PLACE, json=a_client(), headers=admin(running)).json()
    place = f"{PLACE}/{made['client_id']}"
    second = web.post(f"{place}/secrets", headers=admin(running))
    assert second.status_code == 201
    for secret in (made["client_secret"], second.json()["client_secret"]):
        assert token_of(web, made["client_id"], secret).status_code == 200
    third = web.post(f"{place}/secrets", headers=admin(running))
    assert (third.status_code, third.json()["code"]) == (409, "client.secrets_full")
    old = f"{place}/secrets/{made['secrets'][0]['id']}"
    tag = web.get(place, headers=admin(running)).headers["etag"]
    assert web.delete(old, headers=admin(running)).status_code == 428
    assert web.delete(old, headers=admin(running) | {"If-Match": '"9"'}).status_code == 412
    assert web.delete(old, headers=admin(running) | {"If-Match": tag}).status_code == 204
    tag = web.get(place, headers=admin(running)).headers["etag"]
    assert web.delete(old, headers=admin(running) | {"If-Match": tag}).status_code == 404
    assert token_of(web, made["client_id"], made["client_secret"]).status_code == 401
    assert token_of(web, made["client_id"], second.json()["client_secret"]).status_code == 200


def test_a_revoked_clients_tokens_stop_at_once_here_and_it_gets_no_more(
    running: Running, web: httpx.Client
) -> None:
    made = web.post(PLACE, json=a_client(), headers=admin(running)).json()
    token = token_of(web, made["client_id"], made["client_secret"]).json()["access_token"]
    bearer = {"Authorization": f"Bearer {token}"}
    assert web.get("/incidents/v1/x", headers=bearer).status_code == 200
    steps = f"{PLACE}/{made['client_id']}/transitions"
    done = web.post(steps, json={"action": "revoke"}, headers=admin(running))
    assert (done.json()["state"], done.json()["allowed_actions"]) == ("revoked", [])
    assert web.get("/incidents/v1/x", headers=bearer).status_code == 401
    assert token_of(web, made["client_id"], made["client_secret"]).status_code == 401
    again = web.post(steps, json={"action": "revoke"}, headers=admin(running))
    assert (again.status_code, again.json()["code"]) == (409, "client.revoked")
    time.sleep(1.2)  # a refresh later the database says the same
    feed = web.get("/.well-known/revoked-clients").json()
    entry = next(item for item in feed["items"] if item["client_id"] == made["client_id"])
    assert entry["void_before"] <= feed["as_of"] + 1
    assert web.get("/incidents/v1/x", headers=bearer).status_code == 401


def test_an_administrator_of_a_street_sees_and_makes_clients_of_that_street_only(
    running: Running, web: httpx.Client
) -> None:
    street, other = admin(running, "630102001"), admin(running, "630102002")
    mine = web.post(PLACE, json=a_client(areas=["630102001003"]), headers=street)
    assert mine.status_code == 201
    place = mine.headers["location"]
    assert web.get(place, headers=other).json()["code"] == "client.not_found"
    assert web.post(f"{place}/secrets", headers=other).status_code == 404
    revoke = {"action": "revoke"}
    assert web.post(f"{place}/transitions", json=revoke, headers=other).status_code == 404
    for areas in (["630102"], ["*"], ["630102001", "630102002"], []):
        answer = web.post(PLACE, json=a_client(areas=areas), headers=street)
        assert answer.status_code == 404, areas
    wide = web.post(PLACE, json=a_client(areas=["630102001", "630102002"]), headers=admin(running))
    assert web.get(wide.headers["location"], headers=street).status_code == 404
    for caller, expected in ((street, True), (other, False), (admin(running), True)):
        listed = web.get(f"{PLACE}?limit=1000&count=true", headers=caller).json()
        ids = {item["client_id"] for item in listed["items"]}
        assert (mine.json()["client_id"] in ids) is expected
        assert listed["count"] == len(ids)


def test_a_client_of_an_organization_needs_no_areas(running: Running, web: httpx.Client) -> None:
    body = a_client(areas=[], organization_id="property-7")
    made = web.post(PLACE, json=body, headers=admin(running))
    assert (made.status_code, made.json()["organization_id"]) == (201, "property-7")


def test_only_the_scope_admin_opens_these_routes(running: Running, web: httpx.Client) -> None:
    for method, path in (("GET", PLACE), ("POST", PLACE), ("GET", f"{PLACE}/app")):
        answer = web.request(method, path, headers=running.headers(), json=a_client())
        assert (answer.status_code, answer.json()["code"]) == (403, "token.scope_missing")
        assert web.request(method, path).status_code == 401


def test_the_list_is_paged_and_filtered_by_change(running: Running, web: httpx.Client) -> None:
    for _ in range(3):
        web.post(PLACE, json=a_client(), headers=admin(running))
    first = web.get(f"{PLACE}?limit=2", headers=admin(running)).json()
    assert len(first["items"]) == 2
    rest = web.get(PLACE, params={"cursor": first["next_cursor"]}, headers=admin(running)).json()
    assert not {item["client_id"] for item in rest["items"]} & {
        item["client_id"] for item in first["items"]
    }
    later = web.get(f"{PLACE}?updated_since=2999-01-01T00:00:00Z", headers=admin(running))
    assert later.json()["items"] == []
    assert (
        b"client_secret"
        not in web.get(PLACE, headers=admin(running) | {"Accept": "text/csv"}).content
    )
