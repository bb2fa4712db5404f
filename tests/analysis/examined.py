"""Examinations of runs made up for tests, without the cost of signing them."""

from __future__ import annotations

import hashlib

from repro.bundle import Examination, Verdict, payload
from tests.factories import make_gpu, make_run


def examined(run=None, *, bundle="a.zip", verdict=Verdict.INTEGRITY_ONLY, **options):
    """Examine a run, or one that is made with these options on a real GPU."""
    run = run or make_run(**({"gpu": make_gpu()} | options))
    contents = payload.write(run)
    return Examination(
        bundle=bundle,
        sha256=hashlib.sha256(b"".join(contents.values())).hexdigest(),
        verdict=verdict,
        reasons=() if verdict is Verdict.TRUSTED else ("ephemeral key",),
        signer="sha256:" + "ab" * 32,
        bundle_class=run.header.environment.bundle_class,
        imported=False,
        contents=contents,
    )


def with_rows(run, change):
    """Return the run with each row replaced by what ``change`` makes of it; None drops it."""
    entries = []
    for entry in run.entries:
        row = change(entry.row)
        if row is not None:
            entries.append(entry.model_copy(update={"row": row, "readings": ()}))
    return run.model_copy(update={"entries": tuple(entries)})


def with_environment(run, **values):
    """Return the run with these values in its environment."""
    environment = run.header.environment.model_copy(update=values)
    return with_header(run, environment=environment)


def with_header(run, **values):
    """Return the run with these values in its header."""
    return run.model_copy(update={"header": run.header.model_copy(update=values)})


def changed(row, **values):
    """Return the row with these values."""
    return row.model_copy(update=values)
