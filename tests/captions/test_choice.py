"""The laws of a choice of captions, and what the paper's choice is known to be."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from repro.captions.choice import CHOICE_SEED, first_of_each, stratified
from repro.captions.items import Item
from repro.captions.published import papers_choice

pools = st.lists(
    st.tuples(st.integers(0, 12), st.integers(0, 99)), min_size=1, max_size=40, unique=True
).map(
    lambda pairs: [
        Item(id=f"{recording}-{number}.wav", caption=f"caption {number}", recording=str(recording))
        for recording, number in pairs
    ]
)


@given(pool=pools, wanted=st.integers(1, 15))
def test_a_seeded_choice_takes_each_recording_at_most_once_and_as_many_as_there_are(pool, wanted):
    chosen = stratified(pool, wanted)
    recordings = {item.recording for item in pool}

    assert set(chosen) <= set(pool)
    assert len({item.recording for item in chosen}) == len(chosen) == min(wanted, len(recordings))


@given(pool=pools, wanted=st.integers(1, 15), chance=st.randoms())
def test_the_order_of_the_file_does_not_matter(pool, wanted, chance):
    shuffled = list(pool)
    chance.shuffle(shuffled)

    assert stratified(shuffled, wanted) == stratified(pool, wanted)


@given(pool=pools, wanted=st.integers(1, 15))
def test_a_smaller_choice_is_the_beginning_of_a_larger_one(pool, wanted):
    assert stratified(pool, wanted) == stratified(pool, wanted + 5)[:wanted]


@given(pool=pools)
def test_the_first_of_each_file_keeps_every_file_and_their_order(pool):
    doubled = [item.model_copy(update={"caption": "second"}) for item in pool]

    assert first_of_each([*pool, *doubled]) == tuple(pool)


def test_another_seed_chooses_others_and_every_recording_has_its_chance():
    pool = [Item(id=f"{n}.wav", caption="x", recording=str(n)) for n in range(20)]
    counts = Counter(item.id for seed in range(200) for item in stratified(pool, 5, seed))

    assert len(counts) == 20
    assert all(25 <= count <= 80 for count in counts.values())


def test_the_seeded_choice_is_the_same_for_ever():
    pool = [Item(id=f"{n}.wav", caption="x", recording=str(n)) for n in range(9)]

    assert CHOICE_SEED == 20250507
    assert [item.id for item in stratified(pool, 3)] == ["4.wav", "1.wav", "0.wav"]


def test_the_papers_choice_has_the_numbers_it_is_known_for():
    audiocaps, clotho = papers_choice("audiocaps"), papers_choice("clotho")

    assert len(audiocaps) == len(clotho) == 300
    assert len({caption.sha256 for caption in audiocaps}) == 292
    assert len({caption.recording for caption in audiocaps}) == 154
    assert len({caption.recording for caption in clotho}) == 300
    assert papers_choice("mine") == ()
