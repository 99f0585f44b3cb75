"""Organizations: the code by which they are registered."""

from __future__ import annotations

import unicodedata

from kit.errors import FieldError
from services.registry.domain.organization_problems import UsccInvalid

USCC_LENGTH = 18
_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_VALUES = {character: value for value, character in enumerate(_ALPHABET)}
_WEIGHTS = tuple(pow(3, position, 31) for position in range(USCC_LENGTH - 1))


def normalised_uscc(text: str) -> str:
    """Return a unified social credit code (GB 32100) in its one spelling, or refuse: UsccInvalid.

    Small letters, full-width characters, blanks and hyphens are put right; any pair of prefix
    characters is taken, because old and new registering bodies use different ones.
    """
    folded = unicodedata.normalize("NFKC", text).upper()
    code = "".join(folded.split()).replace("-", "")
    if not is_uscc(code):
        error = FieldError(code=UsccInvalid.code, text=UsccInvalid.detail, pointer="/uscc")
        raise UsccInvalid(errors=[error])
    return code


def is_uscc(code: str) -> bool:
    """Tell whether a code has 18 characters of the alphabet and the check character they make."""
    if len(code) != USCC_LENGTH or any(character not in _VALUES for character in code):
        return False
    return code[-1] == uscc_check(code[:-1])


def uscc_check(body: str) -> str:
    """Return the check character of the first 17: 31 less the weighted sum, all modulo 31."""
    total = sum(
        _VALUES[character] * weight for character, weight in zip(body, _WEIGHTS, strict=True)
    )
    return _ALPHABET[-total % 31]
