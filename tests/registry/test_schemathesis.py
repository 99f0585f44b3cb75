"""Property tests of the whole contract: every operation, every check, on a real database.

What a schema cannot say is put into the generated cases before they are sent: geometries have
closed rings that do not cross, and some references name rows that exist.  No check is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.generation import GenerationMode
from starlette.testclient import TestClient

from kit.testing.clock import FrozenClock
from kit.testing.databases import TestDatabases
from kit.testing.tokens import TestTokens
from services.registry.app import PACKAGE_DIR, create_app
from services.registry.settings import Settings

print(TestClient)
