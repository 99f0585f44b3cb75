"""One installation on one machine: its programs, what each is told, and the order of starting."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from gateway.cli.settings import CliSettings, read_settings
from gateway.tokens.clients import fresh_secret
from infra.bootstrap import ADMIN, CLIENTS, ensure_clients, migrate
from infra.keeper import Keeper
from infra.ports import LOOPBACK, choose
from infra.supervision import Program, Say, Supervisor
from infra.var_folder import VarFolder, write_private
from kit.embedded_postgres import EmbeddedPostgres

_READY_S = 90.0

#: name -> (package, prefix of its settings, default loopback port)
SERVICES: Mapping[str, tuple[str, str, int]] = {
    "registry": ("services.registry", "REGISTRY", 8101),
    "partition": ("services.grid_partition", "PARTITION", 8102),
    "incidents": ("services.incidents", "INCIDENTS", 8103),
}
#: Deployables that seal what they keep, each under keys of its own.
KEYED = ("gateway", "registry")
PACKAGES: Mapping[str, str] = {
    **{name: package for name, (package, _, _) in SERVICES.items()},
    "gateway": "gateway",
}


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where everything listens."""

    gateway: str
    inner: Mapping[str, str]

    @classmethod
    def at(cls, gateway_port: int, ports: Mapping[str, int]) -> Addresses:
        """Return the loopback addresses of the ports."""
        inner = {name: f"http://{LOOPBACK}:{port}" for name, port in ports.items()}
        return cls(f"http://{LOOPBACK}:{gateway_port}", inner)


class Deployment:
    """A running system; `running` makes one and takes it down."""

    def __init__(self, var: VarFolder, gateway_port: int, say: Say) -> None:
        self.var = var
        self._say = say
        self._gateway_port = gateway_port
        self._ports = choose({name: port for name, (_, _, port) in SERVICES.items()})
        self.addresses = Addresses.at(gateway_port, self._ports)
        self.keeper = Keeper(var)
        self.supervisor = Supervisor(var, self.keeper, say)
        self._postgres: EmbeddedPostgres | None = None
        self._client_secrets: dict[str, str] = {}
        self._database_urls: dict[str, str] = {}

    def start(self) -> None:
        """Start the database, migrate, make the clients, start every program, wait until ready."""
        self._say("starting the embedded PostgreSQL")
        self._postgres = EmbeddedPostgres(self.var.postgres)
        passwords = self.var.secret("databases", list(PACKAGES))
        self._database_urls = self._postgres.ensure_databases(passwords)
        self._say("migrating four databases")
        migrate(PACKAGES, self._database_urls)
        self._say("ensuring the service clients")
        self._client_secrets = self.var.secret("clients", sorted(CLIENTS), fresh_secret)
        ensure_clients(self._database_urls["gateway"], self._client_secrets)
        self._write_credentials()
        self._say("starting the services, the worker and the gateway")
        self.supervisor.start(self.programs())
        self.supervisor.wait_ready(_READY_S)
        self._write_note()

    def stop(self) -> None:
        """Stop the door, then the rest, then the database; safe at any stage of a start."""
        self.var.run_note.unlink(missing_ok=True)
        self.supervisor.stop(first="gateway")
        if self._postgres is not None:
            self._postgres.stop()
        self.keeper.dismiss()

    def programs(self) -> list[Program]:
        """Return every program of the installation."""
        served = [
            Program(name, (package, "serve"), self.environment(name), self._ready_url(name))
            for name, (package, _, _) in SERVICES.items()
        ]
        worker = Program(
            "worker", ("services.grid_partition", "worker"), self.environment("partition")
        )
        gateway = Program(
            "gateway",
            ("gateway", "serve"),
            self.environment("gateway"),
            f"{self.addresses.gateway}/readyz",
        )
        return [*served, worker, gateway]

    def _ready_url(self, name: str) -> str:
        return f"{self.addresses.inner[name]}/readyz"

    def environment(self, name: str) -> dict[str, str]:
        """Return the settings of a deployable as environment variables."""
        prefix = SERVICES[name][1] if name in SERVICES else "GATEWAY"
        port = self._ports.get(name, self._gateway_port)
        door = self.addresses.gateway
        told = {
            "ENVIRONMENT": "development",
            "HOST": LOOPBACK,
            "PORT": str(port),
            "DATABASE_URL": self._database_urls[name],
            "SPOOL_FOLDER": str(self.var.spool / name),
            "ISSUER": door,
            "JWKS_URL": f"{door}/.well-known/jwks.json",
            "TOKEN_URL": f"{door}/oauth/token",
            **{f"{peer.upper()}_URL": url for peer, url in self.addresses.inner.items()},
        }
        if name in KEYED:
            told["KEY_FILE"] = str(self.var.root / f"{name}.key")
        if name == "registry":
            told["AUDIT_FOLDER"] = str(self.var.root / "audit")
        if name in self._client_secrets:
            told |= {"CLIENT_ID": name, "CLIENT_SECRET": self._client_secrets[name]}
        return {f"{prefix}_{key}": value for key, value in told.items()}

    def _write_credentials(self) -> None:
        lines = {
            "JINGWEI_URL": self.addresses.gateway,
            "JINGWEI_CLIENT_ID": ADMIN,
            "JINGWEI_CLIENT_SECRET": self._client_secrets[ADMIN],
        }
        text = "".join(f"{name}={value}\n" for name, value in lines.items())
        write_private(self.var.admin_env, text)

    def settings(self) -> CliSettings:
        """Return how the command line reaches this installation as its administrator."""
        return read_settings(self.var.admin_env)

    def _write_note(self) -> None:
        """Tell `jingwei doctor` what runs here and where."""
        urls: dict[str, str | None] = {**self.addresses.inner, "worker": None}
        note = {"pid": os.getpid(), "url": self.addresses.gateway, "processes": urls}
        write_private(self.var.run_note, json.dumps(note, indent=1))


@contextmanager
def running(var: VarFolder, gateway_port: int, say: Say) -> Iterator[Deployment]:
    """Run an installation for the length of a block; the caller holds the folder's lock."""
    deployment = Deployment(var, gateway_port, say)
    try:
        deployment.start()
        yield deployment
    finally:
        deployment.stop()
