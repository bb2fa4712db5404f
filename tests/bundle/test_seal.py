"""A run becomes a bundle."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from repro.bundle import Verdict, bundle_name, payload, seal
from repro.errors import BundleError
from repro.records import Clip
from repro.signing import ephemeral_key
from tests.bundle.forge import rezip, unzip
from tests.factories import make_gpu, make_run

HASH_DATA = """
import hashlib, io, sys, zipfile
from repro.bundle import seal
from repro.signing import ephemeral_key
from tests.factories import make_gpu, make_run
archive = zipfile.ZipFile(io.BytesIO(seal(make_run(gpu=make_gpu()), key=ephemeral_key())))
for name in archive.namelist():
    if not name.startswith("signatures/"):
        print(hashlib.sha256(archive.read(name)).hexdigest(), name)
"""


def with_audio(run, clips):
    entry = run.entries[0].model_copy(update={"audio": clips})
    return run.model_copy(update={"entries": (entry, *run.entries[1:])})


def make_clip(data=b"RIFF", name="000000-0.wav"):
    digest = hashlib.sha256(data).hexdigest()
    return Clip(
        window=0, name=name, sha256=digest, seconds=10.0, sample_rate_hz=16000, channels=1, seed=0
    )


def test_a_bundle_is_named_after_model_protocol_and_run(run):
    assert bundle_name(run) == "audioldm_paper_6f9619ff.zip"


def test_payload_holds_the_files_that_the_format_promises(members):
    assert sorted(name for name in members if name.startswith("data/")) == [
        "data/audio.csv",
        "data/bundle.json",
        "data/datapackage.json",
        "data/environment.json",
        "data/measurements.csv",
        "data/model.toml",
        "data/protocol.toml",
        "data/requirements.lock",
        "data/ro-crate-metadata.json",
        "data/run.json",
        "data/traces/reads.csv",
    ]


def test_signatures_hold_exactly_attestation_and_public_key(members):
    found = {name for name in members if name.startswith("signatures/")}
    assert found == {"signatures/attestation.intoto.jsonl", "signatures/signer.pub.pem"}


def test_protocol_model_and_lock_are_exact_copies(members, run):
    assert members["data/protocol.toml"].decode() == run.header.protocol_toml
    assert members["data/model.toml"].decode() == run.header.model_toml
    assert members["data/requirements.lock"].decode() == run.header.requirements_lock


def test_the_run_can_be_read_back_from_the_payload(judge, sealed, run):
    examination = judge(sealed)
    again = payload.read(examination.contents)
    assert again.entries == run.entries
    assert again.sessions == run.sessions
    assert again.header == run.header


def test_columns_come_in_the_order_of_the_contract(members):
    header = members["data/measurements.csv"].decode().splitlines()[0]
    assert header.startswith(
        "study,model,checkpoint,steps,executed_steps,executed_steps_source,batch_size,repeat,item,"
        "dataset,seed,status,warmup,started_at,duration_s,clips,audio_s,gpu_energy_j,gpu_meter,"
        "gpu_energy_codecarbon_j,gpu_energy_counter_j,gpu_energy_trace_j,uncertainty_j,"
        "cpu_energy_j,cpu_source,ram_energy_j,ram_source,disturbances"
    )


def test_every_member_is_stored_with_one_date_and_one_mode(sealed, tmp_path):
    path = tmp_path / "bundle.zip"
    path.write_bytes(sealed)
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert names == sorted(names)
        for info in archive.infolist():
            assert info.date_time == (1980, 1, 1, 0, 0, 0)
            assert info.external_attr >> 16 == 0o100644
            assert info.create_system == 3
            assert info.compress_type == zipfile.ZIP_STORED


def test_zipfile_would_write_the_same_bytes(sealed, members):

    assert rezip(members) == sealed


def test_same_run_gives_same_payload_and_manifests_and_other_signatures(run):
    one, two = unzip(seal(run, key=ephemeral_key())), unzip(seal(run, key=ephemeral_key()))
    differing = {name for name in one if one[name] != two[name]}
    assert one.keys() == two.keys()
    assert differing == {"signatures/attestation.intoto.jsonl", "signatures/signer.pub.pem"}


def test_payload_does_not_depend_on_the_hash_seed_of_the_interpreter():
    outputs = {_hashes_under(seed) for seed in ("0", "4242")}
    assert len(outputs) == 1
    assert "data/measurements.csv" in outputs.pop()


def _hashes_under(seed):
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", HASH_DATA],
        env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(root), "PATH": ""},
        cwd=root, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout


def test_an_incomplete_run_is_not_sealed(run, key):
    short = run.model_copy(update={"entries": run.entries[:-1]})
    with pytest.raises(BundleError, match=r"expected 10 windows, found 9: resume it"):
        seal(short, key=key)


def test_a_run_without_windows_is_not_sealed(run, key):
    header = run.header.model_copy(update={"planned_windows": 0})
    with pytest.raises(BundleError, match="expected 0 windows, found 0"):
        seal(run.model_copy(update={"entries": (), "header": header}), key=key)


def test_a_header_of_another_run_is_not_sealed(run, key):
    header = run.header.model_copy(update={"run_id": "0" * 32})
    with pytest.raises(BundleError, match="name different runs"):
        seal(run.model_copy(update={"header": header}), key=key)


def test_a_resumed_run_names_each_of_its_processes(run, key, judge):

    session = run.sessions[0].model_copy(update={"reason": "resume", "first_window": 5})
    resumed = run.model_copy(update={"sessions": (*run.sessions, session)})
    examination = judge(seal(resumed, key=key))
    graph = json.loads(examination.contents["ro-crate-metadata.json"])["@graph"]
    actions = [item for item in graph if item["@type"] == "CreateAction"]
    assert [action["actionStatus"].rsplit("/", 1)[1] for action in actions] == [
        "FailedActionStatus", "CompletedActionStatus",
    ]  # fmt: skip


def test_audio_stays_outside_unless_its_folder_is_given(run, key, judge):
    examination = judge(seal(with_audio(run, (make_clip(),)), key=key))
    assert b"000000-0.wav" in examination.contents["audio.csv"]
    assert not any(name.startswith("audio/") for name in examination.contents)


def test_audio_goes_in_with_its_folder(run, key, judge, tmp_path):
    (tmp_path / "000000-0.wav").write_bytes(b"RIFF")
    examination = judge(seal(with_audio(run, (make_clip(),)), key=key, audio_dir=tmp_path))
    assert examination.verdict is Verdict.INTEGRITY_ONLY
    assert examination.contents["audio/000000-0.wav"] == b"RIFF"


def test_audio_that_is_not_what_was_measured_is_not_sealed(run, key, tmp_path):
    (tmp_path / "000000-0.wav").write_bytes(b"JUNK")
    with pytest.raises(BundleError, match=r"clip 000000-0.wav: differs from what was measured"):
        seal(with_audio(run, (make_clip(),)), key=key, audio_dir=tmp_path)


def test_missing_audio_is_named(run, key, tmp_path):
    with pytest.raises(BundleError, match=r"clip 000000-0.wav: cannot be read"):
        seal(with_audio(run, (make_clip(),)), key=key, audio_dir=tmp_path)


def test_a_clip_cannot_name_a_path_outside_the_bundle(run, key, tmp_path):
    (tmp_path / "audio").mkdir()
    (tmp_path / "secret").write_bytes(b"RIFF")
    with pytest.raises(BundleError, match="path not allowed"):
        seal(
            with_audio(run, (make_clip().model_copy(update={"name": "../secret"}),)),
            key=key, audio_dir=tmp_path / "audio",
        )  # fmt: skip


def test_a_run_on_the_cpu_is_a_valid_demonstration(key, judge):
    examination = judge(seal(make_run(), key=key))
    assert examination.verdict is Verdict.INTEGRITY_ONLY
    assert examination.bundle_class == "demonstration"


def test_a_run_on_a_simulated_gpu_is_a_valid_demonstration(key, judge):
    examination = judge(seal(make_run(gpu=make_gpu(simulated=True)), key=key))
    assert examination.verdict is Verdict.INTEGRITY_ONLY
    assert examination.bundle_class == "demonstration"
