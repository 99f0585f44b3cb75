"""`python -m tests.bench partition [--quick] [--only race,oracle] [--page]`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from tests.bench.partition.contest import ROOT
from tests.bench.partition.figures import figures
from tests.bench.partition.page import render
from tests.bench.partition.parts import PARTS, run_alone, stored_results


def main(words: Sequence[str] | None = None) -> None:
    """Measure the wanted parts, print the table of goals, write the page.

    A quick run writes its page beside its results, so that the page in docs stays what a full run
    has measured.
    """
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("part", choices=["partition"], help="what is measured")
    parser.add_argument("--quick", action="store_true", help="small: three minutes")
    parser.add_argument("--only", default="", help=f"some of {','.join(PARTS)}")
    parser.add_argument("--page", action="store_true", help="write the page from stored results")
    asked = parser.parse_args(words)
    wanted = [name for name in asked.only.split(",") if name] or [
        part for part in PARTS if part != "ours"
    ]
    if unknown := sorted(set(wanted) - set(PARTS)):
        parser.error(f"no such part: {', '.join(unknown)}")
    console = Console()
    folder = ROOT / "var" / "bench" / asked.part / ("quick" if asked.quick else "full")
    for name in [] if asked.page else wanted:
        console.print(f"measuring {name}")
        run_alone(name, folder, quick=asked.quick)
    results = stored_results(folder)
    page = folder / "partition.md" if asked.quick else ROOT / "docs/benchmarks/partition.md"
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(render(results), encoding="utf-8")
    table = Table("#", "figure", "goal", "reached", "met")
    for line in figures(results):
        met = {True: "yes", False: "NO", None: "-"}[line.met]
        table.add_row(line.number, line.what, line.goal, line.reached, met)
    console.print(table)
    console.print(f"written: {page.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
