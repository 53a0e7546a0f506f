"""Writes metrics.json: adversarial inputs and what scipy and scikit-learn say of them.

Run: python3 make_fixtures.py (numpy, scipy and scikit-learn; versions are recorded in the file). Values that a
reference leaves undefined, or that harness/analyze/metrics.h documents otherwise, are written as "nan: why".
Where a reference itself loses digits to cancellation, the value comes from exact rational arithmetic.
"""

import json
import math
import pathlib
import warnings
from fractions import Fraction

import numpy as np
import scipy
import scipy.stats
import sklearn
import sklearn.metrics as sk

warnings.simplefilter("ignore")
rng = np.random.default_rng(20260729)
REGRESSION = ["mse", "rmse", "mae", "r2", "pearson", "spearman", "kendall"]
CLASSES = ["accuracy", "f1", "mcc", "auroc", "auprc", "log_loss", "calibration_error"]
CLIP = 1e-15


def weighted_pearson(x, y, w):
    x = x - np.average(x, weights=w)
    y = y - np.average(y, weights=w)
    return float(np.sum(w * x * y) / np.sqrt(np.sum(w * x * x) * np.sum(w * y * y)))


def weighted_midranks(v, w):
    """Definition continued to fractional weights: weight below plus half of the own group's."""
    return np.array([w[v < x].sum() + w[v == x].sum() / 2 for x in v])


def weighted_kendall(t, p, w):
    """tau-b where a pair of rows weighs the product of their weights."""
    signs = lambda v: np.sign(v[:, None] - v[None, :])
    pairs = w[:, None] * w[None, :]
    a, b = signs(t), signs(p)
    return float(np.sum(pairs * a * b) / np.sqrt(np.sum(pairs * a * a) * np.sum(pairs * b * b)))


def calibration_error(t, p, w):
    """15 bins of equal width, closed below; 1 belongs to the last."""
    bins = np.minimum(np.floor(p * 15), 14)
    return float(sum(abs(np.sum((w * (t - p))[bins == b])) for b in range(15)) / np.sum(w))


def expand(v, w):
    return np.repeat(v, w.astype(int))


def constant(v, w):
    return len(set(v[w > 0])) < 2


def correlation(name, t, p, w):
    if constant(t, w):
        return "nan: truth is constant"
    if constant(p, w):
        return "nan: prediction is constant"
    if name == "pearson":
        return float(scipy.stats.pearsonr(t, p)[0]) if np.all(w == 1) else weighted_pearson(t, p, w)
    if name == "kendall":
        if np.all(w == np.round(w)):
            return float(scipy.stats.kendalltau(expand(t, w), expand(p, w))[0])
        return weighted_kendall(t, p, w)
    if np.all(w == np.round(w)):
        return float(scipy.stats.spearmanr(expand(t, w), expand(p, w))[0])
    return weighted_pearson(weighted_midranks(t, w), weighted_midranks(p, w), w)


def regression(name, t, p, w):
    if name in ("pearson", "spearman", "kendall"):
        return correlation(name, t, p, w)
    if name == "r2" and constant(t, w):
        return "nan: truth is constant"
    f = {"mse": sk.mean_squared_error, "rmse": sk.root_mean_squared_error, "mae": sk.mean_absolute_error,
         "r2": sk.r2_score}[name]
    return float(f(t, p, sample_weight=w))


def classes(name, t, p, w):
    if name == "auroc":
        if len(set(t[w > 0])) < 2:
            return "nan: no row of class " + ("1" if t[w > 0][0] == 0 else "0")
        return float(sk.roc_auc_score(t, p, sample_weight=w))
    if name == "auprc":
        if not np.any(t[w > 0] == 1):
            return "nan: no row of class 1"
        return float(sk.average_precision_score(t, p, sample_weight=w))
    if name == "log_loss":
        return float(sk.log_loss(t, np.clip(p, CLIP, 1 - CLIP), sample_weight=w, labels=[0, 1]))
    if name == "calibration_error":
        return calibration_error(t, p, w)
    hard = (p >= 0.5).astype(int)
    if name == "accuracy":
        return float(sk.accuracy_score(t, hard, sample_weight=w))
    if name == "f1":
        keep = w > 0
        if not np.any(t[keep] == 1) and not np.any(hard[keep] == 1):
            return "nan: no positive in truth and none predicted"
        return float(sk.f1_score(t, hard, sample_weight=w, labels=[0, 1], average=None)[1])
    return float(sk.matthews_corrcoef(t, hard, sample_weight=w))


def exact_values(t, p):
    """mse, r2, pearson of finite doubles without any rounding before the last step."""
    t, p = [Fraction(float(x)) for x in t], [Fraction(float(x)) for x in p]
    n = len(t)
    ct, cp = [x - sum(t) / n for x in t], [x - sum(p) / n for x in p]
    tt, pp, tp = sum(x * x for x in ct), sum(x * x for x in cp), sum(x * y for x, y in zip(ct, cp))
    error = sum((x - y) ** 2 for x, y in zip(t, p))
    square = tp * tp / (tt * pp)
    return {"mse": float(error / n), "r2": float(1 - error / tt),
            "pearson": math.copysign(math.sqrt(float(square)), float(tp))}


def encode(v):
    return [str(x) if not math.isfinite(x) else (int(x) if x == int(x) and abs(x) < 1e15 else float(x)) for x in v]


cases = []


def add(name, t, p, w=None, *, binary=False, expected=None):
    t, p = np.asarray(t, float), np.asarray(p, float)
    ones = np.ones(len(t)) if w is None else np.asarray(w, float)
    case = {"name": name, "truth": encode(t), "prediction": encode(p), "expected": expected or {}}
    if w is not None:
        case["weights"] = encode(ones)
    if expected is None:
        for metric in CLASSES if binary else REGRESSION:
            case["expected"][metric] = (classes if binary else regression)(metric, t, p, ones)
    cases.append(case)


def all_undefined(why, names):
    return {name: "nan: " + why for name in names}


n = 60
t = rng.normal(size=n)
p = t + rng.normal(size=n)
add("plain", t, p)
add("weights: whole", t, p, rng.integers(0, 4, n))
add("weights: fractional", t, p, rng.exponential(size=n))
add("weights: all but one row 0", t, p, [0.0] * 59 + [2.0])
add("weights: tiny", t, p, rng.exponential(size=n) * 1e-12)
add("ties in both", np.round(t), np.round(p))
add("ties in both, weights whole", np.round(t), np.round(p), rng.integers(0, 4, n))
add("ties in both, weights fractional", np.round(t), np.round(p), rng.exponential(size=n))
add("two values", t > 0, p > 0.5)
add("truth constant", np.full(n, 0.1), p)
add("prediction constant", t, np.full(n, 0.1))
add("both constant and equal", np.full(n, 0.1), np.full(n, 0.1))
add("perfect", t, t)
add("reversed", t, -t)
add("one row", [1.5], [2.0])
add("two rows", [1.0, 2.0], [0.5, 0.25])
add("two rows tied", [1.0, 1.0], [0.5, 0.25])
add("three rows", [1.0, 2.0, 2.0], [3.0, 1.0, 3.0])
add("offset 1e6", t + 1e6, p + 1e6)
add("minus zero ties zero", [0.0, -0.0, 1.0, 2.0], [-0.0, 0.0, 3.0, 1.0])
for name, u, q in [
    ("exact: offset 1e9, deviations 1e-3", 1e9 + 1e-3 * t, 1e9 + 1e-3 * p),
    ("exact: offset 1e15, small whole numbers", 1e15 + np.arange(20), 1e15 + rng.permutation(20)),
    ("exact: one ulp apart", [1.0, 1.0 + 2**-52, 1.0, 1.0 + 2**-51], [2.0, 2.0, 2.0 + 2**-51, 2.0 + 2**-50]),
    ("exact: outlier 1e8", np.append(t, 1e8), np.append(p, -1.0)),
]:
    add(name, u, q, expected=exact_values(u, q))
for name, u, q, scale in [("tiny variance 1e-200", t, p, 2.0**-664), ("huge 1e200", t, p, 2.0**664)]:
    reference = exact_values(u, q)
    spearman = float(scipy.stats.spearmanr(u, q)[0])
    add(name, u * scale, q * scale,
        expected={"r2": reference["r2"], "pearson": reference["pearson"], "spearman": spearman})
for bad in (math.nan, math.inf, -math.inf):
    add(f"truth {bad}", [1.0, bad, 3.0], [1.0, 2.0, 2.5],
        expected=all_undefined("a truth is not finite", REGRESSION + CLASSES))
    add(f"prediction {bad}", [0.0, 1.0, 1.0], [0.5, bad, 0.25],
        expected=all_undefined("a prediction is not finite", REGRESSION + CLASSES))
    add(f"weight {bad}", [0.0, 1.0, 1.0], [0.5, 0.5, 0.25], [1.0, bad, 1.0],
        expected=all_undefined("a weight is negative or not finite", REGRESSION + CLASSES))
add("prediction nan at weight 0", [0.0, 1.0, 1.0], [0.5, math.nan, 0.25], [1.0, 0.0, 1.0],
    expected=all_undefined("a prediction is not finite", REGRESSION + CLASSES))
add("weight negative", [0.0, 1.0, 1.0], [0.5, 0.5, 0.25], [1.0, -1.0, 1.0],
    expected=all_undefined("a weight is negative or not finite", REGRESSION + CLASSES))
add("weights all 0", [0.0, 1.0], [0.5, 0.25], [0.0, 0.0],
    expected=all_undefined("all weights are 0", REGRESSION + CLASSES))
add("no rows", [], [], expected=all_undefined("no rows", REGRESSION + CLASSES))
add("truth 2", [0.0, 2.0], [0.5, 0.25], expected=all_undefined("a truth is neither 0 nor 1", CLASSES))
add("probability 1.5", [0.0, 1.0], [0.5, 1.5],
    expected=all_undefined("a probability is outside [0, 1]", ["accuracy", "f1", "mcc", "log_loss", "calibration_error"])
    | {"auroc": 1.0, "auprc": 1.0})

y = (rng.random(n) < 0.4).astype(float)
s = np.clip(0.3 * y + rng.random(n) * 0.7, 0, 1)
add("binary", y, s, binary=True)
add("binary, weights whole", y, s, rng.integers(0, 4, n), binary=True)
add("binary, weights fractional", y, s, rng.exponential(size=n), binary=True)
add("binary, many ties", y, np.round(s, 1), binary=True)
add("binary, many ties, weights", y, np.round(s, 1), rng.exponential(size=n), binary=True)
add("binary, predictions 0 and 1", y, (s > 0.5), binary=True)
add("binary, sure and wrong", [0, 1, 0, 1], [1, 0, 0, 1], binary=True)
add("binary, all predictions 0.5", y, np.full(n, 0.5), binary=True)
add("binary, all predictions 0", y, np.zeros(n), binary=True)
add("binary, all predictions 1", y, np.ones(n), binary=True)
add("binary, only class 0", np.zeros(n), s, binary=True)
add("binary, only class 0 and none predicted", np.zeros(n), s * 0.4, binary=True)
add("binary, only class 1", np.ones(n), s, binary=True)
add("binary, class 1 has weight 0", y, s, 1 - y, binary=True)
add("binary, one row", [1], [0.7], binary=True)
add("binary, on the edges of bins", [0, 1, 1, 0, 1, 0, 1, 0, 0, 1], [0, 1, 1 / 15, 1 / 15, 1 / 3, 0.4, 0.6, 2 / 3, 14 / 15, 1],
    binary=True)
add("binary, just below one half", [0, 1, 1, 0], [0.5, 0.5, np.nextafter(0.5, 0), np.nextafter(0.5, 0)], binary=True)
add("binary, probabilities at the edge of doubles", [0, 1, 1, 0, 1], [1e-300, 1e-17, 1 - 2**-53, 1 - 2**-53, 5e-324],
    binary=True)


def rule(n, a, b, m, d):
    return (np.arange(n, dtype=np.int64) * a + b) % m / d


def by_rule(name, truth, prediction, weights, binary):
    n = 100_000
    t, p = rule(n, *truth), rule(n, *prediction)
    w = rule(n, *weights) if weights else np.ones(n)
    case = {"name": name, "rows": n, "truth_rule": truth, "prediction_rule": prediction, "expected": {}}
    if weights:
        case["weights_rule"] = weights
    for metric in CLASSES if binary else REGRESSION:
        case["expected"][metric] = (classes if binary else regression)(metric, t, p, w)
    cases.append(case)


by_rule("100,000 rows, many ties", [7919, 3, 1013, 10.0], [104729, 17, 37, 4.0], None, False)
by_rule("100,000 rows, many ties, weights whole", [7919, 3, 1013, 10.0], [104729, 17, 37, 4.0], [31, 1, 4, 1.0], False)
by_rule("100,000 rows, two classes, 41 scores", [7919, 3, 2, 1.0], [104729, 17, 41, 40.0], None, True)
by_rule("100,000 rows, two classes, 41 scores, weights", [7919, 3, 2, 1.0], [104729, 17, 41, 40.0], [31, 1, 7, 3.0], True)

quantiles = [{"p": p, "degrees": d, "value": float(scipy.stats.t.ppf(p, d))}
             for p in (0.025, 0.9, 0.975, 0.995) for d in (1, 2, 4, 9, 99)]
versions = {"numpy": np.__version__, "scipy": scipy.__version__, "scikit-learn": sklearn.__version__}
out = pathlib.Path(__file__).with_name("metrics.json")
body = ",\n".join(json.dumps(case, allow_nan=False) for case in cases)
out.write_text('{"versions": %s,\n"student": %s,\n"cases": [\n%s\n]}\n'
               % (json.dumps(versions), json.dumps(quantiles), body))
print(f"{len(cases)} cases, {out.stat().st_size} bytes")
