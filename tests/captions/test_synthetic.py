"""The captions that come with the program."""

import wave

import pytest

from repro.captions import SYNTHETIC, read, read_whole, write_references
from repro.errors import UsageError


def test_they_need_no_folder_and_are_no_data_set_of_anybody():
    captions = read(SYNTHETIC, None, clips=3)

    assert captions.caption_set == "shipped"
    assert len(captions.items) == 3
    assert read_whole(SYNTHETIC, None, clips=3) == captions
    with pytest.raises(UsageError, match="expected 99 captions, found 8"):
        read(SYNTHETIC, None, clips=99)


def test_their_references_are_the_same_sound_every_time_and_written_once(tmp_path):
    captions = read(SYNTHETIC, None, clips=8)
    one = write_references(captions, tmp_path / "one")
    other = write_references(captions, tmp_path / "two")

    assert one.has_references
    contents = [item.reference.read_bytes() for item in one.items]
    assert contents == [item.reference.read_bytes() for item in other.items]
    assert len(set(contents)) == 8
    times = [item.reference.stat().st_mtime_ns for item in one.items]
    assert [
        item.reference.stat().st_mtime_ns
        for item in write_references(captions, tmp_path / "one").items
    ] == times
    assert one.sha256 == captions.sha256


def test_a_reference_is_ten_seconds_of_16_bits(tmp_path):
    (item,) = write_references(read(SYNTHETIC, None, clips=1), tmp_path).items
    with wave.open(str(item.reference)) as sound:
        assert sound.getparams()[:4] == (1, 2, 48_000, 480_000)
