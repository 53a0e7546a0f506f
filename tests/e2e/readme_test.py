"""Every command of the README runs: in order, on a copy of the experiments' folders, with the built program."""
import os
import re
import shutil
import shlex
import unittest

import program


class ReadmeTest(program.ProgramCase):
    def setUp(self):
        super().setUp()
        self.root = self.folder / "root"   # the README speaks of files below the root; models/ is written to
        self.root.mkdir()
        for name in ("experiments", "models", "results/published"):
            shutil.copytree(program.SOURCE / name, self.root / name)
        self.environment.update(SEQBENCH_ROOT=str(self.root), SEQBENCH_STORE="", SEQBENCH_DATA="")
        self.folder = self.root

    def commands(self):
        text = (program.SOURCE / "README.md").read_text()
        for block in re.findall(r"```sh\n(.*?)```", text, re.S):
            yield from (line for line in block.splitlines() if line.strip() and not line.startswith("#"))

    def test_every_command_runs(self):
        lines = list(self.commands())
        self.assertGreater(len(lines), 15)
        real = (program.SHARED_DATA / "gfp").is_dir()
        for line in lines:
            words = shlex.split(line)
            if words[0] == "tests/run":
                self.assertTrue(os.access(program.SOURCE / "tests" / "run", os.X_OK))
                continue   # this test is part of it
            self.assertEqual(words[0], "./seqbench", line)
            arguments = [str(program.SHARED_DATA / "gfp" / word) if word.endswith(".tsv.gz") else word for word in words[1:]]
            needs_build = "my_model" in line and "new" not in line
            needs_real = "import" in line or "controls/gfp_fluorescence" in line
            if needs_build or (needs_real and not real):
                print(f"SKIPPED LOUDLY: {line} ({'needs a build' if needs_build else 'no real data here'})")
                continue
            if "controls/gfp_fluorescence" in line:
                arguments += ["--scale", "smoke"]
            with self.subTest(line):
                self.call(*arguments)


if __name__ == "__main__":
    unittest.main(verbosity=2)
