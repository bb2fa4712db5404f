from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from repro.analysis.claims import Outcome, claims_table, evaluate, read_claims
from repro.analysis.claims.judgement import Estimate
from repro.analysis.pareto.panels import Entry, Panel
from repro.analysis.points import Point
from repro.analysis.quality import QualityPoint, Yardstick
from repro.analysis.reading.dataset import Row
from repro.analysis.reading.load import load
from repro.analysis.reading.series import Series
from repro.analysis.stats import Summary, summarize
from repro.analysis.tables.formats import to_csv
from repro.errors import TtaError
from repro.records import BundleClass, Score, Status
from tests.analysis.examined import examined
from tests.factories import make_gpu, make_run

HEADER = """
format_version = 1
[shared]
repeats = 3
alpha = 0.05
steps = [10, 20, 40]
"""


def claims(rule, parameters="", *, scope="any", absolute="false", shared=HEADER):
    return read_claims(
        f'{shared}\n[[claims]]\nid = "C1"\ntext = "It is so."\nabout = "figure 1"\n'
        f'wording = "paraphrased"\nscope = "{scope}"\nabsolute = {absolute}\n'
        f'rule = "{rule}"\n[claims.parameters]\n{parameters}\n'
    )


def series(model, *, hardware="NVIDIA A40", weights="hub", conditions=()):
    return Series(
        model=model, title=model.title(), checkpoint="x", hardware=hardware, weights=weights,
        size="full", protocol="paper", dtype="float16", conditions=conditions, order=0,
        parameters=None, parameters_total=None,
    )  # fmt: skip


def summary(mean, *, sd=0.01, n=3):
    return Summary(n=n, mean=mean, sd=sd if n > 1 else None, low=None, high=None)


def point(model, steps, energy_j, *, batch_size=1, sd=0.01, n=3, seconds=1.0, **of_series):
    return Point(
        series=series(model, **of_series), steps=steps, batch_size=batch_size, samples=10,
        executed_steps=(steps,), gpu_energy_j=summary(energy_j, sd=sd, n=n), cpu_energy_j=None,
        duration_s=summary(seconds, n=n), cpu_sources=(), statuses=Counter(), warmups=0,
        disturbed=0, incomplete=0,
    )  # fmt: skip


def singles(**energies):
    """One model a keyword, with its energy at 10, 20 and 40 steps."""
    return [
        point(model, steps, energy)
        for model, each in energies.items()
        for steps, energy in zip((10, 20, 40), each, strict=True)
    ]


def batches(**energies):
    return [
        point(model, 40, energy, batch_size=size)
        for model, each in energies.items()
        for size, energy in zip((1, 2, 5, 10), each, strict=True)
    ]


def row(model, steps, gpu_j, cpu_j, *, source="measured", repeat=1, dataset=None, clips=1):
    return Row(
        series=series(model), study="quality" if dataset else "steps", dataset=dataset,
        steps=steps, executed_steps=steps, batch_size=1, repeat=repeat, item=0,
        status=Status.OK, warmup=False, clips=clips,
        audio_s=10.0, duration_s=1.0, gpu_energy_j=gpu_j, gpu_meter="codecarbon",
        cpu_energy_j=cpu_j, cpu_source=source, uncertainty_j=None, disturbances=None, detail=None,
        gpu_energy_counter_j=None, generations=1, ram_energy_j=0.0, stage=None,
    )  # fmt: skip


def entry(model, steps, value, *, on_front=False, engine="fadtk", metric="fad"):
    quality = QualityPoint(
        series=series(model), dataset="clotho", steps=steps, clips=300, executed_steps=(steps,),
        gpu_energy_j=summary(1.0), cpu_energy_j=None, duration_s=summary(1.0), uncertainty_j=None,
        cpu_sources=(), scores={}, statuses=Counter(), warmups=0, disturbed=0, incomplete=0,
        fewest=300, most=300,
    )  # fmt: skip
    return Entry(
        point=quality, yardstick=Yardstick(metric, 300, "clotho", "clap", engine), energy_j=1.0,
        energy_sd_j=None, energy_sd_from=None, value=value, value_sd=0.002, on_front=on_front,
        p_front=0.75,
    )  # fmt: skip


def fronts(*entries, kind="fad"):
    return [Panel("clotho", kind, kind, "gpu", entries)]


def score(model, steps, value, *, whole=False, score_class=BundleClass.MEASURED):
    return Score(
        dataset="clotho", model=model, steps=steps, metric="fad", value=value,
        reference="clotho-full" if whole else "clotho", score_class=score_class,
    )  # fmt: skip


def data(*, rows=(), scores=(), **options):
    """Make a set of one bundle on one A40, holding what is given."""
    loaded = load([examined(**({"weights": "hub"} | options))])
    (source,) = loaded.sources
    return replace(loaded, sources=(replace(source, rows=tuple(rows), scores=tuple(scores)),))


def judged(claim, of=None, **found):
    given = {"singles": [], "batches": [], "fronts": []} | found
    (result,) = evaluate(of or data(), claim, **given)
    return result


def panel_of(*marked):
    """Two models at three numbers of steps; ``marked`` are on the front."""
    return fronts(*(
        entry(model, steps, 0.5, on_front=(model, steps) in marked)
        for model in ("a", "b") for steps in (10, 20, 40)
    ))  # fmt: skip


LINE = claims("linear-in-steps", 'models = ["a"]\nr2_above = 0.99\nwithin = 0.1')
ORDER = claims("uses-less", 'lower = ["a"]\nhigher = ["b"]')
EQUAL = claims("equal-energy", 'first = "a"\nsecond = "b"\nwithin = 0.02')
TIMES = claims("stated-durations", "steps = 20\nwithin = 0.05\nseconds = { a = 1.0 }")
SIZES = 'models = ["a"]\nsteps = 40\nbatch_sizes = [1, 2, 5, 10]\n'
FIRST = claims("first-gain-largest", SIZES)
LAST = claims("last-gain-small", SIZES + "share_below = 0.5")
FAMILY = claims("family-gains-least", SIZES.replace('"a"', '"b"') + 'family = ["a"]')
GPU = claims("gpu-majority", 'models = ["a"]\nsteps = [10]\nshare_above = 0.5')
PANELS = 'models = ["a", "b"]\ndatasets = ["clotho"]\nkinds = ["fad"]\n'
SHARE = claims("front-share", PANELS + "lowest = 10\nhighest = 20\nshare_above = 0.5")
COUNT = claims("front-count", PANELS + "counted = [40]\ntimes = 1")
MEMBER = claims("on-front", PANELS + 'member = "a"')
BEST = claims("best-score", 'models = ["a", "b"]\ndataset = "clotho"\nkind = "fad"\nbest = "a"')
AGREE = claims(
    "subset-agrees", 'models = ["a"]\ndatasets = ["clotho"]\nkinds = ["fad"]\nr_above = 0.94'
)


def scored(a, b):
    pairs = (("a", a), ("b", b))
    return fronts(*(
        entry(model, steps, value)
        for model, values in pairs for steps, value in zip((10, 20, 40), values, strict=False)
    ))  # fmt: skip


def shares(*energies, source="measured"):
    rows = [row("a", 10, gpu_j, 100.0, source=source, repeat=number)
            for number, gpu_j in enumerate(energies, 1)]  # fmt: skip
    return {"of": data(rows=rows), "singles": [point("a", 10, 100.0, n=len(energies))]}


def agreement(part, whole):
    own = [score("a", steps, value) for steps, value in zip((10, 20, 40), part, strict=True)]
    full = [score("a", steps, value, whole=True)
            for steps, value in zip((10, 20, 40), whole, strict=False)]  # fmt: skip
    return {"of": data(scores=own + full)}


MEASURED = [
    (LINE, {"singles": singles(a=(30, 50, 90))}, "holds", "least R² 1.0000 (a)"),
    (LINE, {"singles": singles(a=(10, 40, 160))}, "fails", "R² 0.9"),
    (LINE, {"singles": singles(a=(6, 20, 41))}, "fails", "R² 0.994"),
    (LINE, {"singles": singles(a=(30, 50, 90))[:2]}, "insufficient", "40 steps: not measured"),
    (ORDER, {"singles": singles(a=(1, 2, 3), b=(2, 3, 4))}, "holds", "a 3.0 J, b 4.0 J"),
    (ORDER, {"singles": singles(a=(1, 2, 9), b=(2, 3, 4))}, "fails", "a 9.0 J, b 4.0 J at 40"),
    (ORDER, {"singles": singles(a=(1, 2, 3))}, "insufficient", "b at 10 steps, 20 steps"),
    (EQUAL, {"singles": singles(a=(100, 200, 300), b=(101, 200, 300))}, "holds", "+1.00%"),
    (EQUAL, {"singles": singles(a=(100, 200, 300), b=(100, 220, 300))}, "fails", "+10.00%"),
    (EQUAL, {"singles": singles(a=(100, 200, 300))}, "insufficient", "b at 10 steps"),
    (TIMES, {"singles": [point("a", 20, 1.0, seconds=1.03)]}, "holds", "1.030 s, stated 1.00 s"),
    (TIMES, {"singles": [point("a", 20, 1.0, seconds=1.30)]}, "fails", "1.300 s"),
    (TIMES, {"singles": [point("a", 10, 1.0)]}, "insufficient", "a at 20 steps"),
    (FIRST, {"batches": batches(a=(100, 50, 40, 38))}, "holds", "50.0% from 1 to 2"),
    (FIRST, {"batches": batches(a=(100, 90, 40, 38))}, "fails", "55.6% from 2 to 5"),
    (FIRST, {"batches": batches(a=(100, 90, 40, 38))[:3]}, "insufficient", "batch size 10"),
    (LAST, {"batches": batches(a=(100, 50, 40, 45))}, "holds", "a -12.5%"),
    (LAST, {"batches": batches(a=(100, 90, 80, 40))}, "fails", "saves 40 J at the end"),
    (LAST, {"batches": []}, "insufficient", "a at batch size 1, batch size 2"),
    (FAMILY, {"batches": batches(a=(9, 9, 9, 8), b=(9, 8, 7, 6))}, "holds", "a saves 11.1%"),
    (FAMILY, {"batches": batches(a=(9, 8, 7, 6), b=(9, 9, 9, 8))}, "fails", "b 11.1%"),
    (FAMILY, {"batches": batches(a=(9, 8, 7, 6))}, "insufficient", "b at batch size 1"),
    (GPU, shares(150.0, 151.0, 152.0), "holds", "A 60.2% at 10 steps"),
    (GPU, shares(50.0, 51.0, 52.0), "fails", "A 33.8% at 10 steps"),
    (GPU, shares(150.0, 151.0), "insufficient", "2 of 3 repeats"),
    (GPU, shares(150.0, 151.0, 152.0, source="modelled"), "not-comparable", "not measured"),
    (SHARE, {"fronts": panel_of(("a", 10), ("b", 20), ("b", 40))}, "holds", "2 of 3 points"),
    (SHARE, {"fronts": panel_of(("a", 10), ("b", 40))}, "fails", "1 of 2 points"),
    (SHARE, {"fronts": fronts(entry("a", 10, 0.5))}, "insufficient", "b at 10 steps on clotho"),
    (COUNT, {"fronts": panel_of(("a", 10), ("b", 40))}, "holds", "b at 40 steps"),
    (COUNT, {"fronts": panel_of(("a", 40), ("b", 40))}, "fails", "2 of 2 points"),
    (COUNT, {"fronts": []}, "insufficient", "a at 10 steps on clotho (fad)"),
    (MEMBER, {"fronts": panel_of(("a", 10), ("b", 40))}, "holds", "a at 10 steps"),
    (MEMBER, {"fronts": panel_of(("b", 40))}, "fails", "a has 0 points"),
    (MEMBER, {"fronts": []}, "insufficient", "a at 10 steps"),
    (BEST, {"fronts": scored((0.2, 0.2, 0.2), (0.3, 0.3, 0.3))}, "holds", "a 0.2000, b 0.3000"),
    (BEST, {"fronts": scored((0.2, 0.4, 0.2), (0.3, 0.3, 0.3))}, "fails", "a 0.4000, b 0.3000"),
    (BEST, {"fronts": scored((0.2, 0.2, 0.2), (0.3,))}, "insufficient", "b at 20 steps"),
    (AGREE, agreement((1, 2, 3), (2, 3, 4)), "holds", "a on clotho (fad) r = 1.0000"),
    (AGREE, agreement((1, 2, 3), (2, 1, 2)), "fails", "r = 0.0000"),
    (AGREE, agreement((1, 2, 3), (2, 3)), "insufficient", "no score of the whole data set"),
    (AGREE, agreement((1, 2, 3), (2, 2, 2)), "insufficient", "do not vary"),
]


@pytest.mark.parametrize(("claim", "found", "outcome", "said"), MEASURED)
def test_each_rule_gives_the_verdict_its_numbers_deserve(claim, found, outcome, said):
    result = judged(claim, **found)
    assert (result.outcome, said in result.evidence) == (outcome, True), result.evidence


def test_a_curve_is_no_line_however_much_departure_is_allowed():
    loose = claims("linear-in-steps", 'models = ["a"]\nr2_above = 0.99\nwithin = 50.0')
    result = judged(loose, singles=singles(a=(10, 40, 160)))
    assert result.outcome is Outcome.FAILS
    assert result.evidence.startswith("least R² 0.9")


def test_the_best_clap_score_is_the_highest():
    claim = claims(
        "best-score", 'models = ["a", "b"]\ndataset = "clotho"\nkind = "clap"\nbest = "a"'
    )
    values = [("a", 0.4), ("b", 0.3)]
    entries = [entry(m, steps, v, metric="clap") for m, v in values for steps in (10, 20, 40)]
    result = judged(claim, fronts=fronts(*entries, kind="clap"))
    assert result.outcome is Outcome.HOLDS


def test_two_scores_of_the_same_clips_are_not_mixed():
    found = agreement((1, 2, 3), (2, 3, 4))["of"]
    (source,) = found.sources
    twice = replace(source, scores=(*source.scores, score("a", 10, 1.5)))
    result = judged(AGREE, of=replace(found, sources=(twice,)))
    assert result.outcome is Outcome.NOT_COMPARABLE
    assert "scored twice" in result.evidence


RANDOM = data(weights="random")
EVERY_RULE = [
    LINE,
    ORDER,
    EQUAL,
    TIMES,
    FIRST,
    LAST,
    FAMILY,
    GPU,
    SHARE,
    COUNT,
    MEMBER,
    BEST,
    AGREE,
]
QUALITY = [SHARE, COUNT, MEMBER, BEST, AGREE]


@pytest.mark.parametrize("claim", EVERY_RULE)
def test_no_claim_is_judged_on_a_demonstration(claim):
    tiny = load([examined(make_run(size="tiny", weights="hub"))])
    result = judged(claim, of=tiny)
    assert result.outcome is Outcome.NOT_COMPARABLE
    assert "demonstration" in result.evidence


@pytest.mark.parametrize("claim", QUALITY)
def test_no_quality_claim_is_judged_on_random_weights(claim):
    assert judged(claim, of=RANDOM).outcome is Outcome.NOT_COMPARABLE
    demonstrated = data(scores=[score("a", 10, 1.0, score_class=BundleClass.DEMONSTRATION)])
    assert judged(claim, of=demonstrated).outcome is Outcome.NOT_COMPARABLE


def test_energy_may_be_judged_on_random_weights():
    energies = {"a": (1, 2, 3), "b": (2, 3, 4)}
    own = [
        replace(one, series=replace(one.series, weights="random")) for one in singles(**energies)
    ]
    assert judged(ORDER, of=RANDOM, singles=own).outcome is Outcome.HOLDS


def test_a_claim_about_one_gpu_is_not_judged_on_another():
    claim = claims("stated-durations", "steps = 20\nwithin = 0.05\nseconds = { a = 1.0 }",
                   scope="NVIDIA A40", absolute="true")  # fmt: skip
    here, elsewhere = data(), data(gpu=make_gpu("NVIDIA H100"))
    fast = [point("a", 20, 1.0), point("a", 20, 1.0, hardware="NVIDIA H100")]
    assert judged(claim, of=here, singles=fast).outcome is Outcome.HOLDS
    result = judged(claim, of=elsewhere, singles=fast)
    assert result.outcome is Outcome.NOT_COMPARABLE
    assert "about NVIDIA A40, this was measured on NVIDIA H100" in result.evidence


def test_two_gpus_are_judged_each_on_its_own_measurements():
    first = load([examined(weights="hub")]).sources[0]
    second = load([examined(weights="hub", gpu=make_gpu("NVIDIA H100"))]).sources[0]
    both = replace(data(), sources=tuple(replace(one, rows=()) for one in (first, second)))
    points = singles(a=(1, 2, 3), b=(2, 3, 4))
    points += [
        point(model, steps, energy, hardware="NVIDIA H100")
        for model, energy in (("a", 5.0), ("b", 1.0)) for steps in (10, 20, 40)
    ]  # fmt: skip
    results = evaluate(both, ORDER, singles=points, batches=[], fronts=[])
    assert [(one.setup.hardware, one.outcome) for one in results] == [
        ("NVIDIA A40", "holds"), ("NVIDIA H100", "fails"),
    ]  # fmt: skip
    lines = to_csv(claims_table(results)).decode().splitlines()
    assert lines[0].startswith("id,claim,verdict,evidence,hardware,class,")
    assert ",NVIDIA H100,measured," in lines[2]


def test_a_model_measured_under_two_conditions_is_not_mixed():
    points = singles(a=(1, 2, 3), b=(2, 3, 4))
    points.append(point("a", 10, 7.0, conditions=("torch 2.1",)))
    result = judged(ORDER, singles=points)
    assert result.outcome is Outcome.NOT_COMPARABLE
    assert result.evidence == "must not be mixed: a at 10 steps: several conditions"


def test_points_scored_in_two_ways_are_not_mixed():
    panel = scored((0.2, 0.2, 0.2), (0.3, 0.3))
    odd = entry("b", 40, 0.3, engine="another")
    mixed = [replace(panel[0], entries=(*panel[0].entries, odd))]
    assert judged(BEST, fronts=mixed).outcome is Outcome.NOT_COMPARABLE


def test_what_noise_hides_neither_fails_nor_holds_a_claim():
    noisy = [replace(one, gpu_energy_j=replace(one.gpu_energy_j, sd=50.0))
             for one in singles(a=(3, 4, 5), b=(2, 3, 4))]  # fmt: skip
    result = judged(ORDER, singles=noisy)
    assert result.outcome is Outcome.INSUFFICIENT
    assert result.evidence.startswith("cannot be told from noise: a 3.0 J, b 2.0 J at 10 steps")
    clear = singles(a=(3, 4, 5), b=(2, 3, 40))
    result = judged(ORDER, singles=noisy[:2] + clear[2:3] + noisy[3:5] + clear[5:])
    assert result.outcome is Outcome.HOLDS
    assert result.evidence.startswith("1 of 3 comparisons")
    assert "lost in noise: a 3.0 J, b 2.0 J at 10 steps" in result.evidence


def test_a_difference_is_tested_by_student_and_welch():
    """Means 10 and 11 of 4 repeats, sd 0.8: t = 1.768 at 6 degrees of freedom, p = 0.0637."""
    for alpha, outcome in ((0.064, "holds"), (0.063, "insufficient")):
        claim = claims("uses-less", f'lower = ["a"]\nhigher = ["b"]\nsteps = [10]\nalpha = {alpha}')
        points = [point(model, 10, mean, sd=0.8, n=4) for model, mean in (("a", 10.0), ("b", 11.0))]
        assert judged(claim, singles=points).outcome == outcome


def test_many_comparisons_ask_more_of_each_than_one_does():
    """One comparison with p = 0.03 is enough, three alike are not: Holm asks for 0.05 / 3."""

    def result(claim):
        found = {"a": (10.0, 10.0, 10.0), "b": (12.0, 12.0, 12.0)}
        points = [replace(one, gpu_energy_j=summary(one.gpu_energy_j.mean, sd=0.92))
                  for one in singles(**found)]  # fmt: skip
        return judged(claim, singles=points).outcome

    one_step = claims("uses-less", 'lower = ["a"]\nhigher = ["b"]\nsteps = [10]')
    assert (result(one_step), result(ORDER)) == ("holds", "insufficient")


def test_of_twenty_comparisons_of_equal_models_hardly_any_makes_a_claim_fail():
    """400 made-up claims that are exactly on the edge: 5 % of wrong answers each way at most."""
    draws = np.random.default_rng(2505)
    steps = range(1, 21)
    claim = claims("uses-less", f'lower = ["a"]\nhigher = ["b"]\nsteps = {list(steps)}')
    outcomes = Counter()
    for _ in range(400):
        points = [replace(point(model, count, 1.0), gpu_energy_j=summarize(drawn.tolist()))
                  for model in ("a", "b") for count, drawn in
                  zip(steps, draws.normal(100.0, 2.0, size=(20, 3)), strict=True)]  # fmt: skip
        outcomes[judged(claim, singles=points).outcome] += 1
    assert outcomes[Outcome.FAILS] / 400 <= 0.07
    assert outcomes[Outcome.HOLDS] / 400 <= 0.07


def test_two_repeats_are_too_few():
    points = [point("a", 10, 1.0, n=2), *singles(a=(1, 2, 3))[1:], *singles(b=(2, 3, 4))]
    result = judged(ORDER, singles=points)
    assert result.outcome is Outcome.INSUFFICIENT
    assert result.evidence == "missing: a at 10 steps: 2 of 3 repeats"
    with pytest.raises(TtaError, match="C1: repeats: input should be greater than or equal to 3"):
        claims("uses-less", 'lower = ["a"]\nhigher = ["b"]\nrepeats = 2')


def test_repeats_that_do_not_scatter_are_not_taken_for_exact():
    same = [replace(one, gpu_energy_j=summary(one.gpu_energy_j.mean, sd=0.0))
            for one in singles(a=(1, 2, 3), b=(2, 3, 4))]  # fmt: skip
    result = judged(ORDER, singles=same)
    assert result.outcome is Outcome.INSUFFICIENT
    assert result.evidence.startswith("missing: the scatter of GPU energy of A at 10 steps")


def test_a_score_of_unknown_deviation_is_not_taken_for_exact():
    (panel,) = scored((0.2, 0.2, 0.2), (0.3, 0.3, 0.3))
    exact = replace(panel, entries=tuple(replace(one, value_sd=0.0) for one in panel.entries))
    result = judged(BEST, fronts=[exact])
    assert result.outcome is Outcome.INSUFFICIENT
    assert result.evidence == "missing: what a score without interval varies by"


def test_a_mean_that_enters_two_gains_is_not_taken_for_two():
    """With 3 batch sizes the middle counts in both gains, and its error twice over."""
    ends, middle = Estimate.known(0.0, 0.1), Estimate.known(0.0, 1.0)
    first, last = ends.minus(middle), middle.minus(Estimate.known(0.0, 0.1))
    assert first.minus(last).se == pytest.approx(math.sqrt(0.1**2 + 2.0**2 + 0.1**2))
    assert middle.minus(middle).se == 0


def test_degrees_of_freedom_are_those_of_welch_and_satterthwaite():
    one, other = Estimate.known(1.0, 0.3, df=4), Estimate.known(1.0, 0.4, df=2)
    assert one.minus(other).df == pytest.approx(0.25**2 / (0.09**2 / 4 + 0.16**2 / 2))
    assert one.minus(Estimate(0.5)).df == pytest.approx(4)


def test_the_share_over_a_set_of_clips_counts_beside_single_generations():
    """Single generations hide in noise what 300 clips, taken as one sum, show clearly."""
    noisy = shares(90.0, 100.0, 100.0, 102.0)
    assert judged(GPU, **noisy).outcome is Outcome.INSUFFICIENT
    sets = (row("a", 10, 27_000.0, 30_000.0, dataset="clotho", clips=300),)
    (source,) = noisy["of"].sources
    of = replace(noisy["of"], sources=(replace(source, rows=source.rows + sets),))
    result = judged(GPU, **(noisy | {"of": of}))
    assert result.outcome is Outcome.FAILS
    assert (
        "1 of 2 go the other way: A 47.4% at 10 steps over 300 clips of clotho" in result.evidence
    )


def test_clips_that_were_measured_alone_show_their_own_scatter():
    single = shares(90.0, 100.0, 100.0, 102.0)
    clips = tuple(
        row("a", 10, gpu_j, 100.0, dataset="clotho", repeat=number)
        for number, gpu_j in enumerate((92.0, 60.0, 130.0, 70.0), 1)
    )
    (source,) = single["of"].sources
    of = replace(single["of"], sources=(replace(source, rows=source.rows + clips),))
    assert judged(GPU, **(single | {"of": of})).outcome is Outcome.INSUFFICIENT


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('rule = "uses-less"', 'rule = "guess"'), "C1: expected a rule of"),
        (("[claims.parameters]", "[claims.parameters]\nlowr = 1"), "C1: lowr: extra inputs"),
        (('higher = ["b"]', ""), "C1: higher: field required"),
        (('lower = ["a"]', "lower = 3"), "C1: lower"),
        (('id = "C1"', 'id = "first"'), "first: id"),
        (('scope = "any"\nabsolute = false', 'scope = "any"\nabsolute = true'), "C1: .*hardware"),
        (("format_version = 1", "format_version = 2"), "expected format_version 1"),
        (("[shared]", "[shared"), "claims.toml: "),
    ],
)  # fmt: skip
def test_a_claim_that_is_not_well_formed_is_refused_by_its_name(change, said):
    text = f"""{HEADER}
[[claims]]
id = "C1"
text = "a uses less than b."
about = "figure 1"
wording = "paraphrased"
scope = "any"
absolute = false
rule = "uses-less"
[claims.parameters]
lower = ["a"]
higher = ["b"]
"""
    assert read_claims(text)[0].id == "C1"
    assert change[0] in text
    with pytest.raises(TtaError, match=said):
        read_claims(text.replace(*change))


def test_an_id_stands_for_one_claim():
    one = claims("uses-less", 'lower = ["a"]\nhigher = ["b"]')
    assert len(one) == 1
    entry_text = HEADER + 2 * (
        '[[claims]]\nid = "C1"\ntext = "x"\nabout = "x"\nwording = "quoted"\nscope = "any"\n'
        'absolute = false\nrule = "uses-less"\n'
        '[claims.parameters]\nlower = ["a"]\nhigher = ["b"]\n'
    )
    with pytest.raises(TtaError, match="C1 twice"):
        read_claims(entry_text)
