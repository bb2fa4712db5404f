"""Reference audio: which file belongs to which caption, and what its header says."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from repro.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from repro.captions.items import Item

SUFFIXES = (".wav", ".flac")
#: A recording shorter than this is mostly the silence that scoring fills it up with.
SHORT_S = 1.0
#: What scoring brings every recording to: the networks' rate and length.
SCORED_HZ, SCORED_S = 48_000, 10


class Header(NamedTuple):
    """What the header of a WAV file says."""

    sample_rate_hz: int
    channels: int
    seconds: float


def attach(dataset: str, folder: Path, items: tuple[Item, ...]) -> tuple[Item, ...]:
    """Give every caption its reference audio, or none of them where there is no folder.

    A duration that the list does not say is read from the audio.

    Raises:
        UsageError: the audio of some captions is missing, or is no audio.

    """
    if not folder.is_dir():
        return items
    there = {path.name: path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES}
    found = [(item, _find(item, there)) for item in items]
    missing = [item.id for item, path in found if path is None]
    if missing:
        raise UsageError(
            f"{dataset}: expected reference audio for {len(items)} captions in {folder}, found "
            f"none for {len(missing)}: {', '.join(missing[:3])}{', ...' * (len(missing) > 3)}; "  # noqa: PLR2004 - a few stand for all
            "add it, or move the folder away to measure without FAD"
        )
    return tuple(_with_audio(item, path) for item, path in found if path is not None)


def remarks(dataset: str, items: tuple[Item, ...]) -> Iterator[str]:
    """Say what becomes of references that are not as the networks want them."""
    if not items or items[0].reference is None:
        yield f"{dataset}: no reference audio: energy and CLAP score can be had, FAD cannot"
        return
    headers = {path: read_header(path) for path in _wavs(items)}
    kinds = {(header.sample_rate_hz, header.channels) for header in headers.values()}
    for rate_hz, channels in sorted(kinds):
        if (rate_hz, channels) != (SCORED_HZ, 1):
            yield (
                f"{dataset}: references of {rate_hz} Hz and {channels} channel"
                f"{'s' * (channels > 1)} are averaged to one channel and resampled to "
                f"{SCORED_HZ} Hz for scoring"
            )
    short = sorted((header.seconds, path.name) for path, header in headers.items())
    short = [(seconds, name) for seconds, name in short if seconds < SHORT_S]
    if short:
        yield (
            f"{dataset}: {len(short)} references last less than {SHORT_S:g} s "
            f"({short[0][1]}: {short[0][0]:.2g} s): filled up with silence to {SCORED_S} s for "
            "scoring, they say little"
        )


def read_header(path: Path) -> Header:
    """Read rate, channels and length of a WAV file of any sample format.

    Layout: RIFF/WAVE chunks, "Multimedia Programming Interface and Data Specifications 1.0"
    (IBM and Microsoft, 1991), chapters 2 and 3.

    Raises:
        UsageError: it is no WAV file, or holds no sound.

    """
    try:
        with path.open("rb") as stream:
            chunks = dict(_chunks(stream.read(12), stream))
        _, channels, rate_hz, bytes_a_second = struct.unpack("<HHII", chunks[b"fmt "][1][:12])
        seconds = chunks[b"data"][0] / bytes_a_second
    except (OSError, KeyError, struct.error, ZeroDivisionError) as error:
        raise UsageError(f"{path}: expected a WAV file, found none that can be read") from error
    if not (seconds and channels and rate_hz):
        raise UsageError(f"{path}: expected sound, found an empty file")
    return Header(rate_hz, channels, seconds)


def _chunks(head: bytes, stream: BinaryIO) -> Iterator[tuple[bytes, tuple[int, bytes]]]:
    """Yield name, size and first bytes of each chunk."""
    if head[:4] != b"RIFF" or head[8:] != b"WAVE":
        return
    while len(start := stream.read(8)) == 8:  # noqa: PLR2004 - a name and a size
        name, size = struct.unpack("<4sI", start)
        begin = stream.tell()
        yield name, (size, stream.read(min(size, 16)))
        stream.seek(begin + size + size % 2)


def _find(item: Item, there: Mapping[str, Path]) -> Path | None:
    stems = (Path(item.id).stem if Path(item.id).suffix in SUFFIXES else item.id, item.recording)
    names = (item.id, *(stem + suffix for stem in stems for suffix in SUFFIXES))
    return next((there[name] for name in names if name in there), None)


def _with_audio(item: Item, path: Path) -> Item:
    duration_s = item.duration_s
    if duration_s is None and path.suffix.lower() == ".wav":
        duration_s = read_header(path).seconds
    return item.model_copy(update={"reference": path, "duration_s": duration_s})


def _wavs(items: tuple[Item, ...]) -> set[Path]:
    paths = {item.reference for item in items if item.reference is not None}
    return {path for path in paths if path.suffix.lower() == ".wav"}
