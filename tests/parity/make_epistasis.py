"""Writes epistasis.json: outputs, losses, gradients and 20 steps of Adam of the global-epistasis network in torch, and
ridge over explicit pair columns by scikit-learn.

usage: python make_epistasis.py > epistasis.json        (torch, numpy, scikit-learn)

Parameter entry i of the k-th parameter is 0.4 sin(0.7 i + k), so that no weights need to be stored.
"""
import itertools
import json
import math
import sys

import numpy as np
import sklearn
import torch
from sklearn.linear_model import Ridge
from torch import nn
from torch.nn import functional as F

SETS = [[], [0], [2, 5], [1, 3, 6], [0, 4], [2, 3, 4, 5]]
FEATURES, TARGETS = 7, 2
CODES, SYMBOLS = [[0, 1, 2, 3], [0, 1, 2, 3], [0, 2, 2, 4], [1, 1, 0, 3], [3, 3, 2, 3]], 4


class Epistasis(nn.Module):
    def __init__(self, features, units, traits, activation, noise, shared):
        super().__init__()
        self.activation, self.noise, self.traits, self.shared = getattr(torch, activation), noise, traits, shared
        shapes = {"additive": (features, TARGETS * traits)}
        if shared:
            shapes |= {"site": (features // (SYMBOLS + 1), TARGETS * traits), "symbol": (SYMBOLS + 1, TARGETS * traits)}
        shapes |= {"slope": (TARGETS, units, traits), "shift": (TARGETS, units), "height": (TARGETS, units),
                   "offset": (TARGETS,)}
        if noise != "none":
            shapes["log_sd"] = (TARGETS,) if noise == "gaussian" else (3, TARGETS)
        for k, (name, shape) in enumerate(shapes.items()):
            values = 0.4 * torch.sin(0.7 * torch.arange(math.prod(shape)).double() + k)
            self.register_parameter(name, nn.Parameter(values.view(shape)))

    def forward(self, x):
        weights = self.additive
        if self.shared:
            weights = weights + self.site.repeat_interleave(SYMBOLS + 1, 0) + self.symbol.repeat(len(self.site), 1)
        phi = (x @ weights).view(len(x), TARGETS, self.traits)
        z = torch.einsum("btk,tuk->btu", phi, F.softplus(self.slope)) + self.shift
        y = self.offset + (F.softplus(self.height) * self.activation(z)).sum(2)
        if self.noise == "none":
            return y, None
        if self.noise == "gaussian":
            return y, self.log_sd.expand_as(y)
        return y, 4 * torch.tanh((self.log_sd[0] + self.log_sd[1] * y + self.log_sd[2] * y ** 2) / 4)

    def loss(self, x, labels):
        y, log_sd = self(x)
        if log_sd is None:
            return F.mse_loss(y, labels)
        return -torch.distributions.Normal(y, log_sd.exp()).log_prob(labels).mean()


def multi_hot(sets, width):
    x = torch.zeros(len(sets), width).double()
    for i, members in enumerate(sets):
        x[i, members] = 1
    return x


def coded():
    """Features of codes: position x symbol (padding counted), but for the commonest symbol of a position."""
    commonest = [int(np.bincount(column, minlength=SYMBOLS + 1).argmax()) for column in np.array(CODES).T]
    return [[p * (SYMBOLS + 1) + code for p, code in enumerate(row) if code != commonest[p]] for row in CODES]


def network_case(view, units, traits, activation, noise, shared):
    x = multi_hot(SETS, FEATURES) if view == "mutations" else multi_hot(coded(), len(CODES[0]) * (SYMBOLS + 1))
    network = Epistasis(x.shape[1], units, traits, activation, noise, shared)
    labels = torch.cos(torch.arange(len(x) * TARGETS).double()).view(len(x), TARGETS)
    y, log_sd = network(x)
    loss = network.loss(x, labels)
    loss.backward()
    case = {"view": view, "units": units, "traits": traits, "activation": activation, "noise": noise, "shared": shared,
            "outputs": (y if log_sd is None else torch.cat([y, log_sd], 1)).flatten().tolist(), "loss": loss.item(),
            "gradients": {name: p.grad.flatten().tolist() for name, p in network.named_parameters()}}
    optimizer = torch.optim.Adam(network.parameters(), lr=0.02)
    case["losses"] = []
    for _ in range(20):
        optimizer.zero_grad()
        loss = network.loss(x, labels)
        loss.backward()
        optimizer.step()
        case["losses"].append(loss.item())
    return case


def ridge_cases():
    draw = np.random.default_rng(3)
    sets = [sorted(draw.choice(9, draw.integers(0, 5), replace=False).tolist()) for _ in range(60)]
    train, min_rows = 45, 3
    targets = np.round(draw.normal(size=(60, 2)) + [[len(s) - (0 in s and 1 in s), 4 * (2 in s)] for s in sets], 3)
    weights = draw.integers(1, 5, 60) / 2
    single = np.array([[f in s for f in range(9)] for s in sets], float)
    pairs = [(a, b) for a, b in itertools.combinations(range(9), 2)
             if (single[:train, a] * single[:train, b]).sum() >= min_rows]
    x = np.concatenate([single, np.stack([single[:, a] * single[:, b] for a, b in pairs], 1)], 1)
    cases = []
    for strength in [0.01, 1.0, 100.0]:
        model = Ridge(alpha=strength, solver="cholesky").fit(x[:train], targets[:train], sample_weight=weights[:train])
        cases.append({"strength": strength, "predictions": model.predict(x).flatten().tolist()})
    return {"sets": sets, "features": 9, "train": train, "min_pair_rows": min_rows, "pairs": len(pairs),
            "targets": targets.flatten().tolist(), "weights": weights.tolist(), "cases": cases}


def main():
    json.dump({
        "torch": torch.__version__, "sklearn": sklearn.__version__, "sets": SETS, "features": FEATURES, "targets": TARGETS,
        "codes": CODES, "symbols": SYMBOLS,
        "networks": [network_case("mutations", 4, 1, "sigmoid", "none", False),
                     network_case("mutations", 3, 2, "tanh", "gaussian", False),
                     network_case("mutations", 5, 1, "sigmoid", "heteroscedastic", False),
                     network_case("one_hot", 4, 2, "tanh", "none", True)],
        "pair_ridge": ridge_cases(),
    }, sys.stdout, separators=(",", ":"))
    print()


main()
