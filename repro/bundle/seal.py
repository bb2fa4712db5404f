"""A run made into the bytes of a signed bundle."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from repro.bundle import archive, bag, crate, datapackage, layout, payload, statements
from repro.errors import BundleError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from repro.records import Clip, Run
    from repro.signing import SigningKey

ATTESTATION = "signatures/attestation.intoto.jsonl"
SIGNER = "signatures/signer.pub.pem"


def bundle_name(run: Run) -> str:
    """Return ``<model>_<protocol>_<first 8 digits of the run id>.zip``."""
    return f"{_stem(run)}.zip"


def seal(run: Run, *, key: SigningKey, audio_dir: Path | None = None) -> bytes:
    """Return the zip of a complete run, signed; with its audio if a folder is given.

    Raises:
        BundleError: the run is incomplete, a clip is missing or not the one that was measured, or
            there is too much for a bundle.

    """
    _check_complete(run)
    return assemble(_files(run, audio_dir), run, key=key)


def assemble(files: Mapping[str, bytes], run: Run, *, key: SigningKey) -> bytes:
    """Put the files of ``data/`` into a bag, sign its tag manifest and return the zip.

    Raises:
        BundleError: a file name is not portable, or there is too much for a bundle.

    """
    environment = run.header.environment
    members = bag.wrap(
        files,
        identifier=run.header.run_id,
        date=environment.started_at[:10],
        agent=f"tta-energy {environment.source.version}",
    )
    envelopes = [key.sign(statement) for statement in statements.make(run, members, key)]
    lines = (json.dumps(envelope, sort_keys=True) + "\n" for envelope in envelopes)
    members[ATTESTATION] = "".join(lines).encode()
    members[SIGNER] = key.public.pem
    try:
        return archive.pack(members)
    except archive.ArchiveError as error:
        raise BundleError(f"bundle {bundle_name(run)}: {error}") from error


def _files(run: Run, audio_dir: Path | None) -> dict[str, bytes]:
    title = f"Energy of {_model(run)}, protocol {run.header.environment.protocol}"
    files = payload.write(run) | {layout.NAME: layout.stamp()}
    if audio_dir is not None:
        clips = (clip for entry in run.entries for clip in entry.audio)
        files |= {payload.AUDIO_FOLDER + clip.name: _audio(audio_dir, clip) for clip in clips}
    files[datapackage.NAME] = datapackage.write(files, name=_stem(run).lower(), title=title)
    files[crate.NAME] = crate.write(run, files, title=title)
    return files


def _audio(folder: Path, clip: Clip) -> bytes:
    try:
        data = (folder / clip.name).read_bytes()
    except OSError as error:
        raise BundleError(f"clip {clip.name}: cannot be read: {error.strerror}") from error
    if bag.sha256(data) != clip.sha256:
        raise BundleError(f"clip {clip.name}: differs from what was measured: run again")
    return data


def _check_complete(run: Run) -> None:
    if run.header.run_id != run.header.environment.run_id:
        raise BundleError("run: the header and its environment name different runs")
    if not run.entries or not run.complete:
        found = sum(not entry.row.warmup for entry in run.entries)
        raise BundleError(
            f"run {run.header.run_id}: expected {run.header.planned_windows} windows, "
            f"found {found}: resume it with the same command"
        )
    try:
        payload.check_origin(run)
    except ValueError as error:
        raise BundleError(f"run {run.header.run_id}: {error}") from error


def _stem(run: Run) -> str:
    return f"{_model(run)}_{run.header.environment.protocol}_{run.header.run_id[:8]}"


def _model(run: Run) -> str:
    return run.entries[0].row.model
