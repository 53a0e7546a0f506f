"""Doors for others: a task that a TOML declares, end to end, without C++; and docs/your_data.md word by word."""
import json
import pathlib
import re
import shlex
import shutil
import unittest

import program

DECLARATION = """
    schema = 1
    kind = "table"
    title = "Activity of short DNA"
    task_kind = "regression"
    file = "activity.csv"
    metrics = ["pearson", "mse"]
    [columns]
    id = "id"
    sequence = "seq"
    features = ["x_*"]
    label = "y"
    [views]
    alphabet = "dna"
    kmer = 2
    """

EXPERIMENT = """
    schema = 1
    name = "doors"
    title = "Doors"
    [data]
    task = "activity"
    [split]
    kind = "kfold"
    folds = 3
    validation = 0.2
    [control.train]
    max_steps = 20
    """


def csv_of(rows=90, first="A"):
    """y is the share of A and C, and x_1 says so."""
    lines = ["id,seq,x_1,x_2,y"]
    for i in range(rows):
        seq = first + "".join("ACGT"[(i * 7 + k * k * (i % 5 + 1)) % 4] for k in range(11))
        y = sum(c in "AC" for c in seq) / 12
        lines.append(f"s{i},{seq},{y * 2 + (i % 3) * 0.01:.3f},{i % 7},{y:.4f}")
    return "\n".join(lines) + "\n"


class TableTest(program.ProgramCase):
    def setUp(self):
        super().setUp()
        self.write("data/tasks/activity.toml", DECLARATION)
        self.csv = pathlib.Path(self.write("data/tasks/activity.csv", csv_of()))
        self.toml = self.write("doors.toml", EXPERIMENT)

    def test_a_table_task_from_file_to_leaderboard(self):
        self.assertIn("activity", self.call("list", "tasks")[0])
        shown = json.loads(self.call("show", "activity", "--json")[0])
        self.assertEqual([view["name"] for view in shown["views"]], ["dna", "one_hot", "kmer_counts", "features"])
        self.assertIn("declared in", self.call("data", "list")[0])
        self.call("check", self.toml)
        planned = json.loads(self.call("plan", self.toml, "--json")[0])["trials"]
        labels = {trial["label"] for trial in planned}
        self.assertLessEqual({"constant (training mean)", "ridge, one-hot", "ridge, features", "ridge, k-mers"}, labels)
        self.assertNotIn("ceiling (twin)", labels)
        self.call("run", self.toml, "--workers", "2")
        self.assertEqual(set(self.rows("SELECT source FROM v_results")), {("real",)})
        board = json.loads(self.call("leaderboard", "activity", "--json")[0])
        self.assertIn("ridge, features", json.dumps(board))
        ridge = self.rows("SELECT avg(r.value) FROM v_results r JOIN v_status s ON s.key = r.trial WHERE s.label = 'ridge, features' "
                          "AND r.metric = 'pearson' AND r.split = 'test' AND r.slice = 'all'")[0][0]
        self.assertGreater(ridge, 0.9)
        self.call("report", "doors", "--out", self.folder / "out")
        pages = [path for path in (self.folder / "out").rglob("*.md") if "Activity of short DNA" in path.read_text()]
        self.assertTrue(pages)
        self.assertIn("ridge, features", "".join(path.read_text() for path in pages))
        self.assert_sound()

    def test_results_follow_the_content_and_not_the_place(self):
        self.call("run", self.toml)
        self.assertIn("to run 0", self.call("plan", self.toml)[0])
        moved = self.folder / "elsewhere"
        shutil.move(self.folder / "data" / "tasks", moved)
        (moved / "activity.csv").rename(moved / "renamed.csv")
        text = (moved / "activity.toml").read_text()
        (moved / "activity.toml").write_text(text.replace("activity.csv", "renamed.csv").replace("Activity of", "About"))
        self.environment["SEQBENCH_TASKS"] = str(moved)
        self.assertIn("to run 0", self.call("plan", self.toml)[0])
        key = self.rows("SELECT key FROM v_status WHERE label = 'ridge, features'")[0][0]
        self.call("rerun", key)
        (moved / "renamed.csv").write_text(csv_of(first="C"))
        self.assertNotIn("to run 0", self.call("plan", self.toml)[0])
        self.assertIn("the data of task 'activity' changed", self.call("rerun", key, expect=2)[1])

    def test_broken_declarations_stop_only_their_own_task(self):
        self.write("data/tasks/broken.toml", "schema = 1\nkind = \"table\"\ntask_kind = \"regression\"\nfile = \"x.csv\"\n[columns]\nlabell = \"y\"\n")
        out, err = self.call("list", "tasks")
        self.assertIn("promoter", out)
        self.assertRegex(err, r"warning: task 'broken' is left out: .*broken\.toml:1:1: error: missing key")
        self.assertRegex(err, r"broken\.toml:6:1: error: unknown key 'columns\.labell'; nearest: 'columns\.label'")
        toml = self.write("b.toml", EXPERIMENT.replace('"activity"', '"broken"'))
        self.assertIn("task 'broken' cannot be used", self.call("run", toml, expect=2)[1])
        self.write("data/tasks/promoter.toml", DECLARATION)
        self.assertIn("there is a task 'promoter' already", self.call("list", "tasks")[1])
        self.assertIn("task 'promoter' cannot be used", self.call("run", self.write("p.toml", EXPERIMENT.replace('"activity"', '"promoter"')), expect=2)[1])
        self.assertFalse(self.store.exists())

    def test_faults_of_the_data_end_before_the_first_row(self):
        self.csv.write_text(csv_of() + "s900,ACGT,1,1,oops\n")
        self.assertIn("activity.csv:92: the label \"y\" must be a finite number, got \"oops\"", self.call("run", self.toml, expect=2)[1])
        self.csv.unlink()
        self.assertIn("activity.csv", self.call("run", self.toml, expect=2)[1])
        self.assertIn("has no twin", self.call("run", self.toml, "--twin", expect=2)[1])
        self.assertIn("has no twin", self.call("check", self.toml, "--set", "data.source=twin", expect=2)[1])
        self.assertFalse(self.store.exists())


class DocumentTest(program.ProgramCase):
    def test_every_command_of_your_data_runs(self):
        root = self.folder / "root"
        root.mkdir()
        self.environment.update(SEQBENCH_ROOT=str(root), SEQBENCH_STORE="", SEQBENCH_DATA="")
        self.folder = root
        text = (program.SOURCE / "docs/your_data.md").read_text()
        lines = [line for block in re.findall(r"```sh\n(.*?)```", text, re.S) for line in block.splitlines()]
        self.assertGreater(len(lines), 6)
        for line in lines:
            with self.subTest(line):
                words = shlex.split(line)
                self.assertEqual(words[0], "./seqbench")
                self.call(*words[1:])
        (declaration,) = re.findall(r"```toml\n(.*?)```", text, re.S)
        (root / "data/tasks/shown.toml").write_text(declaration)
        (root / "data/tasks/promoters.tsv").write_text("")
        self.assertNotIn("shown", self.call("list", "tasks")[1])
        self.assertIn("shown", self.call("list", "tasks")[0])


class NewTaskTest(program.ProgramCase):
    def test_new_writes_once_and_checks_names(self):
        root = self.folder / "root"
        root.mkdir()
        self.environment["SEQBENCH_ROOT"] = str(root)
        out = self.call("new", "task", "mine", "--kind", "binary", "--view", "protein")[0]
        for line in out.split():
            self.assertNotIn("@", (root / line).read_text())
        self.assertIn("kBinary", (root / "tasks/mine/mine.cpp").read_text())
        self.assertIn("is there already", self.call("new", "task", "mine", expect=2)[1])
        self.assertIn("is there already", self.call("new", "task", "promoter", expect=2)[1])
        self.assertIn("snake_case", self.call("new", "task", "My-Task", expect=2)[1])
        self.assertIn("--kind must be", self.call("new", "task", "other", "--kind", "ranking", expect=2)[1])
        self.assertFalse((root / "tasks/other").exists())
        self.call("new", "table", "sheet")
        self.assertIn("is there already", self.call("new", "table", "sheet", expect=2)[1])


if __name__ == "__main__":
    unittest.main(verbosity=2)
