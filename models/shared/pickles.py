"""NumPy's numbers and arrays in a pickled checkpoint: the one thing beside tensors that is read."""

from __future__ import annotations

from typing import Any

import numpy as np

HOMES = ("numpy.core.multiarray", "numpy._core.multiarray")  # in NumPy 1 and 2


def numpy_values() -> list[Any]:
    """Return what pickled numbers and arrays of NumPy call: training leaves both behind.

    By the names of NumPy 1 and 2, whichever is installed; torch compares names. Arrays of objects
    are not among them.
    """
    makers = [value.__reduce__()[0] for value in (np.float64(0), np.zeros(0))]
    types = {type(np.dtype(name)) for name in ("f4", "f8", "i4", "i8", "?")}
    return [
        *(_alias(make, home) for make in makers for home in HOMES),
        np.ndarray,
        np.dtype,
        *types,
    ]


def _alias(function: Any, home: str) -> Any:
    def call(*arguments: Any) -> Any:
        return function(*arguments)

    call.__module__, call.__name__, call.__qualname__ = home, function.__name__, function.__name__
    return call
