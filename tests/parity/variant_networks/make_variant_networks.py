#!/usr/bin/env python3
"""Writes small networks of nn4dms, TAPE and Kim's paper with what torch computes from them, for tests/unit/models/variant_parity_test.

usage: make_variant_networks.py
Each NAME.safetensors: initial values, outputs, gradients of the mean squared error and values after 20 full-batch steps, by
parameter; `params` and `rows` in the metadata. All is computed in f64 and kept in f32. The networks are written from their
description (models/nn4dms, models/tape), that of Kim's paper on torch.nn.Transformer: nothing here reads the C++ code. Rows of TAPE's
LSTM and ResNet are computed one at a time, so that there is no padding to disagree about.
needs: torch, safetensors
"""
import json
import math
import pathlib
import re

import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F
from torch.nn.utils import weight_norm

HERE = pathlib.Path(__file__).parent
AMINO = "ACDEFGHIKLMNPQRSTVWY*"
STEPS = 20


def components():
    """The AAindex table of models/blocks/aaindex.cpp, the one thing that is data; a stop has zeros."""
    text = (HERE.parents[2] / "models/blocks/aaindex.cpp").read_text()
    table = torch.tensor([float(v) for v in re.findall(r"(-?\d[\d.e-]*)F", text)]).view(20, 19)
    return torch.cat([table, torch.zeros(1, 19)]).double()


def encoded(rows):
    codes = torch.tensor([[AMINO.index(c) for c in row] for row in rows])
    return torch.cat([F.one_hot(codes, 21).double(), components()[codes]], -1)


class Variant(nn.Module):
    """Hidden layers and output of the nn4dms networks."""

    def hidden(self, inputs, layers, units):
        self.layers = layers
        for i in range(1, layers + 1):
            setattr(self, f"dense{i}", nn.Linear(inputs, units))
            inputs = units
        self.output = nn.Linear(inputs, 1)

    def forward(self, rows):
        x = self.features(encoded(rows)).flatten(1)
        for i in range(1, self.layers + 1):
            x = F.leaky_relu(getattr(self, f"dense{i}")(x), 0.2)
        return self.output(x)


class FullyConnected(Variant):
    def __init__(self, length, layers, hidden):
        super().__init__()
        self.hidden(length * 40, layers, hidden)

    def features(self, x):
        return x


class Convolutional(Variant):
    def __init__(self, length, layers, kernel, filters, hidden):
        super().__init__()
        self.count = layers
        for i in range(1, layers + 1):
            setattr(self, f"conv{i}", nn.Conv1d(40 if i == 1 else filters, filters, kernel))
        self.hidden((length - layers * (kernel - 1)) * filters, 1, hidden)

    def features(self, x):
        x = x.transpose(1, 2)
        for i in range(1, self.count + 1):
            x = F.leaky_relu(getattr(self, f"conv{i}")(x), 0.2)
        return x


class Graph(nn.Module):
    def __init__(self, inputs, filters):
        super().__init__()
        self.centre = nn.Parameter(torch.zeros(inputs, filters))
        self.neighbour = nn.Parameter(torch.zeros(inputs, filters))
        self.bias = nn.Parameter(torch.zeros(filters))

    def forward(self, x, adjacency):
        total = torch.einsum("ij,bjf->bif", adjacency, x @ self.neighbour)
        around = total / adjacency.sum(1).clamp(min=1).view(1, -1, 1)
        return F.leaky_relu(x @ self.centre + around + self.bias, 0.2)


class GraphConvolutional(Variant):
    def __init__(self, length, layers, filters, hidden):
        super().__init__()
        self.count = layers
        self.adjacency = torch.zeros(length, length).double()
        for line in (HERE / "contacts.tsv").read_text().splitlines():
            if not line.startswith("#"):
                i, j = map(int, line.split("\t"))
                self.adjacency[i, j] = self.adjacency[j, i] = 1
        for i in range(1, layers + 1):
            setattr(self, f"graph{i}", Graph(40 if i == 1 else filters, filters))
        self.hidden(length * filters, 1, hidden)

    def features(self, x):
        for i in range(1, self.count + 1):
            x = getattr(self, f"graph{i}")(x, self.adjacency)
        return x


def tokens(protein):
    letters = "ABCDEFGHIKLMNOPQRSTUVWXYZ"
    return torch.tensor([2, *(5 + letters.index(c) if c in letters else 4 for c in protein), 3])


class Values(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.value_prediction = nn.Module()
        self.value_prediction.main = nn.Sequential(weight_norm(nn.Linear(width, 512), dim=None), nn.ReLU(), nn.Dropout(0.0),
                                                   weight_norm(nn.Linear(512, 1), dim=None))

    def forward(self, x):
        return self.value_prediction.main(x)


def module(**children):
    made = nn.Module()
    for name, child in children.items():
        setattr(made, name, child)
    return made


class Transformer(nn.Module):
    """All rows in one padded batch: scores of padding get -10000."""

    def __init__(self, layers, width, heads, feed_forward, positions):
        super().__init__()
        self.heads = heads
        norm = lambda: nn.LayerNorm(width, eps=1e-12)  # noqa: E731
        layer = lambda: module(  # noqa: E731
            attention=module(self=module(query=nn.Linear(width, width), key=nn.Linear(width, width), value=nn.Linear(width, width)),
                             output=module(dense=nn.Linear(width, width), LayerNorm=norm())),
            intermediate=module(dense=nn.Linear(width, feed_forward)),
            output=module(dense=nn.Linear(feed_forward, width), LayerNorm=norm()))
        self.bert = module(
            embeddings=module(word_embeddings=nn.Embedding(30, width, padding_idx=0),
                              position_embeddings=nn.Embedding(positions, width),
                              token_type_embeddings=nn.Embedding(2, width), LayerNorm=norm()),
            encoder=module(layer=nn.ModuleList(layer() for _ in range(layers))), pooler=module(dense=nn.Linear(width, width)))
        self.predict = Values(width)

    def forward(self, rows):
        ids = nn.utils.rnn.pad_sequence([tokens(row) for row in rows], batch_first=True)
        mask = (1 - (ids != 0).double())[:, None, None] * -10000
        own = self.bert.embeddings
        x = own.word_embeddings(ids) + own.position_embeddings(torch.arange(ids.size(1))) + own.token_type_embeddings(torch.zeros_like(ids))
        x = own.LayerNorm(x)
        for layer in self.bert.encoder.layer:
            parts = getattr(layer.attention, "self")
            q, k, v = (m(x).unflatten(-1, (self.heads, -1)).transpose(1, 2) for m in (parts.query, parts.key, parts.value))
            weights = (q @ k.transpose(-1, -2) / math.sqrt(q.size(-1)) + mask).softmax(-1)
            x = layer.attention.output.LayerNorm(x + layer.attention.output.dense((weights @ v).transpose(1, 2).flatten(2)))
            x = layer.output.LayerNorm(x + layer.output.dense(F.gelu(layer.intermediate.dense(x))))
        return self.predict(torch.tanh(self.bert.pooler.dense(x[:, 0])))


class RowByRow(nn.Module):
    def forward(self, rows):
        return torch.cat([self.predict(self.pooled(tokens(row))[None]) for row in rows])


class Lstm(RowByRow):
    def __init__(self, layers, width, embedding):
        super().__init__()
        stack = lambda: nn.ModuleList(  # noqa: E731
            module(lstm=nn.LSTM(width if i else embedding, width, batch_first=True)) for i in range(layers))
        self.lstm = module(embed_matrix=nn.Embedding(30, embedding), encoder=module(forward_lstm=stack(), reverse_lstm=stack()),
                           pooler=module(scalar_reweighting=nn.Linear(2 * layers, 1), dense=nn.Linear(width, width)))
        self.predict = Values(width)

    def pooled(self, ids):
        states = []
        for stack, order in ((self.lstm.encoder.forward_lstm, ids), (self.lstm.encoder.reverse_lstm, ids.flip(0))):
            x = self.lstm.embed_matrix(order)[None]
            for layer in stack:
                x, (state, _) = layer.lstm(x)
                states.append(state[0, 0])
        return torch.tanh(self.lstm.pooler.dense(self.lstm.pooler.scalar_reweighting(torch.stack(states, 1)).squeeze(1)))


class ResNet(RowByRow):
    def __init__(self, layers, width, pooler):
        super().__init__()
        convolution = lambda: nn.Conv1d(width, width, 3, padding=1, bias=False)  # noqa: E731
        norm = lambda: module(norm=nn.LayerNorm(width, eps=1e-12))  # noqa: E731
        block = lambda: module(conv1=convolution(), bn1=norm(), conv2=convolution(), bn2=norm())  # noqa: E731
        self.resnet = module(
            embeddings=module(word_embeddings=nn.Embedding(30, width, padding_idx=0), layer_norm=nn.LayerNorm(width, eps=1e-12)),
            encoder=module(layer=nn.ModuleList(block() for _ in range(layers))), pooler=module(dense=nn.Linear(width, width)))
        if pooler == "attention":
            self.resnet.pooler.attention_weights = nn.Linear(width, 1)
        self.width, self.predict = width, Values(width)

    def pooled(self, ids):
        frequency = 1 / 10000 ** (torch.arange(0.0, self.width, 2.0) / self.width)
        angles = torch.outer(torch.arange(len(ids) - 1, -1, -1.0).double(), frequency.double())
        x = self.resnet.embeddings.word_embeddings(ids) + torch.cat([angles.sin(), angles.cos()], -1)
        x = self.resnet.embeddings.layer_norm(x)
        for block in self.resnet.encoder.layer:
            y = F.gelu(block.bn1.norm(block.conv1(x.T).T))
            x = F.gelu(block.bn2.norm(block.conv2(y.T).T) + x)
        weights = torch.ones(len(ids), 1).double()
        if hasattr(self.resnet.pooler, "attention_weights"):
            weights = self.resnet.pooler.attention_weights(x).softmax(0)
        return torch.tanh(self.resnet.pooler.dense((weights * x).sum(0)))


class Binding(nn.Module):
    """Rows of FACTORS x BINS zeros and ones; torch.nn.Transformer, or its encoder alone over bins with sines and cosines added."""

    def __init__(self, model_dim, heads, layers, ff_dim, ffn_dim, readout, token_axis, positions):
        super().__init__()
        self.by_bin, self.sines, decodes = token_axis == "bin", positions == "sinusoidal", readout == "decoder"
        self.input = nn.Linear(FACTORS if self.by_bin else BINS, model_dim)
        given = dict(dim_feedforward=ffn_dim, dropout=0.0, batch_first=True)
        if decodes:
            self.body, self.eos = nn.Transformer(model_dim, heads, layers, layers, **given), nn.Parameter(torch.zeros(1, model_dim))
        else:
            layer = nn.TransformerEncoderLayer(model_dim, heads, **given)
            self.body, self.eos = module(encoder=nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)), None
        self.head = module(hidden=nn.Linear(model_dim, ff_dim), output=nn.Linear(ff_dim, 1))

    def forward(self, rows):
        x = torch.tensor([[int(c) for c in row] for row in rows]).double().view(-1, FACTORS, BINS)
        z = self.input(x.transpose(1, 2) if self.by_bin else x)
        if self.sines:
            width = z.size(2)
            angles = torch.outer(torch.arange(float(z.size(1))), 1e4 ** (-torch.arange(0.0, width, 2.0) / width))
            z = z * width ** 0.5 + torch.stack([angles.sin(), angles.cos()], 2).flatten(1).double()
        z = self.body.encoder(z).mean(1) if self.eos is None else self.body(z, self.eos.expand(len(z), 1, -1))[:, 0]
        return self.head.output(F.relu(self.head.hidden(z)))


LENGTH, FACTORS, BINS = 9, 6, 4
NN4DMS = {"optimizer": "adam", "learning_rate": 1e-2, "weight_decay": 0.0}
TAPE = {"optimizer": "adamw", "learning_rate": 1e-3, "weight_decay": 0.01}
KIM = {"optimizer": "adam", "learning_rate": 1e-3, "weight_decay": 0.0}
CASES = {
    "nn4dms_fc": (FullyConnected, dict(layers=2, hidden=5), NN4DMS),
    "nn4dms_cnn": (Convolutional, dict(layers=2, kernel=3, filters=4, hidden=5), NN4DMS),
    "nn4dms_gcn": (GraphConvolutional, dict(layers=2, filters=4, hidden=5), NN4DMS),
    "tape_transformer": (Transformer, dict(layers=2, width=6, heads=2, feed_forward=10, positions=16), TAPE),
    "tape_lstm": (Lstm, dict(layers=2, width=5, embedding=4), TAPE),
    "tape_resnet": (ResNet, dict(layers=2, width=6, pooler="sum"), TAPE),
    "tape_resnet_attention": (ResNet, dict(layers=2, width=6, pooler="attention"), TAPE),
    "tf_encoder": (Binding, dict(model_dim=6, heads=2, layers=2, ff_dim=5, ffn_dim=8, readout="decoder", token_axis="tf",
                                          positions="none"), KIM),
    "tf_encoder_mean": (Binding, dict(model_dim=6, heads=3, layers=2, ff_dim=5, ffn_dim=7, readout="mean", token_axis="tf",
                                               positions="none"), KIM),
    "tf_encoder_bins": (Binding, dict(model_dim=6, heads=3, layers=1, ff_dim=5, ffn_dim=8, readout="decoder", token_axis="bin",
                                               positions="sinusoidal"), KIM),
}


def proteins(draw, fixed):
    """Rows of AMINO, of LENGTH or of any length up to that; the first is the shortest that there can be."""
    rows = []
    for i in range(7):
        count = LENGTH if fixed else int(torch.randint(0, LENGTH + 1, (1,), generator=draw)) if i else 0
        rows.append("".join(AMINO[int(c)] for c in torch.randint(21, (count,), generator=draw)))
    return rows


def matrices(draw):
    """Half of the factors bind nothing, so that most rows have equal tokens; the first has no others."""
    bits = (torch.rand(7, FACTORS, BINS, generator=draw) < 0.5) & (torch.rand(7, FACTORS, 1, generator=draw) < 0.5)
    bits[0] = False
    return ["".join(str(int(bit)) for bit in row.flatten()) for row in bits]


def parameters_of(model, of=lambda value: value):
    """`of` each, by name: what torch keeps as one, queries, keys and values, by thirds."""
    found = {}
    for name, value in model.named_parameters():
        name = name.removeprefix("body.")
        if "in_proj_" not in name:
            found[name] = of(value)
            continue
        for part, third in zip("qkv", of(value).chunk(3)):
            found[name.replace("in_proj_", f"{part}_proj.")] = third
    return found


def start(model, draw):
    """Values that f32 holds exactly; norms' scales about 1, so that no layer is dead."""
    with torch.no_grad():
        for name, value in parameters_of(model).items():
            drawn = 0.3 * torch.randn(value.shape, generator=draw)
            is_scale = ("norm" in name.lower() and name.endswith("weight")) or name.endswith("weight_g")
            value.copy_((drawn + is_scale).float())


def write(name, build, sizes, recipe):
    draw = torch.Generator().manual_seed(3)
    fixed = name.startswith("nn4dms")
    model = build(**({"length": LENGTH} if fixed else {}), **sizes).double()
    start(model, draw)
    rows, labels = matrices(draw) if recipe is KIM else proteins(draw, fixed), torch.randn(7, 1, generator=draw).float().double()
    result = {f"initial/{n}": p.detach().float() for n, p in parameters_of(model).items()} | {"labels": labels.float()}
    outputs = model(rows)
    F.mse_loss(outputs, labels).backward()
    result |= {"outputs": outputs.detach().float()} | {f"gradient/{n}": g.float() for n, g in parameters_of(model, lambda p: p.grad).items()}
    spared = [p for n, p in model.named_parameters() if any(part in n for part in ("bias", "gamma", "beta", "LayerNorm"))]
    decayed = [p for p in model.parameters() if not any(p is other for other in spared)]
    kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[recipe["optimizer"]]
    optimizer = kind([{"params": decayed}, {"params": spared, "weight_decay": 0.0}], lr=recipe["learning_rate"],
                     weight_decay=recipe["weight_decay"])
    losses = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = F.mse_loss(model(rows), labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    result |= {"losses": torch.tensor(losses)} | {f"after/{n}": p.detach().float() for n, p in parameters_of(model).items()}
    metadata = {"params": json.dumps(sizes), "rows": json.dumps(rows), "recipe": json.dumps(recipe), "torch": torch.__version__}
    save_file({n: t.contiguous() for n, t in result.items()}, HERE / f"{name}.safetensors", metadata)


if __name__ == "__main__":
    for case, (network, given, how) in CASES.items():
        write(case, network, given, how)
