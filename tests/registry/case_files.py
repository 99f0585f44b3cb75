"""The shared case data as import bodies, codes mapped to the 12 digits that grids need.

A case's own codes are used as they stand when they are division codes.  Other digits are filled
up with zeros on the left (67000320001 becomes 067000320001; no division of China begins with 0);
codes that are no digits are numbered in their order under the unassigned street 990492001.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

CASES = Path(__file__).parents[3] / "shared" / "data"
KNOWN = {
    "divisions": ("code", "name", "street_code", "street_name", "households", "buildings"),
    "estates": (
        "estate_id", "name", "community_code", "property_company", "no_property_no_committee",
    ),
    "buildings": (
        "building_id", "community_code", "estate_id", "estate_name", "name", "kind", "units",
        "floors", "dwellings", "households", "hh_source",
    ),
}  # fmt: skip


def features(case: str, name: str) -> list[dict[str, Any]]:
    path = CASES / case / f"{name}.geojson.gz"
    if not path.exists():
        pytest.skip(f"no case data beside the repository: {case}/{name}")
    with gzip.open(path) as file:
        found: list[dict[str, Any]] = json.load(file)["features"]
    return found


def codes_of(case: str) -> dict[str, str]:
    """The case's community codes, each with the code it gets here."""
    own = sorted(feature["properties"]["code"] for feature in features(case, "communities"))
    if all(code.isdigit() and len(code) <= 12 for code in own):
        return {code: code.rjust(12, "0") for code in own}
    return {code: f"990492001{number:03}" for number, code in enumerate(own, start=1)}


def collection(case: str, name: str, resource: str) -> bytes:
    """The file as an import body: known properties only, community codes mapped."""
    codes = codes_of(case)
    kept = []
    for feature in features(case, name):
        properties = {
            key: value for key, value in feature["properties"].items() if key in KNOWN[resource]
        }
        for key in ("code", "community_code"):
            if key in properties:
                properties[key] = codes[properties[key]]
        if "street_code" in properties:
            properties["street_code"] = properties["code"][:9]
        kept.append({"type": "Feature", "geometry": feature["geometry"], "properties": properties})
    return json.dumps({"type": "FeatureCollection", "features": kept}).encode()


def households_in(case: str) -> dict[str, int]:
    """The sum of the buildings' households by mapped community code."""
    codes = codes_of(case)
    sums = dict.fromkeys(codes.values(), 0)
    for feature in features(case, "buildings"):
        properties = feature["properties"]
        sums[codes[properties["community_code"]]] += properties["households"]
    return sums
