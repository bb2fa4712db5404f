"""The windows of the studies that generate from captions, planned and estimated."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.captions import CaptionList, Item
from repro.catalog import read_catalog
from repro.errors import UsageError
from repro.plan import study_summary, windows
from repro.protocol import change, only, parse_protocol, protocol_text
from repro.request import Options, chosen_protocol


def asked(study, **changes):
    paper = parse_protocol(protocol_text("paper"))
    return only(change(paper, changes)[0], (study,))[0]


def listed(dataset, count):
    items = tuple(
        Item(id=f"{n}.wav", caption=f"{dataset} {n}", recording=str(n), duration_s=n + 1)
        for n in range(count)
    )
    return CaptionList(dataset=dataset, caption_set="own", items=items)


def test_every_caption_of_every_data_set_is_a_window_at_each_number_of_steps():
    lists = {"quality": (listed("one", 3), listed("other", 2))}
    planned = windows(asked("quality", **{"quality.steps": (10, 25)}), captions=lists)

    assert [(window.dataset, window.steps, window.item, window.prompt) for window in planned] == [
        ("one", 10, 0, "one 0"), ("one", 10, 1, "one 1"), ("one", 10, 2, "one 2"),
        ("one", 25, 0, "one 0"), ("one", 25, 1, "one 1"), ("one", 25, 2, "one 2"),
        ("other", 10, 0, "other 0"), ("other", 10, 1, "other 1"),
        ("other", 25, 0, "other 0"), ("other", 25, 1, "other 1"),
    ]  # fmt: skip
    assert {window.batch_size for window in planned} == {window.clips for window in planned} == {1}
    assert {window.audio_s for window in planned} == {None}


def test_the_sanity_check_makes_each_recording_as_long_as_it_is():
    sanity = asked("sanity", **{"sanity.steps": (10,)})

    planned = windows(sanity, captions={"sanity": (listed("one", 3),)})
    assert [window.audio_s for window in planned] == [1.0, 2.0, 3.0]


@given(order=st.sampled_from(["repeats-inner", "repeats-outer", "interleaved"]))
def test_no_order_repeats_a_caption_or_drops_one(order):
    paper = parse_protocol(protocol_text("paper"))
    protocol, _ = change(paper, {"order": order, "quality.repeats": 2})
    lists = {"quality": (listed("one", 3), listed("other", 2)), "sanity": (listed("one", 4),)}
    keys = [window.key for window in windows(protocol, captions=lists)]

    steps, batch, quality, sanity = 6 * 5, (10 + 5 + 2 + 1) * 5, 6 * (3 + 2) * 2, 6 * 4
    stages = (1 + 4) * 5
    assert len(set(keys)) == len(keys) == steps + batch + quality + sanity + stages


def test_the_plan_counts_captions_it_has_not_read():
    model = read_catalog()["audioldm"]
    study = study_summary(chosen_protocol(Options(tier="full"))[0], model, "quality")
    one_each = sum(
        model.card.reference.fixed_s + steps * model.card.reference.step_s
        for steps in (10, 25, 50, 100, 150, 200)
    )

    assert study["windows"] == study["clips"] == 300 * 6 * 2
    assert study["seconds"] == pytest.approx(600 * one_each)
    assert study["audio_bytes"] == 3600 * 10 * 16_000 * 2


def test_the_plan_of_the_sanity_check_is_that_of_its_models_alone():
    protocol, _ = chosen_protocol(Options(tier="full", studies=("sanity",)))
    counts = {
        name: study_summary(protocol, model, "sanity")["windows"]
        for name, model in read_catalog().items()
    }

    assert {name for name, count in counts.items() if count} == set(protocol.studies.sanity.models)
    assert set(counts.values()) == {0, 6 * (4875 + 1045)}


def test_fewer_captions_and_other_data_sets_are_deviations():
    options = Options(tier="full", studies=("quality",), captions=20, datasets=("synthetic",))
    _, deviations = chosen_protocol(options)

    assert deviations[1:] == (
        "quality.clips: 300 -> 20", "quality.datasets: ['audiocaps', 'clotho'] -> ['synthetic']",
    )  # fmt: skip
    sanity = Options(tier="full", studies=("sanity",), captions=20, datasets=("clotho",))
    assert chosen_protocol(sanity)[0].studies.sanity.clips == {"clotho": 20}
    with pytest.raises(UsageError, match=r"size of 'mine' is not known.*--captions"):
        chosen_protocol(Options(tier="full", studies=("sanity",), datasets=("mine",)))
