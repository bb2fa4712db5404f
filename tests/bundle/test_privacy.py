"""Nothing in a bundle names a person, a place or a machine, and no secret leaves."""

from __future__ import annotations

import getpass
import json
import socket
import uuid

import pytest

from repro.bundle import payload, privacy, seal
from repro.bundle.verify import ATTESTATION, _signed_statements
from repro.records import Environment, Window
from tests.bundle.forge import unzip
from tests.factories import make_gpu, make_run

SECRETS = (
    "alice", "/home", "C:\\Users", "hf_abcdefghijklmnop", "ghp_0123456789abcdef",
    "GPU-12345678-1234-1234-1234-123456789abc", "10.20.30.40", "de:ad:be:ef:00:01",
    "hunter2", "node017.cluster.example", "\x1b[31m",
)  # fmt: skip

SENTENCE = (
    "cannot open /home/alice/models/x.py or C:\\Users\\alice\\key.pem "
    "with hf_abcdefghijklmnop, ghp_0123456789abcdef, password=hunter2 on "
    "GPU-12345678-1234-1234-1234-123456789abc at 10.20.30.40 (de:ad:be:ef:00:01), "
    "ask alice@node017.cluster.example \x1b[31m"
)


def leaky_run():
    """Put the sentence wherever somebody or some library may write freely."""
    run = make_run(gpu=make_gpu())
    header = run.header
    url = "--extra-index-url https://alice:hunter2@pypi.example/simple\n"
    environment = header.environment.model_copy(
        update={
            "weights": "/home/alice/weights",
            "device": "simulated:/home/alice/gpu.json",
            "deviations": ("weights: /home/alice/weights",),
        }
    )
    request = {
        "tier": "full",
        "model": "audioldm",
        "out": "/home/alice/out",
        "key": "/home/alice/key.pem",
        "weights": "../../home/alice/weights",
        "HF_TOKEN": "hf_abcdefghijklmnop",
        "protocol": {"prompt": "a dog barks", "file": "~alice/protocol.toml"},
    }
    header = header.model_copy(
        update={
            "environment": environment,
            "request": request,
            "requirements_lock": url + header.requirements_lock,
            "model_toml": header.model_toml + '\n# token = "hf_abcdefghijklmnop"\n',
        }
    )
    row = run.entries[0].row.model_copy(update={"detail": SENTENCE, "disturbances": SENTENCE})
    entries = (run.entries[0].model_copy(update={"row": row}), *run.entries[1:])
    return run.model_copy(update={"header": header, "entries": entries})


@pytest.mark.parametrize("secret", SECRETS, ids=ascii)
def test_no_secret_of_a_run_is_in_its_bundle(key, secret):
    sealed = seal(leaky_run(), key=key)
    assert secret.encode() not in sealed
    assert json.dumps(secret)[1:-1].encode() not in sealed


def test_no_secret_is_in_the_signed_statements(key):

    lines = unzip(seal(leaky_run(), key=key))[ATTESTATION]
    text = json.dumps(_signed_statements(lines, key.public))
    assert [secret for secret in SECRETS if secret in text] == []


def test_a_leaky_run_is_still_a_good_bundle(judge, key):
    contents = judge(seal(leaky_run(), key=key)).contents
    request = payload.read(contents).header.request
    assert request["tier"] == "full"
    assert request["protocol"]["prompt"] == "a dog barks"
    assert "out" not in request


def test_the_name_of_this_machine_and_of_its_user_are_taken_out(monkeypatch):
    monkeypatch.setattr(socket, "gethostname", lambda: "gpu-node-17.example")
    monkeypatch.setattr(getpass, "getuser", lambda: "carol")
    text = privacy.clean_text("carol on gpu-node-17.example, alias gpu-node-17: carolina")
    assert text == "<name> on <name>, alias <name>: carolina"


def test_a_user_without_a_name_is_no_error(monkeypatch):
    def nobody():
        raise KeyError("getpwuid(): uid not found: 1234")

    monkeypatch.setattr(getpass, "getuser", nobody)
    assert privacy.clean_text("fine") == "fine"


def test_this_machine_is_not_named_in_a_bundle(sealed):
    assert str(uuid.getnode()).encode() not in sealed
    host = socket.gethostname()
    assert len(host) < 5 or host.encode() not in sealed


@pytest.mark.parametrize(
    "text",
    [
        "CUDA out of memory: tried to allocate 2.00 GiB and/or more",
        "cvssp/audioldm-s-full-v2 at 24/7",
        "see https://github.com/haoheliu/AudioLDM",
        "hf://cvssp/audioldm@main",
        "12.5 W / 300 W",
        "torch 2.5.1+cu124",
    ],
)
def test_ordinary_sentences_stay_as_they_are(text):
    assert privacy.clean_text(text) == text


def test_the_name_of_a_file_helps_and_stays():
    assert privacy.clean_text("in /opt/envs/a/pipeline.py line 3") == "in <path>/pipeline.py line 3"


def test_versions_of_libraries_are_no_addresses():
    assert privacy.clean_value({"nvidia-cublas": "12.4.5.8"}) == {"nvidia-cublas": "12.4.5.8"}


def test_broken_text_becomes_text():
    assert privacy.clean_text("a\ud800b\x00c") == "a?b c"


def test_environment_and_rows_have_no_field_for_a_person_or_a_machine():
    def names(schema):
        for shape in (schema, *schema.get("$defs", {}).values()):
            yield from shape.get("properties", {})

    fields = {*names(Environment.model_json_schema()), *names(Window.model_json_schema())}
    forbidden = (
        "host",
        "user",
        "serial",
        "uuid",
        "path",
        "token",
        "address",
        "latitude",
        "country",
    )
    assert [name for name in fields for word in forbidden if word in name] == []
