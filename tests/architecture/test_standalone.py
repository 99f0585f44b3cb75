"""Each deployable starts where the others do not exist, and importing it reads no environment."""

from __future__ import annotations

import subprocess
import sys

import pytest

from infra.contract import DEPLOYABLES

PROBE = """
import importlib, importlib.abc, os, sys
class Wall(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if any(name == other or name.startswith(other + ".") for other in {others!r}):
            raise ImportError(f"{{name}} is another deployable")
sys.meta_path.insert(0, Wall())
class Sealed(dict):
    def __getitem__(self, name):
        if name.startswith(("REGISTRY_", "PARTITION_", "INCIDENTS_", "GATEWAY_", "JINGWEI_")):
            raise AssertionError("the environment was read at import: " + name)
        return super().__getitem__(name)
    get = lambda self, name, default=None: self[name] if name in self else default
os.environ.update({{f"{{p}}_DATABASE_URL": "poison" for p in ("REGISTRY", "INCIDENTS")}})
environ, os.environ = os.environ, Sealed(os.environ)
importlib.import_module({package!r} + ".app")
"""


@pytest.mark.parametrize("package", sorted(DEPLOYABLES.values()))
def test_a_deployable_imports_without_the_others(package: str) -> None:
    others = [other for other in DEPLOYABLES.values() if other != package]
    source = PROBE.format(package=package, others=others)
    done = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
