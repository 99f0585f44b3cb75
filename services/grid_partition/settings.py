"""Settings of the partition service and its worker; environment prefix `PARTITION_`."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from kit.settings import ServiceSettings


class Settings(ServiceSettings):
    """What the service is told from outside, beside what every service is told."""

    model_config = SettingsConfigDict(env_prefix="PARTITION_", frozen=True, extra="ignore")

    registry_url: str = "http://127.0.0.1:8101"
    registry_deadline_s: float = Field(
        default=60.0, gt=0, description="longest wait for a whole answer of the registry"
    )
    lease_s: float = Field(
        default=10.0, gt=0, description="work of a worker that fell silent is taken over after this"
    )
    heartbeat_s: float = Field(default=2.0, gt=0)
    poll_s: float = Field(default=0.5, gt=0, description="how often an idle worker looks for work")
    failures_max: int = Field(
        default=3, ge=1, description="faults of one community before its plan fails"
    )
    claims_max: int = Field(
        default=10, ge=1, description="workers that may die over one piece of work"
    )
    registry_patience_s: float = Field(
        default=600.0, gt=0, description="how long a plan waits for an absent registry"
    )
    telling_rest_s: float = Field(
        default=30.0,
        gt=0,
        description="pause before the registry is told again of grids that it did not take",
    )
    grids_fresh_s: float = Field(
        default=0.5, ge=0, description="a publication reaches every process's map within this"
    )
    locate_points_max: int = Field(default=10_000, ge=1)
