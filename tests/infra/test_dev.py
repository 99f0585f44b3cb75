from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from infra.bootstrap import CLIENTS, package_folder
from infra.demonstration import Demonstration
from infra.deployment import PACKAGES, SERVICES, Addresses
from infra.dev import Wishes
from infra.var_folder import CannotStart, VarFolder, write_private
from kit.auth import SCOPES


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, Wishes(8080, Path("var"), demo=True)),
        ({"PORT": "", "VAR": "", "DEMO": "1"}, Wishes(8080, Path("var"), demo=True)),
        ({"PORT": "9000", "VAR": "other", "DEMO": "0"}, Wishes(9000, Path("other"), demo=False)),
        ({"DEMO": "No"}, Wishes(8080, Path("var"), demo=False)),
    ],
)
def test_the_environment_says_what_is_wished(
    environment: Mapping[str, str], expected: Wishes
) -> None:
    assert Wishes.read(dict(environment)) == expected


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1", "80 80", "八"])
def test_a_port_that_is_none_stops_the_start(port: str) -> None:
    with pytest.raises(CannotStart) as refused:
        Wishes.read({"PORT": port})
    assert "is no port" in str(refused.value)


def test_service_clients_have_the_least_scopes_and_the_administrator_all() -> None:
    assert set(CLIENTS["admin"].scopes) == set(SCOPES)
    assert CLIENTS["partition"].scopes == ("registry:read", "partition:publish")
    assert CLIENTS["incidents"].scopes == ("partition:read",)


def test_every_deployable_has_its_migrations() -> None:
    assert set(PACKAGES) == {*SERVICES, "gateway"}
    for package in PACKAGES.values():
        assert (package_folder(package) / "migrations" / "versions").is_dir()
    with pytest.raises(CannotStart):
        package_folder("infra_of_nobody")


def test_addresses_are_on_the_loopback() -> None:
    addresses = Addresses.at(8080, {"registry": 8101})
    assert addresses.gateway == "http://127.0.0.1:8080"
    assert addresses.inner == {"registry": "http://127.0.0.1:8101"}


def test_the_place_of_the_first_report_is_remembered(tmp_path: Path) -> None:
    var = VarFolder(tmp_path)
    assert Demonstration.known_place(var) is None
    write_private(var.demo_marker, '{"published": true}')
    assert Demonstration.known_place(var) is None
    write_private(var.demo_marker, '{"reports": 13, "lon": 101.8, "lat": 36.6}')
    assert Demonstration.known_place(var) == (101.8, 36.6)
