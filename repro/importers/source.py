"""The folder that is imported: its files read once, each with its digest and its place."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from repro.bundle.bag import sha256
from repro.errors import TtaError
from repro.records import SourceFile

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a CSV file below its header, with its place for error messages."""

    path: str
    number: int
    cells: dict[str, str]

    def wrong(self, column: str, expected: str) -> TtaError:
        """Return the error that a cell is not what was expected."""
        found = self.cells[column]
        return TtaError(f"{self}: {column}: expected {expected}, found {found!r:.60}")

    def __str__(self) -> str:
        return f"{self.path} line {self.number}"


class SourceFolder:
    """Reads CSV files below one folder and remembers what it read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._digests: dict[str, str] = {}

    def has(self, path: str) -> bool:
        """Return whether a file is there."""
        return (self.folder / path).is_file()

    def tables(self, folders: Sequence[str]) -> list[str]:
        """Return the paths of all CSV files below some of its folders."""
        found = (path for name in folders for path in (self.folder / name).rglob("*.csv"))
        return sorted(path.relative_to(self.folder).as_posix() for path in found)

    def digests(self, paths: Sequence[str]) -> tuple[SourceFile, ...]:
        """Return the digests of files that were read, in the order of their paths."""
        return tuple(SourceFile(path=path, sha256=self._digests[path]) for path in sorted(paths))

    def read(self, path: str, columns: Sequence[str], *, lines: int) -> list[Line]:
        """Return the lines of a CSV file that has these columns and so many lines below them.

        Raises:
            TtaError: it cannot be read, its columns are others, a line is cut short or too long,
                or there are more or fewer.

        """
        rows = self._rows(path)
        number, header = rows[0] if rows else (1, [])
        _check_header(f"{path} line {number}", header, columns)
        found = [_line(path, number, header, cells) for number, cells in rows[1:]]
        if len(found) != lines:
            last = rows[-1][0] if len(found) < lines else found[lines].number
            raise TtaError(
                f"{path} line {last}: expected {lines} lines below the header, found "
                f"{len(found)}: {'the file is cut short' if len(found) < lines else 'too many'}; "
                "take it from the publication again"
            )
        return found

    def _rows(self, path: str) -> list[tuple[int, list[str]]]:
        reader = csv.reader(io.StringIO(self._text(path), newline=""), strict=True)
        try:
            return [(reader.line_num, cells) for cells in reader]
        except csv.Error as error:
            raise TtaError(f"{path} line {reader.line_num}: {error}") from error

    def _text(self, path: str) -> str:
        try:
            data = (self.folder / path).read_bytes()
        except OSError as error:
            raise TtaError(f"{path}: cannot be read: {error.strerror}") from error
        self._digests[path] = sha256(data)
        try:
            return data.decode()
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            raise TtaError(f"{path} line {line}: expected UTF-8, found other bytes") from error


def _check_header(where: str, header: list[str], columns: Sequence[str]) -> None:
    missing = [name for name in columns if name not in header]
    if missing:
        raise TtaError(f"{where}: expected the column {', '.join(missing)}, found none")
    extra = [name for name in header if name not in columns or header.count(name) > 1]
    if extra:
        raise TtaError(f"{where}: expected {len(columns)} columns once, found also {extra[0]!r}")


def _line(path: str, number: int, header: list[str], cells: list[str]) -> Line:
    if len(cells) != len(header):
        raise TtaError(
            f"{path} line {number}: expected {len(header)} cells, found {len(cells)}: "
            "the line is cut short or damaged"
        )
    return Line(path, number, dict(zip(header, cells, strict=True)))
