"""Names that grids get when they are made."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

_FILE = Path(__file__).parent.parent / "data" / "naming.json"


@lru_cache(maxsize=1)
def _template() -> str:
    return str(json.loads(_FILE.read_text(encoding="utf-8"))["grid"])


def grid_name(community: str, number: int) -> str:
    """Return the name of a community's grid; officials may give it another later."""
    return _template().format(community=community, number=number)
