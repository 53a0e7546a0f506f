"""Splits that read fields, and scores of a task's own, through the program with the fakes in its tables."""
import json
import unittest

import program

TOY = """
    schema = 1
    name = "{name}"
    data.task = "toy"
    {split}
    [[model]]
    name = "echo"
    """


class SplitsTest(program.ProgramCase):
    program = program.FAKES

    def run_toy(self, name, split, expect=0):
        lines = "\n    ".join(f"split.{line}" for line in split)
        return self.call("run", self.write(f"{name}.toml", TOY.format(name=name, split=lines)), expect=expect)

    def test_kinds_are_contests_apart_and_scores_rank(self):
        self.run_toy("folds", ['kind = "kfold"', "folds = 4", "repeats = 2"])
        self.run_toy("blocks", ['kind = "grouped"', "folds = 4", "repeats = 2"])
        self.run_toy("strata", ['kind = "stratified_grouped"', "folds = 4", 'stratify = "parity"'])
        self.run_toy("few", ['kind = "subsample"', "train_rows = 100", "repeats = 3"])
        places = self.rows("SELECT split_kind, count(DISTINCT rep), count(DISTINCT fold) FROM trials WHERE model = 'echo' "
                           "GROUP BY split_kind ORDER BY split_kind")
        self.assertEqual(places, [("grouped", 2, 4), ("kfold", 2, 4), ("stratified_grouped", 1, 4), ("subsample", 3, 1)])
        self.assertEqual(self.rows("SELECT json_extract(config, '$.split.group'), json_extract(config, '$.split.stratify') FROM trials "
                                   "WHERE split_kind = 'stratified_grouped' LIMIT 1"), [("block", "parity")])
        board = json.loads(self.call("leaderboard", "toy", "--metric", "sign", "--json")[0])
        headings = [contest["heading"] for contest in board["contests"]]
        self.assertEqual(len(headings), 4)
        self.assertTrue(any(heading.endswith("split grouped by block") for heading in headings), headings)
        for contest in board["contests"]:
            echo = next(s for s in contest["standings"] if s["label"] == "echo")
            ceiling = next(s for s in contest["standings"] if s["what"] == "ceiling")
            self.assertLess(echo["score"], ceiling["score"])
        self.call("leaderboard", "toy", "--metric", "sing", expect=2)
        key = self.rows("SELECT key FROM trials WHERE model = 'echo' AND split_kind = 'kfold' LIMIT 1")[0][0]
        shown = json.loads(self.call("show", key, "--json")[0])
        slices = {m["slice"] for m in shown["metrics"] if m["metric"] == "sign"}
        self.assertEqual(slices, {"all", "high"})
        self.assertIn("the same bits", self.call("rerun", key)[0])
        self.call("report", "blocks", "--out", self.folder / "out")
        self.assertIn("sign ↑", next((self.folder / "out").rglob("blocks.md")).read_text())
        self.assert_sound()

    def test_a_field_that_is_not_there_ends_the_run_before_its_first_row(self):
        _, err = self.run_toy("absent", ['kind = "grouped"', 'group = "locus"'], expect=2)
        self.assertIn("'split.group' is \"locus\": the data has no field 'locus'; it has block, parity", err)
        self.assertFalse(self.store.exists())


if __name__ == "__main__":
    unittest.main()
