"""Writes networks.safetensors: the MIMO paper's three networks from torch.nn modules in f64: outputs, gradients, 20 steps of Adam.

usage: python make_networks.py networks.safetensors        (torch, safetensors)

Parameter entry i of the k-th parameter is 0.3 sin(0.7 i + k), so that no weights need to be stored.
"""
import sys

import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F

LENGTH, SYMBOLS, RATE, STEPS = 7, 4, 1e-2, 20
CODES = torch.tensor([[0, 1, 2, 3, 0, 1, 2], [3, 3, 1, 0, 2, 4, 4], [2, 0, 0, 1, 3, 2, 1],
                      [1, 1, 0, 4, 4, 4, 4], [3, 2, 1, 0, 3, 2, 1], [0, 0, 0, 2, 2, 2, 4]])
LABELS = torch.tensor([[0.3], [-1.2], [0.8], [1.9], [-0.4], [0.1]], dtype=torch.float64)
WEIGHTS = torch.tensor([1.0, 0.5, 2.0, 1.0, 1.5, 1.0], dtype=torch.float64)


def one_hot(codes):
    return F.one_hot(codes, SYMBOLS + 1)[:, :, :SYMBOLS].double()


class Base(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(LENGTH * SYMBOLS, 6)
        self.second = nn.Linear(6, 5)
        self.output = nn.Linear(5, 1)

    def flat(self, codes):
        return one_hot(codes).transpose(1, 2).flatten(1)  # symbol by symbol

    def forward(self, codes):
        return self.output(F.relu(self.second(F.relu(self.first(self.flat(codes))))))

    def loss(self, codes):
        return (WEIGHTS[:, None] * (self(codes) - LABELS) ** 2).sum() / WEIGHTS.sum()


class Improved(Base):
    def __init__(self):
        nn.Module.__init__(self)
        self.conv1 = nn.Conv1d(SYMBOLS, 6, 3)
        self.conv2 = nn.Conv1d(6, 5, 3)
        self.hidden = nn.Linear(5, 4)
        self.output = nn.Linear(4, 1)

    def one(self, codes):
        """A row alone, without its padding: what any batching must give."""
        x = one_hot(codes[codes < SYMBOLS][None]).transpose(1, 2)
        x = F.relu(self.conv1(F.pad(x, (1, 1))))
        x = F.relu(self.conv2(F.pad(x, (1, 1))))
        return self.output(F.relu(self.hidden(x.mean(2))))

    def forward(self, codes):
        return torch.cat([self.one(row) for row in codes])


class Mimo(Base):
    def __init__(self):
        nn.Module.__init__(self)
        setattr(self, "in", nn.ModuleList(nn.Linear(LENGTH * SYMBOLS, 4) for _ in range(3)))
        self.trunk1 = nn.Linear(12, 12)
        self.trunk2 = nn.Linear(12, 12)
        self.out = nn.ModuleList(nn.Linear(4, 1) for _ in range(3))

    def heads(self, inputs):
        x = torch.cat([layer(one) for layer, one in zip(getattr(self, "in"), inputs)], 1)
        x = F.relu(self.trunk2(F.relu(self.trunk1(F.relu(x)))))
        return [head(part) for head, part in zip(self.out, x.split(4, 1))]

    def forward(self, codes):
        return sum(self.heads([self.flat(codes)] * 3)) / 3

    def loss(self, codes):
        """Groups of three rows; over the groups the mean of the sum over heads."""
        x = self.flat(codes)
        heads = self.heads([x[slot::3] for slot in range(3)])
        total = sum((WEIGHTS[slot::3, None] * (head - LABELS[slot::3]) ** 2).sum() for slot, head in enumerate(heads))
        return total / (WEIGHTS.sum() / 3)


def cases(name, network):
    for k, parameter in enumerate(network.parameters()):
        values = 0.3 * torch.sin(0.7 * torch.arange(parameter.numel()).double() + k)
        parameter.data.copy_(values.view_as(parameter))
    yield f"{name}.outputs", network(CODES)
    if name == "mimo":
        yield f"{name}.spread", torch.stack(network.heads([network.flat(CODES)] * 3)).std(0, correction=0)
    optimizer = torch.optim.Adam(network.parameters(), lr=RATE)
    losses = []
    for step in range(STEPS):
        optimizer.zero_grad()
        loss = network.loss(CODES)
        loss.backward()
        losses.append(loss.detach())
        if step == 0:
            yield from ((f"{name}.gradient.{key}", value.grad.clone()) for key, value in network.named_parameters())
        optimizer.step()
    yield f"{name}.losses", torch.stack(losses)
    yield from ((f"{name}.after.{key}", value) for key, value in network.named_parameters())


def main():
    torch.set_default_dtype(torch.float64)
    tensors = {"codes": CODES, "labels": LABELS, "weights": WEIGHTS}
    for name, network in (("mimo_base", Base()), ("mimo_improved", Improved()), ("mimo", Mimo())):
        tensors.update(cases(name, network))
    save_file({key: value.detach().contiguous() for key, value in tensors.items()}, sys.argv[1], {"torch": torch.__version__})


main()
