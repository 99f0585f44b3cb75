"""Keys for tests: fresh in every process."""

from __future__ import annotations

import base64
import secrets

from kit.sealing.keys import KeyRing
from kit.sealing.vault import NAMED_KEYS, Vault


def fresh_keys(*names: str) -> str:
    """Return the text of a key ring, as a setting takes it: `v1` and what a vault needs besides."""
    wanted = names or ("v1", *NAMED_KEYS)
    return ",".join(
        f"{name} {base64.b64encode(secrets.token_bytes(32)).decode()}" for name in wanted
    )


def a_vault(versions: int = 1) -> Vault:
    """Return an open vault with random keys of so many versions."""
    keys = {number: secrets.token_bytes(32) for number in range(1, versions + 1)}
    named = {name: secrets.token_bytes(32) for name in NAMED_KEYS}
    vault = Vault(lambda: KeyRing(keys, named))
    vault.open()
    return vault
