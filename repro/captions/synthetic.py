"""Data set ``synthetic``: captions of ours and sounds made of numbers, to try the whole path with.

They come with the program and are no measure of any model's quality.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.captions.items import Item

if TYPE_CHECKING:
    from pathlib import Path

    from repro.captions.items import CaptionList

SYNTHETIC = "synthetic"
SECONDS = 10.0

CAPTIONS = {
    "low-hum.wav": "A steady low hum from a transformer",
    "hiss.wav": "Loud static hiss of a radio between stations",
    "rising-whistle.wav": "A whistle that slowly climbs in pitch",
    "metronome.wav": "A metronome ticks twice a second",
    "surf.wav": "Waves roll onto a beach one after the other",
    "siren.wav": "A siren wails up and down",
    "beep.wav": "One long electronic beep",
    "high-whine.wav": "A thin high whine from an old television",
}


def captions() -> tuple[Item, ...]:
    """Return the captions in their order, without audio."""
    return tuple(
        Item(id=name, caption=caption, recording=name, duration_s=SECONDS)
        for name, caption in CAPTIONS.items()
    )


def write_references(chosen: CaptionList, folder: Path) -> CaptionList:
    """Write the reference audio that is not there yet and return the list with it.

    It is 16-bit WAV, 48 kHz, one channel, 10 s; the same samples every time.
    """
    from repro.captions.sounds import write_sound  # noqa: PLC0415 - most readers need no numpy

    folder.mkdir(parents=True, exist_ok=True)
    items = []
    for item in chosen.items:
        path = folder / item.id
        if not path.exists():
            write_sound(path, item.id, SECONDS)
        items.append(item.model_copy(update={"reference": path}))
    return chosen.model_copy(update={"items": tuple(items)})
