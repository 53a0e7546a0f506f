"""Writes linear.json: what scikit-learn's Ridge and LogisticRegression predict on small fixed problems.

usage: python make_linear.py > linear.json        (numpy, scikit-learn)
"""
import json
import sys

import numpy as np
import sklearn
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import StandardScaler

ROWS, TRAIN, LENGTH, SYMBOLS, FEATURES = 60, 45, 8, 4, 6
RIDGE_STRENGTHS = [0.01, 1.0, 100.0]
LOGISTIC_STRENGTHS = [0.1, 1.0, 30.0]


def one_hot(codes):
    """[rows, length] codes -> [rows, length * symbols]; the code SYMBOLS is padding."""
    return np.eye(SYMBOLS + 1)[codes][:, :, :SYMBOLS].reshape(len(codes), -1)


def ridge(x, targets, weights, strength):
    model = Ridge(alpha=strength, solver="cholesky").fit(x[:TRAIN], targets[:TRAIN], sample_weight=weights[:TRAIN])
    return model.predict(x).tolist()


def logistic(x, labels, weights, strength, scaled):
    if scaled:
        x = StandardScaler().fit(x[:TRAIN], sample_weight=weights[:TRAIN]).transform(x)
    model = LogisticRegression(C=1 / strength, solver="newton-cholesky", tol=1e-13, max_iter=1000)
    model.fit(x[:TRAIN], labels[:TRAIN], sample_weight=weights[:TRAIN])
    return model.predict_proba(x)[:, 1].tolist()


def main():
    draw = np.random.default_rng(7)
    codes = draw.integers(0, SYMBOLS, (ROWS, LENGTH))
    lengths = draw.integers(LENGTH - 3, LENGTH + 1, ROWS)
    codes[np.arange(LENGTH) >= lengths[:, None]] = SYMBOLS
    dense = draw.integers(0, 9, (ROWS, FEATURES)) * np.array([1, 1, 2, 5, 0.25, 10])
    weights = draw.integers(1, 5, ROWS) / 2
    signal = one_hot(codes) @ draw.normal(size=LENGTH * SYMBOLS) + dense @ draw.normal(size=FEATURES) / 10
    targets = np.round(np.stack([signal + draw.normal(size=ROWS), 3 - signal ** 2 / 4], 1), 3)
    labels = (signal + draw.normal(size=ROWS) > np.median(signal)).astype(int)
    views = {"one_hot": one_hot(codes), "kmer_counts": dense}
    json.dump({
        "sklearn": sklearn.__version__, "rows": ROWS, "train": TRAIN, "symbols": SYMBOLS,
        "codes": codes.tolist(), "lengths": lengths.tolist(), "dense": dense.tolist(), "weights": weights.tolist(),
        "targets": targets.tolist(), "labels": labels.tolist(),
        "ridge": [{"view": name, "strength": s, "predictions": ridge(x, targets, weights, s)}
                  for name, x in views.items() for s in RIDGE_STRENGTHS],
        "logistic": [{"view": name, "strength": s,
                      "predictions": logistic(x, labels, weights, s, name == "kmer_counts")}
                     for name, x in views.items() for s in LOGISTIC_STRENGTHS],
    }, sys.stdout, separators=(",", ":"))
    print()


main()
