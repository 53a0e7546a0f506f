"""Every command and script of docs/store.md runs, in order, in one folder with a small store."""
import os
import re
import shutil
import subprocess
import sys
import unittest

import program

FENCE = re.compile(r"^```(sh|python|r)\n(.*?)^```$", re.S | re.M)


def interpreter_with(package):
    """A Python that has the package, or None."""
    for python in (os.environ.get("SEQBENCH_TEST_PYTHON"), program.SOURCE / ".venv/bin/python", sys.executable):
        if python and shutil.which(str(python)) and subprocess.run([python, "-c", f"import {package}"], capture_output=True).returncode == 0:
            return str(python)
    return None


def has_rsqlite():
    return shutil.which("Rscript") and subprocess.run(["Rscript", "-e", "library(RSQLite)"], capture_output=True).returncode == 0


class StoreDocumentTest(program.ProgramCase):
    def setUp(self):
        super().setUp()
        self.root = self.folder / "root"
        self.root.mkdir()
        shutil.copytree(program.SOURCE / "experiments", self.root / "experiments")
        (self.root / "seqbench").symlink_to(program.PROGRAM)
        self.environment.update(SEQBENCH_ROOT=str(self.root), SEQBENCH_STORE="", SEQBENCH_DATA="")
        self.folder = self.root
        self.call("run", "experiments/controls/promoter.toml", "--scale", "smoke")

    def execute(self, arguments):
        done = subprocess.run(arguments, cwd=self.root, env=self.environment, capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, 0, f"{arguments}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def run_block(self, language, text):
        if language == "sh":
            for line in text.splitlines():
                shown = self.execute(["sh", "-ec", line])
                self.assertTrue(shown or "> " in line, f"{line} prints nothing")
        elif language == "python":
            package = re.search(r"^import (pandas|duckdb)$", text, re.M).group(1)
            python = interpreter_with(package)
            if python is None:
                return print(f"SKIPPED LOUDLY: the example for {package} (no Python here has it; SEQBENCH_TEST_PYTHON names one)")
            self.assertIn("logistic", self.execute([python, "-c", text]))
        elif not has_rsqlite():
            return print("SKIPPED LOUDLY: the example for R (no Rscript with RSQLite here)")
        else:
            self.assertIn("logistic", self.execute(["Rscript", "-e", text]))
        return None

    def test_every_block_runs(self):
        blocks = FENCE.findall((program.SOURCE / "docs/store.md").read_text())
        self.assertEqual([language for language, _ in blocks], ["sh", "python", "python", "r", "sh"])
        for language, text in blocks:
            with self.subTest(text):
                self.run_block(language, text)

    def test_columns_are_those_of_the_views(self):
        text = (program.SOURCE / "docs/store.md").read_text()
        for view in ("v_results", "v_status", "v_cost", "v_published"):
            begin = text.index(f"`{view}`:")
            named = set(re.findall(r"`(\w+)`", text[begin:text.index("\n\n`v_", begin) if view != "v_published" else text.index("\n\nA trial", begin)]))
            columns = {row[1] for row in self.rows(f"PRAGMA table_info({view})", self.root / "results/seqbench.db")}
            self.assertEqual(columns - named, set(), f"columns of {view} that docs/store.md does not name")


if __name__ == "__main__":
    unittest.main(verbosity=2)
