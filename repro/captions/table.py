"""A CSV of captions, in whichever of the known forms its columns say."""

from __future__ import annotations

import csv
import hashlib
import io
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from repro.captions.items import Item
from repro.captions.published import PUBLISHED
from repro.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

LIST = ("file_name", "caption", "duration")
AUDIOCAPS = ("audiocap_id", "youtube_id", "start_time", "caption")
CLOTHO = ("file_name", *(f"caption_{number}" for number in range(1, 6)))
#: Seconds of every clip of AudioCaps, by its construction.
AUDIOCAPS_S = 10.0


@dataclass(frozen=True)
class Pool:
    """Every caption of a file in its order, and whether the data set published it so."""

    file: Path
    published: bool
    items: tuple[Item, ...]


def read_table(path: Path) -> Pool:
    """Read a CSV of captions.

    Raises:
        UsageError: it cannot be read, is not UTF-8, has other columns, is another version of a
            published file, or a line of it cannot be a caption.

    """
    data = _bytes(path)
    header, *lines = _lines(path, data)
    if tuple(header) not in FORMS:
        raise UsageError(
            f"{path.name}: expected the columns {','.join(LIST)}, or those of AudioCaps test or "
            f"Clotho evaluation, found {','.join(header)[:100]}"
        )
    published = tuple(header) != LIST
    if published:
        _check_version(path, data, tuple(header))
    items = tuple(_items(path, FORMS[tuple(header)], len(header), lines))
    if not items:
        raise UsageError(f"{path.name}: expected captions below its header, found none")
    return Pool(path, published, items)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error


def _lines(path: Path, data: bytes) -> list[list[str]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise UsageError(
            f"{path.name}: line {line}: expected UTF-8, found the byte 0x{data[error.start]:02x}; "
            "save the file as UTF-8"
        ) from error
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise UsageError(f"{path.name}: expected CSV: {error}") from error
    return lines or [[]]


def _check_version(path: Path, data: bytes, header: tuple[str, ...]) -> None:
    name = "audiocaps" if header == AUDIOCAPS else "clotho"
    expected, found = PUBLISHED[name], hashlib.sha256(data).hexdigest()
    if found != expected.sha256:
        other = expected.others.get(found, "another version, or a file that was edited or re-saved")
        raise UsageError(
            f"{path.name}: expected {expected.title} (sha256 {expected.sha256[:12]}), found "
            f"{other} (sha256 {found[:12]}); get it unchanged from {expected.source}"
        )


def _items(
    path: Path, make: Callable[[list[str]], list[Item]], width: int, lines: list[list[str]]
) -> Iterator[Item]:
    seen: dict[str, int] = {}
    for number, cells in enumerate(lines, start=2):
        where = f"{path.name}: row {number}"
        if len(cells) != width:
            raise UsageError(f"{where}: expected {width} cells, found {len(cells)}")
        try:
            made = make(cells)
        except ValueError as error:
            raise UsageError(f"{where}: {error}") from error
        name = made[0].id
        if name in seen:
            raise UsageError(f"{where}: {name!r} stands in row {seen[name]} already")
        seen[name] = number
        yield from made


def _listed(cells: list[str]) -> list[Item]:
    name, caption, duration = cells
    name = _file_name(name)
    return [Item(id=name, caption=_text(caption), recording=name, duration_s=_seconds(duration))]


def _of_audiocaps(cells: list[str]) -> list[Item]:
    number, video, start, caption = cells
    return [
        Item(
            id=_file_name(f"{number}.wav"), caption=_text(caption),
            recording=f"{video}_{start}", duration_s=AUDIOCAPS_S,
        )
    ]  # fmt: skip


def _of_clotho(cells: list[str]) -> list[Item]:
    name, *captions = cells
    name = _file_name(name)
    return [Item(id=name, caption=_text(caption), recording=name) for caption in captions]


def _file_name(text: str) -> str:
    if not text.strip() or not text.isprintable() or "/" in text or "\\" in text:
        raise ValueError(f"expected the name of a file without folders, found {text[:60]!r}")
    return text


def _text(caption: str) -> str:
    if not caption.strip():
        raise ValueError("expected a caption, found none")
    return caption


def _seconds(text: str) -> float:
    try:
        duration_s = float(text)
    except ValueError:
        duration_s = math.nan
    if not 0 < duration_s < math.inf:
        raise ValueError(f"expected a duration in seconds above 0, found {text[:20]!r}")
    return duration_s


FORMS: dict[tuple[str, ...], Callable[[list[str]], list[Item]]] = {
    LIST: _listed,
    AUDIOCAPS: _of_audiocaps,
    CLOTHO: _of_clotho,
}
