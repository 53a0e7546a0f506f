"""One walk through every command on the twins, with the real program."""
import csv
import io
import json
import unittest

import program

EXPERIMENT = """
    schema = 1
    name = "walk"
    title = "Walk"
    seeds = 2
    [[task]]
    name = "gfp_fluorescence"
    limit = 3000
    [[task]]
    name = "promoter"
    limit = 900
    [control.train]
    max_steps = 60
    """


class WalkTest(program.ProgramCase):
    def test_walk(self):
        toml = self.write("walk.toml", EXPERIMENT)
        self.assertIn("no error", self.call("check", toml)[0])
        planned = json.loads(self.call("plan", toml, "--json")[0])
        self.assertTrue(all(trial["why"] == "never run" for trial in planned["trials"]))
        events = [json.loads(line) for line in self.call("run", toml, "--json")[0].splitlines()]
        self.assertEqual(events[-1]["event"], "run_end")
        self.assertEqual(events[-1]["exit_code"], 0)
        told = {event["trained"] for event in events if event["event"] == "progress"}
        self.assertEqual(told, {True, False}, "steps of the network, parts of the fits of ridge")
        ended = [event for event in events if event["event"] == "trial_end"]
        self.assertEqual(len(ended), len(planned["trials"]))
        self.assertTrue(all(event["v"] == 1 for event in events))
        self.nothing_left(toml)
        self.shows(planned)
        self.reports(toml)
        self.reruns(planned)
        self.boards()
        self.assert_sound()

    def nothing_left(self, toml):
        before = self.export()
        out, _ = self.call("plan", toml)
        self.assertIn("to run 0", out)
        self.call("run", toml)
        self.assertEqual(self.export(), before)

    def shows(self, planned):
        ridge = next(t for t in planned["trials"] if t["label"] == "ridge, one-hot")
        text = self.call("show", ridge["key"][:10], "--predictions", "--format", "csv")[0]
        rows = list(csv.DictReader(io.StringIO(text)))
        self.assertEqual(list(rows[0]), ["id", "truth", "prediction", "split", "fold"])
        self.assertEqual({row["split"] for row in rows}, {"test"})
        shown = json.loads(self.call("show", ridge["key"], "--json")[0])
        mse = next(m["value"] for m in shown["metrics"] if (m["split"], m["metric"], m["slice"]) == ("test", "mse", "all"))
        again = sum((float(r["truth"]) - float(r["prediction"])) ** 2 for r in rows) / len(rows)
        self.assertAlmostEqual(mse, again, places=9)
        cnn = next(t for t in planned["trials"] if t["label"] == "small CNN")
        self.assertIn("loss", self.call("show", cnn["key"], "--curves")[0])
        self.assertIn('"train"', self.call("show", cnn["key"], "--config")[0])
        self.assertIn("cpu", self.call("show", cnn["key"], "--env")[0])
        for name in ("gfp_fluorescence", "small_cnn", "quickstart"):
            self.assertTrue(self.call("show", name)[0])
        self.assertRegex(self.call("show", "small_cnn")[0], r"train\.optimizer +\"adamw\"")
        self.assertEqual(json.loads(self.call("show", "small_cnn", "--json")[0])["train"]["optimizer"], "adamw")
        run = self.rows("SELECT uid FROM runs")[0][0]
        self.assertIn("ridge, one-hot", self.call("show", run)[0])

    def reports(self, toml):
        out, _ = self.call("report", "walk", "--out", self.folder / "out")
        files = {line.rsplit(".", 1)[-1] for line in out.split()}
        self.assertLessEqual({"md", "csv", "json"}, files)
        page = next((self.folder / "out").rglob("*.md")).read_text()
        for words in ("ceiling", "ridge, one-hot", "shuffled", "twin", "best constant on test"):
            self.assertIn(words, page)

    def reruns(self, planned):
        for label in ("ridge, one-hot", "small CNN"):
            key = next(t["key"] for t in planned["trials"] if t["label"] == label)
            self.assertIn("the same bits", self.call("rerun", key)[0])

    def boards(self):
        text = self.call("leaderboard", "gfp")[0]
        self.assertIn("small CNN", text)
        board = json.loads(self.call("leaderboard", "promoter", "--metric", "auroc", "--json")[0])
        self.assertTrue(board)

    def test_lists(self):
        for what in ("tasks", "models", "metrics", "experiments", "runs", "optimizers", "schedules"):
            self.call("list", what)
            json.loads(self.call("list", what, "--json")[0])
        self.assertIn("gfp_fluorescence", self.call("list", "tasks")[0])
        self.assertNotIn("does not load", self.call("list", "experiments")[0])
        self.assertNotIn("ridge", self.call("list", "models", "--view", "protein")[0])

    def test_help_and_doctor(self):
        self.assertIn("learning_rate", self.call("help", "toml")[0])
        for topic in ("exit-codes", "environment"):
            self.call("help", topic)
        self.call("help", "nothing", expect=2)
        facts = json.loads(self.call("doctor", "--json")[0])
        self.assertRegex(facts["torch"], r"^2\.\d+")
        for line in self.call("--help")[0].splitlines():
            self.assertLessEqual(len(line), 80, line)


class ControlsTest(program.ProgramCase):
    """Twins: no model beats the ceiling beyond its interval; shuffled labels score at chance."""

    CHANCE = {"gfp_fluorescence": ("spearman_break_random", 0.0, 0.08), "promoter": ("mcc", 0.0, 0.12)}

    def test_ceiling_and_chance(self):
        toml = self.write("controls.toml", EXPERIMENT.replace("limit = 3000", "limit = 12000")
                          .replace("limit = 900", "limit = 2570").replace("max_steps = 60", "max_steps = 400"))
        self.call("run", toml)
        for task, ceilings in {"gfp_fluorescence": {"mse": -1, "r2": 1, "pearson": 1},
                               "promoter": {"accuracy": 1, "auroc": 1, "log_loss": -1}}.items():
            for metric, sign in ceilings.items():
                self.check_ceiling(task, metric, sign)
            self.check_chance(task)

    def check_ceiling(self, task, metric, sign):
        board = json.loads(self.call("leaderboard", task, "--metric", metric, "--json")[0])
        cells = {(row["label"], row["kind"]): cell for row in board["rows"] for cell in row["cells"]
                 if (cell["split"], cell["metric"], cell["slice"]) == ("test", metric, "all")}
        ceiling = next(cell for (_, kind), cell in cells.items() if kind == "ceiling")
        models = {label: cell for (label, kind), cell in cells.items() if kind != "ceiling"}
        self.assertGreaterEqual(len(models), 4)
        for label, cell in models.items():
            if metric == "pearson" and cell["mean"] == "nan":
                continue   # a constant prediction has none
            worst_end = cell["low"] if sign > 0 else cell["high"]
            worst_end = cell["mean"] if worst_end in (None, "nan") else worst_end   # every resample scored the same
            self.assertLessEqual(sign * worst_end, sign * ceiling["mean"], f"{task} {label} {metric} beats the ceiling")

    def check_chance(self, task):
        metric, chance, margin = self.CHANCE[task]
        found = self.rows(f"SELECT rt.label, m.value FROM metrics m JOIN executions e ON e.id = m.execution "
                          f"JOIN trials t ON t.id = e.trial JOIN run_trials rt ON rt.trial = t.id "
                          f"JOIN names n ON n.id = m.name WHERE n.name = '{metric}' AND m.split = 2 AND m.slice = 0 "
                          f"AND t.task = '{task}' AND rt.label LIKE '%shuffled%'")
        self.assertTrue(found)
        mean = sum(value for _, value in found) / len(found)
        self.assertLess(abs(mean - chance), margin, f"{task}: shuffled labels score {mean}")


if __name__ == "__main__":
    unittest.main(verbosity=2)
