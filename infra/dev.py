"""`make run`: the whole system on this machine, with a demo district on its first start.

Told by the environment: PORT (8080) of the gateway, VAR (var) where data, logs and secrets live,
DEMO=0 for an empty start.  Ctrl-C and SIGTERM stop every process; exit code 2 says that it could
not start here and why.
"""

from __future__ import annotations

import os
import shlex
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from rich.console import Console

from infra import ports
from infra.demonstration import Demonstration
from infra.deployment import Deployment, running
from infra.var_folder import CannotStart, VarFolder
from kit import logs

_STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the environment asks for."""

    port: int
    var: Path
    demo: bool

    @classmethod
    def read(cls, environment: dict[str, str]) -> Wishes:
        """Return the wishes; raises CannotStart when PORT is no port."""
        text = environment.get("PORT") or "8080"
        if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65535:
            raise CannotStart(f"PORT={text!r} is no port.", "Give a number from 1 to 65535.")
        return cls(
            port=int(text),
            var=Path(environment.get("VAR") or "var"),
            demo=environment.get("DEMO", "1").lower() not in {"0", "no", "false", "off"},
        )


def main() -> int:
    """Run until a signal comes; returns the exit code."""
    console = Console(highlight=False, soft_wrap=True)
    logs.configure("make-run", "WARNING")
    for number in _STOPS:
        signal.signal(number, _stop)
    try:
        wishes = Wishes.read(dict(os.environ))
        serve(wishes, console)
    except CannotStart as refusal:
        console.print(f"{refusal}\n  -> {refusal.cure}", markup=False, style="red")
        return 2
    except SystemExit as stop:
        console.print("Stopped; the data stay where they are.")
        return stop.code if isinstance(stop.code, int) else 1
    return 0


def _stop(number: int, _frame: object) -> NoReturn:
    """Turn the first signal into the exit that runs every finally block; ignore the others."""
    for other in _STOPS:
        signal.signal(other, signal.SIG_IGN)
    raise SystemExit(0 if number == signal.SIGINT else 128 + number)


def serve(wishes: Wishes, console: Console) -> None:
    """Hold the folder, run everything, make the demo once, then wait for a signal."""
    var = VarFolder(wishes.var)
    var.prepare()
    started = time.monotonic()

    def say(text: str) -> None:
        console.print(f"[{time.monotonic() - started:6.1f} s] {text}", markup=False)

    with var.locked(f"http://{ports.LOOPBACK}:{wishes.port}"):
        ports.require_free(wishes.port)
        with running(var, wishes.port, say) as deployment:
            say("everything is ready")
            if wishes.demo:
                Demonstration(deployment.settings(), var, say).ensure()
            welcome(deployment, console)
            while True:
                signal.pause()


def welcome(deployment: Deployment, console: Console) -> None:
    """Print where everything is, and three lines to paste."""
    url = deployment.addresses.gateway
    var = deployment.var
    place = Demonstration.known_place(var)
    lon, lat = place or (101.7919, 36.6172)
    locate = f"{url}/partition/v1/locate?lon={lon}&lat={lat}"
    report = f'{{"category_code":"0102","text":"垃圾未清","point":{{"lon":{lon},"lat":{lat}}}}}'
    bearer = '-H "Authorization: Bearer $TOKEN"'
    print_token = "import json,sys; print(json.load(sys.stdin)['access_token'])"
    credentials = shlex.quote(str(var.admin_env))
    lines = f"""
Jingwei runs at  {url}
  documentation  {url}/docs   (contract: {url}/openapi.json)
  credentials    {var.admin_env}
  logs           {var.logs}
  command line   {_command_line(var)}

Paste these, one after the other:
  . {credentials}; TOKEN=$(curl -s -u "$JINGWEI_CLIENT_ID:$JINGWEI_CLIENT_SECRET" \
-d grant_type=client_credentials {url}/oauth/token | python3 -c "{print_token}")
  curl -s {bearer} '{locate}'
  curl -s {bearer} -H 'Content-Type: application/json' -d '{report}' {url}/incidents/v1/incidents

Ctrl-C stops everything; the next `make run` finds the data.
"""
    console.print(lines, markup=False)


def _command_line(var: VarFolder) -> str:
    """Return how to call the command line: another VAR has another credentials file."""
    usual = Path(__file__).parent.parent / "var"
    if var.root == usual:
        return "./jingwei --help"
    return f"export JINGWEI_CREDENTIALS={shlex.quote(str(var.admin_env))}; ./jingwei --help"


if __name__ == "__main__":
    sys.exit(main())
