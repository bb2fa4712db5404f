"""Bundles of kind ``run``: the windows of one model, measured here or imported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.bundle import payload, physics, privacy, run_actions
from repro.bundle.contents import LOCK, Contents, Json, digest, image_digests
from repro.errors import BundleError
from repro.records import Environment, Record, Run, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class RunContents(Contents):
    """A run, whole."""

    kind = "run"
    configuration = (payload.PROTOCOL,)

    def __init__(self, run: Run) -> None:
        self.run = run

    @classmethod
    def read(cls, files: Mapping[str, bytes]) -> RunContents:
        """Read a run back from its files.

        Raises:
            ValueError: naming the file that is missing, malformed or at odds with another.

        """
        return cls(payload.read(files))

    @property
    def environment(self) -> Environment:
        """What ``environment.json`` says."""
        return self.run.header.environment

    @property
    def imported(self) -> bool:  # type: ignore[override]  # of this kind alone it can be either
        """Whether somebody else measured."""
        return self.environment.imported

    @property
    def model(self) -> str:
        """The measured model, by name."""
        return self.run.entries[0].row.model

    @property
    def stem(self) -> str:
        """``<model>_<protocol>_<first 8 digits of the run id>``."""
        return f"{self.model}_{self.environment.protocol}_{self.run.header.run_id[:8]}"

    @property
    def title(self) -> str:
        """One line for a reader."""
        return f"Energy of {self.model}, protocol {self.environment.protocol}"

    @property
    def description(self) -> str:
        """How much there is, its class and its units."""
        return (
            f"{len(self.run.entries)} windows, class {self.environment.bundle_class}; "
            "energy in joules, time in seconds"
        )

    @property
    def request(self) -> Json:
        """What was asked for, fit to publish."""
        return privacy.clean_request(self.run.header.request)

    @property
    def parameters(self) -> Json:
        """Protocol, tier and how many deviations there are."""
        environment = self.environment
        return {
            "deviations": len(environment.deviations),
            "protocol": environment.protocol,
            "tier": environment.tier,
        }

    @property
    def setbacks(self) -> tuple[str | None, list[str]]:
        """Windows that did not end well, and checks that nobody made."""
        statuses = {entry.row.status for entry in self.run.entries}
        warned = ["physics: not checked: imported"] if self.imported else []
        if Status.FAILED in statuses:
            return "FAILED", warned
        return (None if statuses <= {Status.OK} and not warned else "WARNED"), warned

    def refuse(self) -> None:
        """Insist on a complete run that says where it comes from.

        Raises:
            BundleError: windows are missing, or header, origin and sources disagree.

        """
        run = self.run
        if run.header.run_id != run.header.environment.run_id:
            raise BundleError("run: the header and its environment name different runs")
        if not run.entries or not run.complete:
            found = sum(not entry.row.warmup for entry in run.entries)
            raise BundleError(
                f"run {run.header.run_id}: expected {run.header.planned_windows} windows, "
                f"found {found}: resume it with the same command"
            )
        try:
            payload.check_origin(run)
        except ValueError as error:
            raise BundleError(f"run {run.header.run_id}: {error}") from error

    def write(self) -> dict[str, bytes]:
        """Make the files of a run."""
        return payload.write(self.run)

    def tables(self, files: Mapping[str, bytes]) -> dict[str, type[Record]]:
        """Return the tables among the files, each with what its rows are."""
        return payload.tables(files)

    def checks(self) -> list[tuple[str, str | None]]:
        """Return each check by name; an imported run has no reads to recompute."""
        return physics.examine(self.run)

    def dependencies(self, members: Mapping[str, bytes]) -> list[Json]:
        """Return protocol, model card, lock, code, weights and publication."""
        environment = self.environment
        found = [digest(members, name) for name in (payload.PROTOCOL, payload.MODEL, LOCK)]
        if environment.source.commit:
            found.append({"name": "source", "digest": {"gitCommit": environment.source.commit}})
        if environment.model.weights_sha256:
            weights = {"name": "weights", "digest": {"sha256": environment.model.weights_sha256}}
            found.append(weights)
        if environment.image:
            found += image_digests(environment.image)
        if environment.origin:
            found.append(digest(members, payload.SOURCES))
        if environment.origin and environment.origin.commit:
            found.append({"name": "origin", "digest": {"gitCommit": environment.origin.commit}})
        return found

    def actions(self, files: Mapping[str, bytes]) -> list[Json]:
        """Return the worker processes, or the import."""
        if self.imported:
            return [run_actions.imported(self.run, files)]
        return list(run_actions.sessions(self.run, files))

    def sources(self) -> list[Json]:
        """Return the publication that was imported."""
        origin = self.environment.origin
        return [run_actions.origin(origin)] if origin else []

    def remarks(self) -> Iterable[str]:
        """Say that nobody recomputed what was imported, and which checks were overridden."""
        if self.imported:
            yield "physics: not checked: imported"
        yield from (f"overridden: {text}" for text in self.run.overrides)
