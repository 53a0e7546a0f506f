"""Writes block_sparse.json: patterns, outputs and gradients of transformers' BigBirdBlockSparseAttention.

usage: python make_block_sparse.py > block_sparse.json        (torch, transformers, numpy)

Everything in double. Entry i of q, k, v and of the loss's weights is a sine of i, so that no input needs to be stored.
Of each tensor: every 37th entry, and the sum of all entries times a cosine of their number.
"""
import json
import sys

import numpy as np
import torch
import transformers
from transformers import BigBirdConfig
from transformers.models.big_bird.modeling_big_bird import BigBirdBlockSparseAttention, BigBirdModel

STEP = 37
# block, random, length, heads, width, layer, training, real tokens of each row, positions
CASES = [
    (16, 3, 208, 2, 4, 0, False, [208], 4096),
    (16, 3, 208, 2, 4, 5, True, [208, 117], 4096),
    (64, 3, 768, 2, 4, 0, False, [768, 705], 4096),
    (64, 3, 768, 2, 4, 3, True, [768, 705], 4096),
    (64, 3, 1024, 2, 4, 0, False, [961], 4096),
    (64, 3, 1024, 2, 4, 1, True, [1024, 700], 4096),
    (128, 2, 3072, 1, 4, 2, True, [2900], 4096),
    (64, 3, 1024, 2, 4, 1, True, [1024], 2048),
    (4, 1, 44, 3, 2, 7, True, [44, 9], 64),
]
PATTERNS = [(64, 3, 768, 12, 0, 4096), (64, 3, 1024, 12, 0, 4096), (64, 3, 3072, 12, 11, 4096), (64, 3, 4096, 3, 4, 4096),
            (64, 3, 2048, 4, 2, 4096), (64, 3, 1024, 2, 6, 1024), (16, 2, 4096, 2, 1, 4096), (32, 5, 640, 2, 9, 4096)]


def layer_of(block, random, heads, width, layer, training, positions):
    config = BigBirdConfig(hidden_size=heads * width, num_attention_heads=heads, block_size=block,
                           num_random_blocks=random, max_position_embeddings=positions)
    return BigBirdBlockSparseAttention(config, seed=layer).double().train(training)


def wave(shape, scale, speed, shift):
    count = int(np.prod(shape))
    return (scale * torch.sin(speed * torch.arange(count, dtype=torch.double) + shift)).view(shape)


def summary(tensor):
    flat = tensor.detach().contiguous().flatten()
    weights = torch.cos(0.013 * torch.arange(len(flat), dtype=torch.double))
    return {"entries": [float(f"{x:.13g}") for x in flat[::STEP].tolist()], "sum": float(flat @ weights)}


def drawn_of(block, random, length, heads, layer, positions):
    """The pattern as the forward pass draws it."""
    attention = layer_of(block, random, heads, 1, layer, True, positions)
    met = []
    inner = attention._create_rand_mask_from_inputs
    attention._create_rand_mask_from_inputs = lambda *a: (met.append(a[2][0].tolist()), inner(*a))[1]
    x = torch.zeros(1, heads, length, 1, dtype=torch.double)
    context_of(attention, [x, x, x], torch.ones(1, length, dtype=torch.double))
    return met[0]


def context_of(attention, qkv, mask):
    block, (rows, heads, length, width) = attention.block_size, qkv[0].shape
    blocked, band, from_mask, to_mask = BigBirdModel.create_masks_for_block_sparse_attn(mask, block)
    context, _ = attention.bigbird_block_sparse_attention(
        *qkv, band, from_mask, to_mask, blocked, blocked, heads, attention.num_random_blocks, width, block, block, rows,
        length, length, seed=attention.seed, plan_from_length=None, plan_num_rand_blocks=None)
    return context.transpose(1, 2)


def case_of(block, random, length, heads, width, layer, training, real, positions):
    attention = layer_of(block, random, heads, width, layer, training, positions)
    shape = (len(real), heads, length, width)
    qkv = [wave(shape, 2.5, speed, i).requires_grad_() for i, speed in enumerate((0.71, 0.37, 1.13))]
    mask = torch.tensor([[float(i < count) for i in range(length)] for count in real], dtype=torch.double)
    context = context_of(attention, qkv, mask)
    (context * wave(shape, 1, 0.53, 4)).sum().backward()
    return {"block": block, "random": random, "length": length, "heads": heads, "width": width, "layer": layer,
            "training": training, "real": real, "positions": positions, "context": summary(context),
            "gradients": [summary(x.grad) for x in qkv]}


def permutations_of(seed, sizes):
    np.random.seed(seed)
    return {"seed": seed, "orders": [np.random.permutation(np.arange(size)).tolist() for size in sizes]}


def main():
    json.dump({
        "torch": torch.__version__, "transformers": transformers.__version__, "numpy": np.__version__, "step": STEP,
        "permutations": [permutations_of(seed, [1, 2, 9, 0, 64, 700]) for seed in (0, 1, 42, 4294967295)],
        "patterns": [{"block": b, "random": r, "length": n, "heads": h, "layer": layer, "positions": p,
                      "blocks": drawn_of(b, r, n, h, layer, p)} for b, r, n, h, layer, p in PATTERNS],
        "cases": [case_of(*case) for case in CASES],
    }, sys.stdout, separators=(",", ":"))
    print()


main()
