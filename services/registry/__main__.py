"""The registry's command line: serve, migrate, openapi."""

from __future__ import annotations

from kit.cli import Deployable, command_line
from services.registry.app import DEFAULT_PORT, PACKAGE_DIR, create_app
from services.registry.settings import Settings

cli = command_line(Deployable("registry", PACKAGE_DIR, Settings, create_app, DEFAULT_PORT))

if __name__ == "__main__":
    cli()
