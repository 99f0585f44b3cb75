"""What happens to a job when its process dies, stops, or is asked to stop."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kit.settings import ServiceSettings
from kit.testing.clock import FrozenClock
from kit.testing.in_process import in_process
from kit.testing.tokens import TestTokens
from tests.kit.bulk.conftest import ROOT, Harbour, a_process, a_row, csv_rows, sql, until
from tests.kit.bulk.harbour import app as harbour

BODY = csv_rows(a_row(1), a_row(2))


@contextmanager
def running(settings: ServiceSettings, tokens: TestTokens) -> Iterator[Harbour]:
    with in_process(harbour.create_app(settings, tokens.verifier(), FrozenClock())) as client:
        client.headers.update(tokens.headers())
        yield Harbour(client, settings.database_url, settings)


def test_a_job_whose_lease_ran_out_is_taken_again(still_port: Harbour, tokens: TestTokens) -> None:
    place = still_port.send(BODY).headers["location"]
    still_port.sql(
        "UPDATE imports SET state = 'running', attempts = 1, lease_owner = gen_random_uuid(),"
        " lease_until = now() - interval '1 s'"
    )
    with running(still_port.settings, tokens) as port:
        job = port.wait(place)
    assert (job["state"], job["counts"]["created"]) == ("succeeded", 2)


def test_a_job_under_a_living_lease_is_left_alone_and_others_wait(
    still_port: Harbour, tokens: TestTokens
) -> None:
    place = still_port.send(BODY).headers["location"]
    still_port.sql(
        "UPDATE imports SET state = 'running', attempts = 1, lease_owner = gen_random_uuid(),"
        " lease_until = now() + interval '2 s'"
    )
    with running(still_port.settings, tokens) as port:
        second = port.send(csv_rows(a_row(3))).headers["location"]
        time.sleep(0.5)
        assert port.client.get(place).json()["state"] == "running"
        assert port.client.get(second).json()["state"] == "queued"
        assert port.wait(place)["state"] == "succeeded"
        assert port.wait(second)["state"] == "succeeded"


@pytest.mark.parametrize(
    ("change", "code"),
    [("attempts = 3", "import.gave_up"), ("resource = 'gone'", "import.gave_up")],
)
def test_a_job_that_keeps_failing_is_given_up(
    still_port: Harbour, tokens: TestTokens, change: str, code: str
) -> None:
    place = still_port.send(BODY).headers["location"]
    still_port.sql(f"UPDATE imports SET {change}")
    with running(still_port.settings, tokens) as port:
        assert port.wait(place)["failure"]["code"] == code
        assert port.spooled() == []


def test_a_lost_upload_fails_the_job_by_name(still_port: Harbour, tokens: TestTokens) -> None:
    place = still_port.send(BODY).headers["location"]
    still_port.spooled()[0].unlink()
    with running(still_port.settings, tokens) as port:
        assert port.wait(place)["failure"]["code"] == "import.spool_lost"


def is_applying(port_url: str) -> Callable[[], bool]:
    return lambda: bool(
        sql(port_url, "SELECT 1 FROM pg_stat_activity WHERE query LIKE '%pg_sleep(30)%'"
            " AND state = 'active' AND pid <> pg_backend_pid()"
            " AND datname = current_database()")
    )  # fmt: skip


def test_a_running_job_can_be_cancelled_and_nothing_of_it_stays(port: Harbour) -> None:
    place = port.send(BODY, resource="slow_berths").headers["location"]
    until(is_applying(port.url))
    asked = port.client.post(f"{place}/transitions", json={"action": "cancel"})
    assert (asked.status_code, asked.json()["allowed_actions"]) == (200, [])
    job = port.wait(place, 5)
    assert (job["state"], job["counts"]["created"], job["failure"]) == ("cancelled", 0, None)
    assert port.berths() == {}
    assert port.spooled() == []
    assert port.run(BODY)["counts"]["created"] == 2


def test_a_service_that_stops_gives_its_job_back_at_once(
    settings: ServiceSettings, tokens: TestTokens
) -> None:
    with running(settings, tokens) as port:
        place = port.send(BODY, resource="slow_berths").headers["location"]
        until(is_applying(port.url))
        begun = time.monotonic()
    assert time.monotonic() - begun < 5
    row = sql(settings.database_url, "SELECT state, attempts, lease_owner FROM imports")[0]
    assert tuple(row) == ("queued", 0, None)
    sql(settings.database_url, "UPDATE imports SET resource = 'berths'")
    with running(settings, tokens) as port:
        assert port.wait(place)["counts"]["created"] == 2


def test_a_job_that_was_taken_away_keeps_nothing(port: Harbour) -> None:
    place = port.send(BODY, resource="slow_berths").headers["location"]
    until(is_applying(port.url))
    port.sql("UPDATE imports SET lease_owner = gen_random_uuid(), resource = 'berths',"
             " lease_until = now() + interval '1 s'")  # fmt: skip
    job = port.wait(place)
    assert (job["state"], job["counts"]["created"]) == ("succeeded", 2)
    assert port.sql("SELECT attempts FROM imports")[0][0] == 2


def test_a_database_fault_in_the_middle_sends_the_job_back_to_the_queue(port: Harbour) -> None:
    place = port.send(BODY, resource="slow_berths").headers["location"]
    until(is_applying(port.url))
    port.sql("UPDATE imports SET resource = 'berths'")
    port.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE query LIKE '%pg_sleep(30)%' AND pid <> pg_backend_pid()"
        " AND datname = current_database()"
    )
    job = port.wait(place)
    assert (job["state"], job["counts"]["created"]) == ("succeeded", 2)
    assert port.sql("SELECT attempts FROM imports")[0][0] == 2


def test_kill_9_in_the_middle_of_applying_loses_nothing_and_applies_once(
    settings: ServiceSettings, tokens: TestTokens
) -> None:
    with a_process(settings, tokens, "slow") as (client, process):
        place = Harbour(client, settings.database_url, settings).send(BODY).headers["location"]
        until(is_applying(settings.database_url))
        process.send_signal(signal.SIGKILL)
    assert sql(settings.database_url, "SELECT state FROM imports")[0][0] == "running"
    with running(settings, tokens) as port:
        job = port.wait(place)
        assert (job["state"], job["counts"]["created"]) == ("succeeded", 2)
        assert set(port.berths()) == {"b1", "b2"}
        assert port.spooled() == []


def test_other_requests_are_answered_while_a_file_is_read(port: Harbour) -> None:
    body = csv_rows(*[a_row(number) for number in range(20_000)])
    place = port.send(body).headers["location"]
    seconds = []
    while True:
        begun = time.perf_counter()
        job = port.client.get(place).json()
        seconds.append(time.perf_counter() - begun)
        if job["ended_at"] is not None:
            break
    assert job["counts"]["created"] == 20_000
    assert len(seconds) >= 10
    assert sorted(seconds)[len(seconds) // 2] < 0.25


def test_twins_that_arrive_together_make_one_job(port: Harbour) -> None:
    answers: list[int] = []
    headers = {"Idempotency-Key": "the-same-key"}

    def send() -> None:
        answers.append(port.send(BODY, headers=headers).status_code)

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(answers) <= {202, 409}
    assert 202 in answers
    assert len(port.client.get("/harbour/v1/imports").json()["items"]) == 1


_MEASURE = """
import resource, sys, uuid, datetime, pathlib
from tests.kit.bulk.harbour.app import BBOX, berths
from kit.bulk.noun import ImportContext
from kit.bulk.reading.formats import FORMATS
from kit.bulk.reading.columns import Columns
from kit.bulk.reading.records import Reading
from kit.bulk.rows import batches
media, path = sys.argv[1:]
now = datetime.datetime.now(datetime.UTC)
context = ImportContext(uuid.uuid4(), "c", ("*",), "CGCS2000", None, now, BBOX)
noun, rows, peaks = berths(), 0, []
with pathlib.Path(path).open("rb") as stream:
    for batch in batches(FORMATS[media].read(stream, Reading(Columns(noun))), noun, context):
        assert not batch.refused, batch.flaws
        rows += batch.read
        peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
print(rows, peaks[-1] - peaks[4])
"""


def test_memory_stays_flat_over_60_000_features(tmp_path: Path) -> None:
    path = tmp_path / "large.geojson"
    with path.open("w") as out:
        out.write('{"type": "FeatureCollection", "features": [')
        for number in range(60_000):
            own = f'"source_id": "b{number}", "source": "s", "area": "630102001001"'
            out.write("," if number else "")
            out.write(
                f'{{"type": "Feature", "properties": {{{own}, "name": "n"}},'
                ' "geometry": {"type": "Point", "coordinates": [101.8, 36.6]}}'
            )
        out.write("]}")
    found = subprocess.run(
        [sys.executable, "-c", _MEASURE, "application/geo+json", str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    rows, grown_kib = map(int, found.stdout.split())
    assert rows == 60_000
    assert path.stat().st_size > 9_000_000
    assert grown_kib < 6_000
