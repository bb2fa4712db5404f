"""Save a tiny AudioLDM as diffusers would, and what diffusers' own pipeline makes of it.

Runs in the model's interpreter: ``save_tiny.py MODELS FOLDER``. The tokenizer is a real one
with the letters as its vocabulary; ``reference.json`` holds 16-bit samples.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

models, folder = Path(sys.argv[1]), Path(sys.argv[2])
sys.path.insert(0, str(models))

from shared import weights  # noqa: E402 - the path is an argument

# isort: split

import numpy as np  # noqa: E402
import torch  # noqa: E402, TID253 - in its own environment
from diffusers import AudioLDMPipeline, DDIMScheduler  # noqa: E402, TID253
from transformers import RobertaTokenizerFast  # noqa: E402
from transformers.models.gpt2.tokenization_gpt2 import bytes_to_unicode  # noqa: E402


def make_tokenizer():
    letters = ["<s>", "<pad>", "</s>", "<unk>", *bytes_to_unicode().values()]
    vocabulary, merges = folder / "letters.json", folder / "merges.txt"
    vocabulary.write_text(json.dumps({letter: i for i, letter in enumerate(letters)}))
    merges.write_text("#version: 0.2\n")
    return RobertaTokenizerFast(str(vocabulary), str(merges), model_max_length=512)


def load_adapter():
    spec = importlib.util.spec_from_file_location("adapter", models / "audioldm" / "adapter.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main():
    adapter = load_adapter()
    parts = adapter.parts("tiny")
    networks = weights.load_all(parts, None, seed=7, dtype=torch.float32, attention="eager")
    AudioLDMPipeline(
        **networks, tokenizer=make_tokenizer(), scheduler=DDIMScheduler(**adapter.SCHEDULER)
    ).save_pretrained(folder)
    pipeline = AudioLDMPipeline.from_pretrained(folder)
    pipeline.set_progress_bar_config(disable=True)
    audio = pipeline(
        "rain",
        negative_prompt="Low quality.",
        num_inference_steps=2,
        audio_length_in_s=0.64,
        generator=torch.Generator().manual_seed(0),
    ).audios[0]
    samples = np.rint(np.clip(audio, -1, 1) * 32767).astype(int).tolist()
    (folder / "reference.json").write_text(json.dumps(samples))


main()
