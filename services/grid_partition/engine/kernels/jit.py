"""The one way a kernel is compiled: for the types its annotations name, and for no others.

`compile_kernels` does it ahead of time and fills numba's cache on disk; a process that finds the
cache loads machine code instead.  Nothing is compiled at import.
"""

from __future__ import annotations

import functools
import hashlib
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

import numba
import numpy as np
from numba import types
from numba.core.caching import FunctionCache
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler

__all__ = ["compile_kernels", "inlined", "inner", "kernel", "lean"]

P = ParamSpec("P")
R = TypeVar("R")

#: Its stub leaves out the options that a compiled function needs no way in from Python or C.
_njit: Any = numba.njit
_tuple_type: Any = types.BaseTuple.from_types
_KERNELS: list[Any] = []
_SCALARS: dict[Any, Any] = {int: types.int64, float: types.float64, bool: types.boolean}
_ITEMS = {np.int64: types.int64, np.float64: types.float64, np.uint64: types.uint64}


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


class _LinkedLibrary(JITCodeLibrary):
    """Code that only becomes part of others: never machine code of its own.

    Numba would optimize and assemble every function by itself, and all of it again in each caller:
    a third of the time that compiling takes.
    """

    def _optimize_final_module(self) -> None:
        """Leave that to the kernel it goes into."""

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()  # type: ignore[no-untyped-call]
        self._finalized = True

    def get_pointer_to_function(self, name: str) -> int:  # noqa: ARG002 - numba asks for it
        """Zero: nobody can call it."""
        return 0

    @property
    def codegen(self) -> Any:
        """Itself, where numba would tell machine code its environment."""
        return self

    def set_env(self, env_name: str, env: Any) -> None:
        """Nothing to tell."""


class _LinkedCompiler(Compiler):
    """Compiles into such a library."""

    def compile_extra(self, func: Any) -> Any:
        """Compile one function."""
        codegen = self.state.targetctx.codegen()
        self.state.library = _LinkedLibrary(codegen, func.__qualname__)  # type: ignore[no-untyped-call]
        self.state.library.enable_object_caching()
        return super().compile_extra(func)  # type: ignore[no-untyped-call]


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function of arrays and numbers that the engine calls from Python.

    No fast-math: sums keep their order, so every machine gets the same bits.
    """
    compiled: Any = _njit(error_model="numpy", no_cfunc_wrapper=True)(function)
    # What cache=True does, with the other cache; numba has no public way to choose it.
    compiled._cache = _SourceCache(function)  # type: ignore[no-untyped-call]  # noqa: SLF001
    _KERNELS.append(compiled)
    return cast("Callable[P, R]", compiled)


def inner(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function that only kernels call: one copy, without a way in from Python.

    The way in would unpack every array of its arguments, and takes as long to compile as the rest.
    """
    return cast("Callable[P, R]", _linked(function))


def _linked(function: Callable[..., Any], **options: bool) -> Any:
    return _njit(
        error_model="numpy",
        no_cpython_wrapper=True,
        no_cfunc_wrapper=True,
        pipeline_class=_LinkedCompiler,
        **options,
    )(function)


def lean(function: Callable[P, R]) -> Callable[P, R]:
    """Like `inner`, for a function that allocates nothing and returns numbers only.

    Without counting references: numba counts at nearly every access to an array in a named tuple,
    atomically, which takes longer than the access.
    """
    return cast("Callable[P, R]", _linked(function, _nrt=False))


def inlined(function: Callable[P, R]) -> Callable[P, R]:
    """Like `inner`, for a step that few kernels use: becomes part of its caller.

    Every function that is compiled on its own costs a third of a second and more.
    """
    return cast("Callable[P, R]", _njit(inline="always", error_model="numpy")(function))


def compile_kernels() -> None:
    """Compile every kernel that has been imported, or load it from the cache; then no more.

    Afterwards an argument of another type is a TypeError instead of half a minute's wait.
    """
    for compiled in _KERNELS:
        # A kernel called before has compiled itself for what it was given, and may go on doing so.
        compiled.disable_compile(False)
        compiled.compile(_signature(compiled.py_func))
        compiled.disable_compile()


def _signature(function: Callable[..., Any]) -> tuple[Any, ...]:
    hints = typing.get_type_hints(function, include_extras=True)
    hints.pop("return")
    return tuple(_numba_type(hint) for hint in hints.values())


def _numba_type(hint: Any) -> Any:
    """Numba's type for an annotation: a number, an array, a tuple, a named tuple of such."""
    if hint in _SCALARS:
        return _SCALARS[hint]
    if isinstance(hint, type) and issubclass(hint, tuple):
        fields = typing.get_type_hints(hint, include_extras=True).values()
        return _tuple_type([_numba_type(field) for field in fields], hint)
    if typing.get_origin(hint) is tuple:
        parts = [_numba_type(part) for part in typing.get_args(hint)]
        return _tuple_type(parts)
    dimensions = 1
    if typing.get_origin(hint) is typing.Annotated:
        hint, dimensions = typing.get_args(hint)
    (item,) = typing.get_args(typing.get_args(hint)[1])
    return types.Array(_ITEMS[item], dimensions, "C")
