"""The one way a kernel is compiled.

Kernels are compiled at their first call, not at import, and kept in numba's cache on disk.  Callers
pass 64-bit contiguous arrays only, so each kernel has one signature and is compiled once.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

import numba
from numba.core.caching import FunctionCache

__all__ = ["inlined", "kernel"]

P = ParamSpec("P")
R = TypeVar("R")


@functools.cache
def _sources() -> str:
    """Digest of all kernel sources."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


class _SourceCache(FunctionCache):
    """A cache that knows that kernels call kernels.

    Numba looks only at the file a function stands in: after a change in another kernel it would go
    on running the old machine code.
    """

    def _index_key(self, sig: Any, codegen: Any) -> Any:
        key: Any = super()._index_key(sig, codegen)  # type: ignore[no-untyped-call]
        return (*key, _sources())


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function of arrays and numbers to machine code.

    No fast-math: sums keep their order, so every machine gets the same bits.
    """
    compiled: Any = numba.njit(error_model="numpy")(function)
    # What cache=True does, with the other cache; numba has no public way to choose it.
    compiled._cache = _SourceCache(function)  # type: ignore[no-untyped-call]  # noqa: SLF001
    return cast("Callable[P, R]", compiled)


def inlined(function: Callable[P, R]) -> Callable[P, R]:
    """Like `kernel`, for a step that few kernels use: becomes part of its caller.

    Every function that is compiled on its own costs a third of a second and more.
    """
    return cast("Callable[P, R]", numba.njit(inline="always", error_model="numpy")(function))
