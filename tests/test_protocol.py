import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.catalog import Reference
from repro.errors import UsageError
from repro.plan import seconds, windows
from repro.protocol import change, manner, only, parse_protocol, protocol_text, tier
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
    fewer, _ = only(paper, ("steps", "batch"))

    with pytest.raises(UsageError, match=r"expected some of steps, batch in.*'sanity'"):
        only(fewer, ("sanity",))


def test_the_sanity_check_runs_when_it_is_asked_for_by_name():
    assert chosen_protocol(Options(tier="full"))[0].studies.sanity is None
    asked, deviations = chosen_protocol(Options(tier="full", studies=("sanity",)))

    assert asked.studies.names() == ("sanity",)
    assert sum(asked.studies.sanity.clips.values()) == 4875 + 1045
    assert deviations == ("studies: steps, batch, quality -> sanity",)


def test_a_file_that_is_no_protocol_is_refused():
    with pytest.raises(UsageError, match="cannot be read"):
        parse_protocol("format_version = 1\nname = [")


def test_an_unknown_protocol_names_the_known_ones():
    with pytest.raises(UsageError, match="expected one of authors, paper, precise, found 'peper'"):
        protocol_text("peper")


def test_an_unknown_tier_names_the_known_ones():
    with pytest.raises(UsageError, match="expected one of full, quick, smoke"):
        tier("huge")


def test_the_full_tier_changes_nothing():
    protocol, deviations = chosen_protocol(Options(tier="full"))

    paper = parse_protocol(protocol_text("paper"))
    assert protocol == only(paper, paper.studies.usual())[0]
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


def shipped(name):
    return parse_protocol(protocol_text(name))


def test_the_three_protocols_ask_for_the_same_grid_of_steps_and_batches():
    grids = {
        name: {one.setting for one in windows(shipped(name)) if one.study in {"steps", "batch"}}
        for name in ("paper", "authors", "precise")
    }

    assert grids["paper"] == grids["authors"] == grids["precise"]


def test_the_authors_split_a_batch_where_the_models_own_program_does():
    def calls(protocol, largest_call):
        return [
            (window.item, window.clips)
            for window in windows(protocol, largest_call)
            if (window.study, window.batch_size, window.repeat) == ("batch", 10, 1)
        ]

    assert calls(shipped("authors"), 8) == [(0, 8), (8, 2)]
    assert calls(shipped("authors"), None) == [(0, 10)]
    assert calls(shipped("paper"), 8) == [(0, 10)]


@given(size=st.integers(1, 12), samples=st.integers(1, 15), largest_call=st.integers(1, 12))
def test_a_split_batch_makes_every_sample_once_and_never_crosses_a_batch(
    size, samples, largest_call
):
    protocol, _ = change(
        shipped("authors"), {"batch.batch_sizes": (size,), "batch.samples": samples, "repeats": 1}
    )
    calls = [one for one in windows(protocol, largest_call) if one.study == "batch"]

    made = [item for call in calls for item in range(call.item, call.item + call.clips)]
    assert made == list(range(samples))
    assert all(call.clips <= min(size, largest_call) for call in calls)
    assert all(call.item // size == (call.item + call.clips - 1) // size for call in calls)


def test_an_interleaved_order_mixes_the_studies_anew_in_every_repeat_and_is_stored():
    precise = shipped("precise")
    turns = [
        [window.setting for window in windows(precise) if window.repeat == repeat]
        for repeat in (1, 2)
    ]
    other, _ = change(precise, {"order_seed": 1})

    assert turns[0] != turns[1]
    assert sorted(turns[0]) == sorted(turns[1])
    assert [setting[0] for setting in turns[0]] != sorted(setting[0] for setting in turns[0])
    assert windows(precise) == windows(shipped("precise"))
    assert windows(precise) != windows(other)


@given(repeats=st.integers(2, 9), processes=st.integers(1, 4))
def test_every_setting_is_measured_in_every_process_and_processes_follow_each_other(
    repeats, processes
):
    if repeats < processes:
        return
    protocol, _ = change(shipped("precise"), {"repeats": repeats, "processes": processes})
    planned = windows(protocol)

    order = [window.process for window in planned]
    assert order == sorted(order)
    for setting in {window.setting for window in planned}:
        met = {window.process for window in planned if window.setting == setting}
        assert met == set(range(processes))


def test_fewer_repeats_than_processes_are_refused_in_one_line():
    with pytest.raises(UsageError, match=r"protocol: expected at least 2 repeats.*found 1$"):
        change(shipped("precise"), {"repeats": 1})


def test_long_windows_are_planned_as_whole_generations():
    reference = Reference(hardware="A40", fixed_s=1.0, step_s=0.1, source="made up")
    (first, *_) = [window for window in windows(shipped("precise")) if window.steps == 25]

    assert seconds([first], reference) == 3.5
    assert seconds([first], reference, least_s=10.0) == 10.5


def test_a_tier_changes_nothing_that_the_protocol_does_not_ask_for():
    precise, _ = chosen_protocol(Options(tier="smoke", protocol="precise"))
    paper, deviations = chosen_protocol(Options(tier="smoke"))

    assert (precise.window_s, precise.idle_s) == (0.5, 0.5)
    assert (paper.window_s, paper.idle_s) == (None, None)
    assert not any(text.startswith(("window_s", "idle_s")) for text in deviations)


def test_the_manner_tells_the_three_protocols_apart():
    told = [tuple(manner(shipped(name)).items()) for name in ("paper", "authors", "precise")]

    assert len(set(told)) == 3
    assert "at least 10 s, its generation repeated" in dict(told[2]).values()
