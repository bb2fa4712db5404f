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
#: A few stand for all that are missing.
NAMED = 3


class Header(NamedTuple):
    """What the header of an audio file says."""

    sample_rate_hz: int
    channels: int
    seconds: float


def attach(
    dataset: str, folder: Path, items: tuple[Item, ...]
) -> tuple[tuple[Item, ...], tuple[str, ...]]:
    """Give captions their reference audio where it is there and can be read.

    A duration that the list does not say is read from the audio. Returned are the captions, and
    what there is to say of their references.
    """
    there = _files(folder)
    paths = {item.id: _find(item, there) for item in items}
    headers, damaged = _read_headers({path for path in paths.values() if path})
    missing = [item.id for item in items if paths[item.id] is None]
    notes = (
        *_say_missing(dataset, missing, len(items)),
        *_say_damaged(dataset, damaged),
        *_say_unusual(dataset, headers),
    )
    return tuple(_with_audio(item, paths[item.id], headers) for item in items), notes


def _files(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        return {}
    return {path.name: path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES}


def _read_headers(paths: set[Path]) -> tuple[dict[Path, Header], list[str]]:
    """Return the headers that can be read, and why the others cannot."""
    headers, damaged = {}, []
    for path in sorted(paths):
        try:
            headers[path] = read_header(path)
        except UsageError as error:
            damaged.append(str(error))
    return headers, damaged


def _say_missing(dataset: str, missing: list[str], count: int) -> Iterator[str]:
    if len(missing) == count:
        yield (
            f"{dataset}: no reference audio: energy and CLAP score can be had, FAD cannot; put it "
            f"into the folder {dataset} beside the captions before the clips are scored"
        )
    elif missing:
        named = f"{', '.join(missing[:NAMED])}{', ...' * (len(missing) > NAMED)}"
        yield (
            f"{dataset}: no FAD: expected reference audio for {count} captions, found none for "
            f"{len(missing)}: {named}; add it before the clips are scored"
        )


def _say_damaged(dataset: str, damaged: list[str]) -> Iterator[str]:
    if damaged:
        yield (
            f"{dataset}: no FAD: {len(damaged)} references cannot be read: {damaged[0]}; replace "
            "them before the clips are scored"
        )


def _say_unusual(dataset: str, headers: Mapping[Path, Header]) -> Iterator[str]:
    """Say what becomes of references that are not as the networks want them."""
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
    """Read rate, channels and length of a WAV or FLAC file of any sample format.

    Raises:
        UsageError: it is neither, or holds no sound.

    """
    try:
        with path.open("rb") as stream:
            head = stream.read(12)
            header = (
                _read_flac(head + stream.read(14))
                if head[:4] == b"fLaC"
                else (_read_wav(head, stream))
            )
    except (OSError, KeyError, struct.error, ZeroDivisionError) as error:
        raise UsageError(
            f"{path}: expected a WAV or FLAC file, found none that can be read"
        ) from error
    if not all(header):
        raise UsageError(f"{path}: expected sound, found an empty file")
    return header


def _read_wav(head: bytes, stream: BinaryIO) -> Header:
    """Read RIFF/WAVE chunks.

    Layout: "Multimedia Programming Interface and Data Specifications 1.0" (IBM and Microsoft,
    1991), chapters 2 and 3.
    """
    chunks = dict(_chunks(head, stream))
    _, channels, rate_hz, bytes_a_second = struct.unpack("<HHII", chunks[b"fmt "][1][:12])
    return Header(rate_hz, channels, chunks[b"data"][0] / bytes_a_second)


def _read_flac(head: bytes) -> Header:
    """Read the stream information that a FLAC file begins with (RFC 9639, section 8.2).

    After the marker, the header of the block, and four sizes of blocks and frames: 20 bits of
    rate, 3 of channels less one, 5 of bits less one, 36 of samples.
    """
    (packed,) = struct.unpack(">Q", head[18:26])
    rate_hz, samples = packed >> 44, packed & (1 << 36) - 1
    return Header(rate_hz, (packed >> 41 & 7) + 1, samples / rate_hz)


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


def _with_audio(item: Item, path: Path | None, headers: Mapping[Path, Header]) -> Item:
    if path is None or path not in headers:
        return item
    duration_s = item.duration_s or headers[path].seconds
    return item.model_copy(update={"reference": path, "duration_s": duration_s})
