"""However often and wherever a run is killed, the results are those of the undisturbed run, to the bit."""
import json
import os
import pathlib
import random
import shutil
import signal
import sqlite3
import time
import unittest

import program

EXPERIMENT = """
    schema = 1
    name = "resume"
    seeds = 4
    controls = false
    [data]
    task = "toy"
    [[model]]
    name = "drawer"
    params = {{ step_ms = {step_ms} }}
    [train]
    batch = 8
    epochs = {epochs}
    learning_rate = 2e-3
    early_stop = {{ patience = {patience} }}
    [save]
    predictions = ["validation", "test"]
"""
FLAGS = ("--checkpoint-every", "10steps", "--no-progress")


class ResumeCase(program.ProgramCase):
    program = program.FAKES

    def experiment(self, epochs, step_ms=3, patience=60):
        return self.write("resume.toml", EXPERIMENT.format(epochs=epochs, step_ms=step_ms, patience=patience))

    def undisturbed(self, toml):
        store = self.folder / "undisturbed.db"
        self.call("run", toml, *FLAGS, store=store)
        return self.results(store), self.export(store)

    def inside_after_checkpoint(self):
        """Does the newest run have an attempt under way at a trial that has a checkpoint?"""
        return bool(self.rows_so_far("SELECT 1 FROM attempts a JOIN checkpoints c ON c.execution = a.execution "
                                     "WHERE a.status = 'running' AND a.run = (SELECT max(id) FROM runs)"))

    def run_count(self):
        return len(self.rows_so_far("SELECT id FROM runs"))

    def rows_so_far(self, query):
        """None while the store is being made."""
        try:
            return self.rows(query) if self.store.exists() else []
        except sqlite3.OperationalError:
            return []

    def assert_equal_to(self, undisturbed):
        results, text = undisturbed
        self.assertEqual(self.results(), results)
        self.assertEqual(self.export(), text)
        self.assert_sound()
        left = [path for path in (self.folder / "checkpoints").rglob("*") if path.is_file()]
        self.assertEqual(left, [], "checkpoints of finished trials are removed")


class KillTest(ResumeCase):
    def test_twenty_kills_at_random_moments(self):
        toml = self.experiment(epochs=110)
        undisturbed = self.undisturbed(toml)
        seed = random.SystemRandom().randrange(2**32)
        print(f"kill seed {seed}")
        draw = random.Random(seed)
        inside = 0
        for kill in range(20):
            runs = self.run_count()
            process = self.start("run", toml, *FLAGS)
            time.sleep(draw.uniform(0.3, 1.6))
            while 2 * inside < kill and process.poll() is None and not (self.run_count() > runs and self.inside_after_checkpoint()):
                time.sleep(0.05)  # a busy machine: later than drawn, so that half of the kills mean something
            self.assertIsNone(process.poll(), f"the run ended before kill {kill}: make it longer")
            if kill in (7, 15):  # a third loss at one checkpoint would fail the trial, and a busy machine may write none between
                self.kill_a_worker(process)
            process.kill()
            process.communicate()
            inside += self.run_count() > runs and self.inside_after_checkpoint()
            self.assertEqual(self.rows("PRAGMA integrity_check"), [("ok",)] if self.store.exists() else [])
        self.assertGreaterEqual(inside, 10, "kills inside a trial after its first checkpoint")
        self.call("run", toml, *FLAGS)
        self.assert_equal_to(undisturbed)
        print(f"{inside} of 20 kills fell inside a trial after its first checkpoint")

    def kill_a_worker(self, process):
        children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        for child in children:
            os.kill(int(child), signal.SIGKILL)
        if children:
            time.sleep(0.3)  # the parent starts another and resumes

    def test_a_killed_worker_is_replaced(self):
        toml = self.experiment(epochs=30)
        undisturbed = self.undisturbed(toml)
        process = self.start("run", toml, *FLAGS)
        time.sleep(1.2)
        self.kill_a_worker(process)
        _, err = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 0, err)
        self.assertIn("ended by signal 9", err)
        self.assert_equal_to(undisturbed)


class StopTest(ResumeCase):
    def stop_and_resume(self, number):
        toml = self.experiment(epochs=30)
        undisturbed = self.undisturbed(toml)
        stops = 0
        for _ in range(6):
            process = self.start("run", toml, *FLAGS)
            time.sleep(0.9)
            if process.poll() is None:
                process.send_signal(number)
            _, err = process.communicate(timeout=60)
            if process.returncode == 0:
                break
            self.assertEqual(process.returncode, 3, err)
            stops += 1
            self.assertEqual(self.rows("SELECT count(*) FROM executions WHERE status = 'running'"), [(0,)])
        self.assertGreaterEqual(stops, 3)
        self.call("run", toml, *FLAGS)
        self.assert_equal_to(undisturbed)

    def test_ctrl_c(self):
        self.stop_and_resume(signal.SIGINT)

    def test_term(self):
        self.stop_and_resume(signal.SIGTERM)

    def test_a_second_ctrl_c_ends_at_once(self):
        toml = self.write("sleep.toml", """
            schema = 1
            name = "sleep"
            controls = false
            [data]
            task = "toy"
            [[model]]
            name = "drawer"
            params = { step_ms = 1000 }
            """)
        process = self.start("run", toml, "--no-progress")
        time.sleep(2)
        process.send_signal(signal.SIGINT)
        time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        begun = time.monotonic()
        process.communicate(timeout=30)
        self.assertEqual(process.returncode, 3)
        self.assertLess(time.monotonic() - begun, 10)
        self.assert_sound()


class WorkersTest(ResumeCase):
    def test_one_two_and_four_workers_give_the_same_text(self):
        toml = self.experiment(epochs=10, step_ms=0)
        undisturbed = self.undisturbed(toml)
        for workers in (2, 4):
            store = self.folder / f"workers-{workers}.db"
            self.call("run", toml, "--workers", workers, *FLAGS, store=store)
            self.assertEqual(self.results(store), undisturbed[0])
            self.assertEqual(self.export(store), undisturbed[1])

    def test_two_runs_of_one_plan_share_the_work(self):
        toml = self.experiment(epochs=20)
        both = [self.start("run", toml, *FLAGS) for _ in range(2)]
        for process in both:
            _, err = process.communicate(timeout=120)
            self.assertEqual(process.returncode, 0, err)
        self.assertEqual(self.rows("SELECT max(n) FROM (SELECT count(*) AS n FROM attempts GROUP BY execution)"), [(1,)])
        self.assertEqual(self.rows("SELECT count(*) FROM executions"), [(5,)], "four seeds and the ceiling")


class CheckpointTest(ResumeCase):
    def test_a_damaged_checkpoint_is_set_aside(self):
        toml = self.experiment(epochs=60)
        undisturbed = self.undisturbed(toml)
        process = self.start("run", toml, *FLAGS)
        while not self.inside_after_checkpoint():
            time.sleep(0.05)
        time.sleep(0.3)
        self.assertEqual([run["status"] for run in json.loads(self.call("list", "runs", "--json")[0])], ["running"])
        process.kill()
        process.communicate()
        self.assertEqual([run["status"] for run in json.loads(self.call("list", "runs", "--json")[0])], ["interrupted"])
        files = sorted((self.folder / "checkpoints").rglob("*.safetensors"), key=lambda path: path.stat().st_mtime)
        damaged = bytearray(files[-1].read_bytes())
        damaged[len(damaged) // 2] ^= 1
        files[-1].write_bytes(damaged)
        _, err = self.call("run", toml, *FLAGS)
        self.assertIn("its hash is not the recorded one", err)
        shutil.rmtree(self.folder / "checkpoints", ignore_errors=True)
        self.assert_equal_to(undisturbed)


if __name__ == "__main__":
    unittest.main(verbosity=2)
