"""`python -m gateway`: serve, migrate, openapi, contract, clients ..., keys ..."""

from __future__ import annotations

from gateway import operating
from gateway.app import PACKAGE_DIR, create_app, create_door
from gateway.server import serve
from gateway.settings import Settings
from kit import logs
from kit.cli import Deployable, command_line

cli = command_line(Deployable("gateway", PACKAGE_DIR, Settings, create_app, 8080))
cli.add_typer(operating.clients_cli, name="clients")
cli.add_typer(operating.keys_cli, name="keys")
operating.add_contract_command(cli)

# The door is more than its FastAPI part, and its port is public: it is served in its own way.
cli.registered_commands = [entry for entry in cli.registered_commands if entry.name != "serve"]


@cli.command("serve")
def serve_command() -> None:
    """Serve HTTP until stopped."""
    settings = Settings()
    logs.configure("gateway", settings.log_level)
    serve(create_door(settings), settings)


if __name__ == "__main__":
    cli()
