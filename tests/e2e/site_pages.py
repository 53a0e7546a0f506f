"""A small store and its site, and what tests read of a page. Standard library only."""
import csv
import html.parser
import json
import math
import sqlite3
import statistics

EXPERIMENT = """
    schema = 1
    name = "site"
    title = "Site"
    seeds = 3
    [[task]]
    name = "gfp_fluorescence"
    limit = 2000
    [[task]]
    name = "promoter"
    limit = 600
    [control.train]
    max_steps = 40
    """

HOSTILE = ("</script><script>window.hostile=1</script><img src=x onerror=window.hostile=1> \" ' ` & {{TITLE}} \u202egnp\u202c\u200f\u05d0 "
           + "x" * 10000)
# Every text of the store that a page may show and no rule of the store fixes.
HOSTILE_COLUMNS = {
    "experiments": ["title", "paper", "reruns", "source"], "run_trials": ["label"], "trials": ["model", "variant", "split_kind"],
    "executions": ["reason"], "metrics": ["note"], "names": ["unit"],
    "environments": ["program", "git_commit", "compiler", "torch", "cpu", "cpu_capability", "device", "preset"],
    "published_values": ["paper", "table_ref", "row_ref", "col_ref", "model", "variant", "note", "context"]}


def make_hostile(path):
    """Puts HOSTILE into every such text, and into cards, configurations, slices and names of metrics."""
    store = sqlite3.connect(path)
    for table, columns in HOSTILE_COLUMNS.items():
        for column in columns:
            store.execute(f"UPDATE {table} SET {column} = ? || substr(coalesce({column}, ''), 1, 40)", (HOSTILE,))
    store.execute("UPDATE names SET name = replace(name, '=', '=' || ?) WHERE name LIKE '%=%'", (HOSTILE,))
    store.execute("UPDATE names SET name = ? || name WHERE name = 'mae'", (HOSTILE,))
    for number, card in store.execute("SELECT rowid, card FROM cards").fetchall():
        changed = {key: HOSTILE if isinstance(value, str) else value for key, value in json.loads(card).items()}
        changed[HOSTILE] = HOSTILE
        store.execute("UPDATE cards SET card = ? WHERE rowid = ?", (json.dumps(changed), number))
    for number, config in store.execute("SELECT id, config FROM trials").fetchall():
        config = json.loads(config)
        config["model"]["view"] = HOSTILE
        store.execute("UPDATE trials SET config = ? WHERE id = ?", (json.dumps(config), number))
    store.commit()
    store.close()


class Page(html.parser.HTMLParser):
    """Elements with the attributes of aggregates, lists of trial keys, identifiers, links, and scripts."""

    def __init__(self, text):
        super().__init__()
        self.aggregates, self.keys, self.ids, self.links, self.scripts, self.tags = [], {}, [], [], 0, []
        self.open_list, self.open_cell, self.stack = None, None, 0
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.tags.append(tag)
        self.scripts += tag == "script"
        if "id" in attributes:
            self.ids.append(attributes["id"])
        if tag == "a":
            self.links.append(attributes["href"])
        if "data-keys" in attributes:
            self.open_list = attributes["data-keys"]
            self.keys[self.open_list] = ""
        if "data-mean" in attributes:
            self.aggregates.append({**attributes, "text": ""})
            self.open_cell = self.aggregates[-1]

    def handle_data(self, data):
        if self.open_list:
            self.keys[self.open_list] += data
        if self.open_cell:
            self.open_cell["text"] += data

    def handle_endtag(self, tag):
        if tag == "dd":
            self.open_list = None
        if tag == "td":
            self.open_cell = None


def rebuilt(trials, keys, aggregate):
    """Mean and standard deviation from NAME.trials.csv: over trials, or over folds with seeds averaged inside."""
    places = {}
    for row in trials:
        if row["key"][:16] in keys and all(row[name] == aggregate[f"data-{name}"] for name in ("metric", "split", "slice")):
            places.setdefault((row["rep"], row["fold"]), []).append(float(row["value"]))
    values = next(iter(places.values())) if len(places) == 1 else [statistics.fmean(v) for v in places.values()]
    return statistics.fmean(values), statistics.stdev(values) if len(values) > 1 else math.nan


def read_trials(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
