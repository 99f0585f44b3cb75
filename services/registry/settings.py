"""What the registry is told from outside; every name begins with REGISTRY_."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import SettingsConfigDict

from kit.sealing.keys import KeyRing, read_key_ring
from kit.sealing.vault import NAMED_KEYS
from kit.settings import ServiceSettings
from services.registry.domain.buildings import Placement
from services.registry.domain.estates import THREE_NO
from services.registry.domain.kinds import SHIPPED, EstateParty, read_kinds
from services.registry.domain.rules import Rules


class Settings(ServiceSettings):
    """Settings of the registry."""

    model_config = SettingsConfigDict(env_prefix="REGISTRY_", frozen=True, extra="ignore")

    outside_near_m: float = Field(
        default=50.0,
        gt=0,
        le=10_000,
        description="A building up to this far outside its community is taken with a warning; "
        "a further one with a stronger warning",
    )
    import_words: Path | None = Field(
        default=None,
        description="file with the headers and labels of imports; the registry's own data file "
        "when not set",
    )
    outside_refused_m: float = Field(
        default=500.0,
        gt=0,
        le=100_000,
        description="A building further than this outside its community is refused; a nearer one "
        "is taken, with the distance noted as outside_m",
    )
    kinds_file: Path | None = Field(
        default=None,
        description="Kinds of organizations, service points, teams and dwellings, in the form of "
        "data/kinds.json; the shipped ones when absent",
    )
    three_no_parties: tuple[EstateParty, ...] = Field(
        default=THREE_NO,
        min_length=1,
        description="Parties whose known absence makes an estate a three-no yard",
    )

    division_sections_checked: bool = Field(
        default=True,
        description="Refuse a division whose kind does not fit the last three digits of its code",
    )

    @model_validator(mode="after")
    def _near_is_nearer(self) -> Settings:
        if self.outside_near_m > self.outside_refused_m:
            message = "outside_near_m must not exceed outside_refused_m"
            raise ValueError(message)
        return self

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
    def rules(self) -> Rules:
        """The rules that these settings make; reads the file of kinds."""
        return Rules(
            Placement(self.outside_near_m, self.outside_refused_m),
            read_kinds(self.kinds_file or SHIPPED),
            self.three_no_parties,
            self.division_sections_checked,
            self.time_zone,
        )
