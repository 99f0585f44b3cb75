"""`doctor`: look at everything that must work, and say how to mend what does not."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import httpx
import typer

from gateway.cli import installation
from gateway.cli.door import Door
from gateway.cli.failures import REFUSED, CliFailure
from gateway.cli.installation import Finding, wrong
from gateway.cli.session import Session, command
from gateway.cli.settings import HOME

_SKEW_MAX_S = 30.0
_SIGNS = {"ok": "ok", "warning": "note", "wrong": "WRONG"}


@command
def doctor(
    session: Session,
    var: Annotated[
        Path | None, typer.Option(help="The installation's folder; else beside the credentials.")
    ] = None,
) -> None:
    """Examine this installation: what is wrong with it, and how to mend it."""
    folder = var or session.credentials.parent
    with session.door() as door:
        findings = [*local_findings(folder), *running_findings(door, folder)]
    session.screen.result([_as_json(finding) for finding in findings])
    session.screen.table(
        "Examination",
        ["", "check", "found", "how to mend it"],
        [[_SIGNS[f.grade], f.check, f.found, f.cure] for f in findings],
    )
    bad = sum(finding.grade == "wrong" for finding in findings)
    session.screen.say("All is well." if not bad else f"{bad} things are wrong.")
    if bad:
        raise typer.Exit(REFUSED)


def _as_json(finding: Finding) -> dict[str, Any]:
    return {name: getattr(finding, name) for name in ("check", "grade", "found", "cure")}


def local_findings(var: Path) -> Iterator[Finding]:
    """Yield what can be seen on this machine without any server."""
    yield installation.python_version()
    yield installation.packages(HOME / "requirements.lock")
    yield installation.var_folder(var)
    yield from installation.secrets(var)
    yield installation.disk(var)
    if installation.run_note(var) is not None or (var / "postgres").exists():
        yield installation.embedded_server(var)


def running_findings(door: Door, var: Path) -> Iterator[Finding]:
    """Yield what the door, and where it runs here each process, says of itself."""
    note = installation.run_note(var)
    for name, url in sorted((note or {}).get("processes", {}).items()):
        yield process(name, url)
    try:
        answer = door.raw("/health")
    except httpx.HTTPError:
        yield wrong(
            "gateway", f"nothing answers at {door.url}", "make run, or set JINGWEI_URL rightly"
        )
        if note is None and (number := urlsplit(door.url).port):
            yield installation.port(number)
        return
    yield from health(answer)
    yield from clock(answer, time.time())
    yield from token(door)


def process(name: str, url: str | None) -> Finding:
    """Ask one process whether it is ready; the worker has no door and is seen in /health."""
    if url is None:
        return Finding(name, "ok", "runs (watched by make run)")
    try:
        answer = httpx.get(f"{url}/readyz", timeout=5.0)
        content = answer.json()
    except (httpx.HTTPError, ValueError):
        return wrong(name, f"no answer at {url}", f"Read var/log/{name}.log; make run restarts it.")
    failing = [check for check, rows in content.get("checks", {}).items() if _fails(rows)]
    if answer.status_code != 200:
        return wrong(name, f"not ready: {', '.join(failing) or answer.status_code}", _mend(failing))
    return Finding(name, "ok", f"ready at {url}")


def _fails(rows: list[dict[str, Any]]) -> bool:
    return any(row.get("status") == "fail" for row in rows)


def _mend(failing: list[str]) -> str:
    if "migrations" in failing:
        return "Stop and `make run` again: it migrates before it starts."
    if "database" in failing:
        return "Check disk and database; `make run` starts the embedded server."
    return "Read its log in var/log."


def health(answer: httpx.Response) -> Iterator[Finding]:
    """Read the gateway's /health: itself and every service behind it."""
    try:
        content = answer.json()
    except ValueError:
        yield wrong("gateway", "another program answers", "Check JINGWEI_URL and the port.")
        return
    failing = [check for check, rows in content.get("checks", {}).items() if _fails(rows)]
    if content.get("status") == "fail" or answer.status_code >= 500 or failing:
        yield wrong(
            "gateway health",
            f"failing: {', '.join(failing) or content.get('status')}",
            "Read var/log of the named service; make run restarts what died.",
        )
        return
    yield Finding("gateway health", "ok", str(content.get("status", "pass")))


def clock(answer: httpx.Response, now_s: float) -> Iterator[Finding]:
    """Compare the server's clock with ours: tokens are refused when they drift apart."""
    try:
        theirs_s = parsedate_to_datetime(answer.headers["date"]).timestamp()
    except (KeyError, ValueError):
        yield Finding("clock", "warning", "the server tells no date")
        return
    skew_s = now_s - theirs_s
    if abs(skew_s) > _SKEW_MAX_S:
        yield wrong("clock", f"{skew_s:+.0f} s away from the server's", "Set both clocks (NTP).")
        return
    yield Finding("clock", "ok", f"within {abs(skew_s):.0f} s of the server's")


def token(door: Door) -> Iterator[Finding]:
    """Fetch a token and look into it."""
    try:
        answer = door.token()
    except CliFailure as failure:
        yield wrong("token", f"{failure.code}: {failure.detail}", failure.cure)
        return
    try:
        payload = str(answer["access_token"]).split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        left_s = float(claims["exp"]) - time.time()
    except (IndexError, KeyError, ValueError):
        yield wrong("token", "the token is no JWT", "Compare the versions of both ends.")
        return
    scopes = str(claims.get("scope", "")).split()
    yield Finding("token", "ok", f"{claims.get('sub')}: {len(scopes)} scopes, {left_s:.0f} s")
