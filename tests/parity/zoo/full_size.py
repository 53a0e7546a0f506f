#!/usr/bin/env python3
"""Models of the published sizes with random weights: the program's logits and vectors beside the reference's.

usage: full_size.py SEQBENCH [NAME ...]
Prints for each: parameters, largest differences of logits and of the mean-pooled last layer, relative to the largest value.
needs: transformers 5.23, torch; up to 5 GB of memory and of disk for the largest
"""
import io
import json
import pathlib
import subprocess
import sys
import tempfile
import random

import torch
from safetensors.torch import save_file

import make_zoo
from make_zoo import bert, encode, esm, padded

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + [f"w{i}" for i in range(30517)]
GENA = ["[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]"] + [f"w{i}" for i in range(31995)]
MERS = ["".join(p) for p in __import__("itertools").product("ATCG", repeat=6)]
NT1 = ["<unk>", "<pad>", "<mask>", "<cls>", *MERS, *"ATCGN", "<eos>", "<bos>"]
NT2 = ["<unk>", "<pad>", "<mask>", "<cls>", "<eos>", "<bos>", *MERS, *"ATCGN"]
LONG = dict(position_embedding_type="rotary", token_dropout=False, tie_word_embeddings=False, add_bias_fnn=False,
            max_position_embeddings=2050)
# name: (family of make_zoo, vocabulary, configuration, tokens of the longest text, labels, parameters of the classifier)
MODELS = {
    "dream-bert": ("bert", WORDS[:10], bert(768, 12, 12, 3072, max_position_embeddings=512), 128, 1, 86_049_793),
    "distilbert-base": ("distilbert", WORDS, dict(dim=768, n_layers=6, n_heads=12, hidden_dim=3072), 200, 1, 66_954_241),
    "gena-lm-bert-base-t2t": ("gena_lm", GENA, bert(768, 12, 12, 3072, last_layer_norm=False), 200, 2, 110_618_882),
    "gena-lm-bigbird-base-t2t": ("bigbird", GENA, bert(768, 12, 12, 3072, max_position_embeddings=4096), 900, 2, 113_961_986),
    "esm2-8m": ("esm2", make_zoo.PROTEIN, esm(320, 6, 20, 1280, position_embedding_type="rotary", token_dropout=True,
                                              layer_norm_eps=1e-5, max_position_embeddings=1026), 240, 2, 7_512_443),
    "nucleotide-transformer-v2-50m": ("nt2", NT2, esm(512, 12, 16, 2048, **LONG), 175, 2, 53_798_083 - 2050 * 512),
    "nucleotide-transformer-500m": ("nt1", NT1, esm(1280, 24, 20, 5120, max_position_embeddings=1002, token_dropout=True,
                                                    tie_word_embeddings=False), 175, 2, None),
}


def run(program, command, folder, texts):
    done = subprocess.run([program, command, "--model", str(folder), "--input", "-", "--format", "tsv", "--quiet"], check=True,
                          input="".join(text + "\n" for text in texts), capture_output=True, text=True)
    return torch.tensor([[float(v) for v in line.split("\t")[1:]] for line in io.StringIO(done.stdout).readlines()[1:]])


def compare(program, name, scratch):
    family, vocab, sizes, longest, labels, parameters = MODELS[name]
    make_zoo.vocabulary = lambda _: vocab
    torch.manual_seed(1)
    model, _, pad, config = make_zoo.build(family, sizes, vocab, labels, initializer_range=0.05)
    make_zoo.scatter_norms(model, torch.Generator().manual_seed(2))
    counted = sum(p.numel() for p in model.parameters())
    model.eval()
    folder = pathlib.Path(scratch) / name
    make_zoo.write_folder(folder, family, model.state_dict(), config, vocab, 0)
    draw = random.Random(3)
    words = [w for w in vocab if w[0] not in "[<" and (family != "esm2" or w in "LAGVSERTIDPKQNFYMHWC") and
             (family not in ("nt1", "nt2") or len(w) == 6)]
    lengths = [0, longest - 2] + [draw.randrange(2, longest - 2) for _ in range(4)]
    texts = [("" if family == "esm2" else " ").join(draw.choice(words) for _ in range(n)) for n in lengths]
    texts.sort(key=len, reverse=True)  # BigBird's reference changes its attention for good after a short text
    rows = encode(family, texts, vocab)
    logits, means = [], []
    for row in rows:
        ids, keep = padded([row], pad)
        with torch.no_grad():
            output = model(input_ids=ids, attention_mask=keep, output_hidden_states=True)
        logits.append(output.logits[0])
        means.append(output.hidden_states[-1][0, :len(row)].mean(0))
    texts = [t if t else " " for t in texts]
    worst = []
    for command, expected in (("predict", torch.stack(logits)), ("embed", torch.stack(means))):
        found = run(program, command, folder, texts)
        worst.append(((found - expected).abs().max() / max(1.0, expected.abs().max().item())).item())
    good = max(worst) < 1e-5 and parameters in (None, counted)
    print(f"{name}: {counted:,} parameters, logits {worst[0]:.1e}, vectors {worst[1]:.1e}{'' if good else '  FAILED'}", flush=True)
    return good


def main():
    program, names = sys.argv[1], sys.argv[2:] or list(MODELS)
    good = True
    for name in names:
        with tempfile.TemporaryDirectory() as scratch:
            good = compare(program, name, scratch) and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
