"""What the benchmarks of two sides share."""
import os
import platform


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
