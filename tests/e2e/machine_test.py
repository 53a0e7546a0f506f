"""Bad input and a bad machine: the exit codes of the README, nothing half-written, nothing lost."""
import os
import subprocess
import unittest

import program

TOY = """
    schema = 1
    name = "machine"
    controls = false
    seeds = 3
    [data]
    task = "toy"
    [[model]]
    name = "drawer"
    params = { step_ms = 1 }
    [train]
    epochs = 4
    batch = 16
    """


class MachineCase(program.ProgramCase):
    program = program.FAKES

    def mount(self, *options):
        """A small file system of its own, or a loud skip."""
        folder = self.folder / "mount"
        folder.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", str(folder)],
                                 capture_output=True, text=True)
        if mounted.returncode != 0:
            self.skipTest(f"SKIPPED LOUDLY: no mount may be made here: {mounted.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", "-l", str(folder)])
        return folder


class InputTest(MachineCase):
    def test_unknown_device(self):
        for device in ("tpu", "cuda:99", "cuda:x"):
            _, err = self.call("run", self.write("toy.toml", TOY), "--device", device, expect=2)
            self.assertIn(f"unknown device '{device}'", err)
        self.assertFalse(self.store.exists())

    def test_unknown_command_flag_and_name(self):
        self.assertIn("unknown command 'rnu'; nearest: 'run'", self.call("rnu", expect=2)[1])
        self.assertIn("unknown flag '--sedd'", self.call("plan", "x.toml", "--sedd", "3", expect=2)[1])
        self.assertIn("nearest: 'tasks'", self.call("list", "taks", expect=2)[1])
        self.assertIn("list what? One of tasks, models,", self.call("list", expect=2)[1])
        self.assertIn("leaderboard", self.call("help")[0])
        self.assertIn("nearest: 'promoter'", self.call("leaderboard", "promotor", expect=2)[1])
        self.assertIn("--checkpoint-every", self.call("run", self.write("toy.toml", TOY), "--checkpoint-every", "soon", expect=2)[1])
        self.call("run", "absent.toml", expect=2)
        self.assertFalse(self.store.exists())

    def test_real_data_that_is_absent(self):
        toml = self.write("real.toml", 'schema = 1\n[data]\ntask = "gfp_fluorescence"\nsource = "real"\n')
        checked = self.call("check", toml)[0]
        self.assertIn("no error", checked)
        self.assertIn("note: no real data of task 'gfp_fluorescence'", checked)
        self.assertNotIn("note:", self.call("check", toml, "--twin")[0])
        _, err = self.call("run", toml, expect=2)
        self.assertIn("data import gfp", err)
        self.assertFalse(self.store.exists())

    def test_a_store_that_is_none(self):
        self.store.write_text("this is no database, but it is long enough to be read as one\n" * 20)
        before = self.store.read_bytes()
        self.call("run", self.write("toy.toml", TOY), expect=2)
        self.call("db", "check", expect=2)
        self.assertEqual(self.store.read_bytes(), before)

    def test_no_store_yet(self):
        self.call("report", expect=2)
        self.call("leaderboard", "toy", expect=2)


class ReadOnlyTest(MachineCase):
    def test_a_read_only_store_is_read_and_never_written(self):
        folder = self.mount("size=64m")
        store = folder / "store.db"
        toml = self.write("toy.toml", TOY)
        self.call("run", toml, "--no-progress", store=store)
        subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
        before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        self.call("leaderboard", "toy", store=store)
        self.call("db", "check", store=store)
        _, err = self.call("run", toml, "--no-progress", "--again", store=store, expect=4)
        self.assertIn("store.db", err)
        self.assertEqual({path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}, before)

    def test_a_folder_that_cannot_be_written(self):
        folder = self.mount("size=1m", "ro")
        _, err = self.call("run", self.write("toy.toml", TOY), store=folder / "store.db", expect=4)
        self.assertIn("store.db", err)


class FullDiskTest(MachineCase):
    def test_a_full_disk_loses_no_finished_trial(self):
        toml = self.write("toy.toml", TOY)
        whole = self.folder / "whole.db"
        self.call("run", toml, "--no-progress", store=whole)
        expected = self.results(whole)
        folder = self.mount("size=24m")
        store = folder / "store.db"
        filler = folder / "filler"
        self.call("run", toml, "--no-progress", "--set", "seeds=1", store=store)
        first = self.results(store)
        self.assertTrue(first)
        descriptor = os.open(filler, os.O_WRONLY | os.O_CREAT)   # fill the disk to the last page
        try:
            while True:
                os.write(descriptor, b"x" * 4096)
        except OSError:
            os.close(descriptor)
        _, err = self.call("run", toml, "--no-progress", store=store, expect=4)
        self.assertTrue(err.strip())
        filler.unlink()
        self.assertEqual(self.rows("PRAGMA integrity_check", store), [("ok",)])
        self.assertEqual({key: value for key, value in self.results(store).items() if key in first}, first)
        self.call("run", toml, "--no-progress", store=store)
        self.assertEqual(self.results(store), expected)

    def test_no_room_for_a_checkpoint(self):
        toml = self.write("slow.toml", TOY.replace("step_ms = 1", "step_ms = 20"))
        folder = self.mount("size=64m")   # a checkpoint wants 256 MiB to spare
        store = folder / "store.db"
        _, err = self.call("run", toml, "--no-progress", "--checkpoint-every", "5steps", store=store, expect=4)
        self.assertIn("MiB free", err)
        self.assertEqual(self.rows("SELECT DISTINCT status FROM executions WHERE status <> 'queued'", store), [("interrupted",)])
        self.call("run", toml, "--no-progress", store=store)   # no checkpoint falls due: it ends


class DataTest(MachineCase):
    """The data home on the real program: import, verify, tamper."""

    program = program.PROGRAM

    def setUp(self):
        super().setUp()
        self.gfp = program.SHARED_DATA / "gfp"
        if not self.gfp.is_dir():
            self.skipTest(f"SKIPPED LOUDLY: no real GFP data at {self.gfp}")
        self.files = [self.gfp / "amino_acid_genotypes_to_brightness.tsv.gz", self.gfp / "tape_fluorescence_valid.tsv.gz",
                      self.gfp / "avgfp_wt.fasta"]

    def test_import_list_verify(self):
        out, _ = self.call("data", "import", "gfp", *self.files)
        self.assertIn("54025", out.replace(",", ""))
        self.assertIn("genotypes.tsv", self.call("data", "list")[0])
        self.call("data", "verify", "gfp")
        home = self.folder / "data" / "gfp_fluorescence"
        victim = next(home.glob("genotypes*"))
        content = bytearray(victim.read_bytes())
        content[100] ^= 1
        victim.write_bytes(content)
        _, err = self.call("data", "verify", "gfp", expect=2)
        self.assertIn(victim.name, err)
        toml = self.write("real.toml", 'schema = 1\n[data]\ntask = "gfp_fluorescence"\nsource = "real"\n')
        self.call("run", toml, expect=2)
        self.assertFalse(self.store.exists())

    def test_a_broken_file_changes_nothing(self):
        self.call("data", "import", "gfp", *self.files)
        home = self.folder / "data"
        before = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
        broken = self.folder / "broken.tsv.gz"
        broken.write_bytes(self.files[0].read_bytes()[:200000])
        _, err = self.call("data", "import", "gfp", broken, *self.files[1:], expect=2)
        self.assertIn("broken.tsv.gz", err)
        self.assertEqual({path: path.read_bytes() for path in home.rglob("*") if path.is_file()}, before)


if __name__ == "__main__":
    unittest.main(verbosity=2)
