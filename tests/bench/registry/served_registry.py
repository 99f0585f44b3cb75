"""A registry as a process of its own, for measuring: `python -m ... URL FOLDER PORT JWKS`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from kit.auth import StaticKeys, TokenVerifier
from kit.server import serve
from kit.testing.tokens import AUDIENCE, ISSUER
from services.registry.app import create_app
from tests.registry.factories import settings_for


def main() -> None:
    url, folder, port, jwks = sys.argv[1:]
    settings = settings_for(url, Path(folder), port=int(port))
    verifier = TokenVerifier(StaticKeys(json.loads(jwks)), issuer=ISSUER, audience=AUDIENCE)
    serve(create_app(settings, verifier=verifier), settings, default_port=int(port))


if __name__ == "__main__":
    main()
