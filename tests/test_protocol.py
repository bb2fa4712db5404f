import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.errors import UsageError
from repro.plan import windows
from repro.protocol import change, only, parse_protocol, protocol_text, tier
from repro.request import Options, chosen_protocol


@pytest.fixture
def paper():
    return parse_protocol(protocol_text("paper"))


def test_the_paper_asks_for_thirty_step_windows_of_each_model(paper):
    steps = [window for window in windows(paper) if window.study == "steps"]

    assert len(steps) == 30
    assert {window.steps for window in steps} == {10, 25, 50, 100, 150, 200}
    assert {window.repeat for window in steps} == {1, 2, 3, 4, 5}


def test_the_paper_makes_ten_samples_at_every_batch_size_and_repeat(paper):
    made = {}
    for window in windows(paper):
        if window.study == "batch":
            key = (window.batch_size, window.repeat)
            made[key] = made.get(key, 0) + window.clips

    assert set(made.values()) == {10}
    assert len(made) == 4 * 5


def test_repeats_of_a_setting_follow_each_other_when_they_are_inner(paper):
    first = windows(paper)[:6]

    assert [(window.steps, window.repeat) for window in first] == [
        (10, 1), (10, 2), (10, 3), (10, 4), (10, 5), (25, 1),
    ]  # fmt: skip


def test_settings_follow_each_other_when_repeats_are_outer(paper):
    outer, _ = change(paper, {"order": "repeats-outer"})

    assert [(window.steps, window.repeat) for window in windows(outer)[:7]] == [
        (10, 1), (25, 1), (50, 1), (100, 1), (150, 1), (200, 1), (10, 2),
    ]  # fmt: skip


@given(
    sizes=st.lists(st.integers(1, 12), min_size=1, max_size=4, unique=True),
    samples=st.integers(1, 15),
    repeats=st.integers(1, 3),
)
def test_any_batch_size_makes_every_sample_exactly_once(sizes, samples, repeats):
    paper = parse_protocol(protocol_text("paper"))
    protocol, _ = change(
        paper, {"batch.batch_sizes": tuple(sizes), "batch.samples": samples, "repeats": repeats}
    )

    for size in sizes:
        for repeat in range(1, repeats + 1):
            calls = [
                window
                for window in windows(protocol)
                if (window.study, window.batch_size, window.repeat) == ("batch", size, repeat)
            ]
            made = [item for call in calls for item in range(call.item, call.item + call.clips)]
            assert made == list(range(samples))
            assert all(call.clips <= size for call in calls)


@given(repeats=st.integers(1, 4), order=st.sampled_from(["repeats-inner", "repeats-outer"]))
def test_no_two_windows_share_a_key(repeats, order):
    paper = parse_protocol(protocol_text("paper"))
    protocol, _ = change(paper, {"repeats": repeats, "order": order})
    keys = [window.key for window in windows(protocol)]

    assert len(set(keys)) == len(keys)


def test_a_changed_value_is_a_deviation_that_names_both(paper):
    changed, deviations = change(paper, {"steps.steps": (10, 25), "repeats": 5})

    assert changed.studies.steps.steps == (10, 25)
    assert deviations == ("steps.steps: [10, 25, 50, 100, 150, 200] -> [10, 25]",)


def test_a_value_that_does_not_fit_is_refused_by_name(paper):
    with pytest.raises(UsageError, match=r"studies\.steps\.steps\.0.*greater than 0.*found -1"):
        change(paper, {"steps.steps": (-1,)})


def test_an_unknown_value_is_refused(paper):
    with pytest.raises(UsageError, match=r"no value 'steps\.colour' to change"):
        change(paper, {"steps.colour": "red"})


def test_leaving_a_study_out_is_a_deviation(paper):
    fewer, deviations = only(paper, ("batch",))

    assert fewer.studies.names() == ("batch",)
    assert deviations == ("studies: steps, batch, quality -> batch",)


def test_a_study_the_protocol_lacks_is_refused(paper):
    with pytest.raises(UsageError, match=r"expected some of steps, batch, quality.*'sanity'"):
        only(paper, ("sanity",))


def test_a_file_that_is_no_protocol_is_refused():
    with pytest.raises(UsageError, match="cannot be read"):
        parse_protocol("format_version = 1\nname = [")


def test_an_unknown_protocol_names_the_known_ones():
    with pytest.raises(UsageError, match="expected one of paper, found 'peper'"):
        protocol_text("peper")


def test_an_unknown_tier_names_the_known_ones():
    with pytest.raises(UsageError, match="expected one of full, quick, smoke"):
        tier("huge")


def test_the_full_tier_changes_nothing():
    protocol, deviations = chosen_protocol(Options(tier="full"))

    assert protocol == parse_protocol(protocol_text("paper"))
    assert deviations == ()


def test_the_quick_tier_has_the_grid_of_the_contract():
    protocol, deviations = chosen_protocol(Options(tier="quick"))

    assert protocol.studies.steps.steps == (10, 50, 100)
    assert protocol.studies.batch.batch_sizes == (1, 10)
    assert protocol.repeats == 3
    assert protocol.studies.quality is None
    assert len(deviations) == 4


def test_an_option_outweighs_the_tier():
    protocol, _ = chosen_protocol(Options(tier="quick", steps=(7,), repeats=2))

    assert protocol.studies.steps.steps == (7,)
    assert protocol.repeats == 2
