"""The published contract: OpenAPI documents and the problem catalogue, made from the code.

`python -m infra.contract` writes docs/openapi/*.json and docs/problems.md; a test compares both
with what the code says.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from kit import errors
from kit.web.problems import status_of

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"

#: name of the document -> package of the deployable
DEPLOYABLES = {
    "registry": "services.registry",
    "grid_partition": "services.grid_partition",
    "incidents": "services.incidents",
    "gateway": "gateway",
}
_NOWHERE = "postgresql://nobody@/nothing"


def _module(package: str, name: str) -> ModuleType:
    return importlib.import_module(f"{package}.{name}")


def document(package: str) -> dict[str, Any]:
    """Return the OpenAPI document of a deployable; touches no database."""
    settings = _module(package, "settings").Settings(
        database_url=_NOWHERE, environment="development", _env_file=None
    )
    openapi: dict[str, Any] = _module(package, "app").create_app(settings).openapi()
    return openapi


def as_text(openapi: dict[str, Any]) -> str:
    """Return a document as it is stored: sorted, so that differences are small."""
    return json.dumps(openapi, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def problems_page() -> str:
    """Return docs/problems.md: every code of every deployable, its meaning and its cure."""
    for package in DEPLOYABLES.values():
        _module(package, "app")
    rows = [
        f"| `{kind.code}` | {status_of(kind)} | {kind.title.en} / {kind.title.zh} | "
        f"{_cell(kind.detail)} | {_cell(kind.cure)} |"
        for kind in errors.catalogue()
    ]
    return "\n".join(
        [
            "# Problems",
            "",
            "Every refusal is an `application/problem+json` (RFC 9457) whose `type` is",
            "`/problems/<code>`. The codes are stable; programs act on them, people read the rest.",
            "Made from the code by `make openapi`.",
            "",
            "| code | status | title | meaning | cure |",
            "|---|---|---|---|---|",
            *rows,
            "",
        ]
    )


def _cell(text: errors.Text) -> str:
    return f"{text.en}<br>{text.zh}".replace("|", "\\|").replace("\n", " ")


def main() -> int:
    """Write every document."""
    folder = DOCS / "openapi"
    folder.mkdir(parents=True, exist_ok=True)
    for name, package in DEPLOYABLES.items():
        (folder / f"{name}.json").write_text(as_text(document(package)), encoding="utf-8")
        print(f"docs/openapi/{name}.json")
    (DOCS / "problems.md").write_text(problems_page(), encoding="utf-8")
    print("docs/problems.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
