"""One installation on one machine: its programs, what each is told, and the order of starting."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from infra.keeper import Keeper
from infra.ports import LOOPBACK, choose
from infra.supervision import Program, Say, Supervisor, child_environment
from infra.var_folder import CannotStart, VarFolder
from kit.embedded_postgres import EmbeddedPostgres

_ROOT = Path(__file__).parent.parent
_READY_S = 90.0

#: name -> (package, prefix of its settings, default loopback port)
SERVICES: Mapping[str, tuple[str, str, int]] = {
    "registry": ("services.registry", "REGISTRY", 8101),
    "partition": ("services.grid_partition", "PARTITION", 8102),
    "incidents": ("services.incidents", "INCIDENTS", 8103),
}
_GATEWAY = ("gateway", "GATEWAY")

#: client -> the least it needs of its peers
PEER_SCOPES: Mapping[str, str] = {
    "partition": "registry:read",
    "incidents": "partition:read",
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
        self._clients = var.secret("clients", sorted(PEER_SCOPES))
        self._database_urls: dict[str, str] = {}

    def start(self) -> None:
        """Start the database, migrate, make the clients, start every program, wait until ready."""
        self._say("starting the embedded PostgreSQL")
        self._postgres = EmbeddedPostgres(self.var.postgres)
        names = [*SERVICES, "gateway"]
        self._database_urls = self._postgres.ensure_databases(self.var.secret("databases", names))
        self._say("migrating four databases")
        self._migrate()
        self._say("ensuring the service clients")
        self._ensure_clients()
        self._say("starting the services, the worker and the gateway")
        self.supervisor.start(self.programs())
        self.supervisor.wait_ready(_READY_S)

    def stop(self) -> None:
        """Stop the door, then the rest, then the database; safe at any stage of a start."""
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
        prefix = SERVICES[name][1] if name in SERVICES else _GATEWAY[1]
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
        if name == "gateway":
            told["KEY_FILE"] = str(self.var.root / "gateway.key")
        if name in self._clients:
            told |= {"CLIENT_ID": name, "CLIENT_SECRET": self._clients[name]}
        return {f"{prefix}_{key}": value for key, value in told.items()}

    def _migrate(self) -> None:
        packages = {name: package for name, (package, _, _) in SERVICES.items()}
        packages["gateway"] = _GATEWAY[0]
        with ThreadPoolExecutor(2) as pool:
            jobs = [
                pool.submit(self.run, name, (package, "migrate"))
                for name, package in packages.items()
            ]
            for job in jobs:
                job.result()

    def run(self, name: str, arguments: Sequence[str], stdin: str = "") -> str:
        """Run one of a deployable's commands to its end; raises CannotStart with its last words."""
        done = subprocess.run(
            [sys.executable, "-m", *arguments],
            env=child_environment(self.environment(name)),
            cwd=_ROOT,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            last = "\n".join((done.stdout + done.stderr).strip().splitlines()[-12:])
            raise CannotStart(f"`{' '.join(arguments)}` failed.", f"It said:\n{last}")
        return done.stdout

    def _ensure_clients(self) -> None:
        raise NotImplementedError


@contextmanager
def running(var: VarFolder, gateway_port: int, say: Say) -> Iterator[Deployment]:
    """Run an installation for the length of a block; the caller holds the folder's lock."""
    deployment = Deployment(var, gateway_port, say)
    try:
        deployment.start()
        yield deployment
    finally:
        deployment.stop()
