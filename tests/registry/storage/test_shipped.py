"""The divisions that come with the product, loaded from the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import httpx

from services.registry.app import PACKAGE_DIR
from services.registry.domain.divisions import check_kind, check_parent
from services.registry.operations import shipped
from tests.registry.factories import V1, Registry

CHENGDONG = "630102"


def created(url: str) -> int:
    """Run the command; return how many divisions it says it has created."""
    done = subprocess.run(
        [sys.executable, "-m", "services.registry", "load-divisions"],
        env={**os.environ, "REGISTRY_DATABASE_URL": url},  # noqa: TID251 - the child's environment
        capture_output=True,
        text=True,
        check=True,
    )
    return int(json.loads(done.stderr.splitlines()[-1])["created"])


def test_the_shipped_files_are_whole() -> None:
    rows = dict(shipped.read_files(PACKAGE_DIR / "data"))
    assert len(rows) == 71
    for code, wanted in rows.items():
        check_kind(code, wanted["kind"])
        if code != CHENGDONG:
            check_parent(code, code[:-3])
            assert code[:-3] in rows
    assert sum(wanted["is_governed"] for wanted in rows.values()) == 35


def test_divisions_are_loaded_once_and_corrections_stay(client: httpx.Client, url: str) -> None:
    assert created(url) == 71
    registry = Registry(client)
    found = registry.get("divisions", limit=1000)["items"]
    assert len(found) == 71
    assert found[0]["name"] == "西宁市城东区"
    renamed = client.patch(
        f"{V1}/divisions/{CHENGDONG}", json={"name": "城东"}, headers={"If-Match": "*"}
    )
    assert renamed.status_code == 200
    assert created(url) == 0
    assert registry.get(f"divisions/{CHENGDONG}")["name"] == "城东"
