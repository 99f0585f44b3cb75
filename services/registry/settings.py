"""What the registry is told from outside; every name begins with REGISTRY_."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from kit.sealing.keys import KeyRing, read_key_ring
from kit.sealing.vault import NAMED_KEYS
from kit.settings import ServiceSettings
from services.registry.domain.buildings import Placement


class Settings(ServiceSettings):
    """Settings of the registry."""

    model_config = SettingsConfigDict(env_prefix="REGISTRY_", frozen=True, extra="ignore")

    import_words: Path | None = Field(
        default=None,
        description="file with the headers and labels of imports; the registry's own data file "
        "when not set",
    )
    outside_refused_m: float = Field(
        default=500.0,
        gt=0,
        description="A building further than this outside its community is refused; a nearer one "
        "is taken, with the distance noted as outside_m",
    )

    key_file: Path = Field(
        default=Path("var/registry.key"),
        description="Keys that seal personal data: lines `v1 ...`, `index ...`, `audit ...`, each "
        "32 random bytes in base64; made in development, must be there in production",
    )
    keys: SecretStr = Field(
        default=SecretStr(""),
        description="The same lines, with commas between, instead of a file",
    )
    people_file: Path | None = Field(
        default=None,
        description="Purposes, tags, kinds of members, posts and reasons, in the form of "
        "data/people.json; the shipped ones when absent",
    )
    audit_folder: Path = Field(
        default=Path("var/audit"), description="where signed checkpoints of the trail are kept"
    )
    audit_checkpoint_s: float = Field(
        default=3600.0, gt=0, le=86_400, description="how often a checkpoint is taken"
    )
    clear_rows_per_day: int = Field(
        default=20_000, ge=0, description="persons that a client may read in clear in a day"
    )
    lookups_per_minute: int = Field(
        default=40, ge=0, description="look-ups by identity number or phone, a client"
    )
    retention_residents_months: int | None = Field(
        default=None,
        ge=1,
        le=1200,
        description="months after which the data of ended residents are erased; never when absent",
    )
    retention_members_months: int | None = Field(
        default=None, ge=1, le=1200, description="the same for ended members"
    )

    def read_keys(self) -> KeyRing:
        """Return the keys; raises KeyFileError.  Development may make them."""
        return read_key_ring(
            self.key_file,
            may_make=self.environment == "development",
            text=self.keys.get_secret_value(),
            wanted=NAMED_KEYS,
        )

    @property
    def placement(self) -> Placement:
        """The placement rule that these settings make."""
        return Placement(refused_beyond_m=self.outside_refused_m)
