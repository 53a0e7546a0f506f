"""XGBoost on any view of numbers; the number of rounds is chosen on the validation rows."""
import argparse
import csv
import json
import platform
import sys

import numpy
import xgboost

csv.field_size_limit(sys.maxsize)


def read(part, columns):
    with open(f"{part}.tsv", newline="") as file:
        table = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    features = numpy.array([[row[c] for c in columns] for row in table], dtype=numpy.float32).reshape(len(table), len(columns))
    label = [float(row["label"]) for row in table] if part != "test" else None
    weight = [float(row["weight"]) for row in table] if part != "test" else None
    return [row["id"] for row in table], xgboost.DMatrix(features, label=label, weight=weight)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--depth", type=int, default=4)
    depth = parser.parse_args().depth
    with open("task.json") as file:
        task = json.load(file)
    parts = {part: read(part, task["view"]["columns"]) for part in ("train", "validation", "test")}
    settings = {"objective": "binary:logistic" if task["kind"] == "binary" else "reg:squarederror", "max_depth": depth, "eta": 0.1,
                "subsample": 0.8, "tree_method": "hist", "seed": task["seed"], "nthread": task["threads"]}
    watched = [(parts["validation"][1], "validation")] if parts["validation"][0] else []
    model = xgboost.train(settings, parts["train"][1], num_boost_round=300, evals=watched, verbose_eval=50,
                          early_stopping_rounds=20 if watched else None)
    rounds = model.best_iteration + 1 if watched else model.num_boosted_rounds()
    with open("predictions.tsv", "w") as out:
        print("id", "prediction", sep="\t", file=out)
        for ids, matrix in parts.values():
            for name, value in zip(ids, model.predict(matrix, iteration_range=(0, rounds))):
                print(name, repr(float(value)), sep="\t", file=out)
    with open("about.json", "w") as out:
        json.dump({"python": platform.python_version(), "xgboost": xgboost.__version__, "rounds": rounds}, out)


if __name__ == "__main__":
    main()
