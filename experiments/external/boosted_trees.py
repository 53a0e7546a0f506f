"""scikit-learn's boosted trees on any view of numbers, for classes and for numbers."""
import argparse
import csv
import json
import platform
import sys

import numpy
import sklearn
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

csv.field_size_limit(sys.maxsize)


def read(part, columns):
    """ids, features, label and weight; a test part has no label."""
    with open(f"{part}.tsv", newline="") as file:
        table = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    features = numpy.array([[row[c] for c in columns] for row in table], dtype=numpy.float32).reshape(len(table), len(columns))
    label, weight = (numpy.array([row.get(name) or "nan" for row in table], dtype=float) for name in ("label", "weight"))
    return [row["id"] for row in table], features, label, weight


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=100)
    rounds = parser.parse_args().rounds
    with open("task.json") as file:
        task = json.load(file)
    columns = task["view"]["columns"]
    binary = task["kind"] == "binary"
    kind = HistGradientBoostingClassifier if binary else HistGradientBoostingRegressor
    model = kind(max_iter=rounds, max_leaf_nodes=15, random_state=task["seed"])
    _, features, label, weight = read("train", columns)
    model.fit(features, label, sample_weight=weight)
    with open("predictions.tsv", "w") as out:
        print("id", "prediction", sep="\t", file=out)
        for part in ("train", "validation", "test"):
            ids, features, _, _ = read(part, columns)
            if not ids:
                continue
            values = model.predict_proba(features)[:, 1] if binary else model.predict(features)
            for name, value in zip(ids, values):
                print(name, repr(float(value)), sep="\t", file=out)
            print(f"{part}: {len(ids)} rows predicted")
    with open("about.json", "w") as out:
        json.dump({"python": platform.python_version(), "scikit-learn": sklearn.__version__, "numpy": numpy.__version__}, out)


if __name__ == "__main__":
    main()
