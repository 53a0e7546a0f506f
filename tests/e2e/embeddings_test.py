"""A model on frozen embeddings through the program: one table for all trials and runs, and tables that say what it rests on."""
import json
import shutil
import unittest

import program

EXPERIMENT = """
    schema = 1
    name = "embeddings"
    seeds = {seeds}
    controls = false
    [data]
    task = "gfp_fluorescence"
    source = "twin"
    limit = 600
    [[model]]
    name = "mimo"
    view = "protein"
    params.width = 8
    params.repeats = 2
    params.encoder.layers = 1
    params.encoder.hidden = 12
    params.encoder.heads = 3
    params.encoder.feed_forward = 16
    params.encoder.seed = {encoder_seed}
    [train]
    epochs = 2
    batch = 12
"""
SAID = "embeddings of "


class Embeddings(program.ProgramCase):
    def setUp(self):
        super().setUp()
        self.cache = self.folder / "cache"
        self.environment["SEQBENCH_CACHE"] = str(self.cache)

    def run_it(self, *flags, seeds=2, encoder_seed=0):
        toml = self.write("embeddings.toml", EXPERIMENT.format(seeds=seeds, encoder_seed=encoder_seed))
        return self.call("run", toml, "--no-progress", *flags)[1]

    def fits(self):
        """result_sha256 by trial key; the ceiling fits nothing."""
        done = "SELECT t.key FROM trials t WHERE t.kind = 'fit'"
        return {key: self.results()[key] for (key,) in self.rows(done)}

    def tables(self):
        return {path.name: path.stat().st_mtime_ns for path in (self.cache / "embeddings").glob("*.rows")}

    def test_trials_and_runs_share_one_table(self):
        self.assertEqual(self.run_it("--workers", "2").count(SAID), 1, "two trials at once compute it once")
        tables, results = self.tables(), self.fits()
        self.assertEqual((len(tables), len(results)), (1, 2))
        self.assertNotIn(SAID, self.run_it(seeds=3))
        self.assertEqual(self.tables(), tables)
        self.assertEqual(len(self.fits()), 3)
        shutil.rmtree(self.cache)
        self.assertIn(SAID, self.run_it("--again", seeds=2))
        self.assertEqual({key: self.fits()[key] for key in results}, results, "a table that is made anew has the same bits")
        self.assertIn(SAID, self.run_it(encoder_seed=1))
        self.assertEqual(len(self.tables()), 2)
        self.assertEqual(list((self.cache / "embeddings").glob("*.part")), [])

    def test_what_it_takes_and_rests_on_is_said(self):
        self.run_it(seeds=1)
        phases = {phase for (phase,) in self.rows("SELECT phase FROM timings")}
        self.assertLessEqual({"make", "train"}, phases)
        board = json.loads(self.call("leaderboard", "gfp", "--json")[0])
        rows = [row for row in board["rows"] if row["label"].startswith("mimo")]
        self.assertEqual([row["random_weights"] for row in rows], [True])
        self.assertIn("random weights", self.call("leaderboard", "gfp")[0])


if __name__ == "__main__":
    unittest.main()
