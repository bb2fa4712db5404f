"""From the bundle of a run and its audio to a signed bundle of its scores.

Everything that takes long is embedding, and each embedding is kept by the content of its clip: a
scoring that was killed goes on where it stopped.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from repro.bundle import (
    Verdict,
    bundle_name,
    examine,
    payload,
    score_payload,
    seal_scores,
)
from repro.bundle.family import compared
from repro.bundle.run_contents import RunContents
from repro.bundle.score_checks import expected_class
from repro.errors import BundleError, UsageError
from repro.files import write_atomically
from repro.machine import describe_harness, describe_machine, describe_source
from repro.meter.window import utc_now
from repro.records import BundleClass, Parent, ScoreEnvironment, ScoreRun
from repro.request import public_name
from repro.scoring.clipsets import audio_folder, find_captions, find_sets
from repro.scoring.progress import COMPUTING, EMBEDDING
from repro.scoring.scorer import Scorer
from repro.scoring.sets import SetScorer
from repro.signing import TrustStore

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from repro.bundle import Examination
    from repro.captions import CaptionList
    from repro.records import Contrast, Run
    from repro.scoring.clipsets import ClipSet, Place
    from repro.scoring.progress import Listener
    from repro.scoring.sets import SetScores
    from repro.signing import SigningKey

#: Beside the bundles, shared by all runs there.
EMBEDDINGS = "embeddings"
REFERENCES = "references"


class Engine:
    """A scorer that is started and loaded when the first run needs it, and then serves all.

    Args:
        name: ``laion`` or ``transformers``.
        weights: ``hub``, ``random`` or a folder.
        device: ``cpu`` or ``cuda:N``.
        size: ``full``, or ``tiny`` for a demonstration.
        folder: where embeddings and the worker's log are kept.

    """

    def __init__(
        self, name: str, *, weights: str, device: str, folder: Path, size: str = "full"
    ) -> None:
        self.name = name
        self.weights = weights
        self._device = device
        self._size = size
        self._folder = folder
        self._scorer: Scorer | None = None

    def scorer(self) -> Scorer:
        """Return the loaded scorer.

        Raises:
            UsageError: there is no such engine, or its environment is not installed.
            WorkerError: its weights are missing, or it does not start.

        """
        if self._scorer is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            made = Scorer(self.name, cache=self._folder, log=self._folder / "scorer.log")
            try:
                made.load(weights=self.weights, device=self._device, size=self._size)
            except BaseException:
                made.close()
                raise
            self._scorer = made
        return self._scorer

    def close(self) -> None:
        """End the worker, if there is one."""
        if self._scorer is not None:
            self._scorer.close()
            self._scorer = None


@dataclass(frozen=True)
class Scored:
    """A score bundle, its verdict and what it says of itself."""

    bundle: Path
    verdict: Verdict
    environment: ScoreEnvironment


def score_bundle(
    bundle: Path, engine: Engine, *, key: Callable[[], SigningKey], listener: Listener,
    audio: Path | None = None, captions_dir: Path | None = None, challenge: str | None = None,
) -> Scored:  # fmt: skip
    """Score the clips of a run and write the signed bundle beside that of the run.

    One that is there already, of the same run, is only verified.

    Args:
        bundle: of the run.
        engine: what scores.
        key: returns the key to sign with.
        listener: hears of the progress.
        audio: folder of the clips; by default those in the bundle, or in the folder beside it.
        captions_dir: the captions that were generated from, with reference audio for FAD.
        challenge: a nonce to be signed.

    Raises:
        BundleError: the bundle is invalid, or scores that are there already are.
        UsageError: it is no run with clips; audio or captions are missing, or others than the
            run's; scores by another engine are there; the engine is not installed.
        WorkerError: the engine fails.

    """
    parent = _open(bundle)
    run = payload.read(parent.contents)
    target = bundle.with_name(f"{bundle_name(run).removesuffix('.zip')}_score.zip")
    if target.exists():
        found = _verified(target, parent)
        _check_same(found, engine)
        listener.say(f"{target.name}: scored before; nothing is scored again")
        return found
    with audio_folder(bundle, parent, audio) as folder:
        sets, remarks = find_sets(run, folder)
        captions = find_captions(run, sets, captions_dir, bundle.parent / REFERENCES / "synthetic")
        work = _Work(_parent(run, parent), engine, listener, challenge)
        scored = work.score(sets, captions, remarks)
    write_atomically(target, seal_scores(scored, key=key()))
    return _verified(target, parent)


class _Work:
    """One scoring: of which run, by which engine, told to whom."""

    def __init__(
        self, parent: Parent, engine: Engine, listener: Listener, challenge: str | None
    ) -> None:
        self._parent = parent
        self._engine = engine
        self._listener = listener
        self._challenge = challenge

    def score(
        self, sets: Sequence[ClipSet], captions: Mapping[Place, CaptionList], remarks: list[str]
    ) -> ScoreRun:
        """Embed, score and compare every set."""
        started_at, scorer = utc_now(), self._engine.scorer()
        own = SetScorer(scorer, captions, self._parent.model, self._class())
        self._embed(own, sets)
        found, contrasts = self._compute(own, sets)
        remarks = [*remarks, *_without_reference(captions)]
        for remark in remarks:
            self._listener.say(remark)
        return ScoreRun(
            environment=self._environment(started_at, tuple(remarks)),
            request={"engine": self._engine.name, "weights": scorer.facts.weights,
                     "device": scorer.facts.device, "size": scorer.facts.size},
            requirements_lock=scorer.lock_text,
            scores=tuple(row for one in found for row in one.rows),
            clips=tuple(clip for one in found for clip in one.clips),
            contrasts=tuple(contrasts),
        )  # fmt: skip

    def _embed(self, own: SetScorer, sets: Sequence[ClipSet]) -> None:
        clips = sum(len(one.clips) * len(own.networks(one)) for one in sets)
        self._listener.begin(self._parent.model, clips, EMBEDDING)
        for one in sets:
            own.embed(one, self._listener.advance)

    def _compute(
        self, own: SetScorer, sets: Sequence[ClipSet]
    ) -> tuple[list[SetScores], list[Contrast]]:
        pairs = own.pairs(sets)
        self._listener.begin(self._parent.model, len(sets) + len(pairs), COMPUTING)
        found = {}
        for one in sets:
            found[one] = own.score(one)
            self._listener.advance(1)
        contrasts: list[Contrast] = []
        for few, many in pairs:
            contrasts += own.contrasts(found[few], found[many])
            self._listener.advance(1)
        return list(found.values()), contrasts

    def _class(self) -> BundleClass:
        return expected_class(self._engine.scorer().facts.weights, self._parent)

    def _environment(self, started_at: str, remarks: tuple[str, ...]) -> ScoreEnvironment:
        facts = self._engine.scorer().facts
        return ScoreEnvironment(
            bundle_class=self._class(),
            run_id=uuid.uuid4().hex,
            started_at=started_at,
            finished_at=utc_now(),
            parent=self._parent,
            engine=facts.engine,
            networks=facts.weights,
            device=facts.device,
            libraries=facts.libraries,
            machine=describe_machine(None),
            source=describe_source(),
            harness_libraries=describe_harness(),
            challenge=self._challenge,
            remarks=remarks,
        )


def _open(bundle: Path) -> Examination:
    found = examine(bundle, trust=TrustStore.shipped())
    if found.verdict is Verdict.INVALID:
        raise BundleError(f"{bundle.name}: is invalid: {'; '.join(found.reasons)}")
    if found.kind != RunContents.kind or found.imported:
        kind = "an imported run" if found.imported else f"kind {found.kind}"
        raise UsageError(f"{bundle.name}: expected a run that was measured here, found {kind}")
    return found


def _parent(run: Run, examination: Examination) -> Parent:
    environment = run.header.environment
    return Parent(
        bundle=bundle_name(run),
        run_id=run.header.run_id,
        tag_manifest_sha256=str(examination.subject),
        bundle_class=environment.bundle_class,
        model=run.entries[0].row.model,
        weights=environment.weights,
    )


def _without_reference(captions: Mapping[Place, CaptionList]) -> list[str]:
    return [
        f"fad on {dataset}: unsupported without reference audio of every caption: put it into the "
        f"folder {dataset} of --captions-dir"
        for (_, dataset), found in captions.items()
        if not found.has_references
    ]


def _verified(target: Path, parent: Examination) -> Scored:
    """Examine a score bundle together with its run.

    Raises:
        BundleError: it is invalid, or not of this run.

    """
    found = compared([parent, examine(target, trust=TrustStore.shipped())])[1]
    if found.verdict is Verdict.INVALID:
        raise BundleError(
            f"{target.name}: is invalid: {'; '.join(found.reasons)}; move it away to score anew"
        )
    return Scored(target, found.verdict, score_payload.read(found.contents).environment)


def _check_same(found: Scored, engine: Engine) -> None:
    """Take no other scores for those that were asked for."""
    there = (found.environment.engine, found.environment.networks)
    asked = (engine.name, public_name(engine.weights))
    if there != asked:
        raise UsageError(
            f"{found.bundle}: expected scores by the engine {asked[0]} with {asked[1]} networks, "
            f"found {there[0]} with {there[1]}; move it away to score anew"
        )
