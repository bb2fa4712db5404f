"""What the shell around a bundle has to know of its contents, whatever their kind."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from repro.bundle import bag

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from repro.records import Environment, Image, Record, ScoreEnvironment

#: Files that every kind has.
LOCK = "requirements.lock"
ENVIRONMENT = "environment.json"

Json = dict[str, Any]


class Contents(ABC):
    """The contents of one bundle, of one kind.

    Paths of files are relative to ``data/``; ``members`` are named from the root of the bag.
    """

    kind: ClassVar[str]
    #: Files that decide what was found, for the statement about the checks.
    configuration: ClassVar[tuple[str, ...]]

    imported = False

    @property
    @abstractmethod
    def environment(self) -> Environment | ScoreEnvironment:
        """What ``environment.json`` says."""

    @property
    @abstractmethod
    def stem(self) -> str:
        """The name of the bundle without ``.zip``."""

    @property
    @abstractmethod
    def title(self) -> str:
        """One line for a reader."""

    @property
    @abstractmethod
    def description(self) -> str:
        """How much there is, its class and its units."""

    @property
    @abstractmethod
    def request(self) -> Json:
        """What was asked for, fit to publish."""

    @property
    @abstractmethod
    def parameters(self) -> Json:
        """What the provenance says beyond what every kind says."""

    @property
    @abstractmethod
    def setbacks(self) -> tuple[str | None, list[str]]:
        """The result that what went wrong makes (``FAILED``, ``WARNED`` or None), and warnings."""

    @abstractmethod
    def refuse(self) -> None:
        """Insist that this can be sealed.

        Raises:
            BundleError: something is missing, or does not belong together.

        """

    @abstractmethod
    def write(self) -> dict[str, bytes]:
        """Make the files that are of this kind alone."""

    @abstractmethod
    def tables(self, files: Mapping[str, bytes]) -> dict[str, type[Record]]:
        """Return the tables among the files, each with what its rows are."""

    @abstractmethod
    def checks(self) -> list[tuple[str, str | None]]:
        """Return each check of the numbers by name, with its first problem."""

    @abstractmethod
    def dependencies(self, members: Mapping[str, bytes]) -> list[Json]:
        """Return what the contents were made from, with digests."""

    @abstractmethod
    def actions(self, files: Mapping[str, bytes]) -> list[Json]:
        """Return what was done, as entities of the crate."""

    @abstractmethod
    def sources(self) -> list[Json]:
        """Return what the contents are based on, as entities of the crate."""

    @abstractmethod
    def remarks(self) -> Iterable[str]:
        """Yield what a verifier has to say besides the verdict."""


def digest(members: Mapping[str, bytes], name: str) -> Json:
    """Return a file of the payload and its digest, as a statement has them."""
    path = bag.PAYLOAD + name
    return {"name": path, "digest": {"sha256": bag.sha256(members[path])}}


def image_digests(image: Image) -> list[Json]:
    """Return the locks of an image, and its own digest as far as its operator says it."""
    found: list[Json] = [
        {"name": f"image:{name}", "digest": {"sha256": sha256}}
        for name, sha256 in image.lock_sha256.items()
    ]
    if image.digest:
        said = {"sha256": image.digest.removeprefix("sha256:")}
        found.append({"name": "image", "digest": said, "annotations": {"assertedBy": "operator"}})
    return found
