#!/usr/bin/env python3
"""Writes tests/parity/two_state.json: the prior over substitutions with numpy, and the model two_state with torch in f64.

usage: tests/parity/make_two_state.py > tests/parity/two_state.json   (needs numpy and torch)
Parameters are 0.4 sin(0.7 i + k), i within tensor k; dropout off, so that only its place is left to other tests.
"""
import json
import pathlib
import re

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

ROOT = pathlib.Path(__file__).resolve().parents[2]
SYMBOLS = "ACDEFGHIKLMNPQRSTVWY*"
CONTACTS = [[0, 2], [1, 4], [2, 5], [0, 5], [3, 6]]  # 7 touches nothing
WILD = "MKALWGSC"
ROWS = ["MKALWGSC", "MKALWGSC", "MKALWGSC", "MRALWGSC", "MKVLWGSC", "MKAL*GSC", "MKALW*SC", "MRVLWGSC", "MKALWGTC", "LKALWGSY", "MRAL*GTC"]
LABELS = [3.7, 3.6, 3.8, 3.5, 1.4, 1.31, 1.3, 1.5, 3.4, 2.6, 1.9]
WEIGHTS = [1, 1, 2, 1, 1, 1, 0.5, 1, 1, 1, 1]
THRESHOLD, NOISE = 2.5, 0.13
SHAPES = {"narrow": (8, 32, F.softplus, 3e-3, 1e-3), "wide": (64, 128, F.relu, 1e-3, 1e-4)}


def components():
    text = (ROOT / "models/blocks/aaindex.cpp").read_text()
    text = re.sub(r"//.*", "", text[text.index("kTable = {{"):])
    return np.array([float(x) for x in re.findall(r"(-?\d+\.?\d*(?:[eE]-?\d+)?)F", text)]).reshape(-1, 19)[:20]


def prior(substitutions, contacts):
    table = components()
    table /= np.sqrt((table ** 2).sum(1).mean())
    alike = np.eye(22)  # the last is padding
    alike[:20, :20] = np.exp(-((table[:, None] - table[None]) ** 2).sum(-1) / (2 * 1.5 ** 2))
    pos, old, new = (np.array(x) for x in zip(*substitutions))
    stop = new >= 20
    none = (~stop[:, None] & ~stop[None]).astype(float)
    A, W = alike[np.ix_(new, new)], alike[np.ix_(old, old)]
    K = 0.3 * np.eye(len(pos)) + none * (pos[:, None] == pos[None]) * (0.3 + A) + 0.3 * none * A * W + 2.0 * (stop[:, None] & stop[None])
    if contacts:
        C = np.zeros((len(WILD), len(WILD)))
        for i, j in contacts:
            C[i, j] = C[j, i] = 1
        root = np.maximum(C.sum(1), 1) ** -0.5
        values, vectors = np.linalg.eigh(root[:, None] * (np.diag(C.sum(1)) - C) * root[None])
        near = (vectors * np.exp(-2 * values)) @ vectors.T
        near /= np.sqrt(np.outer(np.diag(near), np.diag(near)))
        K = K + 0.5 * none * near[np.ix_(pos, pos)] * (0.5 + 0.5 * A)
    return K


class Net(nn.Module):
    def __init__(self, inputs, names):
        super().__init__()
        self.parts = nn.ModuleDict()
        for name in names:
            d, h = SHAPES[name][:2]
            self.parts[name] = nn.ModuleDict({"hidden": nn.Linear(d, h), "out": nn.Linear(h, 2), "skip": nn.Linear(d, 2)})
            self.parts[name].register_parameter("traits", nn.Parameter(torch.zeros(inputs, d)))
        self.dark = nn.Parameter(torch.zeros(1))
        self.double()

    def order(self):
        for name, part in self.parts.items():
            yield from ((f"{name}.traits", part.traits), (f"{name}.hidden.weight", part["hidden"].weight), (f"{name}.hidden.bias", part["hidden"].bias),
                        (f"{name}.out.weight", part["out"].weight), (f"{name}.out.bias", part["out"].bias),
                        (f"{name}.skip.weight", part["skip"].weight), (f"{name}.skip.bias", part["skip"].bias))
        yield "dark", self.dark

    def told(self, x):
        out = []
        for name, part in self.parts.items():
            z = x @ part.traits
            q = part["skip"](z) + part["out"](SHAPES[name][2](part["hidden"](z)))
            out.append((2.5 + 3 * q[:, 0], THRESHOLD + 8 * NOISE + 1.5 * NOISE * q[:, 1]))
        return out

    def loss(self, x, y, w):
        bright = (y > THRESHOLD).double()
        each = (1 - bright) * 0.5 * ((y - self.dark) / NOISE) ** 2
        penalty = 0
        for (name, part), (odds, level) in zip(self.parts.items(), self.told(x)):
            each = each + 2 * F.binary_cross_entropy_with_logits(odds, bright, reduction="none")
            each = each + bright * F.huber_loss((y - level) / NOISE, torch.zeros_like(y), delta=2.5, reduction="none")
            penalty = penalty + SHAPES[name][3] * (part.traits ** 2).sum()
            penalty = penalty + SHAPES[name][4] * sum((p ** 2).sum() for n, p in part.named_parameters() if n != "traits")
        return (each * w).sum() / w.sum() + penalty

    def predict(self, x):
        told = self.told(x)
        p = torch.stack([torch.sigmoid(odds) for odds, _ in told]).mean(0)
        m = torch.stack([level for _, level in told]).mean(0)
        variance = p * (1 - p) * (m - self.dark) ** 2 + NOISE ** 2
        return torch.stack([p * m + (1 - p) * self.dark, variance.log() / 2], 1)


def main():
    codes = np.array([[SYMBOLS.index(c) for c in row] for row in ROWS])
    wild = np.array([SYMBOLS.index(c) for c in WILD])
    substitutions = sorted({(int(p), int(wild[p]), int(row[p])) for row in codes for p in range(len(WILD)) if row[p] != wild[p]},
                           key=lambda s: (s[0], s[2]))
    substitutions.append((len(WILD) - 1, int(wild[-1]), 21))  # that a row ends early; none does
    result = {"rows": ROWS, "labels": LABELS, "weights": WEIGHTS, "contacts": CONTACTS, "substitutions": substitutions, "networks": []}
    result["covariance"] = {"with": prior(substitutions, CONTACTS).ravel().tolist(), "without": prior(substitutions, []).ravel().tolist()}
    S = np.array([[float(row[p] == new) for p, _, new in substitutions] for row in codes])
    for decoders, names, contacts in (("both", ["narrow", "wide"], True), ("narrow", ["narrow"], True), ("wide", ["wide"], False)):
        x = torch.tensor(S @ np.linalg.cholesky(prior(substitutions, CONTACTS if contacts else [])))
        y, w = torch.tensor(LABELS), torch.tensor(WEIGHTS)
        y, w = y.double(), w.double()
        net = Net(len(substitutions), names)
        with torch.no_grad():
            for k, (_, p) in enumerate(net.order()):
                p.copy_((0.4 * torch.sin(0.7 * torch.arange(p.numel(), dtype=torch.float64) + k)).view_as(p))
        loss = net.loss(x, y, w)
        loss.backward()
        one = {"decoders": decoders, "contacts": contacts, "loss": loss.item(), "predicted": net.predict(x).detach().ravel().tolist(),
               "gradient_norms": {n: p.grad.norm().item() for n, p in net.order()}}
        adam = torch.optim.Adam([p for _, p in net.order()], 5e-3)
        for _ in range(20):
            adam.zero_grad()
            net.loss(x, y, w).backward()
            adam.step()
        one["after"] = {"loss": net.loss(x, y, w).item(), "predicted": net.predict(x).detach().ravel().tolist()}
        result["networks"].append(one)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
