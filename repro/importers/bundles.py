"""A folder of published measurements turned into verified bundles, all of them or none."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from repro.bundle import Verdict, bundle_name, examine, seal
from repro.catalog import read_catalog
from repro.errors import BundleError, TtaError, UsageError
from repro.importers.collection import Collection
from repro.importers.layout import read_layout
from repro.importers.origin import find_origin
from repro.importers.source import SourceFolder
from repro.signing import TrustStore, ephemeral_key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from repro.records import Origin, Run
    from repro.signing import SigningKey


@dataclass(frozen=True)
class Imported:
    """What came of an import: the bundles, and what is to be said about the rest."""

    bundles: tuple[Path, ...]
    origin: Origin
    notices: tuple[str, ...]


def import_folder(
    folder: Path, *, layout: str, out: Path, key: Callable[[], SigningKey] = ephemeral_key,
    source: str | None = None, commit: str | None = None,
) -> Imported:  # fmt: skip
    """Import a folder and write one signed bundle per model into another.

    Args:
        folder: where the publication lies.
        layout: its name.
        out: where the bundles go; those that are there already stay as they are.
        key: gives the key to sign with.
        source: where the folder comes from, where its checkout does not say.
        commit: of the publication, likewise.

    Raises:
        UsageError: the folder, the layout or the commit is none.
        TtaError: a file is not as published, or a bundle cannot be written.

    """
    signing = key()
    known = read_layout(layout)
    if not folder.is_dir():
        raise UsageError(f"import: expected a folder, found none at {folder}")
    origin = find_origin(folder, known.facts, source=source, commit=commit)
    collection = Collection(SourceFolder(folder), known)
    runs = collection.runs(read_catalog(), origin)
    return Imported(tuple(_write(runs, out, signing)), origin, tuple(collection.notices()))


def _write(runs: Sequence[Run], out: Path, key: SigningKey) -> list[Path]:
    """Write beside the targets, verify, and move into place when all are good."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out, prefix=".import-") as scratch:
            made = [_seal(run, Path(scratch), key) for run in runs]
            new = [path for path in made if not _is_there(path, out / path.name)]
            for path in new:
                path.replace(out / path.name)
    except OSError as error:
        raise TtaError(f"{out}: bundles cannot be written: {error.strerror}") from error
    return [out / path.name for path in made]


def _seal(run: Run, folder: Path, key: SigningKey) -> Path:
    path = folder / bundle_name(run)
    path.write_bytes(seal(run, key=key))
    _contents(path)
    return path


def _is_there(path: Path, target: Path) -> bool:
    """Whether an earlier import left the same bundle, whoever signed it."""
    if not target.exists():
        return False
    if _contents(target) != _contents(path):
        raise TtaError(
            f"{target}: expected no bundle or the same one, found another: choose another folder"
        )
    return True


def _contents(path: Path) -> Mapping[str, bytes]:
    found = examine(path, trust=TrustStore())
    if found.verdict is Verdict.INVALID:
        raise BundleError(f"{path}: does not verify: {'; '.join(found.reasons)}")
    return found.contents
