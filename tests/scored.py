"""Runs with a quality study and its audio, and their scores, made up for tests."""

from __future__ import annotations

import hashlib
import statistics
from datetime import timedelta

from repro.bundle import bundle_name, seal
from repro.bundle.bag import TAG_MANIFEST
from repro.bundle.score_checks import expected_class
from repro.captions.items import list_sha256
from repro.records import (
    BundleClass,
    Caption,
    Clip,
    Contrast,
    DetailedScore,
    Parent,
    ScoredClip,
    ScoreEnvironment,
    ScoreRun,
    WindowEntry,
)
from repro.signing import ephemeral_key
from tests.bundle.forge import unzip
from tests.factories import START, make_environment, make_gpu, make_run, make_window

STEPS = (10, 25, 50)
DATASETS = ("audiocaps", "clotho")


def make_audio(name):
    """Return bytes that stand for a clip."""
    return b"RIFF" + name.encode()


def make_caption(dataset, item, study="quality"):
    """Return what a bundle says of a caption."""
    text = f"{dataset} {item}"
    return Caption(
        study=study, dataset=dataset, item=item, id=f"{item}.wav", recording=f"{item}.wav",
        sha256=hashlib.sha256(text.encode()).hexdigest(), seed=item,
    )  # fmt: skip


def listed(captions):
    """Return the lists of captions as a request names them."""
    return {captions[0].study: [
        {"dataset": name, "sha256": list_sha256(
            (one.id, one.sha256) for one in captions if one.dataset == name)}
        for name in dict.fromkeys(one.dataset for one in captions)
    ]}  # fmt: skip


def make_quality_run(
    *, gpu=True, weights="hub", steps=STEPS, datasets=DATASETS, clips=4, study="quality", **more
):
    """Make a run of a study of captions alone, each window with its clip."""
    run = make_run(**({"gpu": make_gpu() if gpu else None, "weights": weights, "steps": (),
                       "batch_sizes": ()} | more))  # fmt: skip
    entries = []
    at = START
    for dataset in datasets:
        for count in steps:
            for item in range(clips):
                entry = make_window(
                    len(entries), at, study=study, steps=count, batch_size=1, repeat=1,
                    item=item, clips=1, warmup=False, gpu=gpu,
                    model=more.get("model", "audioldm"),
                )  # fmt: skip
                name = f"{len(entries):06d}-0.wav"
                clip = Clip(
                    window=len(entries), name=name,
                    sha256=hashlib.sha256(make_audio(name)).hexdigest(),
                    seconds=10.0, sample_rate_hz=16000, channels=1, seed=item,
                )  # fmt: skip
                row = entry.row.model_copy(update={"dataset": dataset})
                entries.append(WindowEntry(row=row, readings=entry.readings, audio=(clip,)))
                at += timedelta(seconds=row.duration_s)
    captions = tuple(make_caption(name, item, study) for name in datasets for item in range(clips))
    request = {**run.header.request, "captions": listed(captions)}
    header = run.header.model_copy(
        update={"planned_windows": len(entries), "captions": captions, "request": request}
    )
    return run.model_copy(update={"header": header, "entries": tuple(entries)})


def subject_of(run):
    """Return the digest that the signatures of a run's bundle cover."""
    members = unzip(seal(run, key=ephemeral_key()))
    return hashlib.sha256(members[TAG_MANIFEST]).hexdigest()


def make_parent(run, **changes):
    environment = run.header.environment
    facts = {
        "bundle": bundle_name(run),
        "run_id": run.header.run_id,
        "tag_manifest_sha256": subject_of(run),
        "bundle_class": environment.bundle_class,
        "model": run.entries[0].row.model,
        "weights": environment.weights,
    }
    return Parent(**(facts | changes))


def make_score_environment(parent, *, networks="hub", **changes):
    machine = make_environment().machine
    values = {
        "bundle_class": BundleClass.MEASURED,
        "run_id": "a" * 32,
        "started_at": "2026-11-02T09:00:00Z",
        "finished_at": "2026-11-02T09:10:30.5Z",
        "parent": parent,
        "engine": "laion",
        "networks": networks,
        "device": "cpu",
        "libraries": {"torch": "2.8.0", "laion-clap": "1.1.7"},
        "machine": machine,
        "source": make_environment().source,
        "harness_libraries": {"python": "3.11.9"},
    }
    return ScoreEnvironment(**(values | changes))


def clap_of(steps, item):
    """Rise with the steps towards 0.4, each clip a little different."""
    return round(0.4 - 1.0 / steps + 0.01 * (item % 3), 6)


def fad_of(steps):
    """Fall with the steps towards 0.2."""
    return round(0.2 + 1.0 / steps, 6)


def make_scored(run=None, *, networks="hub", clap=clap_of, fad=fad_of, half=0.02, **changes):
    """Score a run: FAD and CLAP of every set, and contrasts with all larger step counts."""
    run = run or make_quality_run()
    parent = make_parent(run)
    environment = make_score_environment(parent, networks=networks)
    clips = tuple(
        ScoredClip(
            study=entry.row.study, dataset=entry.row.dataset, steps=entry.row.steps,
            item=entry.row.item, window=entry.row.window, name=clip.name, sha256=clip.sha256,
            clap=clap(entry.row.steps, entry.row.item),
        )
        for entry in run.entries if entry.row.dataset for clip in entry.audio
    )  # fmt: skip
    scored = ScoreRun(
        environment=environment,
        request={"engine": "laion", "weights": networks},
        requirements_lock="laion-clap==1.1.7\n",
        scores=(),
        clips=clips,
    )
    kind = expected_class(networks, parent)
    scores, contrasts = _tables(
        clips, environment.model_copy(update={"bundle_class": kind}), fad, half
    )
    values = {
        "environment": environment.model_copy(update={"bundle_class": kind}),
        "scores": scores,
        "contrasts": contrasts,
    }
    return scored.model_copy(update=values | changes)


def _tables(clips, environment, fad, half):
    model, kind = environment.parent.model, environment.bundle_class
    networks, whole = environment.networks, clips[0].study == "sanity"
    scores, contrasts = [], []
    for dataset in sorted({clip.dataset for clip in clips}):
        steps = sorted({clip.steps for clip in clips})
        values = {}
        for count in steps:
            own = [clip.clap for clip in clips if (clip.dataset, clip.steps) == (dataset, count)]
            values["clap", count] = statistics.fmean(own)
            values["fad", count] = fad(count)
            for metric in ("fad", "clap"):
                value = values[metric, count]
                scores.append(
                    DetailedScore(
                        dataset=dataset, model=model, steps=count, metric=metric, value=value,
                        n=len(own), reference=f"{dataset}-full" if whole else dataset,
                        embedding="clap-laion-audio",
                        engine="laion", score_class=kind, low=value - half, high=value + half,
                        interval_method="jackknife over recordings", seed=0,
                        checkpoint_sha256="c" * 64, captions_sha256="d" * 64, networks=networks,
                    )
                )  # fmt: skip
        pairs = [(a, b) for place, a in enumerate(steps) for b in steps[place + 1 :] if not whole]
        for metric in ("fad", "clap"):
            for first, second in pairs:
                difference = values[metric, second] - values[metric, first]
                contrasts.append(
                    Contrast(
                        dataset=dataset, model=model, metric=metric, steps=first,
                        other_steps=second, difference=difference,
                        low=difference - half / 10, high=difference + half / 10,
                        n=len(own), p=0.5, method="paired jackknife over recordings",
                    )
                )  # fmt: skip
    return tuple(scores), tuple(contrasts)
