"""Bundles of kind ``score``: the quality of a run's clips, with the run named by digest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.bundle import privacy, score_checks, score_payload
from repro.bundle.contents import ENVIRONMENT, LOCK, Contents, Json, digest
from repro.bundle.run_actions import seconds
from repro.errors import BundleError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from repro.records import Record, ScoreEnvironment, ScoreRun

_PARENT = "#parent"


class ScoreContents(Contents):
    """The scores of a run."""

    kind = "score"
    configuration = (ENVIRONMENT,)

    def __init__(self, scored: ScoreRun) -> None:
        self.scored = scored

    @classmethod
    def read(cls, files: Mapping[str, bytes]) -> ScoreContents:
        """Read scores back from their files.

        Raises:
            ValueError: naming the file that is missing, malformed, or one too many.

        """
        contents = cls(score_payload.read(files))
        if not contents.environment.parent.bundle.endswith(".zip"):
            raise ValueError("parent: expected the name of a bundle, found another")
        return contents

    @property
    def environment(self) -> ScoreEnvironment:
        """What ``environment.json`` says."""
        return self.scored.environment

    @property
    def stem(self) -> str:
        """``<name of the parent>_score``."""
        return f"{self.environment.parent.bundle.removesuffix('.zip')}_score"

    @property
    def title(self) -> str:
        """One line for a reader."""
        return f"Scores of {self.environment.parent.model}, by the engine {self.environment.engine}"

    @property
    def description(self) -> str:
        """How much there is, its class and its networks."""
        return (
            f"{len(self.scored.scores)} scores of {len(self.scored.clips)} clips, class "
            f"{self.environment.bundle_class}; {self.environment.networks} networks"
        )

    @property
    def request(self) -> Json:
        """What was asked for, fit to publish."""
        return privacy.clean_request(self.scored.request)

    @property
    def parameters(self) -> Json:
        """Engine, networks, and the run that was scored."""
        environment = self.environment
        return {
            "engine": environment.engine,
            "networks": environment.networks,
            "parent": environment.parent.run_id,
        }

    @property
    def setbacks(self) -> tuple[str | None, list[str]]:
        """What was not scored."""
        remarks = list(privacy.clean_value(self.environment.remarks))
        return ("WARNED" if remarks else None), remarks

    def refuse(self) -> None:
        """Insist on scores that agree with each other and with their clips.

        Raises:
            BundleError: naming the first check that fails.

        """
        problems = [f"{name}: {found}" for name, found in self.checks() if found]
        if problems:
            raise BundleError(f"scores of {self.environment.parent.bundle}: {problems[0]}")

    def write(self) -> dict[str, bytes]:
        """Make the files of scores."""
        return score_payload.write(self.scored)

    def tables(self, files: Mapping[str, bytes]) -> dict[str, type[Record]]:
        """Return the tables among the files, each with what its rows are."""
        return {name: record for name, record in score_payload.TABLES.items() if name in files}

    def checks(self) -> list[tuple[str, str | None]]:
        """Return each check by name, with its first problem."""
        return score_checks.examine(self.scored)

    def dependencies(self, members: Mapping[str, bytes]) -> list[Json]:
        """Return the parent, the lock, the code and the checkpoints."""
        environment = self.environment
        parent = environment.parent
        found = [
            {"name": f"parent:{parent.bundle}", "digest": {"sha256": parent.tag_manifest_sha256}},
            digest(members, LOCK),
        ]
        if environment.source.commit:
            found.append({"name": "source", "digest": {"gitCommit": environment.source.commit}})
        checkpoints = {score.checkpoint_sha256 for score in self.scored.scores}
        return found + [
            {"name": "checkpoint", "digest": {"sha256": sha256}}
            for sha256 in sorted(filter(None, checkpoints))
        ]

    def actions(self, files: Mapping[str, bytes]) -> list[Json]:
        """Return the scoring."""
        return [
            {
                "@id": "#scoring",
                "@type": "CreateAction",
                "name": "scoring of the clips of a run",
                "description": f"engine {self.environment.engine}, {self.environment.networks} "
                "networks",
                "instrument": {"@id": "#tta-energy"},
                "object": [{"@id": name} for name in (LOCK, score_payload.REQUEST)],
                "result": [{"@id": name} for name in self.tables(files)],
                "startTime": seconds(self.environment.started_at),
                "endTime": seconds(self.environment.finished_at),
                "actionStatus": "http://schema.org/CompletedActionStatus",
            }
        ]

    def sources(self) -> list[Json]:
        """Return the run whose clips were scored."""
        parent = self.environment.parent
        return [
            {
                "@id": _PARENT,
                "@type": "CreativeWork",
                "name": parent.bundle,
                "identifier": parent.run_id,
                "description": f"the bundle of the run; SHA-256 of its tag manifest "
                f"{parent.tag_manifest_sha256}",
            }
        ]

    def remarks(self) -> Iterable[str]:
        """Yield what was not scored, and why."""
        yield from self.environment.remarks
