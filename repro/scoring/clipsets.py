"""The clips of a finished run that can be scored: set by set, each file proved to be the one."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from repro import captions
from repro.bundle import payload
from repro.errors import UsageError
from repro.records import ScoredClip

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from repro.bundle import Examination
    from repro.captions import CaptionList
    from repro.records import Run, WindowEntry

#: Study and data set: what has captions of its own.
Place = tuple[str, str]


class NothingToScoreError(UsageError):
    """A run has no whole set of clips that were generated from captions."""


@dataclass(frozen=True)
class ClipSet:
    """The clips of one study on one data set at one number of steps, in the order of items."""

    study: str
    dataset: str
    steps: int
    clips: tuple[ScoredClip, ...]
    files: tuple[Path, ...]

    @property
    def place(self) -> Place:
        """What its captions are found by."""
        return (self.study, self.dataset)

    def __str__(self) -> str:
        return f"{self.study} on {self.dataset} at {self.steps} steps"


def find_sets(run: Run, audio: Path) -> tuple[list[ClipSet], list[str]]:
    """Return every set whose clips are all there, and what is to be said of the others.

    Repeats generate the same clips again, so the first stands for all.

    Raises:
        NothingToScoreError: the run has no clips of captions, or no set of them ended well.
        UsageError: a file is missing from ``audio`` or is another than the run made.

    """
    groups: dict[tuple[str, str, int], list[WindowEntry]] = defaultdict(list)
    for entry in run.entries:
        row = entry.row
        if row.dataset is not None and not row.warmup and row.repeat == 1:
            groups[row.study, row.dataset, row.steps].append(entry)
    whole = {name: entries for name, entries in groups.items() if all(map(_ended_well, entries))}
    if not whole:
        raise NothingToScoreError(
            "score: expected whole sets of clips generated from captions, found none; measure the "
            "study quality"
        )
    _check_files(audio, [entry for entries in whole.values() for entry in entries])
    remarks = [
        f"{study} on {dataset} at {steps} steps: not scored: "
        f"{sum(not _ended_well(entry) for entry in groups[study, dataset, steps])} of "
        f"{len(groups[study, dataset, steps])} windows did not end well"
        for study, dataset, steps in groups
        if (study, dataset, steps) not in whole
    ]
    return [_clip_set(*name, entries, audio) for name, entries in sorted(whole.items())], remarks


def find_captions(
    run: Run, sets: Sequence[ClipSet], folder: Path | None, shipped: Path
) -> Mapping[Place, CaptionList]:
    """Read the captions that the clips were generated from.

    Args:
        run: which names them by digest.
        sets: what is to be scored.
        folder: the user's captions and reference audio.
        shipped: where the recordings of the data set that comes with the program go.

    Raises:
        UsageError: there are no such captions, or others than the run names.

    """
    asked = run.header.request.get("captions") or {}
    named = {(study, one["dataset"]): one for study, lists in asked.items() for one in lists}
    found = {}
    for place in dict.fromkeys(one.place for one in sets):
        study, dataset = place
        if place not in named:
            raise UsageError(f"score: the run does not name the captions of {dataset}")
        made = _read(study, dataset, named[place], folder)
        if made.sha256 != named[place]["sha256"]:
            raise UsageError(
                f"captions of {dataset}: expected those that the clips were generated from, list "
                f"{named[place]['sha256'][:12]}, found {made.sha256[:12]}; name their folder with "
                "--captions-dir"
            )
        is_shipped = dataset == captions.SYNTHETIC
        found[place] = captions.write_references(made, shipped) if is_shipped else made
    return found


@contextmanager
def audio_folder(bundle: Path, parent: Examination, named: Path | None) -> Iterator[Path]:
    """Give the folder of the clips: the one named, the bundle's own audio, or that beside it.

    Raises:
        UsageError: there is none.

    """
    inside = {name: data for name, data in parent.contents.items()
              if name.startswith(payload.AUDIO_FOLDER)}  # fmt: skip
    beside = bundle.with_suffix("") / "audio"
    if named is None and inside:
        with TemporaryDirectory(prefix="tta-energy-audio-") as scratch:
            for name, data in inside.items():
                (Path(scratch) / name.removeprefix(payload.AUDIO_FOLDER)).write_bytes(data)
            yield Path(scratch)
        return
    folder = named or beside
    if not folder.is_dir():
        raise UsageError(
            f"audio: expected the clips of {bundle.name} in {folder}, found no such folder; "
            "name theirs with --audio"
        )
    yield folder


def _read(
    study: str, dataset: str, named: Mapping[str, object], folder: Path | None
) -> CaptionList:
    if folder is None and dataset != captions.SYNTHETIC:
        raise UsageError(
            f"captions of {dataset}: expected them in a folder, found none named; a bundle holds "
            "no texts: name the folder that was generated from with --captions-dir"
        )
    clips = int(str(named["clips"]))
    if study == "sanity":
        return captions.read_whole(dataset, folder, clips=clips)
    chosen = str(named["caption_set"])
    caption_set = chosen if chosen in ("paper", "seeded") else None
    return captions.read(dataset, folder, clips=clips, caption_set=caption_set)


def _ended_well(entry: WindowEntry) -> bool:
    return entry.row.status.is_done and bool(entry.audio)


def _check_files(folder: Path, entries: Sequence[WindowEntry]) -> None:
    clips = [entry.audio[0] for entry in entries]
    missing = [clip.name for clip in clips if not (folder / clip.name).is_file()]
    if missing:
        raise UsageError(
            f"audio: expected {len(clips)} clips in {folder}, found none for {len(missing)}: "
            f"{missing[0]}, ...; name the folder of this run's audio with --audio"
        )
    for clip in clips:
        if hashlib.sha256((folder / clip.name).read_bytes()).hexdigest() != clip.sha256:
            raise UsageError(
                f"audio: {folder / clip.name}: differs from the clip that the run made; "
                "name the folder of this run's audio with --audio"
            )


def _clip_set(
    study: str, dataset: str, steps: int, entries: Sequence[WindowEntry], folder: Path
) -> ClipSet:
    ordered = sorted(entries, key=lambda entry: entry.row.item)
    clips = tuple(
        ScoredClip(
            study=entry.row.study, dataset=dataset, steps=steps, item=entry.row.item,
            window=entry.row.window, name=entry.audio[0].name, sha256=entry.audio[0].sha256,
        )
        for entry in ordered
    )  # fmt: skip
    return ClipSet(study, dataset, steps, clips, tuple(folder / clip.name for clip in clips))
