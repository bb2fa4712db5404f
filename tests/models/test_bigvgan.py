"""Properties of the vocoder, each computed in the interpreter of the models."""

from __future__ import annotations

import json
import math
import subprocess

import pytest

from tests.models.drive import MODELS, find_interpreter, quiet_cores

SCRIPT = """
import json, math, sys
sys.path.insert(0, sys.argv[1])
from shared import bigvgan, randomfill
import torch
torch.manual_seed(0)
torch.set_grad_enabled(False)
part = bigvgan.vocoder("tiny")
network = randomfill.fill(part, seed=0, dtype=torch.float32, attention="eager")
activation = bigvgan.AntiAliased(3)
activation.act.alpha.copy_(torch.tensor([-0.5, 0.0, 0.7]))
activation.act.beta.copy_(torch.tensor([0.3, 0.0, -0.4]))
answer = {}

mel = torch.randn(2, 80, 9)
answer["lengths"] = [network(torch.randn(1, 80, n)).shape[-1] for n in (1, 2, 9)]
audio = network(mel)
answer["peak"] = audio.abs().max().item()
answer["alone"] = (network(mel[:1]) - audio[:1]).abs().max().item()
answer["kept"] = [list(activation(torch.randn(2, 3, n)).shape) for n in (1, 2, 7, 64)]
answer["constant"] = activation(torch.full((1, 3, 40), 1.5))[0].tolist()
answer["taps"] = bigvgan.lowpass().flatten().tolist()

time = torch.arange(400.0)
slow = torch.sin(2 * math.pi * 0.02 * time).expand(1, 3, -1)
there = activation.downsample(activation.upsample(slow))
answer["through"] = (there - slow)[..., 20:-20].abs().max().item()
fast = torch.sin(2 * math.pi * 0.45 * time).expand(1, 1, -1)  # of the doubled rate
answer["stopped"] = activation.downsample(fast)[..., 20:-20].abs().max().item()

conv = network.conv_pre
before = network(mel)
conv.weight_v.mul_(3.0)  # a direction has no length
answer["direction"] = (network(mel) - before).abs().max().item()
bare = torch.nn.functional.conv1d(mel, conv.weight_v, padding=3)
norm = conv.weight_v.flatten(1).norm(dim=1)
plain = bare * (conv.weight_g[:, 0, 0] / norm)[None, :, None] + conv.bias[None, :, None]
answer["normed"] = (conv(mel) - plain).abs().max().item()
conv.weight_g.mul_(0.0)
answer["silenced"] = (conv(mel) - conv.bias[None, :, None]).abs().max().item()
answer["names"] = sorted(network.state_dict())
print(json.dumps(answer))
"""


@pytest.fixture(scope="module")
def found():
    command = [find_interpreter("diffusers"), "-W", "error", "-c", SCRIPT, MODELS]
    result = subprocess.run(
        command, check=True, timeout=120, env=quiet_cores(), stdout=subprocess.PIPE
    )
    return json.loads(result.stdout)


def test_a_mel_frame_makes_256_samples(found):
    assert found["lengths"] == [256, 512, 2304]


def test_samples_stay_within_full_scale(found):
    assert 0.01 < found["peak"] <= 1.0


def test_a_clip_does_not_depend_on_its_batch(found):
    assert found["alone"] < 1e-4


def test_the_anti_aliased_activation_keeps_the_length(found):
    assert found["kept"] == [[2, 3, n] for n in (1, 2, 7, 64)]


def test_on_a_constant_it_is_the_plain_formula(found):
    for alpha, beta, row in zip((-0.5, 0.0, 0.7), (0.3, 0.0, -0.4), found["constant"], strict=True):
        expected = 1.5 + math.sin(1.5 * math.exp(alpha)) ** 2 / math.exp(beta)
        assert row == pytest.approx([expected] * 40, abs=1e-5)


def test_the_low_pass_is_symmetric_and_passes_a_constant(found):
    taps = found["taps"]
    assert len(taps) == 12
    assert taps == pytest.approx(taps[::-1], abs=1e-7)
    assert sum(taps) == pytest.approx(1.0, abs=1e-6)


def test_there_and_back_again_passes_the_lower_band_and_stops_the_upper(found):
    assert found["through"] < 0.01
    assert found["stopped"] < 0.01


def test_weight_norm_is_a_gain_and_a_direction(found):
    assert found["normed"] < 1e-4
    assert found["silenced"] == 0.0
    assert found["direction"] < 1e-4


def test_tensors_have_the_names_of_nvidias_checkpoints(found):
    assert {
        "conv_pre.weight_g",
        "conv_pre.weight_v",
        "conv_pre.bias",
        "ups.5.0.weight_v",
        "resblocks.0.convs1.2.weight_g",
        "resblocks.5.convs2.0.bias",
        "resblocks.0.activations.5.act.alpha",
        "resblocks.0.activations.0.act.beta",
        "resblocks.0.activations.0.upsample.filter",
        "resblocks.0.activations.0.downsample.lowpass.filter",
        "activation_post.act.beta",
        "conv_post.weight_v",
    } < set(found["names"])
    assert len(found["names"]) == 280
