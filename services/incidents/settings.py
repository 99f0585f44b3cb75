"""Settings of the incidents service: environment variables that begin with INCIDENTS_."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from kit.settings import ServiceSettings


class Settings(ServiceSettings):
    """What the incidents service is told from outside."""

    model_config = SettingsConfigDict(env_prefix="INCIDENTS_", frozen=True, extra="ignore")

    partition_url: str = Field(
        default="http://127.0.0.1:8102", description="where the grid partition answers"
    )
    locate_patience_s: float = Field(
        default=1.0, gt=0, le=10, description="how long an intake waits for its grid"
    )
    locator_deadline_s: float = Field(
        default=5.0, gt=0, le=60, description="how long the locator waits for an answer"
    )
    locator_interval_s: float = Field(
        default=2.0, gt=0, le=3600, description="pause of the locator when little is to be done"
    )
    locator_batch: int = Field(default=200, ge=1, le=1000, description="incidents a round")
    locator_lease_s: float = Field(
        default=30.0, gt=0, le=3600, description="after which a dead locator's rows are free again"
    )
