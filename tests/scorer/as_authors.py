"""Scores the way the authors' tools do it, with their own classes: the other side of a test.

Runs in the interpreter of the scorer, in the folder of its engines: ``as_authors.py TASK.json``
makes checkpoints from random numbers, in the published form, and prints what they score.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

# First: it keeps laion-clap from the hub and makes it importable beside a torch without CUDA.
import laion_engine

# isort: split

import fadtk
import librosa
import numpy as np
import soundfile
import torch  # noqa: TID253 - at home in this environment
from checkpoints import FILES, VOCABULARY, fill_random
from transformers import RobertaTokenizer
from transformers.models.gpt2.tokenization_gpt2 import bytes_to_unicode


def build(fusion):
    with laion_engine.without_downloads():
        return laion_engine.laion_clap.CLAP_Module(enable_fusion=fusion, device="cpu")


def save(folder):
    """Make both checkpoints and a tokenizer of the real length; return the networks."""
    modules = {}
    for network, fusion in (("fad", False), ("clap", True)):
        module = modules[network] = build(fusion)
        fill_random(module.model, seed=len(network))
        numbers = {f"module.{name}": one for name, one in module.model.state_dict().items()}
        numbers["module.text_branch.embeddings.position_ids"] = torch.arange(514)[None]
        content = {"epoch": 1, "name": "random", "best": np.float64(0.5), "state_dict": numbers}
        torch.save(content, folder / FILES[network])
    save_tokenizer(folder / "roberta-base")
    return modules


def save_tokenizer(folder):
    folder.mkdir()
    words = ["<s>", "<pad>", "</s>", "<unk>", *bytes_to_unicode().values()]
    words += [f"filler{index}" for index in range(VOCABULARY - len(words) - 1)] + ["<mask>"]
    (folder / "vocab.json").write_text(json.dumps({word: i for i, word in enumerate(words)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")


def embed_as_fadtk(module, files):
    """Return what fadtk keeps for each file, from its own class and its own cache."""
    loader = object.__new__(fadtk.CLAPLaionModel)  # its constructor would download
    fadtk.ModelLoader.__init__(loader, "clap-laion-audio", 512, 48000)
    loader.model = module
    distance = fadtk.FrechetAudioDistance(loader, audio_load_worker=1, load_model=False)
    for path in files:
        distance.cache_embedding_file(path)
    return [str(fadtk.get_cache_embedding_path(loader.name, path)) for path in files]


def distances_of_fadtk(reference, evaluation, seed):
    """Return FAD and FAD-inf of two folders of embeddings."""
    distance = fadtk.FrechetAudioDistance(laion_engine.Embeddings(), 1, load_model=False)
    files = sorted((evaluation / "embeddings" / "clap-laion-audio").glob("*.npy"))
    np.random.seed(seed)  # noqa: NPY002 - fadtk draws from the global generator
    extrapolated = distance.score_inf(reference, files)
    return {
        "fad": float(distance.score(reference, evaluation)),
        "inf": float(extrapolated.score),
        "r2": float(extrapolated.r2),
    }


def clap_plainly(module, tokenizer, files, captions):
    """Return the cosine of each clip and caption, one at a time, as clap_score describes it."""
    module.tokenize = RobertaTokenizer.from_pretrained(str(tokenizer))
    return [
        {"score": float(torch.nn.functional.cosine_similarity(audio, text)),
         "audio": audio[0].tolist(), "text": text[0].tolist()}
        for audio, text in (
            (embed_clip(module, path), module.get_text_embedding([caption], use_tensor=True))
            for path, caption in zip(files, captions, strict=True)
        )
    ]  # fmt: skip


def embed_clip(module, path):
    audio, _ = librosa.load(path, sr=48000, mono=True)
    audio = audio[:480000]
    loudest = np.max(np.abs(audio))
    if loudest > 0:
        audio = audio * (np.power(10.0, -1 / 20) / loudest)
    audio = (np.clip(audio, -1, 1) * 32767.0).astype(np.int16)
    audio = (audio / 32767.0).astype(np.float32)
    return module.get_audio_embedding_from_data(torch.from_numpy(audio)[None], use_tensor=True)


def pcm16(path, samples):
    """Return the 16-bit samples that libsndfile stores for floats."""
    soundfile.write(path, np.array(samples, np.float32), 48000, subtype="PCM_16")
    return soundfile.read(path, dtype="int16")[0].tolist()


def main():
    task = json.loads(Path(sys.argv[1]).read_text())
    paths = {name: Path(task[name]) for name in ("weights", "reference", "evaluation", "scratch")}
    files = [Path(path) for path in task["files"]]
    torch.set_grad_enabled(False)
    modules = save(paths["weights"])
    answer = {
        "clap": clap_plainly(
            modules["clap"], paths["weights"] / "roberta-base", files, task["captions"]
        ),
        "distances": distances_of_fadtk(paths["reference"], paths["evaluation"], task["seed"]),
        "embeddings": embed_as_fadtk(modules["fad"], [Path(one) for one in task["prepared"]]),
        "pcm16": pcm16(paths["scratch"] / "pcm16.wav", task["samples"]),
    }
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
