"""What is known of public data sets: the digests of their files, and the paper's choice of 300.

The choice is that of ``inferences/quality_metrics/CLAP/*_captions.csv`` in the authors' release
(:file:`artifact/DEVIATIONS.md` says what is odd about it). ``paper/<dataset>.csv`` names each
caption by the name of its audio file, its recording, and the sha256 of its text: for Clotho that
says which of the five captions was used. The texts are the data sets' own and not here.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Published:
    """A file of captions as its data set published it; ``others`` are versions not meant."""

    title: str
    sha256: str
    source: str
    others: Mapping[str, str] = field(default_factory=dict)


PUBLISHED = {
    "audiocaps": Published(
        title="AudioCaps 1 test.csv",
        sha256="b91c4b7ded2f4f6e7db5b9c4983dc1e1dca3d556f505b61e3fd65cac7e1c638a",
        source="dataset/test.csv of github.com/cdjkim/audiocaps",
        others={
            "365c8a8a71c9070a8d5dba5dd44f3a781f906632a49cb82b38bebaaa8f3c5ccb": (
                "that of AudioCaps 2.0, whose captions were edited"
            )
        },
    ),
    # The file whose md5 the data set publishes: 1b16b9e57cf7bdb7f13a13802aeb57e2.
    "clotho": Published(
        title="Clotho 2.1 clotho_captions_evaluation.csv",
        sha256="0e116233909a57449572b2d67d4c7a2f7df5b7a88c918f3697e61f684e664e84",
        source="zenodo.org/records/4783391",
    ),
}


class Chosen(NamedTuple):
    """One caption of the paper's choice."""

    id: str
    recording: str
    sha256: str


@cache
def papers_choice(dataset: str) -> tuple[Chosen, ...]:
    """Return the paper's captions of a data set in their order; none where it used none."""
    if dataset not in PUBLISHED:
        return ()
    text = (files("repro.captions") / "paper" / f"{dataset}.csv").read_text(encoding="utf-8")
    return tuple(Chosen(*cells) for cells in list(csv.reader(text.splitlines()))[1:])
