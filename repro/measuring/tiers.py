"""A tier from its options to its exit code: what the commands ``smoke``, ``quick``, ``full`` do."""

from __future__ import annotations

import shlex
import signal
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from repro.bundle.archive import MAX_BYTES
from repro.captions import SYNTHETIC, write_references
from repro.catalog import choose, read_catalog
from repro.doctor import Needs, Site, check_overrides, preflight
from repro.errors import ExitCode, Interrupted, TtaError, UsageError
from repro.measuring import rundir
from repro.measuring.campaign import Campaign, Outcome
from repro.measuring.progress import make_progress
from repro.measuring.summary import print_summary
from repro.meter.device import Device, open_device
from repro.plan import audio_bytes
from repro.protocol import tier
from repro.request import (
    Captions,
    Options,
    Request,
    chosen_protocol,
    lists_of,
    make_request,
    read_captions,
    without_captions,
)
from repro.scoring.clipsets import NothingToScoreError
from repro.scoring.progress import make_listener
from repro.scoring.scorebundle import EMBEDDINGS, Engine, score_bundle
from repro.scoring.scorer import lacking

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from repro.catalog import Model
    from repro.measuring.progress import Listener
    from repro.scoring.progress import Listener as ScoreListener
    from repro.signing import SigningKey


def run_tier(
    name: str,
    *,
    models: tuple[str, ...],
    models_dirs: tuple[Path, ...],
    out: Path,
    key: Callable[[], SigningKey],
    restart: bool,
    score: bool,
    overrides: tuple[str, ...] = (),
    **options: Any,
) -> ExitCode:
    """Measure the chosen models one after the other and print what came of it.

    Raises:
        TtaError: nothing can be measured at all, or the run was interrupted.

    """
    check_overrides(overrides)
    chosen = _chosen_models(models, models_dirs)
    progress = make_progress()
    asked = Options(tier=name, **options)
    requests = _requests(asked, chosen, progress, named=bool(models))
    rundir.prepare(out)
    _write_shipped_references(requests[0][1], out)
    try:
        with interruptible(), rundir.locked(out / rundir.LOCK, f"out {out}"), ExitStack() as held:
            device = OpenedOnce(
                lambda: _open(
                    held,
                    out,
                    requests,
                    asked.captions_dir,
                    overrides=overrides,
                    progress=progress,
                )
            )
            campaign = Campaign(
                out,
                open_device=device,
                key=key,
                listener=progress,
                restart=restart,
            )
            if score:
                _announce_unscored(requests, progress)
            outcomes = [_attempt(campaign, device, *pair, progress) for pair in requests]
            progress.end()
            if score:
                outcomes = _score(outcomes, requests, asked, out, key)
    finally:
        progress.end()
    print_summary(outcomes, out)
    return worst(outcomes)


def worst(outcomes: list[Outcome]) -> ExitCode:
    """Return the exit code of a run: an error outweighs a failed row, which outweighs good."""
    codes = {outcome.exit_code for outcome in outcomes}
    order = (ExitCode.METER, ExitCode.BUNDLE, ExitCode.USAGE, ExitCode.ERROR, ExitCode.ROW_FAILED)
    return next((code for code in order if code in codes), ExitCode.GOOD)


def _announce_unscored(requests: list[tuple[Model, Request]], progress: Listener) -> None:
    """Say before hours of generation what its clips could not be scored with."""
    own = tier(requests[0][1].tier).scorer
    captions = any(request.captions for _, request in requests)
    if captions and (reason := lacking(own.engine, own.weights)):
        progress.say(
            f"scores: unsupported: {reason}; clips are generated and measured all the same, and "
            "can be scored later"
        )


def _score(
    outcomes: list[Outcome], requests: list[tuple[Model, Request]], options: Options, out: Path,
    key: Callable[[], SigningKey],
) -> list[Outcome]:  # fmt: skip
    """Score what was generated from captions, or say how to do it later."""
    own = tier(options.tier).scorer
    with_captions = {model.name for model, request in requests if request.captions}
    measured = [one for one in outcomes if one.bundle and one.model in with_captions]
    if not measured:
        return outcomes
    listener = make_listener()
    if reason := lacking(own.engine, own.weights):
        listener.say(f"not scored: {reason}; then: {_later(measured)}")
        listener.end()
        return outcomes
    device = requests[0][1].device
    device = device if device.startswith("cuda") else "cpu"
    engine = Engine(own.engine, weights=own.weights, device=device, size=own.size,
                    folder=out / EMBEDDINGS)  # fmt: skip
    try:
        return [_scored(one, engine, options, key, listener) if one in measured else one
                for one in outcomes]  # fmt: skip
    finally:
        engine.close()
        listener.end()


def _scored(
    outcome: Outcome, engine: Engine, options: Options, key: Callable[[], SigningKey],
    listener: ScoreListener,
) -> Outcome:  # fmt: skip
    """Score one run; what stops it does not undo what was measured."""
    if outcome.bundle is None:
        return outcome
    try:
        scored = score_bundle(
            outcome.bundle, engine, listener=listener, captions_dir=options.captions_dir,
            key=key,
            challenge=options.challenge,
        )  # fmt: skip
    except Interrupted:
        raise
    except NothingToScoreError as reason:
        listener.say(f"{outcome.model}: {reason}")
        return outcome
    except TtaError as error:
        listener.say(f"error: {outcome.model}: not scored: {error}")
        return outcome.model_copy(update={"exit_code": error.exit_code})
    return outcome.model_copy(update={"scores": scored.bundle})


def _later(outcomes: list[Outcome]) -> str:
    return " && ".join(shlex.join(["tta-energy", "score", str(one.bundle)]) for one in outcomes)


@contextmanager
def interruptible() -> Iterator[None]:
    """Turn SIGINT and SIGTERM into :class:`Interrupted` for the length of a run."""

    def stop(number: int, _: object) -> None:
        name = signal.Signals(number).name
        raise Interrupted(
            f"interrupted by {name}: every finished window is kept; the same command resumes"
        )

    previous = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _chosen_models(names: tuple[str, ...], extra: tuple[Path, ...]) -> list[Model]:
    catalog = read_catalog(extra)
    if names:
        return choose(catalog, names)
    installed = [model for model in catalog.values() if model.card.in_paper and not model.missing()]
    if not installed:
        reason = next(iter(catalog.values())).missing()
        raise UsageError(
            f"models: expected one of the paper's to be installed, found none: {reason}"
        )
    return installed


def _requests(
    options: Options, models: list[Model], progress: Listener, *, named: bool
) -> list[tuple[Model, Request]]:
    """Return the requests, without the studies that cannot be measured, which are announced.

    Raises:
        UsageError: nothing is left to measure, or captions are not what they should be.

    """
    options = _with_captions(options, progress)
    captions = read_captions(options)
    for note in dict.fromkeys(note for lists in captions.values() for one in lists
                              for note in one.notes):  # fmt: skip
        progress.say(note)
    requests = []
    for model in models:
        own = options if named else _without_sanity(options, model)
        if own.studies:
            lists: Captions = {name: captions[name] for name in captions if name in own.studies}
            requests.append((model, make_request(own, model, lists)))
    if not requests:
        raise UsageError(
            "sanity: none of the models of the check is installed; name others with --model"
        )
    for model, request in requests:
        _check_audio_fits(model, request)
    return requests


def _with_captions(options: Options, progress: Listener) -> Options:
    """Leave out the studies that have no captions to generate from."""
    protocol, _ = chosen_protocol(options)
    asked, lacking = protocol.studies.names(), without_captions(options)
    remedy = "name a folder of captions with --captions-dir, or try --dataset synthetic"
    if set(asked) == set(lacking):
        raise UsageError(f"study: {', '.join(asked)} needs captions, found none: {remedy}")
    for study in lacking:
        progress.say(
            f"study {study}: unsupported without captions, left out; the rest runs. To measure it, "
            f"now or later: {remedy}; --study {study} asks for it alone"
        )
    kept = tuple(study for study in asked if study not in lacking)
    return options.model_copy(update={"studies": kept})


def _without_sanity(options: Options, model: Model) -> Options:
    """Leave the sanity check out for a model that the protocol does not make it with."""
    protocol, _ = chosen_protocol(options)
    sanity = protocol.studies.sanity
    if sanity is None or model.name in sanity.models:
        return options
    kept = tuple(study for study in options.studies if study != "sanity")
    return options.model_copy(update={"studies": kept})


def _write_shipped_references(request: Request, out: Path) -> None:
    """Put the recordings of the captions that come with the program where scoring finds them."""
    for captions in (one for lists in request.captions.values() for one in lists):
        if captions.dataset == SYNTHETIC:
            write_references(captions, out / "references" / SYNTHETIC)


def _check_audio_fits(model: Model, request: Request) -> None:
    studies = request.protocol.studies.names()
    expected = sum(
        audio_bytes(request.protocol, model, study, lists_of(study, request.captions))
        for study in studies
    )
    if request.with_audio and expected > MAX_BYTES:
        raise UsageError(
            f"with-audio: expected at most {MAX_BYTES / 1e9:g} GB in a bundle, found about "
            f"{expected / 1e9:.1f} GB of {model.name}; leave it out: the audio stays in the output "
            "folder"
        )


class OpenedOnce:
    """What is measured on, opened when it is first asked for; ``failure`` is why it was not."""

    def __init__(self, open_it: Callable[[], Device]) -> None:
        self.failure: TtaError | None = None
        self._open_it = open_it
        self._device: Device | None = None

    def __call__(self) -> Device:
        """Return the device.

        Raises:
            TtaError: it cannot be opened, or the machine is not fit to be measured on.

        """
        if self._device is None:
            try:
                self._device = self._open_it()
            except TtaError as error:
                self.failure = error
                raise
        return self._device


def _open(
    held: ExitStack,
    out: Path,
    requests: list[tuple[Model, Request]],
    captions_dir: Path | None,
    *,
    overrides: tuple[str, ...],
    progress: Listener,
) -> Device:
    """Open what is measured on, once the machine is known to be fit for it."""
    request = requests[0][1]
    name = request.device
    overridden: tuple[str, ...] = ()
    if name != "cpu":
        site = Site.of(name, out, _needs(requests, captions_dir))
        if site.gpu is not None and not site.gpu.simulated:
            held.enter_context(rundir.locked(rundir.gpu_lock(site.gpu.uuid), f"device {name}"))
        overridden = preflight(site, overrides, progress.say)
    device = open_device(name, request.protocol.tracker)
    device.overrides = overridden
    return device


def _needs(requests: list[tuple[Model, Request]], captions_dir: Path | None) -> Needs:
    lists = [one for _, request in requests for each in request.captions.values() for one in each]
    return Needs(
        models=tuple(model for model, _ in requests),
        weights=requests[0][1].weights,
        audio_bytes=sum(
            # Put into a bundle it is there twice.
            (1 + request.with_audio)
            * audio_bytes(request.protocol, model, study, lists_of(study, request.captions))
            for model, request in requests
            for study in request.protocol.studies.names()
        ),
        datasets=tuple(dict.fromkeys(one.dataset for one in lists)),
        captions_dir=captions_dir,
        scorer=tier(requests[0][1].tier).scorer if lists else None,
    )


def _attempt(
    campaign: Campaign, device: OpenedOnce, model: Model, request: Request, progress: Listener
) -> Outcome:
    """Measure one model; what stops it does not stop the next one, except what stops them all.

    Raises:
        TtaError: the run was interrupted, or there is nothing to measure on.

    """
    try:
        return campaign.measure(model, request)
    except Interrupted:
        raise
    except TtaError as error:
        if error is device.failure:
            raise
        progress.say(f"error: {model.name}: {error}")
        return Outcome(
            model=model.name, bundle=None, verdict=None, bundle_class=None,
            exit_code=error.exit_code,
        )  # fmt: skip
