"""Households: single rows of a building, without anything personal."""

from __future__ import annotations

from typing import Literal

Residence = Literal["registered", "resident", "both"]
"""registered: on the register, lives elsewhere (空挂户); resident: lives here, registered
elsewhere (人户分离); both."""

ResidenceType = Literal["owner_occupied", "rented", "lodging"]
"""居住类型: 自住, 租住, 寄住."""

COUNTED_AS_RESIDENT: tuple[Residence, ...] = ("resident", "both")
COUNTED_AS_REGISTERED: tuple[Residence, ...] = ("registered", "both")
