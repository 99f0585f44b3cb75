"""Rules of the house that neither the linter nor the type checker knows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from infra.shape import ROOT

CODE = ("kit", "services", "gateway")
GENERIC = {
    "utils",
    "helpers",
    "managers",
    "manager",
    "common",
    "base",
    "constants",
    "types",
    "misc",
}


def sources(*folders: str) -> Iterator[tuple[str, str]]:
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")


def offenders(pattern: str, *folders: str) -> list[str]:
    return [name for name, text in sources(*folders) if re.search(pattern, text)]


def test_only_the_kit_commits() -> None:
    assert offenders(r"\.commit\(", "services", "gateway") == []


def test_select_stands_only_in_storage() -> None:
    found = offenders(r"(?<![\w.])select\(", "services", "gateway")
    assert [name for name in found if "/storage" not in name] == []


def test_modules_have_names_that_say_something() -> None:
    named = [Path(name).stem for name, _ in sources(*CODE, "infra")]
    assert GENERIC.isdisjoint(named)


def test_the_kit_knows_no_word_of_the_domain() -> None:
    words = r"(?i)\b(household|resident|estate|building|incident|grid_code|community)s?\b"
    spoken = [
        name
        for name, text in sources("kit")
        if name not in {"kit/auth.py", "kit/areas.py"} and re.search(words, text)
    ]
    assert spoken == []


def test_no_file_names_this_machine_or_a_registry_host() -> None:
    pattern = re.compile(
        r"(?<![\w./])/(?:work|root|opt|home)/\w|files\.pythonhosted|pypi\.org|npmjs\.(?:org|com)"
    )
    kinds = {".py", ".md", ".toml", ".lock", ".json", ".yaml", ".yml", ".sh", ".csv", ""}
    skip = {"var", "node_modules", "__pycache__"}
    named = []
    for path in ROOT.rglob("*"):
        relative = path.relative_to(ROOT)
        hidden = relative.parts[0].startswith(".") and relative.parts[0] != ".ci"
        if (
            hidden
            or skip.intersection(relative.parts)
            or not path.is_file()
            or path.suffix not in kinds
        ):
            continue
        if path.name != "test_house_rules.py" and pattern.search(
            path.read_text(encoding="utf-8", errors="replace")
        ):
            named.append(relative.as_posix())
    assert named == []


def test_changes_are_told_and_decisions_are_numbered() -> None:
    assert "## Unreleased" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    numbers = sorted(int(path.name[:4]) for path in (ROOT / "docs" / "decisions").glob("*.md"))
    assert numbers == list(range(1, len(numbers) + 1))


def test_every_dependency_has_its_line_of_reason() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    named = set(re.findall(r'^\s*"([a-z0-9-]+)(?:\[\w+\])?>=', project, re.MULTILINE))
    named |= set(re.findall(r'[\[ ]"([a-z0-9-]+)>=', project))
    page = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    assert sorted(name for name in named if f"`{name}`" not in page) == []
