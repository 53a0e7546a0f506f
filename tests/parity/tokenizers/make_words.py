#!/usr/bin/env python3
"""Writes words/tokenizer.json: DNABERT-2's structure (Whitespace before byte pairs) with merges trained on random texts.

The training splits nothing, so merges reach over the borders of words too; none of those may ever be applied.
usage: make_words.py [FOLDER]. Needs tokenizers 0.23.3.
"""
import json
import pathlib
import random
import sys

from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers, processors, trainers


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "words")
    draw = random.Random(9)
    words = ["".join(draw.choices("ACGT", k=draw.randrange(2, 12))) for _ in range(40)] + ["the", "factor", "K562", "-8.5", "don't", "--", "a_b", "NNN"]
    texts = ["".join(draw.choice(words) + draw.choice(["", " ", "-", "*", "-*", "."]) for _ in range(40)) for _ in range(200)]
    made = Tokenizer(models.BPE(unk_token="[UNK]"))
    specials = [AddedToken(t, normalized=False, special=True) for t in ("[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]")]
    made.train_from_iterator(texts, trainers.BpeTrainer(vocab_size=400, special_tokens=specials, show_progress=False))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1",
                                                        special_tokens=[("[CLS]", 1), ("[SEP]", 2)])
    folder.mkdir(parents=True, exist_ok=True)
    made.save(str(folder / "tokenizer.json"), pretty=False)
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "PreTrainedTokenizerFast"}) + "\n")


if __name__ == "__main__":
    main()
