"""From a data set's name and the user's folder to the list of captions of a run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from repro.captions import audio, synthetic
from repro.captions.choice import CHOICE_SEED, first_of_each, papers, stratified
from repro.captions.items import CaptionList, Item
from repro.captions.published import papers_choice
from repro.captions.table import LIST, read_table
from repro.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from repro.captions.items import CaptionSet
    from repro.captions.table import Pool

NAME = re.compile(r"[a-z0-9][a-z0-9-]*")


def read(
    dataset: str, folder: Path | None, *, clips: int, caption_set: str | None = None
) -> CaptionList:
    """Return the first ``clips`` captions of a choice.

    Args:
        dataset: its name, which its files in ``folder`` begin with.
        folder: the user's, as the package describes it; None where there is none.
        clips: how many are wanted.
        caption_set: ``paper`` or ``seeded``; None stands for a list as it is, and for ``paper``
            of a file that the data set published.

    Raises:
        UsageError: there are no such captions, or too few; a file is not what it should be.

    """
    if dataset == synthetic.SYNTHETIC:
        return _cut(_shipped(), clips)
    pool, audio_folder = _open(dataset, folder)
    chosen_set, items = _choose(dataset, pool, clips, caption_set)
    seed = CHOICE_SEED if chosen_set == "seeded" else None
    made = CaptionList(dataset=dataset, caption_set=chosen_set, choice_seed=seed, items=items)
    return _with_audio(_cut(made, clips), audio_folder)


def read_whole(dataset: str, folder: Path | None, *, clips: int | None = None) -> CaptionList:
    """Return every audio file of a data set with its first caption, or the first ``clips``.

    Raises:
        UsageError: as ``read`` does.

    """
    if dataset == synthetic.SYNTHETIC:
        return _cut(_shipped(), clips)
    pool, audio_folder = _open(dataset, folder)
    items = first_of_each(pool.items)
    whole = CaptionList(dataset=dataset, caption_set="whole", items=items)
    return _with_audio(_cut(whole, clips), audio_folder)


def _shipped() -> CaptionList:
    return CaptionList(
        dataset=synthetic.SYNTHETIC, caption_set="shipped", items=synthetic.captions()
    )


def _open(dataset: str, folder: Path | None) -> tuple[Pool, Path]:
    if NAME.fullmatch(dataset) is None:
        raise UsageError(
            f"dataset: expected a name of small letters, digits and '-', found {dataset!r}"
        )
    if folder is None:
        raise UsageError(f"{dataset}: expected a folder with its captions; name it --captions-dir")
    found = sorted({*folder.glob(f"{dataset}.csv"), *folder.glob(f"{dataset}_*.csv")})
    if len(found) != 1:
        names = ", ".join(path.name for path in found) or "none"
        raise UsageError(
            f"{dataset}: expected one file {dataset}.csv or {dataset}_*.csv with the columns "
            f"{','.join(LIST)} in {folder}, found {names}"
        )
    return read_table(found[0]), folder / dataset


def _choose(
    dataset: str, pool: Pool, clips: int, caption_set: str | None
) -> tuple[CaptionSet, tuple[Item, ...]]:
    paper = papers(dataset, pool.items)
    whole = bool(paper) and len(paper) == len(papers_choice(dataset))
    if caption_set == "seeded":
        return "seeded", stratified(pool.items, clips)
    if caption_set == "paper" or pool.published:
        if not whole:
            raise UsageError(
                f"{pool.file.name}: expected the paper's {len(papers_choice(dataset))} captions "
                f"of {dataset}, found {len(paper)} of them; --caption-set seeded chooses others"
            )
        return "paper", paper
    # The authors' own list is the paper's choice, and nothing besides.
    if whole and len(paper) == len(pool.items):
        return "paper", paper
    return "own", pool.items


def _cut(captions: CaptionList, clips: int | None) -> CaptionList:
    found = len(captions.items)
    if clips is not None and found < clips:
        raise UsageError(
            f"{captions.dataset}: expected {clips} captions, found {found}; "
            f"ask for fewer with --captions {found}"
        )
    return captions.model_copy(update={"items": captions.items[:clips]})


def _with_audio(captions: CaptionList, folder: Path) -> CaptionList:
    items, notes = audio.attach(captions.dataset, folder, captions.items)
    return captions.model_copy(update={"items": items, "notes": notes})
