"""Names of the array types that pass between the stages.

Integers are 64 bits everywhere: a compiled kernel then has one signature, and a district of a
hundred million households does not overflow.
"""

from __future__ import annotations

from typing import Annotated, TypeAlias

import numpy as np
from numpy.typing import NDArray

IntArray: TypeAlias = NDArray[np.int64]
#: Two-dimensional; the number is for the compiler.
IntTable: TypeAlias = Annotated[NDArray[np.int64], 2]
FloatArray: TypeAlias = NDArray[np.float64]
BoolArray: TypeAlias = NDArray[np.bool_]
GeometryArray: TypeAlias = NDArray[np.object_]


def as_int_array(values: object) -> IntArray:
    """Copy any sequence of whole numbers into a fresh, contiguous 64-bit array.

    Raises ValueError when a value is not a whole number (a fraction, a text, None).
    """
    raw = np.asarray(values)
    if raw.size == 0:
        return np.zeros(0, dtype=np.int64)
    whole = raw.dtype.kind in "iub" or (
        raw.dtype.kind == "f" and np.array_equal(raw, np.floor(raw))
    )
    if not whole:
        raise ValueError("whole numbers expected")
    return np.array(raw, dtype=np.int64, order="C")
