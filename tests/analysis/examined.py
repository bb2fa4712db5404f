"""Examinations of runs made up for tests, without the cost of signing them."""

from __future__ import annotations

import hashlib

from repro.bundle import Examination, Verdict, payload
from repro.records import BundleClass, Score, WindowEntry
from tests.factories import START, make_gpu, make_run, make_window


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
        imported=run.header.environment.imported,
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


def with_quality(run, energies, *, dataset="clotho", clips=3, repeats=1):
    """Return the run with sets of clips besides; ``energies`` are joules of a set by steps."""
    entries, window = list(run.entries), len(run.entries)
    model = run.entries[0].row.model if run.entries else "audioldm"
    gpu = run.header.environment.machine.gpu is not None
    for steps, energy_j in energies.items():
        for repeat in range(1, repeats + 1):
            for item in range(clips):
                made = make_window(
                    window, START, study="quality", steps=steps, batch_size=1, repeat=repeat,
                    item=item, clips=1, warmup=False, gpu=gpu, model=model,
                ).row  # fmt: skip
                energy = {"gpu_energy_j": energy_j / clips} if gpu else {}
                row = changed(made, dataset=dataset, cpu_energy_j=energy_j / clips, **energy)
                entries.append(WindowEntry(row=row))
                window += 1
    return run.model_copy(update={"entries": tuple(entries)})


def with_stages(run, energies, *, steps=100, repeats=2, step_j=0.0, generations=4, **values):
    """Return the run with the study ``stages``; joules of one generation by stage, None the whole.

    Each repeat differs from the mean by ``step_j``, in turn above and below it.
    """
    entries = list(run.entries)
    model = run.entries[0].row.model if run.entries else "audioldm"
    gpu = run.header.environment.machine.gpu is not None
    for repeat in range(1, repeats + 1):
        for stage, mean_j in energies.items():
            made = make_window(
                len(entries), START, study="stages", steps=steps, batch_size=1, repeat=repeat,
                item=0, clips=1, warmup=False, gpu=gpu, model=model,
            ).row  # fmt: skip
            energy_j = (mean_j + step_j * (1 if repeat % 2 else -1)) * generations
            energy = {"gpu_energy_j": energy_j} if gpu else {}
            row = changed(
                made, stage=stage, generations=generations, clips=0 if stage else generations,
                duration_s=energy_j / 100, cpu_energy_j=energy_j, **energy, **values,
            )  # fmt: skip
            entries.append(WindowEntry(row=row))
    return run.model_copy(update={"entries": tuple(entries)})


def with_scores(run, metric, values, *, dataset="clotho", n=3, reference="clotho", **facts):
    """Return the run with scores besides; ``values`` are by steps."""
    model = run.entries[0].row.model
    scores = tuple(
        Score(
            dataset=dataset, model=model, steps=steps, metric=metric, value=value, n=n,
            reference=reference, score_class=BundleClass.MEASURED, **facts,
        )
        for steps, value in values.items()
    )  # fmt: skip
    return run.model_copy(update={"scores": (*run.scores, *scores)})


def scored_run(energies, metric, values, **options):
    """Make a run of one model with the energy and one score of its clips on Clotho."""
    run = make_run(**({"gpu": make_gpu(), "steps": (10, 25), "batch_sizes": ()} | options))
    return with_scores(with_quality(run, energies), metric, values)
