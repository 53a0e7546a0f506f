"""Folders that a parameter names and folders that trials write, through the program."""
import json
import unittest

import program

EXPERIMENT = """
    schema = 1
    name = "folders"
    seeds = 2
    controls = false
    [data]
    task = "toy"
    [[model]]
    name = "drawer"
    params.weights = "{weights}"
    [train]
    epochs = 1
    accumulate = 2
    [save]
    model = {save}
"""


class SavedModels(program.ProgramCase):
    program = program.FAKES

    def setUp(self):
        super().setUp()
        self.environment["SEQBENCH_WEIGHTS"] = str(self.folder / "weights")
        self.write("weights/small/config.json", "{}")
        self.write("weights/small/vocab.txt", "first")

    def experiment(self, weights="small", save="true"):
        return self.write("folders.toml", EXPERIMENT.format(weights=weights, save=save))

    def run_it(self, *flags, **settings):
        return self.call("run", self.experiment(**settings), "--no-progress", *flags)

    def chosen(self):
        """The chosen facts of done drawers by trial key, the latest execution last."""
        rows = self.rows("SELECT t.key, e.chosen FROM executions e JOIN trials t ON t.id = e.trial "
                         "WHERE e.status = 'done' AND e.params_trained IS NOT NULL ORDER BY e.id")
        return {key: json.loads(text) for key, text in rows}

    def test_each_trial_leaves_its_folder_and_says_where(self):
        self.run_it()
        chosen = self.chosen()
        self.assertEqual(len(chosen), 2)
        for key, facts in chosen.items():
            self.assertEqual(facts["folder"], f"models/{key[:16]}")
            config = json.loads((self.folder / facts["folder"] / "config.json").read_text())
            self.assertEqual(config, {"model_type": "drawer", "from": "first"})
            self.assertIn(f"model: {self.folder / facts['folder']}", self.call("show", key)[0])
        self.assertEqual(sorted(path.name for path in (self.folder / "models").iterdir()), sorted(key[:16] for key in chosen))
        [(total, trained)] = set(self.rows("SELECT params_total, params_trained FROM executions WHERE params_trained IS NOT NULL"))
        self.assertEqual(total - trained, 5)

    def test_saving_is_not_in_the_key_and_is_had_by_again(self):
        self.run_it(save="false")
        self.assertFalse((self.folder / "models").exists())
        before = self.results()
        self.run_it()
        self.assertFalse((self.folder / "models").exists(), "done trials are not computed again")
        self.run_it("--again")
        self.assertEqual(self.results(), before)
        self.assertEqual(len(list((self.folder / "models").iterdir())), 2)

    def test_what_decides_the_model_is_in_the_key_and_its_readme_is_not(self):
        toml = self.experiment()
        self.run_it()
        self.write("weights/small/README.md", "about")
        self.assertNotIn("changed", self.call("plan", toml)[0])
        self.write("weights/small/vocab.txt", "other")
        self.assertIn("code changed: file small/vocab.txt", self.call("plan", toml)[0])
        self.run_it()
        self.assertEqual(len(self.chosen()), 4)

    def test_rerun_finds_the_folder_again(self):
        self.run_it()
        key = next(iter(self.chosen()))
        self.call("rerun", key, "--no-progress")

    def test_an_absent_checkpoint_is_named_with_the_command(self):
        err = self.call("check", self.experiment(weights="large"), expect=2)[1]
        self.assertIn("seqbench weights fetch large", err)
        self.assertIn(str(self.folder / "weights"), err)


if __name__ == "__main__":
    unittest.main()
