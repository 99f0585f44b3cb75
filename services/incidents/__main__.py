"""`python -m services.incidents serve | migrate | openapi`."""

from __future__ import annotations

from kit.cli import Deployable, command_line
from services.incidents.app import PACKAGE_DIR, create_app
from services.incidents.settings import Settings

cli = command_line(Deployable("incidents", PACKAGE_DIR, Settings, create_app, 8103))

if __name__ == "__main__":
    cli()
