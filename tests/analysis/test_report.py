from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from collections import Counter
from fnmatch import fnmatchcase
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner

from repro.analysis.page.page import Section, page
from repro.analysis.points import step_points
from repro.analysis.reading.load import load
from repro.analysis.report import OWNED, write_report
from repro.analysis.summary import summary_lines
from repro.analysis.tables.energy import steps_table
from repro.bundle import Verdict, bundle_name, seal
from repro.cli.report import report
from repro.errors import BundleError, ClaimError, TtaError, UsageError
from repro.records import BundleClass, Origin, Status
from repro.resources import data_root
from repro.signing import ephemeral_key
from tests.analysis.examined import (
    changed,
    examined,
    scored_run,
    with_environment,
    with_header,
    with_quality,
    with_rows,
    with_scores,
    with_stages,
)
from tests.factories import make_gpu, make_run

ROOT = Path(__file__).parents[2]


#: What a report on one protocol, random weights and clips without scores of their own has not.
EMPTY = ("figures/protocols", "tables/protocols", "tables/front", "tables/worst_clips")


def owned(names):
    """Say whether these are files of such a report, and one for each pattern."""
    matched = {name: [one for one in OWNED if fnmatchcase(name, one)] for name in names}
    wanted = {one for one in OWNED if not one.startswith(EMPTY)}
    return all(matched.values()) and {one for found in matched.values() for one in found} == wanted


def page_of(tmp_path, *examinations):
    write_report(examinations, tmp_path / "out")
    return (tmp_path / "out" / "index.html").read_text(encoding="utf-8")


def digests(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


class Tags(HTMLParser):
    """Collects what a browser would act on, and complains of what is not closed."""

    VOID = frozenset(("meta", "br", "path", "use", "rect", "image"))

    def __init__(self, page):
        super().__init__()
        self.tags, self.attributes, self.open = Counter(), [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags[tag] += 1
        self.attributes += attrs
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags[tag] += 1
        self.attributes += attrs

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open.pop() == tag


def test_a_report_holds_every_file_and_says_so(tmp_path):
    summary = write_report([examined(full_run())], tmp_path / "out")
    written = set(digests(tmp_path / "out"))
    assert owned(written)
    assert {str(path.relative_to(tmp_path / "out")) for path in summary.files} == written
    assert (summary.bundle_class, summary.notices) == (BundleClass.MEASURED, ())


def full_run(**options):
    """Make a run of all studies, with both scores."""
    energies = {10: 36.0, 25: 72.0}
    run = scored_run(energies, "fad_inf", {10: 0.4, 25: 0.3}, batch_sizes=(1, 2), **options)
    run = with_stages(run, {None: 100.0, "text_encoding": 5.0, "denoising": 90.0})
    return with_scores(run, "clap", {10: 0.2, 25: 0.3})


def test_without_scores_there_is_no_figure_2_and_the_reader_is_told(tmp_path):
    run = with_quality(make_run(gpu=make_gpu()), {10: 36.0})
    summary = write_report([examined(run)], tmp_path / "out")
    reasons = [
        f"fig2_clotho_{kind} not drawn: No bundle holds {kind.upper()} scores of the clips on "
        "Clotho."
        for kind in ("fad", "clap")
    ]
    assert list(summary.notices) == reasons
    assert not list((tmp_path / "out" / "figures").glob("fig2*"))
    assert "No bundle holds FAD scores" in (tmp_path / "out" / "index.html").read_text("utf-8")


def test_without_the_study_quality_there_is_one_reason_for_all_of_figure_2(tmp_path):
    summary = write_report([examined()], tmp_path / "out")
    assert summary.notices == ("fig2 not drawn: No bundle holds the study quality.",)


def test_the_fronts_of_an_earlier_report_on_other_data_do_not_stay(tmp_path):
    write_report([examined(full_run())], tmp_path / "out")
    write_report([examined()], tmp_path / "out")
    assert not any("fig2" in name for name in digests(tmp_path / "out"))


def test_every_point_of_every_figure_has_a_tooltip_on_the_page(tmp_path):
    page = page_of(tmp_path, examined(full_run()))
    tips = re.findall(r"<circle [^>]*><title>([^<]+)</title></circle>", page)
    drawn = sum(
        len(path.read_text().splitlines()) - 1
        for path in (tmp_path / "out" / "figures").glob("*.csv")
    )
    assert len(tips) == drawn == 12
    assert "CLAP score (more is better) against GPU energy of 3 clips (kWh)." in page
    assert "GPU energy of one generation (kWh) against inference steps." in page
    assert "AudioLDM, 25 steps: 2e-05 kWh, fad-inf 0.3; on the front (p 1.00)" in tips
    assert any(tip.startswith("AudioLDM, batch size 2: ") and "±" in tip for tip in tips)


def test_what_an_adapter_deviates_in_is_not_said_of_what_was_imported(tmp_path):
    origin = Origin(layout="passoni2025", source="example.org/energy", commit="9cb72eb5")
    run = with_environment(make_run(gpu=make_gpu()), imported=True, origin=origin)
    card = 'title = "AudioLDM"\n[[deviations]]\ntext = "Eight heads."\nreason = "As ported."\n'
    run = with_header(run, model_toml=card)
    assert "Eight heads. As ported." not in page_of(tmp_path, examined(run))
    own = with_header(make_run(gpu=make_gpu()), model_toml=card)
    assert "weights: random · Eight heads. As ported." in page_of(tmp_path, examined(own))


def test_an_imported_bundle_is_shown_with_where_it_comes_from(tmp_path):
    origin = Origin(layout="passoni2025", source="example.org/energy", commit="9cb72eb5")
    run = with_environment(make_run(gpu=make_gpu()), imported=True, origin=origin)
    page = page_of(tmp_path, examined(run))
    assert "1 of 1 bundles were imported" in page
    assert (
        "from example.org/energy, commit 9cb72eb5, layout passoni2025; physics not checked" in page
    )
    assert "imported, physics not checked</span>" in page


def test_an_import_that_knows_little_of_its_machine_is_reported_on(tmp_path):
    unknown = dict.fromkeys(
        ("identity", "index", "memory_bytes", "driver", "cuda_driver", "vbios", "power_limit_w",
         "persistence", "ecc")
    )  # fmt: skip
    gpu = make_gpu().model_copy(update=unknown)
    run = make_run(gpu=gpu)
    model = run.header.environment.model.model_copy(update={"attention": None, "parameters": {}})
    page = page_of(tmp_path, examined(with_environment(run, imported=True, model=model)))
    assert "None" not in page


def test_sections_that_are_given_stand_before_the_figures():
    data = load([examined()])
    table = steps_table(data, step_points(data))
    html = page(data, [], [table], first=[Section("Claims & verdicts", ["<p>it holds</p>"])])
    assert html.index("<h2>Claims &amp; verdicts</h2>\n<p>it holds</p>") < html.index("All points")


def test_a_study_that_is_absent_leaves_no_figure_and_the_page_says_why(tmp_path):
    page = page_of(tmp_path, examined(batch_sizes=()))
    assert not list((tmp_path / "out" / "figures").glob("fig1b*"))
    assert "No bundle holds the study batch." in page


def test_a_figure_of_an_earlier_report_does_not_stay_and_foreign_files_do(tmp_path):
    out = tmp_path / "out"
    write_report([examined()], out)
    (out / "figures" / "mine.png").write_bytes(b"mine")
    (out / "notes.txt").write_text("mine")
    write_report([examined(batch_sizes=())], out)
    left = set(digests(out))
    assert {"figures/mine.png", "notes.txt"} <= left
    assert not any("fig1b" in name for name in left)


def test_a_report_that_fails_leaves_the_earlier_one_whole(tmp_path, monkeypatch):
    out = tmp_path / "out"
    write_report([examined()], out)
    before = digests(out)
    with pytest.raises(BundleError):
        write_report([examined(verdict=Verdict.INVALID)], out)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(TtaError, match="No space left"):
        write_report([examined(batch_sizes=())], out)
    monkeypatch.undo()
    assert digests(out) == before
    assert not list(out.glob(".report-*"))


def test_an_out_that_is_a_file_is_a_usage_error(tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(UsageError, match="expected a folder, found a file"):
        write_report([examined()], tmp_path / "out")


def test_the_page_needs_nothing_beside_it(tmp_path):
    tags = Tags(page_of(tmp_path, examined(full_run())))
    assert not {"script", "link", "iframe", "object", "embed"} & tags.tags.keys()
    assert tags.tags["svg"] == 5
    loads = [
        value for name, value in tags.attributes
        if name in {"src", "href", "xlink:href"} and not value.startswith("#")
    ]  # fmt: skip
    assert all(re.fullmatch(r"(figures|tables)/\w+\.\w+", value) for value in loads)
    assert tags.open == []


def test_the_ids_of_the_page_are_unique_and_every_reference_has_its_target(tmp_path):
    page = page_of(tmp_path, examined(full_run()))
    ids = Counter(re.findall(r'\bid="([^"]+)"', page))
    assert [name for name, count in ids.items() if count > 1] == []
    references = set(re.findall(r'href="#([^"]+)"', page) + re.findall(r"url\(#([^)]+)\)", page))
    assert references
    assert references <= ids.keys()


def test_nothing_a_bundle_says_becomes_markup(tmp_path):
    attack = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
    run = with_rows(
        make_run(gpu=make_gpu(attack)),
        lambda row: changed(
            row, checkpoint=attack, detail=attack,
            status=Status.FAILED if row.steps == 25 else row.status,
        ),
    )  # fmt: skip
    run = with_environment(run, deviations=(f"x: {attack}",), overrides=(attack,))
    run = with_scores(with_quality(run, {10: 36.0}), "clap", {10: 0.3}, reference=attack)
    run = with_header(run, model_toml=f"title = '{attack}'\n")
    page = page_of(tmp_path, examined(run, bundle=f"{attack}.zip"))
    tags = Tags(page)
    assert not {"script", "img"} & tags.tags.keys()
    assert not any(name.startswith("on") for name, _ in tags.attributes)
    assert "&lt;script&gt;" in page


def test_a_command_to_copy_quotes_what_a_bundle_says(tmp_path):
    run = with_environment(make_run(gpu=make_gpu()), weights="x; rm -rf ~")
    page = page_of(tmp_path, examined(run, bundle="a b.zip"))
    assert "--weights &#x27;x; rm -rf ~&#x27;" in page
    assert "tta-energy verify &#x27;a b.zip&#x27;" in page


def test_the_page_shows_digest_signer_verdict_machine_and_deviations(tmp_path):
    one = examined()
    page = page_of(tmp_path, one)
    for text in (
        one.sha256, one.signer, "INTEGRITY_ONLY", "ephemeral key", "AMD EPYC 7313",
        "driver 550.54.15", "diffusers 0.31.0", "weights: random", "NVIDIA A40",
    ):  # fmt: skip
        assert text in page


def test_the_page_counts_what_did_not_count(tmp_path):
    run = with_rows(
        make_run(gpu=make_gpu(), steps=(10, 25), batch_sizes=(), repeats=3),
        lambda row: (
            changed(row, status=Status.OOM, detail="out of 2 GiB")
            if row.steps == 25 and not row.warmup
            else row
        ),
    )
    page = page_of(tmp_path, examined(run))
    assert "<dt>Not counted otherwise</dt><dd>3</dd>" in page
    assert "<dt>Warm-ups, not counted</dt><dd>2</dd>" in page
    assert "<td>out of memory</td><td>out of 2 GiB</td><td>3</td>" in page


def test_the_page_counts_disputed_windows_by_name(tmp_path):
    run = with_rows(
        make_run(gpu=make_gpu(), steps=(10,), batch_sizes=(), repeats=3),
        lambda row: changed(row, status=Status.DISPUTED) if row.repeat == 2 else row,
    )
    page = page_of(tmp_path, examined(run))
    assert "<dt>Disputed, not counted</dt><dd>1</dd>" in page
    assert "<dt>Not counted otherwise</dt><dd>0</dd>" in page
    assert "disputed: the instruments disagree" in page


@pytest.mark.parametrize(("gpu", "kind"), [(make_gpu(), "measured"), (None, "demonstration")])
def test_the_class_heads_the_page(tmp_path, gpu, kind):
    page = page_of(tmp_path, examined(gpu=gpu))
    other = {"measured": "demonstration", "demonstration": "measured"}[kind]
    assert f'<p class="class {kind}">' in page
    assert f'<p class="class {other}">' not in page


def test_the_order_of_the_bundles_changes_nothing(tmp_path):
    one, two = examined(), examined(model="tango", run_id="b" * 32, bundle="b.zip")
    write_report([one, two], tmp_path / "x")
    write_report([two, one], tmp_path / "y")
    assert digests(tmp_path / "x") == digests(tmp_path / "y")


SCRIPT = """
import sys
from pathlib import Path
from repro.analysis.report import write_report
from tests.analysis.examined import examined
from tests.analysis.test_report import full_run

runs = [full_run(), full_run(model="tango", run_id="b" * 32)]
write_report([examined(run, bundle=run.header.run_id) for run in runs], Path(sys.argv[1]))
"""


def run_script(script, *arguments, **environment):
    return subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip


def test_the_same_bundles_give_the_same_bytes_under_any_hash_seed(tmp_path):
    for seed in ("1", "77"):
        run_script(SCRIPT, tmp_path / seed, PYTHONHASHSEED=seed, TZ=f"UTC+{seed[0]}")
    first, second = digests(tmp_path / "1"), digests(tmp_path / "77")
    assert owned(first)
    assert first == second


def test_the_analysis_loads_no_model_no_meter_and_no_global_plot():
    loaded = run_script(
        "import sys, repro.analysis.report; print(*sys.modules, sep='\\n')"
    ).splitlines()
    banned = {"torch", "codecarbon", "pynvml", "diffusers", "matplotlib.pyplot", "requests"}
    assert "matplotlib.figure" in loaded
    assert not banned & set(loaded)


@pytest.fixture(scope="module")
def bundle_folder(tmp_path_factory):
    """Two bundles as they are really sealed, of two models."""
    folder = tmp_path_factory.mktemp("bundles")
    for model in ("audioldm", "tango"):
        run = make_run(model=model, gpu=make_gpu(), run_id=model.ljust(32, "0"))
        run = with_header(run, model_toml=f'name = "{model}"\n')
        (folder / f"{model}-{bundle_name(run)}").write_bytes(seal(run, key=ephemeral_key()))
    return folder


def test_the_command_reports_on_a_folder_of_sealed_bundles(bundle_folder, tmp_path):
    result = CliRunner().invoke(report, [str(bundle_folder), "--out", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert lines == [
        "class: measured",
        "claims: 11 insufficient, 6 not comparable",
        "note: fig2 not drawn: No bundle holds the study quality.",
        f"open {tmp_path / 'out' / 'index.html'}",
    ]


def test_the_command_refuses_a_bundle_that_was_changed(bundle_folder, tmp_path):
    whole = next(bundle_folder.glob("audioldm*"))
    (tmp_path / "torn.zip").write_bytes(whole.read_bytes()[:-20])
    result = CliRunner().invoke(
        report, [str(whole), str(tmp_path / "torn.zip"), "--out", str(tmp_path / "out")]
    )
    assert isinstance(result.exception, BundleError)
    assert "torn.zip INVALID" in str(result.exception)
    assert not (tmp_path / "out").exists()


def test_the_command_can_insist_on_trusted_signers(bundle_folder, tmp_path):
    arguments = [str(bundle_folder), "--out", str(tmp_path / "out"), "--require-trusted"]
    result = CliRunner().invoke(report, arguments)
    assert isinstance(result.exception, BundleError)


def test_a_folder_without_bundles_is_a_usage_error(tmp_path):
    result = CliRunner().invoke(report, [str(tmp_path), "--out", str(tmp_path / "out")])
    assert isinstance(result.exception, UsageError)
    assert "found none" in str(result.exception)


def test_the_claims_stand_first_on_the_page_and_strict_exits_with_6_where_one_fails(tmp_path):
    reference = data_root() / "artifact" / "reference" / "passoni2025"
    arguments = [str(reference), "--out", str(tmp_path)]
    done = CliRunner().invoke(report, arguments)
    strict = CliRunner().invoke(report, [*arguments, "--strict"])

    page = (tmp_path / "index.html").read_text()
    assert done.exit_code == 0, done.output
    assert done.output.splitlines() == [
        "class: measured",
        "claims: 14 hold, 3 fail (C12, C13, C15)",
        f"open {tmp_path / 'index.html'}",
    ]
    assert page.index("Claims of the paper") < page.index("<h2>Figures")
    assert '<td class="fails">fails</td>' in page
    assert isinstance(strict.exception, ClaimError)
    assert strict.exception.exit_code == 6
    assert "found failing: C12, C13, C15" in str(strict.exception)
    rows = (tmp_path / "tables" / "claims.csv").read_text().splitlines()
    assert rows[0].startswith("id,claim,verdict,evidence,")
    assert len(rows) == 18


def test_a_demonstration_has_one_sentence_on_all_claims_on_the_terminal_and_on_the_page(tmp_path):
    reason = "a demonstration is no measurement: tiny models, a simulated GPU or none"
    summary = write_report([examined(gpu=None)], tmp_path)
    page = summary.page.read_text("utf-8")
    assert f"claims: 17 not comparable ({reason})" in list(summary_lines(summary))
    assert (
        f"<p>All 17 verdicts on the paper&#x27;s claims are not-comparable: {reason}.</p>" in page
    )
    assert '<td class="not-comparable">' not in page
    assert (tmp_path / "tables" / "claims.csv").read_text().count(reason) == 17


def test_the_verdict_stands_beside_the_claim_and_the_figure_before_the_evidence(tmp_path):
    page = page_of(tmp_path, examined())
    assert re.search(
        r">Claim</th>.*?>Verdict</th>.*?>In words</th>.*?>Shown in</th>.*?>Evidence</th>", page
    )
    assert "<td>figure 1a</td>" in page


def test_a_figure_is_called_by_its_number_in_the_paper_and_one_of_ours_by_none(tmp_path):
    page = page_of(tmp_path, examined(full_run()))
    captions = re.findall(r"<figcaption><strong>(.*?)</strong>", page)
    assert captions == ["Figure 1a. ", "Figure 1b. ", "Figure 2. ", "Figure 2. ", ""]


def test_a_figure_that_is_not_drawn_is_called_by_its_number_too(tmp_path):
    page = page_of(tmp_path, examined(batch_sizes=()))
    assert "<h3>Figure 1b. Energy against batch size</h3>" in page


def test_the_commands_say_in_which_folder_they_are_typed(tmp_path):
    page = page_of(tmp_path, examined())
    assert page.index("In the folder that holds the bundles") < page.index(
        "tta-energy verify a.zip"
    )


def test_a_table_1_that_nothing_was_measured_for_is_a_sentence(tmp_path):
    page = page_of(tmp_path, examined(steps=(10, 25)))
    assert "No model was measured at 100 steps, which the paper&#x27;s Table 1 is of." in page
    assert "Inference speed (s)" not in page
    assert (tmp_path / "out" / "tables" / "table1.csv").is_file()


def test_the_worth_of_steps_without_scores_of_clips_is_a_sentence(tmp_path):
    page = page_of(tmp_path, examined(scored_run({10: 36.0, 25: 72.0}, "fad", {10: 0.4, 25: 0.3})))
    assert "This cannot be said: insufficient: no scores of single clips." in page
    assert "Energy saved" not in page


def test_a_table_with_nothing_in_it_has_no_file_unless_others_count_on_it(tmp_path):
    write_report([examined(batch_sizes=())], tmp_path)
    names = {path.stem for path in (tmp_path / "tables").iterdir()}
    assert names == {"table1", "steps", "batch", "pareto", "claims", "lines", "cost"}


def test_the_energy_of_all_windows_counts_every_generation_of_a_window(tmp_path):
    once = make_run(gpu=make_gpu())
    twice = with_rows(once, lambda row: changed(row, generations=2))
    figure = re.compile(r"GPU energy of all windows.*?([\d.e-]+) kWh", re.DOTALL)

    first, second = (
        figure.search(page_of(tmp_path / name, examined(run)))[1]
        for name, run in (("once", once), ("twice", twice))
    )

    assert first == second
