"""Make the demo district: `python -m infra.demo.generate OUT --seed 630102`."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from string import Template
from typing import Any

import numpy as np

from infra.demo.case_files import CaseFiles, collection_file, sha256_of
from infra.demo.construction import Builder, forget_some_footprints, move_in
from infra.demo.features import (
    Feature,
    barrier_features,
    building_features,
    community_features,
    estate_features,
    legacy_features,
)
from infra.demo.landuse import free_ground, plan_uses
from infra.demo.lattice import Lattice, Line, build_lattice
from infra.demo.legacy import draw_legacy_grids
from infra.demo.naming import Namer
from infra.demo.planar import Frame, build_plan, cut_block
from infra.demo.recipe import Recipe, load_recipe
from infra.demo.settlement import settle

DEFAULT_SEED = 630102
_README = Path(__file__).parent / "case_readme.md"


def _all_lines(
    recipe: Recipe, lattice: Lattice, namer: Namer, rng: np.random.Generator
) -> list[Line]:
    lines = list(lattice.lines)
    for block in lattice.blocks:
        cuts = cut_block(block.polygon, recipe.valley.cell_max_m2, rng)
        # About half of the small streets have a name, as on any map of old estates.
        names = [namer.lane() if rng.random() < 0.5 else None for _ in cuts]
        lines += [Line(cut, "residential", n) for cut, n in zip(cuts, names, strict=True)]
    return lines


def _collections(recipe: Recipe, seed: int) -> dict[str, list[Feature]]:
    rng = np.random.default_rng(seed)
    frame = Frame(*recipe.origin)
    namer = Namer(recipe.names, rng)
    lattice = build_lattice(recipe, rng)
    plan = build_plan(_all_lines(recipe, lattice, namer, rng), lattice.blocks, frame)
    settlement = settle(recipe, plan, lattice, rng)
    free = free_ground(plan, recipe)
    uses = plan_uses(plan, recipe, settlement, free, rng)
    town = Builder(recipe, namer, rng).build(settlement, free, uses)
    move_in(town, recipe, rng)
    grids = draw_legacy_grids(recipe, plan, settlement, town, rng)
    forget_some_footprints(town, recipe.points_instead_of_footprints, rng)
    return {
        "communities": community_features(recipe, plan, settlement, town),
        "buildings": building_features(town, grids, frame),
        "barriers": barrier_features(recipe, plan, frame),
        "estates": estate_features(town, frame),
        "legacy_grids": legacy_features(grids),
    }


def _totals(collections: dict[str, list[Feature]]) -> dict[str, Any]:
    def households(name: str) -> list[int]:
        return sorted(f["properties"]["households"] for f in collections[name])

    counts = households("communities")
    return {
        **{name: len(features) for name, features in collections.items()},
        "households": sum(counts),
        "households_per_community_min_median_max": [
            counts[0],
            counts[len(counts) // 2],
            counts[-1],
        ],
        "households_per_building_max": households("buildings")[-1],
        "households_per_legacy_grid_min_max": households("legacy_grids")[
            :: len(collections["legacy_grids"]) - 1
        ],
    }


def _readme(summary: dict[str, Any], points: int) -> bytes:
    names = {name: name for name in ("communities", "buildings", "estates", "barriers")}
    hard = "; ".join(f"{code} ({why})" for code, why in summary["hard"].items()) or "none"
    values = {**summary["totals"], "seed": summary["seed"], "hard": hard, "points": points}
    text = Template(_README.read_text(encoding="utf-8")).substitute({**names, **values})
    return text.encode()


def generate(seed: int = DEFAULT_SEED, recipe: Recipe | None = None) -> CaseFiles:
    """Return the files of the district that belongs to the seed; about ten seconds.

    The bytes depend on the seed, the recipe and the versions of numpy and GEOS only.
    """
    recipe = recipe or load_recipe()
    collections = _collections(recipe, seed)
    files = dict(collection_file(name, features) for name, features in collections.items())
    summary: dict[str, Any] = {
        "case": "demo-630102",
        "crs": "EPSG:4326",
        "licence": "CC0-1.0 (made up); community codes and names: china-division 2.7.0, WTFPL",
        "note": "Real names and codes; outlines, buildings and households are made up.",
        "hh_source": "synthetic",
        "seed": seed,
        "hard": {b.community: b.hard for b in recipe.big_buildings if b.hard},
        "totals": _totals(collections),
        "sha256": sha256_of(files),
    }
    files["case.json"] = (json.dumps(summary, ensure_ascii=False, indent=1) + "\n").encode()
    files["README.md"] = _readme(summary, recipe.points_instead_of_footprints)
    return CaseFiles(files)


def write_case(folder: Path, seed: int = DEFAULT_SEED) -> CaseFiles:
    """Generate the district of the seed and write its files into the folder."""
    case = generate(seed)
    case.write(folder)
    return case


def main(words: Sequence[str] | None = None) -> None:
    """Command line: write the case and print its totals; `words` None means the process's own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, help="folder for the files of the case")
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED, help="another seed, another town")
    arguments = parser.parse_args(words)
    case = write_case(arguments.out, arguments.seed)
    print(json.dumps(case.summary["totals"], ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
