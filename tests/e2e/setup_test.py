"""harness/setup in a folder with a compiler that never ends: who holds the lock is told, and nobody is left at work."""
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import program


class SetupTest(unittest.TestCase):
    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="seqbench-setup-")).resolve()
        self.addCleanup(shutil.rmtree, self.root, ignore_errors=True)
        shutil.copytree(program.SOURCE / "harness/setup.d", self.root / "harness/setup.d")
        shutil.copy(program.SOURCE / "harness/setup", self.root / "harness/setup")
        self.script("bin/cmake", "mkdir -p build/bench")
        self.script("bin/ninja", f"echo $$ >>{self.root}/ninjas\nexec sleep 300")
        self.script(".venv/bin/python", "exit 0")  # all that pictures need is there
        (self.root / "torch/lib").mkdir(parents=True)
        (self.root / "torch/lib/libtorch_cpu.so").touch()
        (self.root / "torch/version.py").write_text("__version__ = '2.13.0'\n")

    def script(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    def start(self):
        environment = {**os.environ, "PATH": f"{self.root}/bin:{os.environ['PATH']}", "SEQBENCH_TORCH": str(self.root / "torch")}
        setup = subprocess.Popen([str(self.root / "harness/setup"), "--no-packages"], env=environment, stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT, text=True)
        self.addCleanup(setup.wait)
        self.addCleanup(setup.stdout.close)
        self.addCleanup(setup.kill)
        return setup

    def until(self, true):
        end = time.monotonic() + 60
        while not (found := true()):
            self.assertLess(time.monotonic(), end, "it never came about")
            time.sleep(0.02)
        return found

    def ninja(self, number):
        file = self.root / "ninjas"
        return self.until(lambda: file.exists() and file.read_text().count("\n") > number and int(file.read_text().split()[number]))

    @staticmethod
    def is_alive(pid):
        try:
            return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
        except FileNotFoundError:
            return False

    @unittest.skipUnless(shutil.which("setpriv"), "SKIPPED LOUDLY: no setpriv here")
    def test_a_waiting_one_names_the_other_and_goes_on_when_that_is_stopped(self):
        first = self.start()
        ninja = self.ninja(0)
        for number, stop in enumerate((signal.SIGTERM, signal.SIGKILL), 1):
            second = self.start()
            self.assertEqual(second.stdout.readline(), f"setup: waiting for another setup of this folder: process {first.pid}, "
                             f"lock {self.root}/build/setup.lock\n")
            self.assertTrue(self.is_alive(ninja))
            first.send_signal(stop)
            self.until(lambda: not self.is_alive(ninja))
            first, ninja = second, self.ninja(number)
        self.assertEqual((self.root / "build/setup.lock").read_text(), f"{first.pid}\n")


if __name__ == "__main__":
    unittest.main(verbosity=2)
