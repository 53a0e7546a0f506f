"""Writes gaussian_process.json: predictions, standard deviations and log marginal likelihoods of the Gaussian process over
mutation sets by numpy's inverses, and the greatest likelihood that scipy's Nelder-Mead and L-BFGS-B find.

usage: python make_gaussian_process.py > gaussian_process.json        (numpy, scipy)
"""
import json
import sys

import numpy as np
import scipy
from scipy.optimize import minimize

POSITIONS, SYMBOLS = 8, 4  # codes 0 ... 3, padding is 4
TRAIN, ALL = 70, 90
KERNEL = [0.6, 2.5, 0.35, 0.8, 0.3]  # amplitude, length, linear, constant, noise
BOUNDS = np.log([[1e-3, 1e2], [0.1, 1e4], [1e-4, 1e1], [1e-4, 1e2], [1e-3, 1e1]])


def draw_codes(draw):
    """Rows of a background with a few substitutions; the last rows are one position short."""
    background = draw.integers(0, SYMBOLS, POSITIONS)
    codes = np.repeat(background[None], ALL, 0)
    for row in codes:
        for position in draw.choice(POSITIONS, draw.integers(0, 5), replace=False):
            row[position] = draw.integers(0, SYMBOLS)
    codes[-5:, -1] = SYMBOLS
    return codes


def as_sets(codes):
    """Features of codes: position x symbol (padding counted), but for the commonest symbol of a position in training rows."""
    commonest = [np.bincount(column, minlength=SYMBOLS + 1).argmax() for column in codes[:TRAIN].T]
    return [{int(p * (SYMBOLS + 1) + code) for p, code in enumerate(row) if code != commonest[p]} for row in codes]


def shared_of(sets):
    return np.array([[len(a & b) for b in sets] for a in sets], float)


def covariance(values, shared, distance):
    amplitude, length, linear, constant, _ = values
    return amplitude ** 2 * np.exp(-distance / length) + linear ** 2 * shared + constant ** 2


def log_likelihood(values, shared, distance, y, variance):
    k = covariance(values, shared, distance) + values[4] ** 2 * np.diag(variance)
    sign, volume = np.linalg.slogdet(k)
    if sign <= 0:
        return -np.inf
    return -0.5 * (np.sum(y * np.linalg.solve(k, y)) + y.shape[1] * (volume + len(y) * np.log(2 * np.pi)))


def most_likely(shared, distance, y, variance):
    """The optimum over logarithms, from a few starts."""
    def cost(theta):
        return -log_likelihood(np.exp(theta), shared, distance, y, variance)

    best = np.inf
    for length in [0.5, 2, 8]:
        theta = np.log([0.5, length, 0.3, 0.3, 0.7])
        for _ in range(4):
            theta = minimize(cost, theta, method="Nelder-Mead", bounds=BOUNDS,
                             options={"maxiter": 4000, "xatol": 1e-10, "fatol": 1e-12}).x
            theta = minimize(cost, theta, method="L-BFGS-B", bounds=BOUNDS, options={"ftol": 1e-15, "gtol": 1e-9}).x
        best = min(best, cost(theta))
    return -best


def case(name, codes, sites, targets, weights):
    sets = as_sets(codes)
    sizes = np.array([len(s) for s in sets], float)
    shared = shared_of(sets)
    distance = (codes[:, None] != codes[None]).sum(2).astype(float) if sites else sizes[:, None] + sizes - 2 * shared
    y, w = targets[:TRAIN], weights[:TRAIN]
    mean = np.average(y, axis=0, weights=w)
    sd = np.sqrt(np.average((y - mean) ** 2, axis=0, weights=w))
    scaled, variance = (y - mean) / sd, 1 / w
    a, b = shared[:TRAIN, :TRAIN], distance[:TRAIN, :TRAIN]
    inverse = np.linalg.inv(covariance(KERNEL, a, b) + KERNEL[4] ** 2 * np.diag(variance))
    across = covariance(KERNEL, shared[:, :TRAIN], distance[:, :TRAIN])
    own = np.diag(covariance(KERNEL, shared, distance)) - np.einsum("bi,ij,bj->b", across, inverse, across)
    return {"name": name, "sites": sites, "members": [sorted(s) for s in sets],
            "mean": (across @ inverse @ scaled * sd + mean).flatten().tolist(),
            "sd": (np.sqrt(own + KERNEL[4] ** 2)[:, None] * sd).flatten().tolist(),
            "log_likelihood": log_likelihood(KERNEL, a, b, scaled, variance),
            "greatest": most_likely(a, b, scaled, variance)}


def main():
    draw = np.random.default_rng(11)
    codes = draw_codes(draw)
    sets = as_sets(codes)
    shared = shared_of(sets)
    sizes = np.diag(shared)
    k = covariance(KERNEL, shared, sizes[:, None] + sizes - 2 * shared) + KERNEL[4] ** 2 * np.eye(ALL)
    targets = np.round(np.linalg.cholesky(k) @ draw.normal(size=(ALL, 2)) * [0.4, 2] + [3, -1], 4)
    weights = draw.integers(1, 5, ALL) / 2
    json.dump({"numpy": np.__version__, "scipy": scipy.__version__, "codes": codes.tolist(), "symbols": SYMBOLS,
               "features": POSITIONS * (SYMBOLS + 1), "train": TRAIN, "kernel": KERNEL,
               "targets": targets.flatten().tolist(), "weights": weights.tolist(),
               "cases": [case("sets", codes, False, targets, weights), case("sites", codes, True, targets, weights)]},
              sys.stdout, separators=(",", ":"))
    print()


main()
