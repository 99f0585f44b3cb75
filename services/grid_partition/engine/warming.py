"""Compiles every kernel ahead of time."""

from __future__ import annotations

from services.grid_partition.engine.kernels.jit import compile_kernels

__all__ = ["warm_up"]


def warm_up() -> None:
    """Compile the kernels, or load them from the cache that an earlier call filled.

    Under a minute with an empty cache, about half a second afterwards.  Set-up calls it once, every
    process once at its start; from then on nothing is compiled.
    """
    compile_kernels()
