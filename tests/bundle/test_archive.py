"""The zip itself as the attack: frame, names, kinds, sizes, and bytes at random."""

from __future__ import annotations

import io
import struct
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from repro.bundle import Verdict, archive, seal
from repro.bundle.archive import ArchiveError, pack, unpack
from repro.errors import BundleError
from tests.bundle.forge import assert_invalid, member, rezip


def test_a_zip_is_read_back_as_it_was_packed(members):
    assert unpack(pack(members)) == members


def test_zipfile_reads_what_is_packed(members):
    with zipfile.ZipFile(io.BytesIO(pack(members))) as opened:
        assert {name: opened.read(name) for name in opened.namelist()} == members


@given(
    st.dictionaries(
        st.from_regex(
            r"[a-z0-9][a-z0-9._+=@-]{0,9}(/[a-z0-9][a-z0-9._-]{0,9}){0,2}", fullmatch=True
        ),
        st.binary(max_size=200),
        min_size=1,
        max_size=6,
    )
)
def test_any_members_survive_the_zip(members):
    assert unpack(pack(members)) == members


def test_a_zip_cut_short_anywhere_is_invalid(judge, sealed):
    for length in {*range(0, len(sealed), 331), *range(len(sealed) - 40, len(sealed)), 1, 2, 3}:
        assert_invalid(judge(sealed[:length]), "zip")


@pytest.mark.parametrize("junk", [b"\n", b"\x00" * 100, b"PK\x03\x04", b"#!/bin/sh\n"])
def test_anything_in_front_is_invalid(judge, sealed, junk):
    assert_invalid(judge(junk + sealed), "zip")


@pytest.mark.parametrize("junk", [b"\n", b"\x00" * 100, b"PK\x05\x06" + b"\x00" * 18])
def test_anything_behind_is_invalid(judge, sealed, junk):
    assert_invalid(judge(sealed + junk), "zip")


def test_two_bundles_in_one_file_are_invalid(judge, sealed):
    assert_invalid(judge(sealed + sealed), "zip")


def test_a_comment_is_invalid(judge, sealed):
    target = io.BytesIO(sealed)
    with zipfile.ZipFile(target, "a") as opened:
        opened.comment = b"hello"
    assert_invalid(judge(target.getvalue()), "zip")


def test_junk_between_the_members_is_invalid(judge, sealed):
    """Offsets made to fit, as zipfile would not notice."""
    start = struct.unpack("<I", sealed[-6:-2])[0]
    body, directory, end = sealed[:start], sealed[start:-22], sealed[-22:]
    end = end[:16] + struct.pack("<I", start + 4) + end[20:]
    stuffed = body + b"junk" + directory + end
    with zipfile.ZipFile(io.BytesIO(stuffed)) as opened:
        assert opened.testzip() is None
    examination = judge(stuffed)
    assert_invalid(examination, "zip")
    assert "layout differs" in examination.reasons[0]


BAD_NAMES = [
    "../../x", "data/../../x", "/etc/passwd", "C:/x", "C:\\x", "data\\x", "./x", "data//x",
    "data/./x", "data/", "", ".hidden", "data/\u202ecsv.exe", "data/\u00e9", "data/a b",
    "data/a\nb",
    "data/-rf", "~/x", "data/x\x00.csv",
]  # fmt: skip


@pytest.mark.parametrize("name", BAD_NAMES, ids=ascii)
def test_a_path_that_is_not_plain_is_invalid(judge, members, name):
    info = member("placeholder")
    info.filename = info.orig_filename = name
    examination = judge(rezip(members, extra=[(info, b"x")]))
    assert_invalid(examination, "zip")
    assert "path not allowed" in examination.reasons[0]


@pytest.mark.parametrize("name", ["../x", "a\\b", "", "a//b"])
def test_a_path_that_is_not_plain_is_never_written(name):
    with pytest.raises(ArchiveError, match="path not allowed"):
        pack({name: b""})


@pytest.mark.parametrize("name", ["DATA/measurements.csv", "BagIt.txt", "data/Measurements.CSV"])
def test_a_name_that_differs_by_case_alone_is_invalid(judge, members, name):
    examination = judge(rezip(members, extra=[(member(name), b"x")]))
    assert_invalid(examination, "zip")
    assert "duplicate" in examination.reasons[0]


@pytest.mark.parametrize("mode", [0o120777, 0o040755, 0o010644, 0o020644, 0o100755, 0o104644, 0])
def test_a_link_a_folder_a_device_or_a_program_is_invalid(judge, members, mode):
    examination = judge(rezip(members, extra=[(member("data/x", mode=mode), b"/etc/passwd")]))
    assert_invalid(examination, "zip")
    assert "not a regular file" in examination.reasons[0]


def test_a_bomb_is_refused_without_being_unpacked(judge, members):
    bomb = member("data/zeros", compression=zipfile.ZIP_DEFLATED)
    examination = judge(rezip(members, extra=[(bomb, bytes(300_000_000))]))
    assert_invalid(examination, "zip")
    assert "more bytes than the zip has" in examination.reasons[0]


def test_a_compressed_member_is_invalid(judge, members):
    info = member("data/x", compression=zipfile.ZIP_DEFLATED)
    examination = judge(rezip(members, extra=[(info, b"abcabcabcabcabcabcabcabcabc")]))
    assert_invalid(examination, "zip")
    assert "compressed" in examination.reasons[0]


def test_too_many_members_are_invalid(judge):
    examination = judge(rezip({f"data/{number}": b"" for number in range(20_001)}))
    assert_invalid(examination, "zip")
    assert "expected at most 20000 files" in examination.reasons[0]


def test_an_encrypted_member_is_invalid(judge, sealed):
    examination = judge(with_flag(sealed, 0x1))
    assert_invalid(examination, "zip")
    assert examination.reasons == ("zip: bag-info.txt: encrypted",)


@pytest.mark.parametrize("flag", [0x8, 0x20, 0x40, 0x800, 0x2000])
def test_any_other_flag_is_invalid(judge, sealed, flag):
    assert_invalid(judge(with_flag(sealed, flag)), "zip")


def with_flag(data, flag):
    """Set a flag of the first member, in both of its headers."""
    edited = bytearray(data)
    start = struct.unpack("<I", data[-6:-2])[0]
    for place in (6, start + 8):
        edited[place : place + 2] = struct.pack("<H", flag)
    return bytes(edited)


def test_a_file_above_the_limit_is_not_read(judge, sealed, monkeypatch):
    monkeypatch.setattr(archive, "MAX_BYTES", len(sealed) - 1)
    examination = judge(sealed)
    assert_invalid(examination, "zip")
    assert examination.sha256 == ""


def test_more_than_the_limit_is_never_written(run, key, monkeypatch):
    monkeypatch.setattr(archive, "MAX_MEMBERS", 3)
    with pytest.raises(BundleError, match="expected at most 3 files"):
        seal(run, key=key)


def test_a_rewritten_date_is_invalid(judge, sealed):
    edited = bytearray(sealed)
    edited[12] ^= 1
    assert_invalid(judge(bytes(edited)), "zip")


def test_a_file_that_is_no_zip_is_invalid(judge):
    for data in (b"", b"hello", b"PK\x03\x04", b"PK\x05\x06" + bytes(18)):
        assert_invalid(judge(data), "zip")


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_flipped_bytes_are_never_accepted_and_never_an_error(judge, sealed, data):
    places = data.draw(
        st.lists(st.integers(0, len(sealed) - 1), min_size=1, max_size=4, unique=True)
    )
    mutant = bytearray(sealed)
    for place in places:
        mutant[place] ^= data.draw(st.integers(1, 255))
    assert judge(bytes(mutant)).verdict is Verdict.INVALID


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_flipped_bytes_behind_a_mended_checksum_are_never_accepted(judge, members, data):
    """The zip is made anew around the change, so that only the bag and its signature object."""
    name = data.draw(st.sampled_from(sorted(members)))
    content = bytearray(members[name])
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    assert judge(rezip({**members, name: bytes(content)})).verdict is Verdict.INVALID


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_bytes_cut_out_or_repeated_are_never_accepted(judge, sealed, data):
    first, second = sorted(data.draw(st.tuples(*[st.integers(0, len(sealed))] * 2)))
    piece = sealed[first:second]
    change = data.draw(st.sampled_from([b"", piece * 2, piece[::-1]]))
    mutant = sealed[:first] + change + sealed[second:]
    if mutant != sealed:
        assert judge(mutant).verdict is Verdict.INVALID


def test_every_byte_of_the_headers_counts(judge, sealed, members):
    """Zip headers are not signed; the one canonical form takes the signature's place."""
    start = struct.unpack("<I", sealed[-6:-2])[0]
    first = next(iter(sorted(members)))
    for place in [
        *range(30 + len(first)),
        *range(start, start + 100),
        *range(len(sealed) - 22, len(sealed)),
    ]:
        mutant = bytearray(sealed)
        mutant[place] ^= 0x10
        assert_invalid(judge(bytes(mutant)), "zip")
