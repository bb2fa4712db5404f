"""The report as one HTML page: no network, no script, nothing beside it needed."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING

from repro.analysis.figures import Absent, Chart
from repro.analysis.formats import to_html
from repro.analysis.load import DataSet, Source, hardware
from repro.analysis.text import for_html
from repro.analysis.units import kwh
from repro.bundle import Verdict
from repro.records import Gpu, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from repro.analysis.tables import Table

_TITLE = "Energy of text-to-audio generation"
_CLASSES = {
    "measured": "<strong>Measured.</strong> Full-size models on a real GPU.",
    "demonstration": (
        "<strong>Demonstration, not a measurement.</strong> Tiny models, a simulated GPU or no "
        "GPU at all: these numbers show that the path works, and say nothing about any model."
    ),
}
_VERDICTS = {
    Verdict.TRUSTED: "unchanged since it was signed, by a key of the trust store used",
    Verdict.INTEGRITY_ONLY: "unchanged since it was signed; the signer is in no trust store used",
}
_STATUSES = {
    Status.OK: "counted",
    Status.DISPUTED: "disputed: the instruments disagree",
    Status.FAILED: "failed",
    Status.OOM: "out of memory",
    Status.UNSUPPORTED: "unsupported",
}
#: Bundles are shown open when there are this few.
_FEW = 3


def page(
    data: DataSet,
    figures: Sequence[tuple[Chart | Absent, str]],
    table1: Table,
    others: Sequence[Table],
) -> str:
    """Write the page; each figure comes with its SVG, which is empty for an absent one."""
    sections = (
        _section("Figures", (_figure(what, svg) for what, svg in figures)),
        _section("Table 1", (to_html(table1), _files("tables/table1", "csv", "md", "tex"))),
        _section("All points", (_folded(table) for table in others if table.rows)),
        _section("What did not count", _failures(data)),
        _section("Bundles", map(_bundle, data.sources, _open(data))),
        _section("Verify and rerun", _commands(data)),
        _section("How to read this", _METHOD),
    )
    template = Template(_resource("page.html"))
    return template.substitute(
        title=_TITLE,
        style=_resource("page.css"),
        header=_header(data),
        main="\n".join(sections),
        footer="<p>Made by tta-energy from the bundles listed above and from nothing else.</p>",
    )


_METHOD = (
    """<p>A row is one generation call: its energy and time, without loading the model and without
writing files. Warm-ups are kept in the bundle and never enter a mean. Means are taken over repeats
of one setting, and only where model, hardware, weights, size, protocol and conditions are the same;
everything else is a series of its own.</p>""",
    """<p>Error bars and sd are the sample standard deviation over repeats; of a single repeat there
is none. The CSV files also hold a 95 % bootstrap interval of the mean (percentile, 10,000
resamples, fixed seed). 1 kWh = 3.6 MJ.</p>""",
    """<p>A signature shows that nothing changed since the key's holder signed; it does not show
that the holder measured honestly.</p>""",
)


def _resource(name: str) -> str:
    return (files("repro.analysis") / name).read_text(encoding="utf-8")


def _section(title: str, parts: Iterable[str]) -> str:
    body = "\n".join(parts)
    return f"<section>\n<h2>{title}</h2>\n{body}\n</section>" if body else ""


def _header(data: DataSet) -> str:
    kind = data.bundle_class.value
    facts = "".join(
        f"<div><dt>{for_html(name)}</dt><dd>{for_html(value)}</dd></div>"
        for name, value in _facts(data).items()
    )
    notices = "".join(f'<p class="note">{for_html(notice)}</p>' for notice in data.notices)
    return (
        f"<h1>{_TITLE}</h1>\n"
        f'<p class="class {kind}">{_CLASSES[kind]}</p>\n'
        f'<p class="lead">{for_html(_lead(data))}</p>\n'
        f'<dl class="facts">{facts}</dl>\n{notices}'
    )


def _lead(data: DataSet) -> str:
    models = _distinct(row.series.title for source in data.sources for row in source.rows)
    machines = _distinct(hardware(source.environment) for source in data.sources)
    imported = sum(source.imported for source in data.sources)
    sentence = f"{_listed(models)} on {_listed(machines)}."
    if imported:
        sentence += f" {imported} of {len(data.sources)} bundles were imported from elsewhere."
    return sentence


def _facts(data: DataSet) -> dict[str, str]:
    counts = _counts(data)
    trusted = sum(source.verdict is Verdict.TRUSTED for source in data.sources)
    kind, energy_j = _energy(data)
    return {
        "Bundles": str(len(data.sources)),
        "Signed by a trusted key": f"{trusted} of {len(data.sources)}",
        "Windows counted": str(counts["ok"]),
        "Warm-ups, not counted": str(counts["warmup"]),
        "Not counted otherwise": str(sum(counts.values()) - counts["ok"] - counts["warmup"]),
        f"{kind} energy of all windows": f"{kwh(energy_j):.3g} kWh",
    }


def _energy(data: DataSet) -> tuple[str, float]:
    rows = [row for source in data.sources for row in source.rows]
    gpu_j = sum(row.gpu_energy_j or 0.0 for row in rows)
    return ("GPU", gpu_j) if gpu_j else ("CPU", sum(row.cpu_energy_j or 0.0 for row in rows))


def _counts(data: DataSet) -> Counter[str]:
    return sum((source.counts for source in data.sources), Counter())


def _figure(what: Chart | Absent, svg: str) -> str:
    if isinstance(what, Absent):
        return (
            f'<div class="absent"><h3>{for_html(what.title)}</h3>'
            f"<p>Not drawn. {for_html(what.reason)}</p></div>"
        )
    notes = " ".join(what.notes)
    links = _files(f"figures/{what.name}", "pdf", "png", "svg", "csv")
    return (
        f'<figure id="{what.name}">\n<div class="drawing">{_inline(what, svg)}</div>\n'
        f"<figcaption>{for_html(what.y_label)} against {for_html(what.x_label.lower())}. "
        f"{for_html(what.subtitle)}. {for_html(notes)}"
        f"</figcaption>\n{links}\n"
        f"<details><summary>The points drawn</summary>{to_html(what.table)}</details>\n</figure>"
    )


def _inline(chart: Chart, svg: str) -> str:
    """Make a drawing part of the page: a size of its own goes, and its ids become unique."""
    start = svg.index("<svg")
    head, _, body = svg[start:].partition(">")
    head = re.sub(r'\s(width|height)="[^"]*"', "", head)
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r'\bid="', f'id="{chart.name}-', body)
    body = re.sub(r'href="#', f'href="#{chart.name}-', body)
    body = re.sub(r"url\(#", f"url(#{chart.name}-", body)
    label = for_html(f"{chart.title}; {chart.y_label} against {chart.x_label}")
    return f'{head} role="img" aria-label="{label}">{body}'


def _files(stem: str, *suffixes: str) -> str:
    links = " · ".join(f'<a href="{stem}.{suffix}">{suffix}</a>' for suffix in suffixes)
    return f'<p class="note">Files: {links}</p>'


def _folded(table: Table) -> str:
    rows = f"{len(table.rows)} points" if len(table.rows) != 1 else "1 point"
    return (
        f"<details><summary>{for_html(table.title)} ({rows})</summary>"
        f"{to_html(table)}{_files(f'tables/{table.name}', 'csv')}</details>"
    )


def _failures(data: DataSet) -> Iterable[str]:
    """List the windows that neither counted nor were warm-ups, alike ones together."""
    found = Counter(
        (row.series.title, row.study, row.steps, row.batch_size, row.status, row.detail or "-")
        for source in data.sources
        for row in source.rows
        if not row.warmup and row.status is not Status.OK
    )
    if not found:
        return
    head = "".join(
        f'<th scope="col">{name}</th>'
        for name in ("Model", "Study", "Steps", "Batch size", "Status", "Detail", "Windows")
    )
    rows = "".join(
        "<tr>" + "".join(f"<td>{for_html(_STATUSES.get(cell, str(cell)))}</td>"  # type: ignore[call-overload]
                         for cell in (*key, count)) + "</tr>"
        for key, count in sorted(found.items(), key=str)
    )  # fmt: skip
    yield (
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _open(data: DataSet) -> list[bool]:
    return [len(data.sources) <= _FEW] * len(data.sources)


def _bundle(source: Source, opened: bool) -> str:
    titles = _distinct(row.series.title for row in source.rows)
    rows = "".join(
        f"<dt>{for_html(name)}</dt><dd>{for_html(value)}</dd>"
        for name, value in _bundle_facts(source).items()
        if value
    )
    return (
        f'<details class="bundle"{" open" if opened else ""}><summary>'
        f'<span class="verdict {source.verdict.value}">{source.verdict.value}</span> '
        f"<strong>{for_html(_listed(titles))}</strong> on "
        f"{for_html(hardware(source.environment))}<br><code>{for_html(source.bundle)}</code>"
        f"</summary><dl>{rows}</dl></details>"
    )


def _bundle_facts(source: Source) -> Mapping[str, str]:
    environment, facts = source.environment, source.environment.model
    machine = environment.machine
    return {
        "Verdict": f"{source.verdict.value}: {_VERDICTS[source.verdict]}",
        "Remarks": "; ".join(source.reasons),
        "Signer": source.signer or "unknown",
        "SHA-256": source.sha256,
        "Class": environment.bundle_class.value,
        "Imported": "yes" if source.imported else "",
        "Windows": _counted(source.counts),
        "Protocol": f"{environment.protocol}, tier {environment.tier}",
        "Deviations": "; ".join((*environment.deviations, *source.card.deviations)) or "none",
        "Overridden checks": "; ".join(environment.overrides),
        "Weights, size": f"{facts.weights}, {environment.size}",
        "Model runs in": f"{facts.dtype}, attention {facts.attention}, on {facts.device}",
        "Model libraries": _versions(facts.libraries),
        "Harness": _versions(
            {"tta-energy": environment.source.version, **environment.harness_libraries}
        ),
        "Source commit": _commit(source),
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


def _counted(counts: Counter[str]) -> str:
    parts = [f"{counts[status.value]} {words}" for status, words in _STATUSES.items()
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


def _versions(libraries: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in libraries.items())


def _commands(data: DataSet) -> Iterable[str]:
    names = [shlex.quote(source.bundle) for source in data.sources]
    yield "<p>Check the signatures and contents again, and make this report from them:</p>"
    yield _code([f"tta-energy verify {' '.join(names)}",
                 f"tta-energy report {' '.join(names)} --out report"])  # fmt: skip
    yield "<p>Measure again, on this machine or another:</p>"
    yield _code(_distinct(_rerun(source) for source in data.sources if not source.imported))


def _rerun(source: Source) -> str:
    environment = source.environment
    rows = [row for row in source.rows if not row.warmup]
    steps = sorted({row.steps for row in rows if row.study == "steps"})
    sizes = sorted({row.batch_size for row in rows if row.study == "batch"})
    words = ["tta-energy", environment.tier]
    words += [word for model in _distinct(row.series.model for row in rows)
              for word in ("--model", model)]  # fmt: skip
    words += ["--protocol", environment.protocol, "--weights", environment.weights]
    words += ["--size", environment.size, "--device", environment.device]
    words += [word for study in _distinct(row.study for row in rows) for word in ("--study", study)]
    words += ["--steps", ",".join(map(str, steps))] if steps else []
    words += ["--batch-sizes", ",".join(map(str, sizes))] if sizes else []
    words += ["--repeats", str(max(row.repeat for row in rows))] if rows else []
    return shlex.join([*words, "--out", "out"])


def _code(lines: Iterable[str]) -> str:
    return f"<pre><code>{chr(10).join(for_html(line) for line in lines)}</code></pre>"


def _distinct(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
