"""What is generated from: lists of captions, with the recordings they describe.

A data set's captions are its own: they are read from the user's folder and never leave it. A
bundle names each by id and sha256. The folder holds, for each data set:

    DIR/<dataset>.csv        or <dataset>_<anything>.csv: one of the forms below, in UTF-8
    DIR/<dataset>/           reference audio (WAV or FLAC), which only FAD needs: every caption's
                             by its id, or by its recording where that has several captions

    a list                   file_name,caption,duration      taken as it is, from the top
    AudioCaps, test, v1      audiocap_id,youtube_id,start_time,caption
    Clotho, evaluation       file_name,caption_1,...,caption_5

The data sets' own files are known by their sha256 (:mod:`repro.captions.published`); of these,
or of a list, ``paper`` is the paper's choice of 300 and ``seeded`` one recording, one caption
(:mod:`repro.captions.choice`).
"""

from repro.captions.items import CaptionList, Item, list_sha256
from repro.captions.reading import read, read_whole
from repro.captions.synthetic import SYNTHETIC, write_references

__all__ = [
    "SYNTHETIC",
    "CaptionList",
    "Item",
    "list_sha256",
    "read",
    "read_whole",
    "write_references",
]
