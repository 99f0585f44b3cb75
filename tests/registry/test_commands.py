"""The operator's commands: keys changed, the trail verified, who was seen, whose time is over."""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from infra.shape import ROOT
from kit.testing.clock import FrozenClock
from kit.testing.in_process import in_process
from kit.testing.keys import fresh_keys
from kit.testing.tokens import TestTokens
from services.registry.app import create_app
from tests.registry.api.test_members import a_member
from tests.registry.factories import V1, A, Registry, settings_for
from tests.registry.people import ANY, PURPOSE, People, a_name, a_phone


@dataclass
class Installation:
    """A registry with keys of its own, and its commands."""

    url: str
    folder: Path
    tokens: TestTokens
    clock: FrozenClock
    keys: list[str] = field(default_factory=lambda: fresh_keys().split(","))

    @property
    def told(self) -> dict[str, str]:
        return {
            "REGISTRY_DATABASE_URL": self.url,
            "REGISTRY_KEYS": ",".join(self.keys),
            "REGISTRY_AUDIT_FOLDER": str(self.folder / "audit"),
            "REGISTRY_ENVIRONMENT": "production",
            "REGISTRY_KEY_FILE": str(self.folder / "none.key"),
        }

    def run(self, *arguments: str, **told: str) -> tuple[int, str, str]:
        done = subprocess.run(
            [sys.executable, "-m", "services.registry", *arguments],
            cwd=ROOT,
            env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"} | self.told | told,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        return done.returncode, done.stdout, done.stderr

    def lines(self, *arguments: str, **told: str) -> list[Any]:
        """What a command that works prints, as JSON."""
        code, out, errors = self.run(*arguments, **told)
        assert code == 0, errors
        return [json.loads(line) for line in out.splitlines()]

    @contextmanager
    def serving(self) -> Iterator[People]:
        settings = settings_for(self.url, self.folder, keys=",".join(self.keys))
        app = create_app(settings, verifier=self.tokens.verifier(), clock=self.clock)
        with in_process(app) as client:
            client.headers.update(self.tokens.headers())
            yield People(Registry(client))

    def sql(self, statement: str) -> list[Any]:
        async def run() -> list[Any]:
            connection = await asyncpg.connect(self.url)
            try:
                await connection.execute("SET session_replication_role = replica")
                return list(await connection.fetch(statement))
            finally:
                await connection.close()

        return asyncio.run(run())


def a_key(name: str) -> str:
    return f"{name} {base64.b64encode(secrets.token_bytes(32)).decode()}"


@pytest.fixture
def installation(url: str, tmp_path: Path, tokens: TestTokens, clock: FrozenClock) -> Installation:
    return Installation(url, tmp_path, tokens, clock)


def test_a_new_key_seals_everything_anew_while_the_service_goes_on(
    installation: Installation,
) -> None:
    with installation.serving() as people:
        people.registry.district()
        home = people.household()
        made = [people.add(home, nth)["id"] for nth in range(1, 6)]
        member = people.registry.post("members", a_member())["id"]
    old, installation.keys = list(installation.keys), [*installation.keys, a_key("v2")]
    with installation.serving() as people:
        assert people.read(made[0], PURPOSE)["phone"] == a_phone(1)
        people.change(made[1], phone=a_phone(22))
        [done] = installation.lines("rewrap")
        assert [(table["table"], table["left"]) for table in done] == [
            ("residents", 0),
            ("members", 0),
            ("dwellings", 0),
        ]
        assert done[0]["rewrapped"] == 5 * 4 - 1
        assert done[1]["rewrapped"] == 4
        assert people.read(made[1], PURPOSE)["phone"] == a_phone(22)
        assert people.trail(action="rewrapped")[-1]["details"]["version"] == 2
    found = installation.sql("SELECT name, phone FROM residents")
    assert all(bytes(row["name"]).startswith(b"v2:") for row in found)
    assert installation.lines("rewrap")[0][0]["rewrapped"] == 0
    # The first key may go now, and nothing else may.
    installation.keys = installation.keys[1:]
    with installation.serving() as people:
        assert people.read(made[4], PURPOSE)["name"] == a_name(5)
        assert people.client.get(f"{V1}/members/{member}", headers=PURPOSE).status_code == 200
        assert people.look_up("phone", a_phone(5)).json()["items"][0]["id"] == made[4]
    installation.keys = old
    with pytest.raises(RuntimeError, match="another key v2"), installation.serving():
        pass


def test_a_service_does_not_start_with_keys_that_are_not_the_datas(
    installation: Installation,
) -> None:
    with installation.serving() as people:
        people.registry.district()
    for at, reason in ((0, "another key v1"), (1, "the key index is not the one")):
        good = list(installation.keys)
        installation.keys[at] = a_key(good[at].split()[0])
        with pytest.raises(RuntimeError, match=reason), installation.serving():
            pass
        code, _, errors = installation.run("rewrap")
        assert (code, reason in errors) == (1, True), errors
        installation.keys = good


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ("", "is missing"),
        ("v1 c2FtcGxlLXNhbXBsZS1jaGFuZ2UtbWUtc2FtcGxlLTE=", "a sample"),
        ("v1 " + base64.b64encode(bytes(range(180, 212))).decode(), "lacks the key index"),
        ("change-me", "32 bytes in base64"),
    ],
)
def test_production_does_not_start_without_good_keys(
    installation: Installation, keys: str, reason: str
) -> None:
    code, _, errors = installation.run("serve", REGISTRY_KEYS=keys, REGISTRY_PORT="1")
    assert code != 0
    assert reason in errors
    assert "Uvicorn running" not in errors


def test_development_makes_its_keys_once(installation: Installation) -> None:
    path = installation.folder / "deep" / "registry.key"
    told = {
        "REGISTRY_KEYS": "",
        "REGISTRY_ENVIRONMENT": "development",
        "REGISTRY_KEY_FILE": str(path),
    }
    assert installation.run("audit-verify", **told)[0] == 0
    made = path.read_text()
    assert [line.split()[0] for line in made.splitlines()] == ["v1", "index", "audit"]
    assert installation.run("audit-verify", **told)[0] == 0
    assert path.read_text() == made


def test_the_trail_is_verified_at_the_machine(installation: Installation) -> None:
    with installation.serving() as people:
        people.registry.district()
        home = people.household()
        made = [people.add(home, nth)["id"] for nth in range(1, 4)]
        people.read(made[0], PURPOSE)
    # Leaving has taken a checkpoint.
    [kept] = (installation.folder / "audit" / "registry.checkpoints").read_text().splitlines()
    assert json.loads(kept)["seq"] == 4
    [good] = installation.lines("audit-verify")
    assert (good["ok"], good["checked"], good["head_seq"]) == (True, 4, 4)
    elsewhere = installation.folder / "copy.checkpoints"
    elsewhere.write_text(kept + "\n")
    (installation.folder / "audit" / "registry.checkpoints").unlink()
    installation.sql("DELETE FROM audit WHERE seq = 4")
    assert installation.lines("audit-verify")[0]["ok"] is True
    code, out, _ = installation.run("audit-verify", "--checkpoint", str(elsewhere))
    assert (code, json.loads(out)["faults"]) == (1, [{"kind": "tail_cut", "seq": 4}])
    installation.sql("UPDATE audit SET purpose = 'x' WHERE seq = 2")
    code, out, _ = installation.run("audit-verify")
    assert (code, json.loads(out)["faults"]) == (1, [{"kind": "changed", "seq": 2}])
    [printed] = installation.lines("audit-checkpoint")
    assert printed["seq"] == 3


def test_a_breach_report_names_whom_a_client_has_seen(installation: Installation) -> None:
    clock = installation.clock
    with installation.serving() as people:
        people.registry.district()
        home = people.household()
        made = [people.add(home, nth)["id"] for nth in range(1, 5)]
        leaky = installation.tokens.headers(client_id="leaky")
        before = clock.now()
        clock.move(minutes=1)
        people.read(made[0], leaky | PURPOSE)
        clock.move(minutes=1)
        people.read(made[0], leaky | PURPOSE)
        people.client.get(f"{V1}/residents", params={"limit": 2}, headers=leaky | PURPOSE)
        people.look_up("phone", a_phone(3), leaky | {"X-Purpose": "emergency"})
        people.look_up("phone", a_phone(4), leaky)
        people.read(made[3], PURPOSE)
        after = clock.now() + timedelta(minutes=1)
        clock.move(hours=1)
        people.read(made[3], leaky | PURPOSE)
    asked = ("--client", "leaky", "--from", before.isoformat(), "--to", after.isoformat())
    found = installation.lines("breach-report", *asked)
    assert {row["subject"]: row["times"] for row in found} == {made[0]: 3, made[1]: 1, made[2]: 1}
    first = next(row for row in found if row["subject"] == made[0])
    assert first["noun"] == "resident"
    assert first["fields"] == ["birth_date", "id_number", "name", "phone"]
    assert first["purposes"] == ["home_visit"]
    assert first["first_at"] < first["last_at"]
    looked_up = next(row for row in found if row["subject"] == made[2])
    assert (looked_up["purposes"], looked_up["fields"]) == (["emergency"], ["phone"])
    naive = ("--client", "leaky", "--from", "2026-03-02", "--to", after.isoformat())
    code, _, errors = installation.run("breach-report", *naive)
    assert code == 2
    assert "offset" in errors


def test_retention_counts_first_and_erases_when_told(installation: Installation) -> None:
    with installation.serving() as people:
        people.registry.district()
        home = people.household()
        made = [people.add(home, nth)["id"] for nth in range(1, 4)]
        for row_id in made[:2]:
            people.client.delete(f"{V1}/residents/{row_id}", headers=ANY)
        # The clock of this test stands in the past of the machine's.
        told = {"REGISTRY_RETENTION_RESIDENTS_MONTHS": "1"}
        installation.sql("UPDATE residents SET ended_at = now() WHERE id = '" + made[1] + "'")
        [tried] = installation.lines("retention", **told)
        assert (tried[0]["due"], tried[0]["erased"], tried[0]["by_area"]) == (1, 0, {A: 1})
        assert tried[1] == {"noun": "member", "months": None, "due": 0, "erased": 0}
        [done] = installation.lines("retention", "--apply", **told)
        assert (done[0]["due"], done[0]["erased"]) == (1, 1)
        assert installation.lines("retention", "--apply", **told)[0][0]["due"] == 0
        stones = people.registry.get("residents", include_ended="true")["items"]
        erased = [item for item in stones if item["erased_at"] is not None]
        assert [item["id"] for item in erased] == [made[0]]
        assert erased[0]["erasure_reason"] == "retention_ended"
        assert erased[0]["name"] is None
        row = people.trail(action="erased")[-1]
        assert (row["client_id"], row["subjects"]) == ("command:retention", [made[0]])
        assert people.read(made[2])["is_masked"] is True
        last = people.registry.get("changes", subject=made[0])["items"][-1]
        assert (last["action"], last["client_id"]) == ("erased", "command:retention")
