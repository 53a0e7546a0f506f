#!/usr/bin/env python3
"""Reads folders and adapters that this program wrote with transformers and peft, and compares outputs.

usage: check_folders.py FOLDER: below it one folder a case, with model/ (perhaps model/adapter), texts.json and outputs.json
needs: transformers 5.23, peft 0.21.2, torch
"""
import json
import pathlib
import sys

import torch
from peft import PeftModel
from transformers import AutoModelForSequenceClassification

from make_zoo import CASES, encode, logits_of, vocabulary


def outputs_of(model, family, texts, pad, alone):
    with torch.no_grad():
        logits = logits_of(model, encode(family, texts, vocabulary(family)), pad, alone)
    return logits[:, 1:] - logits[:, :1] if logits.shape[1] == 2 else logits


def main():
    failed = 0
    for folder in sorted(pathlib.Path(sys.argv[1]).iterdir()):
        family = CASES[folder.name][0]
        if family in ("gena_lm", "nt2"):
            continue  # the library has neither: their folders need code of their authors
        texts, expected = (json.loads((folder / name).read_text()) for name in ("texts.json", "outputs.json"))
        model = AutoModelForSequenceClassification.from_pretrained(folder / "model", dtype=torch.float32).eval()
        alone = folder.name == "bigbird_sparse"
        found = {"model": outputs_of(model, family, texts, model.config.pad_token_id, alone)}
        if (folder / "model/adapter").exists():
            base = AutoModelForSequenceClassification.from_pretrained(sys.argv[2] + "/" + folder.name, dtype=torch.float32)
            found["adapter"] = outputs_of(PeftModel.from_pretrained(base, folder / "model/adapter").eval(), family, texts,
                                          base.config.pad_token_id, alone)
        for what, logits in found.items():
            worst = (logits[:, 0] - torch.tensor(expected)).abs().max().item()
            failed += worst > 1e-5
            print(f"{folder.name}: {what} read by the reference, largest difference {worst:.1e}{'  FAILED' if worst > 1e-5 else ''}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
