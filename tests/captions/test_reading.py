"""Captions as users bring them: what is read, and what is refused in one line."""

import dataclasses
import hashlib

import pytest

from repro.captions import published, read, read_whole
from repro.captions.published import Chosen
from repro.errors import UsageError
from tests.captions.lists import (
    AUDIOCAPS_HEADER,
    CLOTHO_HEADER,
    LIST_HEADER,
    write_flac,
    write_list,
    write_wav,
)

CLOTHO = CLOTHO_HEADER + "".join(
    f"{name}.wav,{','.join(f'{name} {number}' for number in range(5))}\n" for name in ("a, b", "c")
).replace("a, b.wav", '"a, b.wav"').replace("a, b ", "a b ")
AUDIOCAPS = AUDIOCAPS_HEADER + "".join(
    f"{number},video{number % 3},30,caption {number}\n" for number in range(9)
)


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def publish(monkeypatch):
    """Let a text be what a data set published, with a choice of the paper's."""

    def put(dataset, text, choice=()):
        known = dataclasses.replace(published.PUBLISHED[dataset], sha256=digest(text))
        monkeypatch.setitem(published.PUBLISHED, dataset, known)
        for module in ("choice", "reading"):
            monkeypatch.setattr(
                f"repro.captions.{module}.papers_choice",
                lambda name: tuple(choice) if name == dataset else (),
            )

    return put


def test_a_list_is_taken_as_it_is_from_the_top(tmp_path):
    captions = read("mine", write_list(tmp_path, 5), clips=2)

    assert [(item.id, item.caption, item.duration_s) for item in captions.items] == [
        ("0.wav", "sound 0", 10.0), ("1.wav", "sound 1", 10.0),
    ]  # fmt: skip
    assert captions.caption_set == "own"
    assert not captions.has_references
    assert "FAD cannot" in captions.notes[0]


def test_another_caption_or_another_order_is_another_list(tmp_path):
    one = read("mine", write_list(tmp_path / "one", 3), clips=3)
    other = read("mine", write_list(tmp_path / "two", 3, caption="noise {}"), clips=3)
    turned = one.model_copy(update={"items": one.items[::-1]})

    assert len({one.sha256, other.sha256, turned.sha256}) == 3
    assert read("mine", tmp_path / "one", clips=3).sha256 == one.sha256


def test_the_digest_of_a_list_can_be_recomputed_with_standard_tools(tmp_path):
    captions = read("mine", write_list(tmp_path, 2), clips=2)

    lines = f"0.wav\t{digest('sound 0')}\n1.wav\t{digest('sound 1')}\n"
    assert captions.sha256 == digest(lines)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("name,text\nx.wav,hello\n", "expected the columns file_name,caption,duration"),
        ("", "expected the columns"),
        (LIST_HEADER, "expected captions below its header, found none"),
        (LIST_HEADER + "x.wav,  ,10\n", "row 2: expected a caption, found none"),
        (LIST_HEADER + "x.wav,hello,ten\n", "row 2: expected a duration in seconds"),
        (LIST_HEADER + "x.wav,hello,nan\n", "row 2: expected a duration in seconds"),
        (LIST_HEADER + "x.wav,hello,-1\n", "row 2: expected a duration in seconds"),
        (LIST_HEADER + "x.wav,hello, there,10\n", "row 2: expected 3 cells, found 4"),
        (LIST_HEADER + "x.wav,a,1\ny.wav,b,1\nx.wav,c,1\n", "row 4: 'x.wav' stands in row 2"),
        (LIST_HEADER + "/home/me/x.wav,a,1\n", "row 2: expected the name of a file without"),
        (LIST_HEADER + "x\ty.wav,a,1\n", "row 2: expected the name of a file without"),
        (LIST_HEADER + '"x.wav,a,1\n', "expected CSV"),
    ],
)  # fmt: skip
def test_a_list_that_is_none_is_refused_in_one_line(tmp_path, content, said):
    (tmp_path / "mine.csv").write_text(content)
    with pytest.raises(UsageError, match=r"mine\.csv") as refused:
        read("mine", tmp_path, clips=1)

    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_list_in_another_encoding_is_refused_by_its_line(tmp_path):
    (tmp_path / "mine.csv").write_bytes((LIST_HEADER + "x.wav,caf\xe9,10\n").encode("latin-1"))

    with pytest.raises(UsageError, match="line 2: expected UTF-8, found the byte 0xe9"):
        read("mine", tmp_path, clips=1)


def test_a_byte_order_mark_is_no_fault(tmp_path):
    (tmp_path / "mine.csv").write_text("\ufeff" + LIST_HEADER + "x.wav,hello,10\n")

    assert read("mine", tmp_path, clips=1).items[0].id == "x.wav"


def test_too_few_captions_are_refused_with_the_number_there_is(tmp_path):
    with pytest.raises(UsageError, match=r"expected 300 captions, found 3.*--captions 3"):
        read("mine", write_list(tmp_path, 3), clips=300)


def test_a_data_set_without_a_file_or_with_two_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"expected one file mine\.csv.*found none"):
        read("mine", tmp_path, clips=1)
    write_list(tmp_path, dataset="mine")
    write_list(tmp_path, dataset="mine_2")
    with pytest.raises(UsageError, match=r"found mine\.csv, mine_2\.csv"):
        read("mine", tmp_path, clips=1)
    with pytest.raises(UsageError, match="--captions-dir"):
        read("mine", None, clips=1)
    with pytest.raises(UsageError, match="expected a name of small letters"):
        read("../mine", tmp_path, clips=1)


def test_another_version_of_a_published_file_is_refused_by_name(tmp_path):
    (tmp_path / "audiocaps_test.csv").write_text(AUDIOCAPS)

    with pytest.raises(UsageError, match=r"expected AudioCaps 1 test\.csv.*edited or re-saved"):
        read("audiocaps", tmp_path, clips=1)


def test_the_known_wrong_version_is_called_so(tmp_path, monkeypatch):
    known = dataclasses.replace(
        published.PUBLISHED["audiocaps"], others={digest(AUDIOCAPS): "that of another year"}
    )
    monkeypatch.setitem(published.PUBLISHED, "audiocaps", known)
    (tmp_path / "audiocaps.csv").write_text(AUDIOCAPS)

    with pytest.raises(UsageError, match="found that of another year"):
        read("audiocaps", tmp_path, clips=1)


def test_the_papers_choice_is_found_by_id_and_digest_in_the_published_file(tmp_path, publish):
    choice = [Chosen("c.wav", "c.wav", digest("c 3")), Chosen("a, b.wav", "a, b", digest("a b 0"))]
    publish("clotho", CLOTHO, choice)
    (tmp_path / "clotho_captions_evaluation.csv").write_text(CLOTHO)
    captions = read("clotho", tmp_path, clips=2)

    assert captions.caption_set == "paper"
    assert [(item.id, item.caption) for item in captions.items] == [
        ("c.wav", "c 3"), ("a, b.wav", "a b 0"),
    ]  # fmt: skip


def test_the_authors_list_and_the_published_file_give_the_same_list(tmp_path, publish):
    choice = [Chosen(f"{n}.wav", f"video{n % 3}_30", digest(f"caption {n}")) for n in (4, 2, 7)]
    publish("audiocaps", AUDIOCAPS, choice)
    (tmp_path / "published").mkdir()
    (tmp_path / "published" / "audiocaps.csv").write_text(AUDIOCAPS)
    (tmp_path / "authors").mkdir()
    (tmp_path / "authors" / "audiocaps_captions.csv").write_text(
        LIST_HEADER + "".join(f"{n}.wav,caption {n},10.0\n" for n in (4, 2, 7))
    )
    ours = read("audiocaps", tmp_path / "published", clips=3)
    theirs = read("audiocaps", tmp_path / "authors", clips=3)

    assert theirs == ours
    assert theirs.caption_set == "paper"
    assert [item.recording for item in theirs.items] == ["video1_30", "video2_30", "video1_30"]


def test_asking_for_the_papers_choice_where_it_is_not_is_refused(tmp_path, publish):
    publish("audiocaps", AUDIOCAPS, [Chosen("1.wav", "x", digest("edited"))])
    (tmp_path / "audiocaps.csv").write_text(AUDIOCAPS)

    with pytest.raises(UsageError, match=r"expected the paper's 1 captions.*found 0.*seeded"):
        read("audiocaps", tmp_path, clips=1)
    with pytest.raises(UsageError, match="expected the paper's 0 captions of mine"):
        read("mine", write_list(tmp_path), clips=1, caption_set="paper")


def test_a_seeded_choice_stores_its_seed(tmp_path, publish):
    publish("audiocaps", AUDIOCAPS)
    (tmp_path / "audiocaps.csv").write_text(AUDIOCAPS)
    captions = read("audiocaps", tmp_path, clips=3, caption_set="seeded")

    assert captions.caption_set == "seeded"
    assert captions.choice_seed is not None
    assert len({item.recording for item in captions.items}) == 3
    with pytest.raises(UsageError, match="expected 4 captions, found 3"):
        read("audiocaps", tmp_path, clips=4, caption_set="seeded")


def test_the_whole_data_set_is_one_caption_of_each_audio_file(tmp_path, publish):
    publish("clotho", CLOTHO)
    (tmp_path / "clotho.csv").write_text(CLOTHO)
    captions = read_whole("clotho", tmp_path)

    assert [item.caption for item in captions.items] == ["a b 0", "c 0"]
    assert captions.caption_set == "whole"


def test_a_caption_finds_its_audio_by_id_or_by_recording(tmp_path, publish):
    publish("audiocaps", AUDIOCAPS)
    (tmp_path / "audiocaps.csv").write_text(AUDIOCAPS)
    for name in ("video0_30.wav", "video1_30.flac", "2.wav", "5.flac", "8.wav"):
        write_wav(tmp_path / "audiocaps" / name, seconds=2)
    captions = read_whole("audiocaps", tmp_path)

    assert captions.has_references
    assert [item.reference.name for item in captions.items[:3]] == [
        "video0_30.wav", "video1_30.flac", "2.wav",
    ]  # fmt: skip


def test_missing_audio_is_named_and_costs_the_fad_alone(tmp_path):
    folder = write_list(tmp_path, 6)
    write_wav(folder / "mine" / "1.wav", seconds=2)
    captions = read("mine", folder, clips=6)

    assert not captions.has_references
    assert "mine: no FAD: expected reference audio for 6 captions" in captions.notes[0]
    assert "found none for 5: 0.wav, 2.wav, 3.wav, ...; add it" in captions.notes[0]


def test_without_any_audio_one_line_says_where_to_put_it(tmp_path):
    captions = read("mine", write_list(tmp_path, 2), clips=2)

    (note,) = captions.notes
    assert note.startswith("mine: no reference audio: energy and CLAP score can be had, FAD cannot")
    assert "put it into the folder mine beside the captions" in note


def test_audio_of_other_rates_and_channels_and_very_short_audio_is_spoken_of(tmp_path):
    folder = write_list(tmp_path, 3)
    write_wav(folder / "mine" / "0.wav", rate_hz=44_100, channels=2, seconds=2)
    write_wav(folder / "mine" / "1.wav", bits=24, sample_format=0xFFFE, seconds=2)
    write_wav(folder / "mine" / "2.wav", bits=32, sample_format=3, seconds=0.2)
    said = read("mine", folder, clips=3).notes

    assert len(said) == 2
    assert "44100 Hz and 2 channels are averaged to one channel and resampled" in said[0]
    assert "1 references last less than 1 s (2.wav: 0.2 s)" in said[1]


@pytest.mark.parametrize("content", [b"", b"<html>not found</html>", b"RIFF\0\0\0\0WAVE"])
def test_audio_that_is_none_is_named_and_costs_the_fad_alone(tmp_path, content):
    folder = write_list(tmp_path, 2)
    write_wav(folder / "mine" / "1.wav")
    (folder / "mine" / "0.wav").write_bytes(content)
    captions = read("mine", folder, clips=2)

    assert not captions.has_references
    (note,) = captions.notes
    assert "mine: no FAD: 1 references cannot be read: " in note
    assert "0.wav: expected a WAV or FLAC file, found none that can be read; replace" in note


def test_the_header_of_a_flac_file_is_read(tmp_path):
    folder = write_list(tmp_path, 2, duration=3.0)
    write_flac(folder / "mine" / "0.flac", seconds=2.5, rate_hz=44_100, channels=2)
    write_flac(folder / "mine" / "1.flac", seconds=0.2, rate_hz=48_000, channels=1)
    captions = read("mine", folder, clips=2)

    assert captions.has_references
    assert "44100 Hz and 2 channels" in captions.notes[0]
    assert "1 references last less than 1 s (1.flac: 0.2 s)" in captions.notes[1]


def test_a_flac_file_that_is_cut_short_or_empty_is_named(tmp_path):
    folder = write_list(tmp_path, 2)
    write_flac(folder / "mine" / "0.flac", seconds=0)
    (folder / "mine" / "1.flac").write_bytes(b"fLaC\0\0\0\x22")

    assert "2 references cannot be read" in read("mine", folder, clips=2).notes[0]


def test_a_duration_that_the_list_lacks_is_read_from_the_audio(tmp_path, publish):
    publish("clotho", CLOTHO)
    (tmp_path / "clotho.csv").write_text(CLOTHO)
    write_wav(tmp_path / "clotho" / "a, b.wav", seconds=1.5)
    write_wav(tmp_path / "clotho" / "c.wav", seconds=2.5)

    assert [item.duration_s for item in read_whole("clotho", tmp_path).items] == [1.5, 2.5]
