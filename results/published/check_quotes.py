#!/usr/bin/env python3
"""Holds results/published/*.tsv against the papers' texts and the first transcription of their numbers.

    check_quotes.py PAPERS_FOLDER TRANSCRIPTION_FOLDER

Every quote must occur in its paper's text (white space apart) and hold its number; every row of the transcription
(000.tsv kim, 001.tsv guarnieri, 003.tsv utk, 004.tsv mimo; claims.tsv) must stand in ours with the same value, each
in a row of its own, and ours may hold no further number that is not marked as added. Prints what is wrong; exit 1.
"""
import csv
import pathlib
import re
import sys

PAPERS = {"000": "kim", "001": "guarnieri", "003": "utk", "004": "mimo"}
HERE = pathlib.Path(__file__).resolve().parent
NUMBER = re.compile(r"(?<![\w.])-?\d[\d,]*(?:\.\d+)?(?:e-?\d+)?(?: million\b|M\b)?|(?<=[-=])\d+(?:\.\d+)?(?:e-?\d+)?")
RANGE = re.compile(r"_(min|max)$")


def table(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader((line for line in file if not line.startswith("#")), delimiter="\t",
                                   quoting=csv.QUOTE_NONE))


def flat(text):
    return " ".join(text.split())


def numbers_in(text):
    found = set()
    for token in NUMBER.findall(text):
        scale = 1e6 if token.endswith(("million", "M")) else 1
        found.add(float(token.replace(" million", "").replace("M", "").replace(",", "").rstrip(".")) * scale)
    return found


def number(text):
    """A transcribed value: "110M" and "99-1" are the two that are no plain number."""
    match = re.fullmatch(r"(-?[\d.]+(?:e-?\d+)?)(M|-1)?", text)
    return float(match[1]) * (1e6 if match[2] == "M" else 1) if match else None


def quote_faults(paper, row, text):
    place = f"{paper}, {row['table']}, {row['row']}, {row['column']}"
    quote = flat(row["quote"])
    if not quote:
        return [] if row["status"] == "missing" else [f"{place}: no quote"]
    faults = [] if quote in text else [f"{place}: the paper does not say '{quote}'"]
    if row["column"] == "exchangeable_split":  # 1 stands for the words themselves
        return faults
    for column in ("value", "low", "high"):
        if row[column] and float(row[column]) not in numbers_in(quote):
            faults.append(f"{place}: {column} {row[column]} is not in '{quote}'")
    return faults


def claim_of(source, rows, used):
    """The row of ours that carries this transcribed number, and the column it stands in; None if there is none."""
    end = RANGE.search(source["metric"])
    column = {"min": "low", "max": "high"}[end[1]] if end else "value"
    wanted = number(source["value"])
    for index, row in enumerate(rows):
        if (index, column) in used:
            continue
        have = float(row[column]) if row[column] else None
        place = source["table_or_figure"] in (row["table"], "text and table", "-") or row["table"] == "text"
        names = {row["row"], row["column"], row["metric"], f"{row['split']}_{row['metric']}"}
        quote = flat(source["quoted_context"]) in (flat(row["quote"]), "") or row["column"] == "bigbird_max_length"
        metric = RANGE.sub("", source["metric"])
        metric = {"validation_loss": "loss"}.get(metric, metric)
        if place and quote and have == wanted and metric in names and (
                source["row"] in names or row["row"] in ("setting", "test", "results")):
            return index, column
    return None


def transcription_faults(code, paper, rows, folder):
    used, faults = set(), []
    for line, source in enumerate(table(folder / f"{code}.tsv"), 2):
        found = claim_of(source, rows, used)
        if found is None:
            faults.append(f"{code}.tsv:{line}: {source['row']} {source['metric']} {source['value']} is lost")
        else:
            used.add(found)
    taken = {index for index, _ in used}
    for index, row in enumerate(rows):
        if index not in taken and "not among the 291 numbers" not in row["note"]:
            faults.append(f"{paper}.tsv: {row['table']}, {row['row']}, {row['column']} comes from nowhere")
    return faults, len(used)


def main(papers, transcription):
    faults, total = [], 0
    for code, paper in PAPERS.items():
        text = flat(next(papers.glob(f"{code}_*.txt")).read_text(encoding="utf-8"))
        rows = table(HERE / f"{paper}.tsv")
        for row in rows:
            faults += quote_faults(paper, row, text)
        found, count = transcription_faults(code, paper, rows, transcription)
        faults += found
        total += count
    claims = {(row["claim"], row["statement"]) for row in table(HERE / "claims.tsv")}
    theirs = {(row["claim_id"], row["statement"]) for row in table(transcription / "claims.tsv")}
    faults += [f"claim {claim} is {'lost' if claim in theirs else 'new'}" for claim in sorted(claims ^ theirs)]
    print("\n".join(faults + [f"{total} numbers and {len(claims)} claims checked, {len(faults)} faults"]))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])))
