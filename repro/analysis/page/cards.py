"""One bundle on the page: its verdict, its signer, its machine and what it deviates in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.analysis.reading.grouping import hardware
from repro.analysis.text import distinct, for_html, listed
from repro.bundle import Verdict
from repro.records import Status

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable, Mapping

    from repro.analysis.reading.dataset import Source
    from repro.analysis.reading.scores import Scoring
    from repro.records import Gpu, Image, ModelFacts

_VERDICTS = {
    Verdict.TRUSTED: "unchanged since it was signed, by a key of the trust store used",
    Verdict.INTEGRITY_ONLY: "unchanged since it was signed; the signer is in no trust store used",
}
#: What became of a window, in words.
STATUSES = {
    Status.OK: "counted",
    Status.DISPUTED: "disputed: the instruments disagree",
    Status.FAILED: "failed",
    Status.OOM: "out of memory",
    Status.UNSUPPORTED: "unsupported",
}
_BADGE = '<span class="verdict imported">imported, physics not checked</span> '


def card(source: Source, *, opened: bool) -> str:
    """Write what is known of one bundle; it stands folded unless ``opened``."""
    titles = distinct(series.title for series in source.series)
    heading = (
        f"{_BADGE if source.imported else ''}<strong>{for_html(listed(titles))}</strong> on "
        f"{for_html(hardware(source.environment))}"
    )
    return _details(source, heading, _bundle_facts(source), opened=opened)


def score_card(scoring: Scoring, *, opened: bool) -> str:
    """Write what is known of one score bundle; it stands folded unless ``opened``."""
    environment = scoring.scored.environment
    heading = f"Scores of <strong>{for_html(environment.parent.model)}</strong>"
    return _details(scoring, heading, _score_facts(scoring), opened=opened)


def _details(
    bundle: Source | Scoring, heading: str, facts: Mapping[str, str], *, opened: bool
) -> str:
    rows = "".join(
        f"<dt>{for_html(name)}</dt><dd>{for_html(value)}</dd>"
        for name, value in facts.items()
        if value
    )
    verdict = bundle.verdict.value
    return (
        f'<details class="bundle"{" open" if opened else ""}><summary>'
        f'<span class="verdict {verdict}">{verdict}</span> '
        f"{heading}<br><code>{for_html(bundle.bundle)}</code>"
        f"</summary><dl>{rows}</dl></details>"
    )


def _score_facts(scoring: Scoring) -> Mapping[str, str]:
    environment = scoring.scored.environment
    return {
        "Verdict": f"{scoring.verdict.value}: {_VERDICTS[scoring.verdict]}",
        "Remarks": "; ".join(scoring.reasons),
        "Signer": scoring.signer or "unknown",
        "SHA-256": scoring.sha256,
        "Class": environment.bundle_class.value,
        "Scores of": f"{environment.parent.bundle}, run {environment.parent.run_id}",
        "Scores, clips": f"{len(scoring.scored.scores)}, {len(scoring.scored.clips)}",
        "Engine": f"{environment.engine}, {environment.networks} networks, on {environment.device}",
        "Scorer libraries": _versions(environment.libraries),
        "Source commit": environment.source.commit or "",
        "Started": environment.started_at,
    }


def _bundle_facts(source: Source) -> Mapping[str, str]:
    environment, facts = source.environment, source.environment.model
    machine = environment.machine
    return {
        "Verdict": f"{source.verdict.value}: {_VERDICTS[source.verdict]}",
        "Remarks": "; ".join(source.reasons),
        "Signer": source.signer or "unknown",
        "SHA-256": source.sha256,
        "Class": environment.bundle_class.value,
        "Imported": _origin(source),
        "Windows": _counted(source.counts),
        "Protocol": f"{environment.protocol}, tier {environment.tier}",
        "Deviations": " · ".join(_deviations(source)) or "none",
        "Overridden checks": "; ".join(source.overrides),
        "Weights, size": f"{facts.weights}, {environment.size}",
        "Model runs in": ", ".join(_running(facts)),
        "Model libraries": _versions(facts.libraries),
        "Harness": _versions(
            {"tta-energy": environment.source.version, **environment.harness_libraries}
        ),
        "Source commit": _commit(source),
        "Image": _image(environment.image) if environment.image else "",
        "GPU": _gpu(machine.gpu) if machine.gpu else "none",
        "Processor": f"{machine.cpu}, {machine.cpu_cores} cores, "
        f"{machine.ram_bytes / 2**30:.0f} GiB memory",
        "System": f"{machine.os}, kernel {machine.kernel}"
        + (f", container {machine.container}" if machine.container else ""),
        "Instruments": "; ".join(
            f"{one.name} {one.version} ({one.quantity}: {one.reads})"
            for one in environment.instruments
        ),
        "Started": environment.started_at,
    }


def _running(facts: ModelFacts) -> Iterable[str]:
    yield facts.dtype
    if facts.attention is not None:
        yield f"attention {facts.attention}"
    yield f"on {facts.device}"


def _deviations(source: Source) -> tuple[str, ...]:
    # What a model card deviates in is the adapter's, and no adapter made what was imported.
    own = () if source.imported else source.card.deviations
    return (*source.environment.deviations, *own)


def _origin(source: Source) -> str:
    origin = source.environment.origin
    if not source.imported:
        return ""
    if origin is None:
        return "yes; physics not checked"
    commit = f", commit {origin.commit}" if origin.commit else ", at no known commit"
    return f"from {origin.source}{commit}, layout {origin.layout}; physics not checked"


def _counted(counts: Counter[str]) -> str:
    parts = [f"{counts[status.value]} {words}" for status, words in STATUSES.items()
             if counts[status.value]]  # fmt: skip
    return ", ".join([*parts, f"{counts['warmup']} warm-ups"])


def _gpu(gpu: Gpu) -> str:
    kind = "simulated " if gpu.simulated else ""
    facts = {
        "{:.0f} GiB": gpu.memory_bytes and gpu.memory_bytes / 2**30,
        "driver {}": gpu.driver,
        "CUDA {}": gpu.cuda_driver,
        "power limit {:g} W": gpu.power_limit_w,
    }
    known = [form.format(value) for form, value in facts.items() if value is not None]
    return ", ".join([f"{kind}{gpu.name}", *known])


def _commit(source: Source) -> str:
    code = source.environment.source
    if code.commit is None:
        return ""
    return f"{code.commit}, with uncommitted changes" if code.dirty else code.commit


def _image(image: Image) -> str:
    digest = f", digest {image.digest} (says the operator)" if image.digest else ""
    return f"stack {image.stack}, on {image.base}{digest}"


def _versions(libraries: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in libraries.items())
