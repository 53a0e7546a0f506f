"""Models and predictions from outside stand in the leaderboard; what is broken fails by name and leaves nothing behind."""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time
import unittest

import program

OUTSIDE = """\
schema = 1
controls = false
[data]
task = "promoter"
limit = 400
[[model]]
name = "external"
view = "dna"
label = "mine"
params.command = ["python3", "model.py"]
"""
GOOD = """\
import csv, os
with open("predictions.tsv", "w") as out:
    print("id\\tprediction", file=out)
    for part in ("train", "validation", "test"):
        for row in csv.DictReader(open(part + ".tsv"), delimiter="\\t"):
            print(row["id"], row["sequence"].count("G") / len(row["sequence"]), sep="\\t", file=out)
"""


def python_with(package):
    for python in (os.environ.get("SEQBENCH_PYTHON"), program.SOURCE / ".venv/bin/python", sys.executable):
        if python and shutil.which(str(python)) and subprocess.run([python, "-c", f"import {package}"], capture_output=True).returncode == 0:
            return str(python)
    return None


def alive(pid):
    try:
        return ") Z " not in pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


class DoorCase(program.ProgramCase):
    def standings(self, task="promoter"):
        board = json.loads(self.call("leaderboard", task, "--json")[0])
        return {s["label"]: s for contest in board["contests"] for s in contest["standings"]}


class OutsideTest(DoorCase):
    def execution(self):
        return self.rows("SELECT e.status, e.verdict, e.reason FROM executions e JOIN trials t ON t.id = e.trial "
                         "WHERE t.kind = 'external' ORDER BY e.id DESC LIMIT 1")[0]

    def outside(self, script, extra=""):
        self.write("model.py", script)
        return self.write("mine.toml", OUTSIDE + extra)

    def example(self, name, label):
        toml = program.SOURCE / "experiments/external" / f"{name}.toml"
        self.call("run", toml, "--scale", "smoke")
        standing = self.standings()[label]
        self.assertIsNotNone(standing["rank"])
        self.assertGreater(standing["score"], 0.2, f"{label}: no better than chance")
        key = self.rows("SELECT key FROM trials WHERE kind = 'external' AND task = 'promoter'")[0][0]
        self.assertIn("the same bits", self.call("rerun", key)[0])
        self.assertIn("to run 0", self.call("plan", toml, "--scale", "smoke")[0])
        self.assert_sound()

    def test_plain_python(self):
        self.example("plain_python", "naive Bayes, plain Python")
        self.call("report", "--out", self.folder / "out")
        self.assertIn("naive Bayes, plain Python", next((self.folder / "out").rglob("*.md")).read_text())

    def learner(self, package, name, label):
        python = python_with(package)
        if python is None:
            self.skipTest(f"SKIPPED LOUDLY: no Python here has {package} (SEQBENCH_PYTHON names one)")
        self.environment["SEQBENCH_PYTHON"] = python
        self.example(name, label)
        self.assertTrue(self.rows(f"SELECT 1 FROM executions WHERE chosen LIKE '%{'scikit-learn' if package == 'sklearn' else package}%'"))

    def test_scikit_learn(self):
        self.learner("sklearn", "scikit_learn", "boosted trees, scikit-learn")

    def test_xgboost(self):
        self.learner("xgboost", "xgboost", "XGBoost depth 3")

    def test_key_covers_the_script(self):
        toml = self.outside(GOOD)
        self.call("run", toml)
        self.assertEqual(self.execution()[0], "done")
        elsewhere = self.folder / "elsewhere"
        elsewhere.mkdir()
        for name in ("mine.toml", "model.py"):
            shutil.copy(self.folder / name, elsewhere)
        self.assertIn("to run 0", self.call("plan", elsewhere / "mine.toml")[0])
        self.write("model.py", GOOD + "# another word\n")
        self.assertIn("code changed: file model.py", self.call("plan", toml)[0])
        (self.folder / "model.py").unlink()
        self.write("mine.toml", OUTSIDE + 'params.files = ["features.py"]\n')
        self.assertIn("names 'features.py': no such file", self.call("check", toml, expect=2)[1])

    def test_each_fault_has_its_reason(self):
        for script, verdict, reason in (
                ("print('no answer')\n", "wrong_answer", "left no such file; its last words: no answer"),
                ("raise SystemExit('out of ideas')\n", "crash", "exit code 1; its last words: out of ideas"),
                (GOOD + "open('predictions.tsv', 'a').write('x\\t1\\n')\n", "wrong_answer", "id 'x' is none of those"),
                (GOOD + "lines = open('predictions.tsv').readlines()\nopen('predictions.tsv', 'w').writelines(lines[:-1])\n",
                 "wrong_answer", "1 of 400 ids are missing"),
                (GOOD.replace('row["sequence"].count("G") / len(row["sequence"])', "float('nan')"), "wrong_answer", "expected a finite number"),
                (GOOD.replace("len(row", "0.01 * len(row"), "wrong_answer", "expected a probability from 0 to 1"),
                (GOOD.replace("id\\tprediction", "name\\tprediction"), "wrong_answer", "expected the columns id, prediction"),
                ("open('predictions.tsv', 'w').write('x' * 10_000_000)\n", "wrong_answer", "10000000 bytes; at most")):
            with self.subTest(reason):
                self.call("run", self.outside(script), expect=1)
                status, found, why = self.execution()
                self.assertEqual((status, found), ("failed", verdict), why)
                self.assertIn(reason, why)

    def test_limits(self):
        for script, extra, verdict in (
                ("import time\ntime.sleep(1000)\n", '[limits]\nstall = "10s"\n', "no_progress"),
                ("import time\nwhile True:\n    print('busy')\n    time.sleep(0.2)\n", '[limits]\ntrial_time = "10s"\n', "time_limit"),
                ("import time\nhog = bytearray(3 << 29)\nfor i in range(0, len(hog), 4096):\n    hog[i] = 1\ntime.sleep(1000)\n",
                 '[limits]\ntrial_memory = "1200MiB"\n', "out_of_memory")):
            with self.subTest(verdict):
                script = f"import os\nopen({str(self.folder / 'pid')!r}, 'w').write(str(os.getpid()))\n" + script
                self.call("run", self.outside(script, extra), expect=1)
                self.assertEqual(self.execution()[1], verdict)
                self.gone(int((self.folder / "pid").read_text()))

    def gone(self, pid):
        end = time.monotonic() + 20
        while alive(pid) and time.monotonic() < end:
            time.sleep(0.05)
        self.assertFalse(alive(pid), f"{pid} is still there")

    def waiting(self):
        """A run whose program waits; the pids of worker, program and a child in a session of its own."""
        script = f"""\
            import os, subprocess, time
            child = subprocess.Popen(["setsid", "sleep", "1000"])
            notes = {str(self.folder / "notes")!r}
            with open(notes + ".new", "w") as out:
                print(os.getpid(), child.pid, os.getcwd(), file=out)
            os.rename(notes + ".new", notes)
            time.sleep(1000)
            """
        running = self.start("run", self.outside(script))
        end = time.monotonic() + 60
        while not (self.folder / "notes").exists() and time.monotonic() < end:
            time.sleep(0.05)
        program_pid, child, folder = (self.folder / "notes").read_text().split()
        (self.folder / "notes").unlink()
        worker = int(pathlib.Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text().split()[0])
        return running, worker, (int(program_pid), int(child)), pathlib.Path(folder)

    def test_a_killed_worker_leaves_nothing(self):
        running, worker, pids, folder = self.waiting()
        os.kill(worker, signal.SIGKILL)
        for pid in pids:
            self.gone(pid)
        end = time.monotonic() + 20
        while folder.exists() and time.monotonic() < end:
            time.sleep(0.05)
        self.assertFalse(folder.exists())
        running.send_signal(signal.SIGKILL)
        running.communicate()

    def test_an_interrupted_one_starts_again(self):
        running, _, pids, folder = self.waiting()
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=60)
        self.assertEqual(running.returncode, 3)
        for pid in pids:
            self.gone(pid)
        self.assertFalse(folder.exists())
        self.call("run", self.outside(GOOD))
        self.assertEqual(self.execution()[0], "done")


class SubmissionTest(DoorCase):
    def test_a_submission_stands_in_the_leaderboard(self):
        toml = program.SOURCE / "experiments/controls/promoter.toml"
        self.call("run", toml, "--twin", "--set", "seeds=1", "--set", 'split.kind="holdout"')
        trial = self.rows("SELECT t.key FROM trials t JOIN run_trials r ON r.trial = t.id WHERE r.label LIKE 'logistic%' AND r.label NOT LIKE '%shuffled%' AND t.split_kind = 'holdout'")[0][0]
        table = self.call("show", trial, "--predictions", "--format", "csv")[0].splitlines()
        path = self.folder / "mine.csv"
        path.write_text("id,prediction\n" + "".join(f"{line.split(',')[0]},{line.split(',')[2]}\n" for line in table[1:]))
        flags = ("--task", "promoter", "--model", "mine", "--twin", "--split", "holdout")
        self.call("submit", path, *flags, "--dry-run")
        self.assertEqual(self.rows("SELECT count(*) FROM runs WHERE scheduler = 'submit'"), [(0,)])
        card = self.write("card.toml", 'by = "me"\n[data]\nrows = 3\n')
        out = self.call("submit", path, *flags, "--card", card, "--licence", "CC0-1.0")[0]
        self.assertIn("stored, marked as submitted", out)
        before = self.export()
        self.assertIn("known before", self.call("submit", path, *flags)[0])
        self.assertEqual(self.export(), before)
        standings = self.standings()
        self.assertEqual(standings["mine"]["what"], "submitted")
        self.assertEqual(standings["mine"]["rank"], 1)   # the only one that is no control
        logistic = next(s for label, s in standings.items() if s["score"] == standings["mine"]["score"] and label != "mine")
        self.assertIn("logistic", logistic["label"])
        self.assertIsNotNone(standings["mine"]["low"])
        self.assertRegex(self.call("leaderboard", "promoter")[0], r"submitted\S* +\S* *mine|submitted, leader +mine")
        self.call("report", "--out", self.folder / "out")
        self.assertTrue(any("mine" in page.read_text() for page in (self.folder / "out").rglob("*.md")))
        key = self.rows("SELECT key FROM trials WHERE kind = 'submitted'")[0][0]
        self.assertIn("mine", self.call("show", key)[0])
        self.assertIn("was submitted", self.call("rerun", key, expect=2)[1])
        self.assertIn("stored", self.call("submit", path, *flags, "--scale", "full")[0])  # it stands at both scales
        self.assertIn("known before", self.call("submit", path, *flags, "--scale", "full")[0])
        self.assert_sound()

    def test_a_refusal_leaves_no_store(self):
        path = self.write("mine.tsv", "id\tprediction\nnobody\t0.5\n")
        err = self.call("submit", path, "--task", "promoter", "--model", "mine", "--twin", expect=2)[1]
        self.assertIn("mine.tsv:2: id 'nobody' is no row of the data", err)
        self.call("submit", path, "--task", "promoter", "--model", "ridge", "--twin", expect=2)
        self.call("submit", path, "--task", "promoter", "--model", "mine", "--twin", "--split", "nothing", expect=2)
        self.call("submit", path, "--task", "promoter", "--model", "mine", "--twin", "--card", self.write("card.toml", "a = ["), expect=2)
        self.assertFalse(self.store.exists())


class DocumentsTest(program.ProgramCase):
    """Every command of docs/your_model.md and docs/your_predictions.md runs, in order."""

    def setUp(self):
        super().setUp()
        self.root = self.folder / "root"
        self.root.mkdir()
        shutil.copytree(program.SOURCE / "experiments", self.root / "experiments")
        (self.root / "seqbench").symlink_to(program.PROGRAM)
        self.environment.update(SEQBENCH_ROOT=str(self.root), SEQBENCH_STORE="", SEQBENCH_DATA="")
        self.folder = self.root

    def commands(self, document):
        for block in re.findall(r"```sh\n(.*?)```", (program.SOURCE / "docs" / document).read_text(), re.S):
            yield from block.splitlines()

    def execute(self, line):
        done = subprocess.run(["sh", "-ec", line], cwd=self.root, env=self.environment, capture_output=True, text=True, timeout=600)
        self.assertEqual(done.returncode, 0, f"{line}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def test_your_model(self):
        for line in self.commands("your_model.md"):
            if "SEQBENCH_PYTHON=" in line:
                python = python_with("xgboost" if "xgboost" in line else "sklearn")
                if python is None:
                    print(f"SKIPPED LOUDLY: {line} (no Python here has the library)")
                    continue
                line = line.replace(".venv/bin/python", python)
            with self.subTest(line):
                self.execute(line)

    def test_your_predictions(self):
        (self.root / "mine.toml").write_text('schema = 1\ncontrols = false\n[data]\ntask = "gfp_fluorescence"\n[[model]]\nname = "ridge"\n'
                                             'view = "mutations"\nlabel = "ridge, mutations"\nparams.strengths = [1.0]\n')
        self.execute("./seqbench run mine.toml")
        key = next(row[0] for row in self.rows("SELECT t.key FROM trials t JOIN run_trials r ON r.trial = t.id WHERE r.label = 'ridge, mutations'", self.root / "results/seqbench.db"))
        table = self.execute(f"./seqbench show {key} --predictions --format csv").splitlines()
        (self.root / "predictions.tsv").write_text("id\tprediction\n" + "".join("\t".join(line.split(",")[0:3:2]) + "\n" for line in table[1:] if ",test," in line))
        (self.root / "card.toml").write_text('method = "ridge, copied"\n')
        for line in self.commands("your_predictions.md"):
            with self.subTest(line):
                shown = self.execute(line)
        self.assertIn("submitted", shown)


if __name__ == "__main__":
    unittest.main(verbosity=2)
