"""Real tokenizers with the letters as their vocabulary, for checkpoints that a test makes.

Runs in a model's interpreter.
"""

from __future__ import annotations

import json
import string

from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import RobertaTokenizerFast, T5TokenizerFast


def roberta(folder):
    """Make a RoBERTa tokenizer, with its files in the folder."""
    letters = ["<s>", "<pad>", "</s>", "<unk>", *sorted(pre_tokenizers.ByteLevel.alphabet())]
    vocabulary, merges = folder / "letters.json", folder / "merges.txt"
    vocabulary.write_text(json.dumps({letter: i for i, letter in enumerate(letters)}))
    merges.write_text("#version: 0.2\n")
    return RobertaTokenizerFast(str(vocabulary), str(merges), model_max_length=512)


def t5(length):
    """Make a T5 tokenizer: every letter is a piece, and a text ends with ``</s>``."""
    pieces = ["<pad>", "</s>", "<unk>", "\u2581", *string.printable]
    engine = Tokenizer(models.Unigram([(piece, -1.0) for piece in dict.fromkeys(pieces)], 2))
    engine.pre_tokenizer = pre_tokenizers.Metaspace()
    engine.post_processor = processors.TemplateProcessing("$A </s>", special_tokens=[("</s>", 1)])
    return T5TokenizerFast(tokenizer_object=engine, model_max_length=length, extra_ids=0)
