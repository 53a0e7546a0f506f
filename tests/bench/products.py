"""The limit of a step: what its own matrix products and convolutions take alone, at their own shapes and precision.

A step of the reference runs once under Products, which notes every product's operator, shapes and precision; limit() then times each
distinct one by itself, by the faster of LibTorch's own choice and oneDNN, and adds up. Fused attention counts as its products.
"""
import collections
import statistics
import time

import torch
from torch.utils._python_dispatch import TorchDispatchMode

REPEATS, SECONDS = 3, 0.05  # of each product: passes, and at least so long


def _batch(shape):
    count = 1
    for size in shape:
        count *= size
    return count


class Products(TorchDispatchMode):
    """`found`: how often each product ran: ("mm", b, m, k, n, dtype), or ("conv", arguments) of a convolution or of its gradient."""

    def __init__(self):
        super().__init__()
        self.found = collections.Counter()

    def _product(self, b, m, k, n, dtype, times=1):
        self.found["mm", b, m, k, n, dtype] += times

    def _attention(self, query, key, times):
        lead, (length, width) = _batch(query.shape[:-2]), query.shape[-2:]
        self._product(lead, length, width, key.shape[-2], query.dtype, times)
        self._product(lead, length, key.shape[-2], width, query.dtype, times)

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = func.overloadpacket.__name__
        if name in ("mm", "addmm"):
            a, b = args[-2:] if name == "mm" else args[1:3]
            self._product(1, *a.shape, b.shape[1], a.dtype)
        elif name in ("bmm", "baddbmm"):
            a, b = args[-2:] if name == "bmm" else args[1:3]
            self._product(*a.shape, b.shape[2], a.dtype)
        elif name == "linear":
            self._product(1, _batch(args[0].shape[:-1]), args[0].shape[-1], args[1].shape[0], args[0].dtype)
        elif name.startswith("_scaled_dot_product"):
            backward = "backward" in name
            self._attention(*(args[1:3] if backward else args[:2]), times=2 if backward else 1)
        elif name in ("convolution", "convolution_backward"):
            self.found["conv", func, tuple(_Shape.of(a) for a in args)] += 1
        else:  # under inference mode operators come whole that are made of others
            with self:
                result = func.decompose(*args, **(kwargs or {}))
            if result is not NotImplemented:
                return result
        return func(*args, **(kwargs or {}))


class _Shape(tuple):
    """A tensor's shape and precision, so that one like it can be made."""

    @classmethod
    def of(cls, value):
        if isinstance(value, torch.Tensor):
            return cls((tuple(value.shape), value.dtype, value.device))
        return tuple(value) if isinstance(value, list) else value

    def made(self):
        shape, dtype, device = self
        return torch.randn(shape, device=device).to(dtype)


def _calls(product, device):
    """Ways to compute it."""
    if product[0] == "conv":
        _, func, shapes = product
        args = [s.made() if isinstance(s, _Shape) else list(s) if isinstance(s, tuple) else s for s in shapes]
        return [lambda: func(*args)]
    _, b, m, k, n, dtype = product
    if b > 1:
        x, y = (torch.randn(b, *s, device=device).to(dtype) for s in ((m, k), (k, n)))
        return [lambda: torch.bmm(x, y)]
    x, y, w = (torch.randn(*s, device=device).to(dtype) for s in ((m, k), (k, n), (n, k)))
    ways = [lambda: torch.mm(x, y)]
    if device == "cpu":
        ways.append(lambda: torch.ops.mkldnn._linear_pointwise(x, w, None, "none", [], ""))
    return ways


def _seconds(call, device):
    """Median over passes of one call."""
    def timed(count):
        if device != "cpu":
            torch.cuda.synchronize()
        begun = time.perf_counter()
        for _ in range(count):
            call()
        if device != "cpu":
            torch.cuda.synchronize()
        return (time.perf_counter() - begun) / count
    timed(1)
    count = max(1, int(SECONDS / max(timed(1), 1e-7) / REPEATS))
    return statistics.median(timed(count) for _ in range(REPEATS))


def flops(product):
    """Multiplications and additions of one product."""
    if product[0] == "mm":
        _, b, m, k, n, _ = product
        return 2 * b * m * k * n
    _, func, args = product
    backward = func.overloadpacket.__name__ == "convolution_backward"
    output, weight = (args[0], args[2]) if backward else (None, args[1])
    per_output = 2 * _batch(weight[0][1:])
    if backward:
        return per_output * _batch(output[0]) * sum(args[-1][:2])
    source, stride, padding, dilation = args[0][0], args[3], args[4], args[5]
    sizes = [(source[2 + i] + 2 * padding[i] - dilation[i] * (weight[0][2 + i] - 1) - 1) // stride[i] + 1 for i in range(len(stride))]
    return per_output * source[0] * weight[0][0] * _batch(sizes)


def limit(step, device="cpu", real=(1, 1)):
    """Milliseconds and floating point operations of the products of step(). `real`: of a padded batch's tokens, and of its pairs of
    tokens, the share that is no padding; products of many small matrices, attention's, are taken to be over pairs."""
    with Products() as products:
        step()
    milliseconds = operations = 0
    with torch.no_grad():
        for product, times in products.found.items():
            weight = times * real[product[0] == "mm" and product[1] > 1]
            milliseconds += 1e3 * weight * min(_seconds(call, device) for call in _calls(product, device))
            operations += weight * flops(product)
    return milliseconds, operations


def peak(dtype, device="cpu", size=2048):
    """Operations a second of the machine's best square product."""
    seconds = min(_seconds(call, device) for call in _calls(("mm", 1, size, size, size, dtype), device))
    return 2 * size ** 3 / seconds
