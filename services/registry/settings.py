"""What the registry is told from outside; every name begins with REGISTRY_."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from kit.settings import ServiceSettings
from services.registry.domain.buildings import Placement


class Settings(ServiceSettings):
    """Settings of the registry."""

    model_config = SettingsConfigDict(env_prefix="REGISTRY_", frozen=True, extra="ignore")

    outside_refused_m: float = Field(
        default=500.0,
        gt=0,
        description="A building further than this outside its community is refused; a nearer one "
        "is taken, with the distance noted as outside_m",
    )

    @property
    def placement(self) -> Placement:
        """The placement rule that these settings make."""
        return Placement(refused_beyond_m=self.outside_refused_m)
