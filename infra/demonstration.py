"""The first start's demo: a made-up district, loaded, divided, published, with a few reports.

Everything goes through the public API, as an integrator would do it.  Each step can be repeated
without harm, and a marker in the installation's folder says which are done, so that a start that
was interrupted goes on where it stopped and the next one skips all.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from gateway.cli import planning
from gateway.cli.door import JSON, Door
from gateway.cli.failures import CliFailure
from gateway.cli.loading import LoadOptions, load_case
from gateway.cli.screen import Screen
from gateway.cli.settings import CliSettings
from infra.supervision import Say
from infra.var_folder import VarFolder, read_json, write_private

AREA = "630102"
_REASON = "shown in the demo on purpose"


class Demonstration:
    """Makes the demo once in an installation."""

    def __init__(self, settings: CliSettings, var: VarFolder, say: Say) -> None:
        self._settings = settings
        self._var = var
        self._say = say
        self._screen = Screen()

    @staticmethod
    def known_place(var: VarFolder) -> tuple[float, float] | None:
        """Return the position of the first sample report, once the demo is there."""
        done = read_json(var.demo_marker)
        return (done["lon"], done["lat"]) if "lon" in done else None

    def ensure(self) -> None:
        """Do what is not done yet.

        A step that is refused is told with its cure, and the next start tries it again: the system
        itself is good without its demo.
        """
        if "reports" in self._done():
            self._say("the demo district is there")
            return
        try:
            with Door(self._settings) as door:
                self._case()
                self._load(door)
                self._plan(door)
                self._report(door)
        except CliFailure as failure:
            self._say(
                f"THE DEMO STOPPED HERE: {failure.code}: {failure.detail} {_flaws(failure)}\n"
                f"  -> {failure.cure} The next `make run` goes on with it, DEMO=0 leaves it out."
            )

    def _done(self) -> JSON:
        return read_json(self._var.demo_marker)

    def _mark(self, **facts: object) -> None:
        write_private(self._var.demo_marker, json.dumps(self._done() | facts, indent=1))

    def _case(self) -> None:
        from infra.demo.generate import write_case  # noqa: PLC0415 - numpy and shapely, once

        if "case" in self._done() and (self._var.demo_folder / "case.json").exists():
            return
        self._say("making the demo district (made-up buildings under real community names)")
        write_case(self._var.demo_folder)
        self._mark(case=True)

    def _load(self, door: Door) -> None:
        if "loaded" in self._done():
            return
        self._say("loading it through the public API")
        loaded = load_case(door, self._screen, self._var.demo_folder, LoadOptions())
        for outcome in loaded.outcomes:
            if not outcome.is_good:
                first = outcome.errors[0] if outcome.errors else {}
                raise CliFailure("demo.load", f"{outcome.layer}: {outcome.job['state']} {first}")
        self._mark(loaded=sum(o.counts.get("read", 0) for o in loaded.outcomes))

    def _plan(self, door: Door) -> None:
        if "published" in self._done():
            return
        plan = self._begun(door) or planning.make_plan(door, planning.PlanWish(AREA))
        self._mark(plan=plan["id"])
        self._say(f"dividing {AREA} into grids")
        plan = planning.follow_plan(door, self._screen, plan["id"])
        communities = planning.communities_of(door, plan["id"])
        self._say(
            f"{sum(c['households'] for c in communities):,} households -> "
            f"{sum(c['grids'] or 0 for c in communities):,} grids in {len(communities)} communities"
        )
        for action, after in planning.publish(door, plan, _REASON):
            self._say(f"{action}: the plan is {after['state']}")
        self._mark(published=True)

    def _begun(self, door: Door) -> JSON | None:
        """Return the plan that an interrupted start made, unless it came to nothing."""
        known = self._done().get("plan")
        if known is None:
            return None
        try:
            plan = door.get(f"{planning.PLANS}/{known}")
        except CliFailure as failure:
            if failure.code == "plan.not_found":
                return None
            raise
        return None if plan["state"] in {"failed", "cancelled", "rejected", "withdrawn"} else plan

    def _report(self, door: Door) -> None:
        from infra.demo.case_files import read_case  # noqa: PLC0415 - as above
        from infra.demo.incidents import sample_reports  # noqa: PLC0415 - as above

        reports = sample_reports(read_case(Path(self._var.demo_folder)))
        for number, report in enumerate(reports, start=1):
            body = {
                "category_code": report.category,
                "text": report.text,
                "attributes": dict(report.attributes),
                "point": {"lon": report.lon, "lat": report.lat, "crs": "WGS84"},
            }
            digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
            key = f"demo-report-{number}-{digest[:16]}"
            made = door.post("/incidents/v1/incidents", body, key=key)
            self._say(f"report {made['number']}: grid {made['grid_code']}")
        self._mark(reports=len(reports), lon=reports[0].lon, lat=reports[0].lat)


def _flaws(failure: CliFailure) -> str:
    flaws = failure.more.get("errors", [])
    return "; ".join(f"{flaw.get('pointer')} {flaw.get('detail')}" for flaw in flaws)
