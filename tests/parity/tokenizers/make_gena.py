#!/usr/bin/env python3
"""Writes gena/tokenizer.json: GENA-LM's structure (t2t models) with merges trained on random DNA.

usage: make_gena.py [FOLDER] [ENTRIES]; the fixture has 2000. Needs tokenizers 0.23.3.
"""
import json
import pathlib
import random
import sys

from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "gena")
    entries = int(sys.argv[2]) if len(sys.argv) > 2 else 2000
    draw = random.Random(7)
    motifs = ["".join(draw.choices("ACGT", k=draw.randrange(3, 40))) for _ in range(400)] + ["A" * 30, "ACACACACACAC", "NNNN", "TN"]
    texts = []
    for _ in range(entries // 4):
        text = "".join(draw.choice(motifs) if draw.random() < 0.5 else "".join(draw.choices("ACGT", k=9)) for _ in range(60))
        texts.append(text + "".join(draw.choices("ACGTNRYKMSWB", k=8)))
    made = Tokenizer(models.BPE(unk_token="[UNK]"))
    made.normalizer = normalizers.Sequence([normalizers.Strip(), normalizers.Replace(Regex("N{10,}"), "-")])
    made.pre_tokenizer = pre_tokenizers.Split("-", "isolated")
    specials = [AddedToken(t, normalized=False, special=True) for t in ("[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]", "-")]
    made.train_from_iterator(texts, trainers.BpeTrainer(vocab_size=entries, special_tokens=specials, initial_alphabet=list("ABCGKMNRSTWY"), show_progress=False))
    made.post_processor = processors.BertProcessing(("[SEP]", 2), ("[CLS]", 1))
    folder.mkdir(parents=True, exist_ok=True)
    made.save(str(folder / "tokenizer.json"), pretty=False)
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "PreTrainedTokenizerFast"}) + "\n")


if __name__ == "__main__":
    main()
