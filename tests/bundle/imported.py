"""A run that somebody else measured, made up for tests: rows, scores and sources."""

from __future__ import annotations

from repro.records import BundleClass, Origin, Score, SourceFile
from tests.factories import make_gpu, make_run

ORIGIN = Origin(layout="passoni2025", source="github.com/somebody/something", commit="c" * 40)


def make_score(**changes):
    values = {
        "dataset": "clotho",
        "model": "audioldm",
        "steps": 10,
        "metric": "fad_inf",
        "value": 0.6,
        "n": 300,
        "reference": "clotho",
        "embedding": "clap, laion",
        "engine": "fadtk",
        "score_class": BundleClass.MEASURED,
    }
    return Score(**(values | changes))


SCORES = (make_score(), make_score(metric="clap", value=-0.1), make_score(n=None, reference="full"))
SOURCES = (SourceFile(path="results/Some Model/run1.csv", sha256="0" * 64),)


def with_environment(run, **changes):
    environment = run.header.environment.model_copy(update=changes)
    header = run.header.model_copy(update={"environment": environment})
    return run.model_copy(update={"header": header})


def make_imported_run(**changes):
    """Make a run without readings; ``changes`` are of its scores and sources."""
    run = with_environment(make_run(gpu=make_gpu()), imported=True, origin=ORIGIN)
    bare = tuple(entry.model_copy(update={"readings": ()}) for entry in run.entries)
    return run.model_copy(update={"entries": bare, "scores": SCORES, "sources": SOURCES, **changes})
