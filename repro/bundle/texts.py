"""Files of a payload as text and back: JSON, TOML and tables, with the file named in errors."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING, Any, TypeVar

from repro.bundle import columns
from repro.records import Record

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

R = TypeVar("R", bound=Record)


def json_text(value: Any) -> bytes:
    """Return JSON as it stands in a bundle: indented, in the order of its fields."""
    return (json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def require(files: Mapping[str, bytes], names: Iterable[str]) -> None:
    """Insist on files.

    Raises:
        ValueError: naming the first that is missing.

    """
    for name in names:
        if name not in files:
            raise ValueError(f"{name}: expected, found none")


def read_table(record: type[R], files: Mapping[str, bytes], name: str) -> tuple[R, ...]:
    """Return the rows of a table.

    Raises:
        ValueError: naming the file and what is wrong with it; so do the functions below.

    """
    try:
        return columns.read(record, files[name])
    except ValueError as error:
        raise ValueError(f"{name}: {_first_line(error)}") from error


def read_json(record: type[R], files: Mapping[str, bytes], name: str) -> R:
    """Return the record that a JSON file holds."""
    try:
        return record.model_validate_json(files[name])
    except ValueError as error:
        raise ValueError(f"{name}: {_first_line(error)}") from error


def read_toml(files: Mapping[str, bytes], name: str) -> str:
    """Return the text of a TOML file."""
    text = read_text(files, name)
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{name}: {error}") from error
    return text


def read_text(files: Mapping[str, bytes], name: str) -> str:
    """Return the text of a file."""
    try:
        return files[name].decode()
    except UnicodeDecodeError as error:
        raise ValueError(f"{name}: expected UTF-8") from error


def _first_line(error: ValueError) -> str:
    """Shorten what pydantic says to the field and the complaint."""
    return " ".join(part.strip() for part in str(error).splitlines()[:3])
