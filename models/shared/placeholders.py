"""Modules that a library imports and generation never calls: placeholders where they are absent."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


class Placeholder(ModuleType):
    """A module whose every name is a class that cannot be used."""

    def __getattr__(self, name: str) -> Any:
        """Return a class of this name; ``ImportError`` says at its first use what is missing."""
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {"__new__": _refuse, "__module__": self.__name__})


def _refuse(cls: type, *_: Any, **__: Any) -> Any:
    package = cls.__module__.partition(".")[0]
    raise ImportError(f"{cls.__module__}.{cls.__name__} is not here: install {package} to use it")


class _Finder(MetaPathFinder, Loader):
    """Offers a placeholder for what no other finder has found."""

    def __init__(self, packages: tuple[str, ...]) -> None:
        self._packages = packages

    def find_spec(self, name: str, *_: Any) -> Any:
        """Return how to make the module, or None where it is none of the packages."""
        if name.partition(".")[0] not in self._packages:
            return None
        return ModuleSpec(name, self, is_package=True)

    def create_module(self, spec: Any) -> Any:
        """Return the empty module."""
        return Placeholder(spec.name)

    def exec_module(self, module: Any) -> None:
        """Leave the module empty."""


@contextmanager
def stand_in(*packages: str) -> Iterator[None]:
    """Let imports of these packages succeed inside the block, installed or not.

    An installed package is imported as ever. The placeholders are gone afterwards, so that a
    library that asks what is installed gets the right answer.
    """
    finder = _Finder(packages)
    sys.meta_path.append(finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name in [key for key, one in sys.modules.items() if isinstance(one, Placeholder)]:
            del sys.modules[name]
