"""FAD and CLAP of sets of clips: values, intervals over recordings, paired differences."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, TypedDict

from scipy.special import stdtr  # type: ignore[import-untyped]

from repro.captions import list_sha256
from repro.records import BundleClass, Contrast, DetailedScore, ScoredClip
from repro.scoring.embeddings import digest_file
from repro.scoring.resampling import BLOCKS
from repro.scoring.scorer import clap_difference, clap_interval

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from repro.captions import CaptionList
    from repro.scoring.clipsets import ClipSet, Place
    from repro.scoring.process import Network
    from repro.scoring.resampling import Interval
    from repro.scoring.scorer import Fad, Scorer

#: Of the draws of FAD-inf.
SEED = 0
#: With one recording nothing shows how much recordings differ.
FEWEST_RECORDINGS = 2

Metric = Literal["fad", "fad_inf", "clap"]


@dataclass(frozen=True)
class SetScores:
    """One set with what was found: its clips with their own scores, and its rows."""

    clip_set: ClipSet
    clips: tuple[ScoredClip, ...]
    rows: tuple[DetailedScore, ...]

    @property
    def claps(self) -> list[float]:
        """The score of each clip."""
        return [clip.clap for clip in self.clips if clip.clap is not None]

    def value(self, metric: Metric) -> float | None:
        """Return the score by a metric, or None where there is none."""
        return next((row.value for row in self.rows if row.metric == metric), None)


class SetScorer:
    """Scores the sets of one run.

    Args:
        scorer: with its networks loaded.
        captions: of each study and data set, with their reference audio where there is any.
        model: whose clips they are.
        bundle_class: what the scores may be taken for.

    """

    def __init__(
        self, scorer: Scorer, captions: Mapping[Place, CaptionList], model: str,
        bundle_class: BundleClass,
    ) -> None:  # fmt: skip
        self._scorer = scorer
        self._captions = captions
        self._model = model
        self._class = bundle_class

    def networks(self, clip_set: ClipSet) -> tuple[Network, ...]:
        """Return the networks that a set needs: without reference audio there is no FAD."""
        return ("fad", "clap") if self._references(clip_set) else ("clap",)

    def embed(self, clip_set: ClipSet, advance: Callable[[int], None]) -> None:
        """Embed the clips of a set; those that were embedded before are not embedded again.

        Args:
            clip_set: whose clips.
            advance: told of so many more files that are done.

        """
        for network in self.networks(clip_set):
            count = _Count(advance)
            self._scorer.embed_audio(clip_set.files, network, advance=count.reach)
            count.reach(len(clip_set.files))

    def score(self, clip_set: ClipSet) -> SetScores:
        """Return the CLAP score of a set, and its FAD where there is reference audio.

        Raises:
            WorkerError: a file cannot be read, or the worker fails.

        """
        texts = [item.caption for item in self._list(clip_set).items]
        values = self._scorer.clap(clip_set.files, texts)
        clips = tuple(
            clip.model_copy(update={"clap": value})
            for clip, value in zip(clip_set.clips, values, strict=True)
        )
        rows = [*self._fad_rows(clip_set), self._clap_row(clip_set, values)]
        return SetScores(clip_set, clips, tuple(rows))

    def pairs(self, sets: Sequence[ClipSet]) -> list[tuple[ClipSet, ClipSet]]:
        """Return the sets to be compared: neighbours in steps, and each with the most steps."""
        found: list[tuple[ClipSet, ClipSet]] = []
        for place in dict.fromkeys(one.place for one in sets):
            own = sorted((one for one in sets if one.place == place), key=lambda one: one.steps)
            if place[0] == "quality" and len(self._distinct(own[0])) >= FEWEST_RECORDINGS:
                with_last = [(one, own[-1]) for one in own[:-1]]
                found += dict.fromkeys((*pairwise(own), *with_last))
        return found

    def contrasts(self, few: SetScores, many: SetScores) -> Iterator[Contrast]:
        """Yield what two sets of the same captions differ by, metric by metric."""
        recordings, references = self._recordings(few.clip_set), self._references(few.clip_set)
        if references:
            found = self._scorer.fad_difference(
                references, many.clip_set.files, few.clip_set.files, recordings
            )
            yield self._contrast_row("fad", few, many, found, min(BLOCKS, found.recordings) - 1)
        found = clap_difference(many.claps, few.claps, recordings)
        yield self._contrast_row("clap", few, many, found, found.recordings - 1)

    def _contrast_row(
        self, metric: Metric, few: SetScores, many: SetScores, found: Interval, df: int
    ) -> Contrast:
        # Centred on what the scores differ by: rounding apart that is the same.
        difference = (many.value(metric) or 0.0) - (few.value(metric) or 0.0)
        reach, error = (found.high - found.low) / 2, found.standard_error
        p = 2 * float(stdtr(df, -abs(difference) / error)) if error else float(difference == 0)
        return Contrast(
            dataset=few.clip_set.dataset,
            model=self._model,
            metric=metric,
            steps=few.clip_set.steps,
            other_steps=many.clip_set.steps,
            difference=difference,
            low=difference - reach,
            high=difference + reach,
            n=len(few.clips),
            p=p,
            method=f"paired {found.method} over recordings",
            se=error,
            df=df,
        )

    def _fad_rows(self, clip_set: ClipSet) -> Iterator[DetailedScore]:
        references = self._references(clip_set)
        if not references:
            return
        fad = self._scorer.fad(references, clip_set.files, seed=SEED)
        interval = None
        if len(self._distinct(clip_set)) >= FEWEST_RECORDINGS:
            recordings = self._recordings(clip_set)
            interval = self._scorer.fad_interval(references, clip_set.files, recordings)
        yield self._row(clip_set, "fad", fad.plain, interval, raw_value=fad.raw, **_frames(fad))
        if fad.inf is not None:
            # Extrapolating once for each group left out would take thirty times as long; its draws
            # vary little beside the choice of recordings. So the interval is plain FAD's, by name.
            yield self._row(
                clip_set, "fad_inf", fad.inf, interval, of="fad", r2=fad.r2, **_frames(fad)
            )

    def _clap_row(self, clip_set: ClipSet, values: Sequence[float]) -> DetailedScore:
        interval = None
        if len(self._distinct(clip_set)) >= FEWEST_RECORDINGS:
            interval = clap_interval(values, self._recordings(clip_set))
        value = sum(values) / len(values)
        return self._row(clip_set, "clap", value, interval)

    def _row(
        self, clip_set: ClipSet, metric: Metric, value: float, interval: Interval | None,
        *, of: Metric | None = None, n_frames: int | None = None, seed: int | None = None,
        raw_value: float | None = None, r2: float | None = None,
    ) -> DetailedScore:  # fmt: skip
        facts = self._scorer.facts
        network: Network = "clap" if metric == "clap" else "fad"
        reach = (interval.high - interval.low) / 2 if interval else 0.0
        return DetailedScore(
            dataset=clip_set.dataset,
            model=self._model,
            steps=clip_set.steps,
            metric=metric,
            value=value,
            n=len(clip_set.clips),
            reference=_reference_name(clip_set),
            embedding=facts.embeddings[network],
            engine=facts.engine,
            score_class=self._class,
            n_frames=n_frames,
            seed=seed,
            low=value - reach if interval else None,
            high=value + reach if interval else None,
            interval_method=_method(interval, of) if interval else None,
            raw_value=raw_value,
            r2=r2,
            checkpoint_sha256=facts.checkpoints[network],
            captions_sha256=self._list(clip_set).sha256,
            reference_sha256=None if metric == "clap" else self._reference_sha256(clip_set),
            networks=facts.weights,
            se=interval.standard_error if interval else None,
        )

    def _list(self, clip_set: ClipSet) -> CaptionList:
        return self._captions[clip_set.place]

    def _references(self, clip_set: ClipSet) -> list[Path]:
        found = self._list(clip_set)
        paths = (item.reference for item in found.items)
        return [path for path in paths if path is not None] if found.has_references else []

    def _reference_sha256(self, clip_set: ClipSet) -> str:
        """Return the digest of a list of names and contents, as that of captions is made."""
        items = self._list(clip_set).items
        return list_sha256(
            (item.id, digest_file(item.reference)) for item in items if item.reference
        )

    def _recordings(self, clip_set: ClipSet) -> list[str]:
        return [item.recording for item in self._list(clip_set).items]

    def _distinct(self, clip_set: ClipSet) -> set[str]:
        return set(self._recordings(clip_set))


class _Count:
    """Turns how many are done into how many more."""

    def __init__(self, advance: Callable[[int], None]) -> None:
        self._advance = advance
        self._reached = 0

    def reach(self, done: int) -> None:
        """Tell of what is new."""
        if done > self._reached:
            self._advance(done - self._reached)
        self._reached = done


class _Frames(TypedDict):
    n_frames: int
    seed: int


def _frames(fad: Fad) -> _Frames:
    return {"n_frames": fad.n_frames, "seed": fad.seed}


def _method(interval: Interval, of: Metric | None) -> str:
    """Say how an interval was found, and of which metric where that is another than the row's."""
    return " ".join((interval.method, *(("of", of) if of else ()), "over recordings"))


def _reference_name(clip_set: ClipSet) -> str:
    return f"{clip_set.dataset}-full" if clip_set.study == "sanity" else clip_set.dataset
