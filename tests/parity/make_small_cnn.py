"""Writes small_cnn.json: output and gradients of the small CNN built from torch.nn modules.

usage: python make_small_cnn.py > small_cnn.json        (torch)

Parameter entry i of the k-th parameter is 0.4 sin(0.7 i + k), so that no weights need to be stored.
"""
import json
import sys

import torch
from torch import nn
from torch.nn import functional as F

LENGTH, SYMBOLS, CHANNELS, KERNEL, STRIDE, HIDDEN, TARGETS = 9, 4, 3, 3, 2, 5, 2
CODES = [[0, 1, 2, 3, 0, 1, 2, 3, 0], [3, 3, 1, 0, 2, 4, 4, 4, 4], [2, 0, 0, 1, 3, 2, 1, 4, 4]]


class SmallCnn(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv1d(SYMBOLS, CHANNELS, KERNEL, padding=KERNEL // 2)
        self.conv2 = nn.Conv1d(CHANNELS, CHANNELS, KERNEL, padding=KERNEL // 2, stride=STRIDE)
        self.hidden = nn.Linear(CHANNELS * ((LENGTH - 1) // STRIDE + 1), HIDDEN)
        self.output = nn.Linear(HIDDEN, TARGETS)

    def forward(self, codes):
        x = F.one_hot(codes, SYMBOLS + 1)[:, :, :SYMBOLS].transpose(1, 2).double()
        x = F.leaky_relu(self.conv2(F.leaky_relu(self.conv1(x))))
        return self.output(F.leaky_relu(self.hidden(x.flatten(1))))


def main():
    network = SmallCnn().double()
    for k, parameter in enumerate(network.parameters()):
        values = 0.4 * torch.sin(0.7 * torch.arange(parameter.numel()).double() + k)
        parameter.data.copy_(values.view_as(parameter))
    outputs = network(torch.tensor(CODES))
    outputs.square().sum().backward()
    json.dump({
        "torch": torch.__version__, "codes": CODES, "symbols": SYMBOLS,
        "params": {"channels": CHANNELS, "kernel": KERNEL, "stride": STRIDE, "hidden": HIDDEN},
        "outputs": outputs.tolist(),
        "gradients": {name: parameter.grad.flatten().tolist() for name, parameter in network.named_parameters()},
    }, sys.stdout, separators=(",", ":"))
    print()


main()
