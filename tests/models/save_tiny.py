"""Save a tiny model as diffusers would, and what diffusers' own pipeline makes of it.

Runs in the model's interpreter: ``save_tiny.py MODELS FOLDER NAME``. The tokenizers are real ones
with the letters as their vocabulary; ``reference.json`` holds 16-bit samples, those of all
channels of an instant side by side.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

models, folder, name = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
sys.path[:0] = [str(models), str(Path(__file__).parent)]

from shared import audioldm, randomfill  # noqa: E402 - the path is an argument

# isort: split

import diffusers  # noqa: E402, TID253 - in its own environment
import numpy as np  # noqa: E402
import tiny_tokenizers  # noqa: E402
import torch  # noqa: E402, TID253
from transformers import ClapFeatureExtractor  # noqa: E402

PIPELINES = {
    "audioldm": diffusers.AudioLDMPipeline,
    "audioldm2": diffusers.AudioLDM2Pipeline,
    "stable-audio-open": diffusers.StableAudioPipeline,
}


def load_adapter():
    spec = importlib.util.spec_from_file_location("adapter", models / name / "adapter.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def make_companions(adapter):
    """Return what the pipeline has beside its networks."""
    if name == "stable-audio-open":
        return {
            "tokenizer": tiny_tokenizers.t5(128),
            "scheduler": diffusers.CosineDPMSolverMultistepScheduler(**adapter.SCHEDULER),
        }
    both = {
        "tokenizer": tiny_tokenizers.roberta(folder),
        "scheduler": diffusers.DDIMScheduler(**audioldm.SCHEDULER),
    }
    if name == "audioldm":
        return both
    more = {"tokenizer_2": tiny_tokenizers.t5(128), "feature_extractor": ClapFeatureExtractor()}
    return {**both, **more}


def generate(pipeline):
    """Generate with the length as each pipeline calls it; samples (channels, count)."""
    length = "audio_end_in_s" if name == "stable-audio-open" else "audio_length_in_s"
    audio = pipeline(
        "rain",
        negative_prompt="Low quality.",
        num_inference_steps=2,
        generator=torch.Generator().manual_seed(0),
        **{length: 0.64},
    ).audios[0]
    return np.atleast_2d(np.asarray(audio, dtype=np.float32))


def main():
    adapter = load_adapter()
    parts = adapter.parts("tiny")
    networks = randomfill.fill_all(parts, seed=7, dtype=torch.float32, attention="eager")
    PIPELINES[name](**networks, **make_companions(adapter)).save_pretrained(folder)
    pipeline = PIPELINES[name].from_pretrained(folder)
    pipeline.set_progress_bar_config(disable=True)
    audio = generate(pipeline)
    samples = np.rint(np.clip(audio.T, -1, 1) * 32767).astype(int).ravel().tolist()
    (folder / "reference.json").write_text(json.dumps(samples))


main()
