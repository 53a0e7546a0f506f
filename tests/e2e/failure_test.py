"""A trial that goes wrong fails with its reason stored, and the sweep goes on."""
import unittest

import program


class FailureTest(program.ProgramCase):
    program = program.FAKES

    def experiment(self, models, limits=""):
        return self.write("failure.toml", f"""
schema = 1
name = "failure"
controls = false
[data]
task = "toy"
[limits]
{limits}
{models}
[[model]]
name = "echo"
""")

    def verdicts(self):
        return self.rows("SELECT t.model, e.status, e.verdict, e.reason FROM executions e JOIN trials t ON t.id = e.trial "
                         "WHERE t.kind <> 'ceiling' ORDER BY t.model DESC, e.id")

    def check(self, models, verdict, reason, limits=""):
        toml = self.experiment(models, limits)
        _, err = self.call("run", toml, "--no-progress", expect=1)
        rows = {row[0]: row for row in self.verdicts()}
        echo = rows.pop("echo")
        (faulty,) = rows.values()
        self.assertEqual(faulty[1:3], ("failed", verdict))
        self.assertIn(reason, faulty[3])
        self.assertIn(reason, err)
        self.assertEqual(echo[:3], ("echo", "done", "ok"), "the next trial ran")
        self.assert_sound()
        return toml

    def faulty(self, how):
        return f'[[model]]\nname = "faulty"\nparams = {{ how = "{how}" }}'

    def test_throw_and_take_up_again(self):
        toml = self.check(self.faulty("throw"), "crash", "planted failure")
        out, _ = self.call("plan", toml)
        self.assertIn("failed: crash", out)
        _, err = self.call("run", toml, "--no-progress", expect=1)   # nothing is needed, but the sweep is not whole
        self.assertIn("--failed runs them again", err)
        self.call("run", toml, "--no-progress", "--failed", expect=1)
        self.assertEqual([row[2] for row in self.verdicts()], ["crash", "crash", "ok"])

    def test_abort(self):
        self.check(self.faulty("abort"), "crash", "signal 6")

    def test_killed_three_times_at_one_step(self):
        self.check(self.faulty("kill"), "killed", "3 times after step 0")
        self.assertEqual(self.rows("SELECT max(n) FROM (SELECT count(*) AS n FROM attempts GROUP BY execution)"), [(3,)])

    def test_memory_limit(self):
        self.check(self.faulty("memory"), "out_of_memory", "limits.trial_memory", 'trial_memory = "1GiB"')

    def test_no_progress(self):
        self.check(self.faulty("sleep"), "no_progress", "limits.stall", 'stall = "1s"')

    def test_time_limit(self):
        self.check(self.faulty("sleep"), "time_limit", "limits.trial_time", 'trial_time = "1s"')

    def test_predictions_that_are_not_finite(self):
        self.check(self.faulty("nan"), "wrong_answer", "predictions")

    def test_nan_loss(self):
        self.check('[[model]]\nname = "drawer"\nparams = { nan_at = 5 }', "nan_loss", "step 6")

    def test_fail_fast_stops_the_sweep(self):
        toml = self.experiment(self.faulty("throw"))
        _, err = self.call("run", toml, "--no-progress", "--fail-fast", expect=1)
        self.assertEqual(len(self.verdicts()), 1)
        self.assertIn("not run", err)

    def test_time_limit_of_the_run(self):
        toml = self.experiment(self.faulty("sleep"))
        self.call("run", toml, "--no-progress", "--time-limit", "1s", expect=3)
        self.assertEqual(self.rows("SELECT status FROM runs"), [("interrupted",)])


if __name__ == "__main__":
    unittest.main(verbosity=2)
