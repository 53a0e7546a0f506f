"""predict, embed and attention with a fake model folder whose answers are counts: formats, order, faults, memory."""
import gzip
import json
import os
import pathlib
import re
import struct
import subprocess
import unittest

import program


def read_npy(path):
    """(dtype, shape, values) of a little-endian array in C order."""
    data = pathlib.Path(path).read_bytes()
    assert data[:8] == b"\x93NUMPY\x01\x00"
    size = struct.unpack("<H", data[8:10])[0]
    assert (10 + size) % 64 == 0
    header = data[10:10 + size].decode()
    shape = tuple(int(n) for n in re.search(r"'shape': \(([^)]*)\)", header)[1].split(",") if n.strip())
    kind = re.search(r"'descr': '([^']*)'", header)[1]
    body = data[10 + size:]
    return kind, shape, list(struct.unpack(f"<{len(body) // (4 if kind == '<f4' else 8)}{'f' if kind == '<f4' else 'q'}", body))


class UseCase(program.ProgramCase):
    program = program.FAKES

    def setUp(self):
        super().setUp()
        self.write("model/config.json", '{"model_type": "letters", "outputs": 2}')
        self.environment["SEQBENCH_WEIGHTS"] = str(self.folder / "weights")

    def use(self, command, name, *flags, expect=0):
        return self.call(command, "--model", "model", "--input", name, *flags, expect=expect)


class FormatsTest(UseCase):
    def test_predict_keeps_the_order_of_the_input(self):
        texts = ["A" * (i * 37 % 101) for i in range(10_000)]
        (self.folder / "x.txt").write_text("\n".join(texts) + "\n")
        lines = self.use("predict", "x.txt", "--batch", "7", "--threads", "3")[0].splitlines()
        self.assertEqual(lines[0], "id\tlogit_0\tlogit_1")
        self.assertEqual(lines[1:], [f"{i}\t{len(t) + 2}\t{struct.unpack('f', struct.pack('f', (1 + 65 * len(t)) / 100))[0]:.9g}"
                                     for i, t in enumerate(texts)])

    def test_inputs_are_told_apart_and_agree(self):
        fasta = ">a x\nAC\nGT\n>b\nC\n"
        (self.folder / "x.fa").write_text(fasta)
        with gzip.open(self.folder / "y.fa.gz", "wt") as file:
            file.write(fasta)
        (self.folder / "z.fq").write_text("@a\nACGT\n+\nIIII\n@b\nC\n+\nI\n")
        (self.folder / "t.tsv").write_text("n\ts\na\tACGT\nb\tC\n")
        (self.folder / "t.csv").write_text("s,n\nACGT,a\nC,b\n")
        expected = self.use("predict", "x.fa")[0]
        self.assertRegex(expected, r"\Aid\tlogit_0\tlogit_1\na\t6\t\S+\nb\t3\t\S+\n\Z")
        for name, *flags in [("y.fa.gz",), ("z.fq",), ("t.tsv", "--column", "s", "--id-column", "n"),
                             ("t.csv", "--column", "s", "--id-column", "n")]:
            self.assertEqual(self.use("predict", name, *flags)[0], expected)
        piped = subprocess.run([str(self.program), "predict", "--model", "model", "--input", "-"], cwd=self.folder, input=fasta,
                               env=self.environment, capture_output=True, text=True, check=True)
        self.assertEqual(piped.stdout, expected)

    def test_nothing_gives_a_header(self):
        (self.folder / "x.fa").write_text("")
        self.assertEqual(self.use("predict", "x.fa")[0], "id\tlogit_0\tlogit_1\n")
        self.use("embed", "x.fa", "--out", "e.npy")
        self.assertEqual(read_npy(self.folder / "e.npy"), ("<f4", (0, 3), []))

    def test_predict_json_and_npy_and_max_length(self):
        (self.folder / "x.txt").write_text("AB\nABCDEFGH\n")
        rows = [json.loads(line) for line in self.use("predict", "x.txt", "--format", "jsonl", "--max-length", "5")[0].splitlines()]
        self.assertEqual([(r["id"], r["logits"][0]) for r in rows], [("0", 4), ("1", 5)])
        self.use("predict", "x.txt", "--format", "npy", "--out", "p.npy")
        kind, shape, values = read_npy(self.folder / "p.npy")
        self.assertEqual((kind, shape, values[0::2]), ("<f4", (2, 2), [4, 10]))
        self.assertEqual((self.folder / "p.npy.ids.txt").read_text(), "0\n1\n")

    def test_embed_pools(self):
        (self.folder / "x.txt").write_text("AC\n\n")

        def vectors(*flags):
            return [line.split("\t")[1:] for line in self.use("embed", "x.txt", *flags)[0].splitlines()[1:]]
        self.assertEqual(vectors(), [["33.25", "1.5", "2"], ["0.5", "0.5", "2"]])
        self.assertEqual(vectors("--no-specials"), [["66", "1.5", "2"], ["nan", "nan", "nan"]])
        self.assertEqual(vectors("--pool", "max", "--layer", "-3"), [["67", "3", "0"], ["1", "1", "0"]])
        self.assertEqual(vectors("--pool", "cls", "--layer", "1"), [["0", "0", "1"], ["0", "0", "1"]])
        self.use("embed", "x.txt", "--pool", "none", "--no-specials", "--out", "t.npy")
        self.assertEqual(read_npy(self.folder / "t.npy"), ("<f4", (2, 3), [65, 1, 2, 67, 2, 2]))
        self.assertEqual(read_npy(self.folder / "t.npy.offsets.npy"), ("<i8", (3,), [0, 2, 2]))
        row = json.loads(self.use("embed", "x.txt", "--pool", "none")[0].splitlines()[0])
        self.assertEqual((row["tokens"], row["embedding"][1]), (["<s>", "A", "C", "</s>"], [65, 1, 2]))

    def test_attention(self):
        (self.folder / "x.txt").write_text("AC\n")
        row = json.loads(self.use("attention", "x.txt")[0])
        first = [[1, 0, 0, 0]] * 4
        self.assertEqual(row["attention"], [[[0.25] * 4] * 4, first])
        self.assertEqual(json.loads(self.use("attention", "x.txt", "--head", "1")[0])["attention"], [first])
        self.assertEqual(json.loads(self.use("attention", "x.txt", "--mean-heads")[0])["attention"][0][2], [0.625, 0.125, 0.125, 0.125])
        lines = self.use("attention", "x.txt", "--format", "tsv", "--min", "0.3")[0].splitlines()
        self.assertEqual(lines[1:], [f"0\t1\t{q}\t0\t{t}\t<s>\t1" for q, t in enumerate(["<s>", "A", "C", "</s>"])])
        self.use("attention", "x.txt", "--format", "npy", "--out", "a.npy")
        self.assertEqual(read_npy(self.folder / "a.npy")[1], (2, 4, 4))
        (self.folder / "x.txt").write_text("AC\nA\n")
        self.assertIn("one record", self.use("attention", "x.txt", "--format", "npy", "--out", "b.npy", expect=2)[1])
        self.assertFalse((self.folder / "b.npy").exists())


class FaultsTest(UseCase):
    def test_faults(self):
        (self.folder / "x.txt").write_bytes(b"AC\nA#\n")
        (self.folder / "bad.txt").write_bytes(b"AC\n\xff\n")
        (self.folder / "cut.fq").write_text("@a\nACGT\n+\nIII\n")
        for name, flags, said in [("x.txt", (), "x.txt:2: the id of '#'"), ("bad.txt", (), "bad.txt:2: the text is no UTF-8"),
                                  ("cut.fq", (), "cut.fq:4: a quality of 3"), ("absent", (), "cannot be opened"),
                                  ("x.txt", ("--format", "npy"), "needs --out"), ("x.txt", ("--format", "xml"), "must be one of tsv"),
                                  ("x.txt", ("--input-format", "bam"), "an input format is")]:
            out = self.folder / "out.tsv"
            keep = () if "npy" in flags else ("--out", out)
            self.assertIn(said, self.use("predict", name, *flags, *keep, expect=2)[1])
            self.assertEqual(list(self.folder.glob("out.tsv*")), [])
        self.assertIn("--layer must be from 0 to 2", self.use("embed", "x.txt", "--layer", "3", expect=2)[1])
        self.assertIn("--layer must be from 1 to 2", self.use("attention", "x.txt", "--layer", "0", expect=2)[1])
        self.assertIn("--head must be from 0 to 1", self.use("attention", "x.txt", "--head", "2", expect=2)[1])

    def test_folders(self):
        (self.folder / "x.txt").write_text("AC\n")
        self.assertIn("no such folder", self.call("predict", "--model", "absent", "--input", "x.txt", expect=2)[1])
        self.write("other/config.json", '{"model_type": "gpt9", "architectures": ["Gpt9"]}')
        err = self.call("predict", "--model", "other", "--input", "x.txt", expect=2)[1]
        self.assertRegex(err, r'model_type "gpt9", architectures \["Gpt9"\]\); known are: .*letters')
        self.write("weights/small/config.json", '{"model_type": "letters"}')
        self.assertIn("no head", self.call("predict", "--model", "small", "--input", "x.txt", expect=2)[1])
        self.assertIn("dim_0", self.call("embed", "--model", "small", "--input", "x.txt")[0])


    def test_cheap_faults_come_before_the_model(self):
        self.write("model/config.json", '{"model_type": "gpt9"}')
        (self.folder / "x.txt").write_text("AC\n")
        (self.folder / "x.tsv").write_text("a\tb\nAC\tC\n")
        for name, flags, said in [("absent.txt", (), "absent.txt"), ("x.txt", ("--adapter", "absent"), "--adapter absent: no such folder"),
                                  ("x.tsv", (), "x.tsv:1: a table needs --column, the name of the column that holds the texts; there are: a, b"),
                                  ("x.txt", ("--out", "absent/o.tsv"), "--out absent/o.tsv: there is no folder 'absent'")]:
            self.assertIn(said, self.use("predict", name, *flags, expect=2)[1])
        self.assertIn("gpt9", self.use("predict", "x.txt", expect=2)[1])

    def test_a_mistyped_out_is_the_users_fault(self):
        (self.folder / "x.txt").write_text("AC\n")
        (self.folder / "there/in").mkdir(parents=True)
        for command in ("predict", "embed", "attention"):
            for out, said in [("absent/o.jsonl", "there is no folder 'absent'"), ("there", "this is a folder"), ("new/", "this is a folder"),
                              ("x.txt/o", "'x.txt' is no folder"), ("o" * 300, "too long")]:
                self.assertIn(said, self.use(command, "x.txt", "--out", out, expect=2)[1])
        for command in (("pretrain", "--model", "model", "--input", "x.txt"), ("merge", "--model", "model", "--adapter", "there"),
                        ("data", "build", "promoter", "--twin")):
            self.assertIn("is there already", self.call(*command, "--out", "there", expect=2)[1])
            self.assertIn("/x.txt' is none", self.call(*command, "--out", "x.txt/new", expect=2)[1])
        for command in (("report",), ("leaderboard", "promoter"), ("verify", "all", "--as-printed")):
            self.assertIn("/x.txt' is none", self.call(*command, "--out", "x.txt", expect=2)[1])
        for command in (("db", "export"), ("data", "moments", "promoter")):
            self.assertIn("this is a folder", self.call(*command, "--out", "there", expect=2)[1])
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), ["model", "there", "x.txt"])
        self.assertIn("No space left", self.use("predict", "x.txt", "--out", "/dev/full", expect=4)[1])
        os.symlink("there/linked.tsv", self.folder / "link")
        self.use("predict", "x.txt", "--out", "link")
        self.assertTrue((self.folder / "there/linked.tsv").is_file())

    def test_the_ending_of_out_chooses_else_the_commands_own_format(self):
        (self.folder / "x.txt").write_text("AC\n")
        for command, flags, out, first in [("predict", (), "p.txt", b"id\tlogit_0"), ("attention", (), "a.txt", b'{"id":'),
                                           ("embed", (), "e.txt", b"\x93NUMPY"), ("embed", ("--pool", "none"), "n.txt", b"\x93NUMPY"),
                                           ("embed", ("--pool", "none"), "n.jsonl", b'{"id":'), ("predict", (), "p.jsonl", b'{"id":')]:
            self.use(command, "x.txt", *flags, "--out", out)
            self.assertTrue((self.folder / out).read_bytes().startswith(first), out)
        self.assertIn("one of npy, jsonl, got 'tsv'", self.use("embed", "x.txt", "--pool", "none", "--out", "n.tsv", expect=2)[1])


class HelpTest(UseCase):
    def test_help_on_a_command_is_its_own(self):
        for words in (["predict"], ["embed"], ["pretrain"], ["merge"], ["weights"], ["weights", "fetch"], ["data", "build"], ["help"], ["db"]):
            self.assertEqual(self.call("help", *words)[0], self.call(*words, "--help")[0])
        self.assertIn("--id-column", self.call("help", "predict")[0])
        self.assertIn("no help on 'prdict'; topics: toml, table, exit-codes, environment, and the commands", self.call("help", "prdict", expect=2)[1])


class MemoryTest(UseCase):
    def test_a_large_file_in_little_memory(self):
        line = b"ACGT" * 250 + b"\n"
        with open(self.folder / "big.fa", "wb") as file:
            for i in range(200_000):
                file.write(b">r%d\n" % i + line)
        self.assertGreater((self.folder / "big.fa").stat().st_size, 200_000_000)
        process = subprocess.Popen([str(self.program), "predict", "--model", "model", "--input", "big.fa", "--out", "out.tsv", "--max-length", "64"],
                                   cwd=self.folder, env=self.environment, stderr=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(process.returncode, 0)
        self.assertLess(used.ru_maxrss, 600_000)   # KiB
        with open(self.folder / "out.tsv") as file:
            self.assertEqual(sum(1 for _ in file), 200_001)


if __name__ == "__main__":
    unittest.main(verbosity=2)
