"""Serve the harbour as a process: url, spool folder, port, JWKS and pace as arguments."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from kit.auth import StaticKeys, TokenVerifier
from kit.clock import SystemClock
from kit.server import serve
from kit.settings import ServiceSettings
from kit.testing.tokens import AUDIENCE, ISSUER
from tests.kit.bulk.harbour.app import UPSERT, apply_slowly, create_app


def main(url: str, spool: str, port: str, jwks: str, pace: str) -> None:
    settings = ServiceSettings(
        database_url=url, spool_folder=Path(spool), port=int(port), import_lease_s=2.0
    )
    verifier = TokenVerifier(StaticKeys(json.loads(jwks)), issuer=ISSUER, audience=AUDIENCE)
    app = create_app(
        settings, verifier, SystemClock(), apply=apply_slowly if pace == "slow" else UPSERT.apply
    )
    serve(app, settings, default_port=0)


if __name__ == "__main__":
    main(*sys.argv[1:])
