"""What the engine could not keep, in words for officials: the catalogue is a data file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from kit.errors import Language, Text
from services.grid_partition.domain.wording import counted

_FILE = Path(__file__).parent.parent / "data" / "violations.json"


@lru_cache(maxsize=1)
def catalogue() -> Mapping[str, Mapping[str, Text]]:
    """Return the texts: violation code, then variant ("" where there is one only)."""
    told = json.loads(_FILE.read_text(encoding="utf-8"))
    return {
        code: {name: Text(text["en"], text["zh"]) for name, text in variants.items()}
        for code, variants in told.items()
    }


def _variant(params: Mapping[str, Any]) -> str:
    if "proof" in params:
        return str(params["proof"])
    if "proven" in params:
        return "proven" if params["proven"] else "likely"
    return ""


def explain(code: str, params: Mapping[str, Any], language: Language) -> str:
    """Return the sentence for a violation."""
    return catalogue()[code][_variant(params)].render(language, counted(params))
