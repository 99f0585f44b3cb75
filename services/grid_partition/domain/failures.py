"""Why a plan failed, in words for officials: the catalogue is a data file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from kit.errors import Language, Text

_FILE = Path(__file__).parent.parent / "data" / "failures.json"


@lru_cache(maxsize=1)
def catalogue() -> Mapping[str, Text]:
    """Return the text of each reason."""
    told = json.loads(_FILE.read_text(encoding="utf-8"))
    return {code: Text(text["en"], text["zh"]) for code, text in told.items()}


def explain(failure: Mapping[str, Any], language: Language) -> dict[str, Any]:
    """Return a stored failure (`code` and its parameters) with its sentence as `detail`."""
    code = str(failure["code"])
    return {**failure, "detail": catalogue()[code].render(language, dict(failure))}
