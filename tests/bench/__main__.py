"""`python -m tests.bench partition|registry [--quick] [--only race,oracle] [--page]`."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Bench:
    """A package of measurements: its parts, and how its results are shown."""

    package: str
    figures: str
    #: Parts that are measured only when they are asked for.
    on_demand: frozenset[str] = field(default_factory=frozenset)

    def of(self, module: str, name: str) -> Any:
        """A name of one of its modules."""
        return getattr(importlib.import_module(f"{self.package}.{module}"), name)


BENCHES: Mapping[str, Bench] = {
    "partition": Bench("tests.bench.partition", "figures", frozenset({"ours"})),
    "registry": Bench("tests.bench.registry", "page"),
}


def main(words: Sequence[str] | None = None) -> None:
    """Measure the wanted parts, print the table of goals, write the page.

    A quick run writes its page beside its results, so that the page in docs stays what a full run
    has measured.
    """
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("part", choices=list(BENCHES), help="what is measured")
    parser.add_argument("--quick", action="store_true", help="small: three minutes")
    parser.add_argument("--only", default="", help="some of its parts, with commas between")
    parser.add_argument("--page", action="store_true", help="write the page from stored results")
    asked = parser.parse_args(words)
    bench = BENCHES[asked.part]
    parts: Mapping[str, Any] = bench.of("parts", "PARTS")
    run_alone: Callable[..., None] = bench.of("parts", "run_alone")
    wanted = [name for name in asked.only.split(",") if name] or [
        part for part in parts if part not in bench.on_demand
    ]
    if unknown := sorted(set(wanted) - set(parts)):
        parser.error(f"no such part: {', '.join(unknown)}; there are {', '.join(parts)}")
    console = Console()
    folder = ROOT / "var" / "bench" / asked.part / ("quick" if asked.quick else "full")
    for name in [] if asked.page else wanted:
        console.print(f"measuring {name}")
        run_alone(name, folder, quick=asked.quick)
    results = bench.of("parts", "stored_results")(folder)
    file = f"{asked.part}.md"
    page = folder / file if asked.quick else ROOT / "docs" / "benchmarks" / file
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(bench.of("page", "render")(results), encoding="utf-8")
    table = Table("#", "figure", "goal", "reached", "met")
    for line in bench.of(bench.figures, "figures")(results):
        met = {True: "yes", False: "NO", None: "-"}[line.met]
        table.add_row(line.number, line.what, line.goal, line.reached, met)
    console.print(table)
    console.print(f"written: {page.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
