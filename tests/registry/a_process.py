"""Serve the registry as a process: settings and JWKS as JSON arguments."""

from __future__ import annotations

import json
import sys

from kit import logs
from kit.auth import StaticKeys, TokenVerifier
from kit.server import serve
from kit.testing.tokens import AUDIENCE, ISSUER
from services.registry.app import create_app
from services.registry.settings import Settings


def main(told: str, jwks: str) -> None:
    settings = Settings(**json.loads(told))
    logs.configure("registry", "DEBUG")
    verifier = TokenVerifier(StaticKeys(json.loads(jwks)), issuer=ISSUER, audience=AUDIENCE)
    serve(create_app(settings, verifier=verifier), settings, default_port=0)


if __name__ == "__main__":
    main(*sys.argv[1:])
