"""seqbench data build: twins as published files, examples as tables; the same bytes each time, nothing half-written."""
import json
import unittest

import program


class DataBuildTest(program.ProgramCase):
    def files(self, name):
        return {path.name: path.read_bytes() for path in (self.folder / name).iterdir()}

    def table(self, name):
        lines = (self.folder / name / "examples.tsv").read_text().splitlines()
        header = lines[0].split("\t")
        return header, [dict(zip(header, line.split("\t"), strict=True)) for line in lines[1:]]

    def import_twin(self, task, rows, *files):
        self.call("data", "build", task, "--twin", "--rows", str(rows), "--out", "twin")
        self.call("data", "import", task, *[f"twin/{file}" for file in files])

    def test_promoter(self):
        self.import_twin("promoter", 60, "mouse_epdnew_tata_300nt.fa", "gut_metagenome_fragments_300nt.fa")
        self.call("data", "build", "promoter", "--twin", "--rows", "60", "--out", "again")
        self.assertEqual(self.files("twin"), self.files("again"))
        about = json.loads(self.files("twin")["build.json"])
        self.assertEqual((about["task"], about["source"], about["rows_asked_for"]), ("promoter", "twin", 60))
        truth = json.loads(self.files("twin")["truth.json"])

        (self.folder / "real").mkdir()   # an empty folder will do
        out = self.call("data", "build", "prom", "--set", "params.rows=0", "--set", "data.params.k=3", "--out", "real")[0]
        self.assertIn("examples.tsv", out)
        header, rows = self.table("real")
        self.assertEqual(header, ["id", "promoter", "gc", "group_id", "sequence"])
        self.assertEqual({row["id"] for row in rows}, {row["id"] for row in truth["rows"]})
        fasta = self.files("real")["sequences.fasta"].decode().split()
        self.assertEqual(fasta[1::2], [row["sequence"] for row in rows])
        about = json.loads(self.files("real")["build.json"])
        self.assertEqual((about["counts"]["rows"], about["params"]["rows"], about["params"]["k"]), (60, 0, 3))
        self.assertRegex(about["data_sha256"], "^[0-9a-f]{64}$")
        self.call("data", "build", "promoter", "--set", "params.rows=0", "--set", "params.k=3", "--out", "once_more")
        self.assertEqual(self.files("real"), self.files("once_more"))

    def test_gfp(self):
        self.import_twin("gfp_fluorescence", 300, "amino_acid_genotypes_to_brightness.tsv", "tape_fluorescence_valid.tsv")
        self.call("data", "build", "gfp", "--out", "real")
        header, rows = self.table("real")
        self.assertEqual(header, ["id", "brightness", "has_stop", "num_mutations", "part", "sequence"])
        self.assertEqual({row["part"] for row in rows}, {"train", "validation", "test"})
        self.assertEqual(rows[0]["id"], "wt")
        self.assertEqual(len(rows), len(json.loads(self.files("twin")["truth.json"])["rows"]))

    def refused(self, text, *arguments):
        self.assertIn(text, self.call("data", "build", *arguments, expect=2)[1])

    def test_refusals_leave_nothing(self):
        self.write("full/file", "")
        before = sorted(path.name for path in self.folder.iterdir())
        self.refused("is there already", "promoter", "--twin", "--out", "full")
        self.refused("no real data of task 'promoter'", "promoter", "--out", "new")
        self.refused("nearest: 'data.params.twin_seed'", "promoter", "--twin", "--set", "params.twin_sed=1", "--out", "new")
        self.refused("takes the task's params alone", "promoter", "--twin", "--set", "train.epochs=1", "--out", "new")
        self.refused("--rows is for --twin", "promoter", "--rows", "5", "--out", "new")
        self.refused("--out is required", "promoter", "--twin")
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), before)


if __name__ == "__main__":
    unittest.main()
