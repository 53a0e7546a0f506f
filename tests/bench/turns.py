"""What the benchmarks of two sides share."""
import importlib.machinery
import importlib.util
import os
import pathlib
import platform
import subprocess


def sibling(name):
    """tests/bench/NAME, a script without an ending, as a module."""
    loader = importlib.machinery.SourceFileLoader(name, str(pathlib.Path(__file__).parent / name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    loader.exec_module(module)
    return module


class Program:
    """A program that says who it is in its first line and then answers each line with one, a time first."""

    def __init__(self, command, environment=None):
        self.process = subprocess.Popen([str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env={**os.environ, **(environment or {})})
        self.first = self.process.stdout.readline().split()

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline().split()[0])

    def close(self):
        self.process.stdin.close()
        assert self.process.wait() == 0


def machine(device):
    if device != "cpu":
        import torch
        return torch.cuda.get_device_name()
    model = [line.split(":")[1].strip() for line in open("/proc/cpuinfo", encoding="utf-8") if line.startswith("model name")]
    return f"{model[0] if model else platform.processor()}, {os.cpu_count()} cores"


def by_turns(sides, rounds, ask):
    """Times of each side, what ask(side) gives; the first round is left out: it allocates."""
    times = [[] for _ in sides]
    for turn in range(rounds + 1):
        order = list(zip(sides, times))
        for side, into in order if turn % 2 else order[::-1]:
            into.append(ask(side))
    return [of_side[1:] for of_side in times]
