"""The gate that every service passes: Schemathesis over real HTTP, all checks on.

The application is served by uvicorn in a thread of this process, on a free loopback port; the
Schemathesis command runs beside it with every phase (examples, coverage, fuzzing, stateful).
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI

from kit.server import deadline_protocol

#: What no schema can say: a cursor is one that was served, a change names the version read, a key
#: is fresh.  Well-formed cases are given all three, so that they reach the code behind; hostile
#: cases stay hostile.
HOOKS = """
import gc
import uuid

import schemathesis
from schemathesis import GenerationMode

gc.set_threshold(100_000, 20, 50)


@schemathesis.hook
def before_call(context, case, kwargs):
    meta = case.meta
    if meta is None or meta.generation.mode is not GenerationMode.POSITIVE:
        return
    if case.query:
        case.query.pop("cursor", None)
    if case.headers is not None and case.method in {"PUT", "PATCH", "DELETE"}:
        case.headers["If-Match"] = "*"
    if case.headers is not None and "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = uuid.uuid4().hex
"""

CONFIG = """
hooks = "./hooks.py"
seed = 1
continue-on-failure = true
workers = 1

[generation]
mode = "all"
max-examples = {examples}
with-security-parameters = true
allow-x00 = true
database = "none"

[checks]
max_response_time = 10.0

[phases.coverage]
generate-duplicate-query-parameters = true

[phases.stateful]
max-steps = 8

[auth.openapi]
OAuth2 = {{ bearer = "{token}" }}
"""

#: Hypothesis keeps its tables of characters here; a gate of its own folder would make them anew.
TABLES = Path(__file__).parents[1] / ".hypothesis"


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """Serve an application on loopback and yield its address."""
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=0,
        http=deadline_protocol(15),
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=2,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started and thread.is_alive():
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)


def run_gate(
    app: FastAPI,
    token: str,
    folder: Path,
    *options: str,
    examples: int = 50,
    contract: dict[str, Any] | None = None,
) -> tuple[int, str]:
    """Run Schemathesis over the application; returns its exit code and the end of its report.

    `contract`: the document to hold it to, by default its own.
    """
    document = json.dumps(contract or app.openapi())
    (folder / "openapi.json").write_text(document, encoding="utf-8")
    config = folder / "schemathesis.toml"
    config.write_text(CONFIG.format(examples=examples, token=token), encoding="utf-8")
    (folder / "hooks.py").write_text(HOOKS, encoding="utf-8")
    TABLES.mkdir(exist_ok=True)
    (folder / TABLES.name).symlink_to(TABLES)
    with served(app) as address:
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "schemathesis.cli",
                "--config-file",
                str(config),
                "run",
                "openapi.json",
                "--url",
                address,
                "--no-color",
                *options,
            ],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
    return done.returncode, (done.stdout + done.stderr)[-12_000:]
