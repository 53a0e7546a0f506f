"""Writes stats.json: what scipy says of intervals, tests and adjustments (HARNESS 8).

Run: python3 make_fixtures.py (numpy and scipy; versions are recorded in the file). Holm's adjustment and Wilson's
interval are written out here from their definitions, since scipy has the one under other names only and not the other's
inputs; BCa is scipy's own, over the resamples listed, so that it must agree to rounding.
"""

import json
import pathlib

import numpy as np
import scipy
import scipy.stats as st

rng = np.random.default_rng(20261121)


def bca(name, errors, statistic):
    """scipy's interval of a statistic of squared errors, and its own resamples."""
    squares = np.asarray(errors) ** 2
    result = {"name": name, "errors": [float(x) for x in errors], "ends": []}
    first = st.bootstrap((squares,), statistic, n_resamples=199, method="BCa", rng=np.random.default_rng(7))
    result["resampled"] = [float(x) for x in first.bootstrap_distribution]
    for level in (0.90, 0.95):
        again = st.bootstrap((squares,), statistic, n_resamples=0, bootstrap_result=first, confidence_level=level,
                             method="BCa", rng=np.random.default_rng(7))
        ends = again.confidence_interval
        result["ends"].append({"level": level, "low": float(ends.low), "high": float(ends.high)})
    left = np.array([statistic(np.delete(squares, i)) for i in range(len(squares))])
    u = left.mean() - left
    result["acceleration"] = float(np.sum(u**3) / (6 * np.sum(u**2) ** 1.5))
    result["jackknife_variance"] = float((len(u) - 1) / len(u) * np.sum(u**2))
    return result


def holm(p):
    order = np.argsort(p, kind="stable")
    out, largest = np.empty(len(p)), 0.0
    for rank, i in enumerate(order):
        largest = max(largest, min(1.0, (len(p) - rank) * p[i]))
        out[i] = largest
    return [float(x) for x in out]


def wilson(k, n, level):
    ci = st.binomtest(k, n).proportion_ci(level, method="wilson")
    return {"right": k, "rows": n, "level": level, "low": float(ci.low), "high": float(ci.high)}


def two_way(y):
    """Variance components of a trials x rows table of scores, by sums over the table (Cameron, Gelbach and Miller)."""
    s, n = y.shape
    m, r, g = y.mean(1), y.mean(0), y.mean()
    both = np.sum((y - m[:, None] - r[None] + g) ** 2) / ((s - 1) * (n - 1)) / (s * n)
    return {"scores": [[float(v) for v in row] for row in y], "seeds": float(m.var(ddof=1) / s),
            "rows": float(r.var(ddof=1) / n), "both": float(both)}


A = np.array([.842, .861, .833, .870, .855, .849, .866, .838, .859, .851])
B = np.array([.836, .850, .835, .858, .849, .845, .852, .838, .848, .846])
d = A - B
corrected = d.mean() / np.sqrt((1 / 10 + 1 / 9) * d.var(ddof=1))
adjusted = [[.01, .04, .03, .005], [0.2], [0.5, 0.9, 0.04], [0.01, 0.01, 0.01]] + [list(map(float, rng.random(12) ** 3))]
trends = [[1, 2, 3, 4, 5], [5, 4, 3, 2, 1], [1, 3, 2, 4, 5, 6], [2, 1, 4, 3], [3, 1, 2, 7, 5, 4, 8, 6, 9]]
out = {
    "versions": {"numpy": np.__version__, "scipy": scipy.__version__},
    "bca": [bca("squared normal errors, mean", rng.normal(size=25), np.mean),
            bca("one outlier, mean", list(rng.normal(size=19)) + [6.0], np.mean),
            bca("few values, mean", [1.0, 0.0, 0.0, 1.0, 1.0, 2.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0], np.mean)],
    "two_way": [two_way(rng.normal(size=(3, 12)) ** 2 + rng.normal(size=12) ** 2 + rng.normal(size=(3, 1)) ** 2),
                two_way(rng.normal(size=(5, 8)) ** 2)],
    "corrected_t": {"t": float(corrected), "p": float(2 * st.t.sf(abs(corrected), 9)),
                    "uncorrected_p": float(st.ttest_1samp(d, 0).pvalue)},
    "holm": [{"p": p, "adjusted": holm(np.array(p))} for p in adjusted],
    "wilson": [wilson(k, n, level) for k, n in ((64, 64), (63, 64), (0, 64), (1, 30), (7, 12), (500, 1000))
               for level in (0.90, 0.95)],
    "trend": [{"means": m, "tau": float(st.kendalltau(range(len(m)), m).statistic),
               "p": float(st.kendalltau(range(len(m)), m, method="exact").pvalue)} for m in trends],
    "student_tail": [{"t": t, "degrees": v, "p": float(st.t.sf(t, v))}
                     for t in (-1.5, 0.0, 0.7, 2.776, 11.0) for v in (1, 2.5, 4, 30, 1e6)],
    "welch": {"a": [float(x) for x in A], "b": [float(x) for x in B[:6]],
              "low": float(st.ttest_ind(A, B[:6], equal_var=False).confidence_interval().low),
              "high": float(st.ttest_ind(A, B[:6], equal_var=False).confidence_interval().high),
              "degrees": float(st.ttest_ind(A, B[:6], equal_var=False).df)},
}
target = pathlib.Path(__file__).with_name("stats.json")
target.write_text("{" + ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in out.items()) + "}\n")
print(target.stat().st_size, "bytes")
