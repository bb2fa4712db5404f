"""Runs and the bundles of their scores in one report."""

from __future__ import annotations

from dataclasses import replace

import pytest

from repro.analysis.claims import Outcome, evaluate, shipped_claims
from repro.analysis.pareto.notes import pareto_notes
from repro.analysis.pareto.panels import SCORE_SD, panels
from repro.analysis.pareto.table import pareto_table
from repro.analysis.reading.load import load
from repro.analysis.report import write_report
from repro.analysis.worth.tables import WORST, worst_table, worth_table
from repro.analysis.worth.trials import worths
from repro.bundle import Verdict, seal, seal_scores
from repro.bundle import examine as judge
from repro.errors import BundleError, UsageError
from repro.records import BundleClass
from repro.signing import TrustStore, ephemeral_key
from tests.analysis.examined import examined, scored_run
from tests.scored import fad_of, make_quality_run, make_scored


@pytest.fixture(scope="module")
def examine(tmp_path_factory):
    """Seal and examine a run, or the scores of one."""
    folder = tmp_path_factory.mktemp("bundles")

    def sealed(what, name):
        path = folder / name
        make = seal_scores if hasattr(what, "contrasts") else seal
        path.write_bytes(make(what, key=ephemeral_key()))
        return judge(path, trust=TrustStore())

    return sealed


@pytest.fixture(scope="module")
def run():
    return make_quality_run()


@pytest.fixture(scope="module")
def pair(examine, run):
    return [examine(run, "run.zip"), examine(make_scored(run), "scores.zip")]


def rows_of(table):
    return [dict(zip(table.names, row, strict=True)) for row in table.rows]


def test_scores_are_joined_with_their_run_in_either_order(pair):
    for given in (pair, pair[::-1]):
        data = load(given)
        assert data.bundles == ("run.zip", "scores.zip")
        assert len(data.sources[0].scores) == 12
        assert data.notices == ()


def test_joined_scores_go_through_the_code_of_imported_ones(pair):
    data = load(pair)
    rows = rows_of(pareto_table(data, panels(data)))
    assert len(rows) == 12
    assert {row["metric"] for row in rows} == {"fad", "clap"}
    first = rows[0]
    assert (first["dataset"], first["steps"], first["value"]) == ("audiocaps", 10, 0.3)
    assert first["gpu_energy_kwh"] == pytest.approx(4 * 0.4646 * 140 / 3.6e6)
    assert (first["value_low_95"], first["value_high_95"]) == pytest.approx((0.28, 0.32))
    assert first["interval_method"] == "jackknife over recordings"


def test_the_interval_over_clips_enters_the_chance_of_being_on_the_front(examine, run):
    def chances(half):
        scored = make_scored(run, half=half, fad=lambda steps: 0.2 if steps == 10 else 0.21)
        data = load([examine(run, "run.zip"), examine(scored, f"scores{half}.zip")])
        (panel,) = (one for one in panels(data) if (one.dataset, one.kind) == ("clotho", "fad"))
        return [entry.p_front for entry in panel.entries]

    narrow, wide = chances(0.0001), chances(0.2)
    assert narrow[0] == wide[0] == 1.0
    assert narrow[1] < 0.01
    assert wide[1] > 0.3


def test_the_deviation_of_a_score_is_that_of_its_interval(pair):
    (panel, *_) = panels(load(pair))
    entry = panel.entries[0]
    assert entry.value_sd == pytest.approx(0.02 / 1.959964, rel=1e-6)
    assert entry.value_sd_from == "clips"
    assert SCORE_SD["fad"] == 0


def test_the_interval_of_extrapolated_fad_is_told_to_be_that_of_plain_fad(pair):
    plain = panels(load(pair))[0]
    told = "The interval of FAD-inf is as wide as that of plain FAD over the same clips."
    assert told not in pareto_notes(plain)
    assert told in pareto_notes(replace(plain, metric="fad_inf"))


def test_scores_without_their_run_are_refused_by_name(pair):
    with pytest.raises(UsageError, match=r"scores\.zip holds the scores of audioldm_paper_6f96"):
        load(pair[1:])
    other = examined(run_id="b" * 32)
    with pytest.raises(UsageError, match="expected that bundle as well, found none; name both"):
        load([pair[1], other])


def test_two_score_bundles_of_one_run_are_refused_by_name(examine, run, pair):
    again = make_scored(run, fad=lambda _: 0.5)
    with pytest.raises(UsageError, match=r"in both scores\.zip and again\.zip; leave one"):
        load([*pair, examine(again, "again.zip")])


def test_scores_of_another_edition_of_the_run_are_refused(pair):
    other = replace(pair[0], subject="0" * 64)
    with pytest.raises(BundleError, match=r"scores\.zip: parent: digest expected .* another"):
        load([other, pair[1]])


def test_scores_whose_signer_is_unknown_are_refused_where_trust_is_required(pair):
    trusted = replace(pair[0], verdict=Verdict.TRUSTED)
    with pytest.raises(BundleError, match=r"trusted bundles, found scores\.zip INTEGRITY_ONLY"):
        load([trusted, pair[1]], require_trusted=True)


@pytest.mark.parametrize(
    ("weights", "networks", "words"),
    [
        ("hub", "random", "scores by random networks say nothing about quality"),
        ("random", "hub", "scores of a model with random weights say nothing about quality"),
    ],
)
def test_demonstrated_scores_never_reach_a_report_of_class_measured(
    tmp_path, examine, weights, networks, words
):
    run = make_quality_run(weights=weights)
    scored = make_scored(run, networks=networks)
    assert scored.environment.bundle_class is BundleClass.DEMONSTRATION
    given = [examine(run, "run.zip"), examine(scored, "scores.zip")]
    data = load(given)
    assert data.bundle_class is BundleClass.MEASURED
    assert data.sources[0].scores == ()
    assert words in data.notices[0]
    write_report(given, tmp_path)
    assert words in (tmp_path / "index.html").read_text()
    assert ",fad," not in (tmp_path / "tables" / "pareto.csv").read_text()


def test_scores_of_random_networks_are_marked_in_a_demonstration(tmp_path, examine):
    run = make_quality_run(gpu=False, weights="random")
    scored = make_scored(run, networks="random")
    write_report([examine(run, "run.zip"), examine(scored, "scores.zip")], tmp_path)
    page = (tmp_path / "index.html").read_text()
    assert "Scored by networks with random weights" in page
    assert (tmp_path / "figures" / "fig2_clotho_clap.svg").exists()
    assert "demonstration" in (tmp_path / "tables" / "worth.csv").read_text()


def test_the_page_shows_the_score_bundle_and_how_to_verify_both(tmp_path, pair):
    write_report(pair, tmp_path)
    page = (tmp_path / "index.html").read_text()
    assert "tta-energy verify run.zip scores.zip" in page
    assert "Scores of <strong>audioldm</strong>" in page
    assert "Are more steps worth it?" in page


def answers(pair):
    data = load(pair)
    return rows_of(worth_table(data, worths(data, panels(data))))


SIX = (10, 25, 50, 100, 150, 200)


def sanity_check(examine, whole_fad):
    """Judge the claim about choice and whole from score bundles of both studies."""
    given = []
    for model in ("audioldm2", "stable-audio-open"):
        for study, fad in (("quality", fad_of), ("sanity", whole_fad)):
            name = f"{model}-{study}"
            run = make_quality_run(
                model=model, study=study, steps=SIX, clips=2, run_id=name.encode().hex()
            )
            scored = make_scored(run, fad=fad)
            given += [examine(run, f"{name}.zip"), examine(scored, f"{name}-scores.zip")]
    data = load(given)
    (verdict,) = [
        one for one in evaluate(data, shipped_claims()) if one.claim.rule == "subset-agrees"
    ]
    return data, verdict


def test_the_sanity_check_is_judged_from_measured_scores_as_from_released_ones(examine):
    data, verdict = sanity_check(examine, lambda steps: 0.1 + fad_of(steps) / 2)
    assert verdict.outcome is Outcome.HOLDS
    assert "8 of 8 correlations over 6 steps are above 0.94" in verdict.evidence
    assert {row["clips"] for row in rows_of(pareto_table(data, panels(data)))} == {2}

    _, verdict = sanity_check(examine, lambda steps: 1 - fad_of(steps))
    assert verdict.outcome is Outcome.FAILS
    assert "4 of 8 correlations" in verdict.evidence
    assert "r = -1.0000" in verdict.evidence


def test_imported_scores_without_clips_are_insufficient():
    rows = answers([examined(scored_run({10: 36.0, 25: 72.0}, "fad_inf", {10: 0.4, 25: 0.3}))])
    assert [row["answer"] for row in rows] == ["insufficient: no scores of single clips"]
    assert rows[0]["enough_steps"] is None


def test_the_worst_clips_are_those_with_the_lowest_scores(pair):
    rows = rows_of(worst_table(load(pair)))
    assert len(rows) == 2 * WORST
    clips = [row for row in rows if row["dataset"] == "clotho"]
    assert [row["clap"] for row in clips] == sorted(row["clap"] for row in clips)
    # 0.4 - 1 / 10 is the least, of the items 0 and 3
    assert [(row["steps"], row["item"]) for row in clips[:2]] == [(10, 0), (10, 3)]
    assert clips[0]["file"].endswith(".wav")
    assert clips[0]["run"] == "run.zip"
