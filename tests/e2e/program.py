"""Runs the built program in a folder of its own. SEQBENCH_BUILD names the build folder (set by ctest)."""
import os
import pathlib
import shutil
import sqlite3
import subprocess
import tempfile
import textwrap
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("SEQBENCH_BUILD", SOURCE / "build" / "ci"))
PROGRAM = BUILD / "seqbench"
FAKES = BUILD / "tests" / "support" / "seqbench_fakes"
SHARED_DATA = pathlib.Path(os.environ.get("SEQBENCH_TEST_DATA", SOURCE.parent / "shared" / "data"))


class ProgramCase(unittest.TestCase):
    """A temporary folder with its own store and data home; SEQBENCH_ROOT stays the source tree."""

    program = PROGRAM

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="seqbench-e2e-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.store = self.folder / "store.db"
        self.environment = {**os.environ, "SEQBENCH_ROOT": str(SOURCE), "SEQBENCH_STORE": str(self.store),
                            "SEQBENCH_DATA": str(self.folder / "data"), "TERM": "dumb"}

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
        return str(path)

    def start(self, *arguments, program=None, store=None):
        environment = dict(self.environment)
        if store is not None:
            environment["SEQBENCH_STORE"] = str(store)
        return subprocess.Popen([str(program or self.program), *map(str, arguments)], cwd=self.folder, env=environment,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def call(self, *arguments, expect=0, program=None, store=None, timeout=600):
        """stdout and stderr of a command that must end with this exit code."""
        process = self.start(*arguments, program=program, store=store)
        out, err = process.communicate(timeout=timeout)
        self.assertEqual(process.returncode, expect, f"{arguments}\nstdout:\n{out}\nstderr:\n{err}")
        return out, err

    def rows(self, query, store=None):
        connection = sqlite3.connect(f"file:{store or self.store}?mode=ro", uri=True, timeout=10)
        try:
            return connection.execute(query).fetchall()
        finally:
            connection.close()

    def export(self, store=None):
        return self.call("db", "export", store=store)[0]

    def results(self, store=None):
        """result_sha256 by trial key."""
        return dict(self.rows("SELECT t.key, e.result_sha256 FROM executions e JOIN trials t ON t.id = e.trial "
                              "WHERE e.status = 'done'", store))

    def assert_sound(self, store=None):
        self.assertEqual(self.rows("PRAGMA integrity_check", store), [("ok",)])
        self.call("db", "check", store=store)
