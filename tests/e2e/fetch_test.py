"""data fetch against a server that cuts, lies, stalls, redirects and serves other bytes. Nothing wrong is ever kept."""
import hashlib
import re
import shutil
import signal
import subprocess
import threading
import time
import unittest

import program
from fetch_server import SecureCase

SIZE = 400_000
BOOK = b"#book\n" + bytes((i * i + i // 7) % 251 for i in range(SIZE - 6))
OTHER = b"#book\n" + bytes((i * 3 + 1) % 251 for i in range(SIZE - 6))
NOTE = b"#note\nhello\n"
CUT = 150_000


def good(handler, _):
    handler.serve(BOOK if handler.path == "/book" else NOTE)


def sha256(data):
    return hashlib.sha256(data).hexdigest()


class FetchCase(SecureCase):
    program = program.FAKES

    def setUp(self):
        super().setUp()
        self.home = self.folder / "data" / "shelf"
        self.kept = self.folder / "data" / ".fetch" / "shelf"

    def manifest(self, url, more="", licence="MIT", size=SIZE, digest=sha256(BOOK)):
        return self.write("dataset.toml", f"""
            version = 1
            task = "shelf"
            citation = "nobody"
            [[file]]
            role = "book"
            name = "the_book.bin"
            bytes = {size}
            sha256 = "{digest}"
            url = "{url}/book"
            source = "a server"
            licence = "{licence}"
            """ + more)

    def fetch(self, server, *flags, expect=0, manifest=None):
        return self.call("data", "fetch", "shelf", "--manifest", manifest or self.manifest(server.url), "--attempts", "3",
                         *flags, expect=expect)

    def assert_fetched(self):
        self.assertEqual((self.home / "book").read_bytes(), BOOK)
        self.assertEqual(list(self.kept.glob("*")) if self.kept.exists() else [], [])
        self.call("data", "verify", "shelf")

    def assert_nothing_kept(self):
        self.assertFalse(self.home.exists())
        self.assertEqual(list(self.kept.glob("*")) if self.kept.exists() else [], [])


class GoodServerTest(FetchCase):
    def test_fetch_shows_licence_and_progress_and_locks(self):
        server = self.serve(good)
        out, err = self.fetch(server)
        self.assertIn("licence: MIT", out)
        self.assertIn(sha256(BOOK), out)
        self.assertIn("100 %", err)
        self.assert_fetched()
        self.assertIn('"licence": "MIT"', (self.home / "lock.json").read_text())
        self.assertIn("nothing to fetch", self.fetch(server)[0])
        self.assertEqual(len(server.seen), 1)

    def test_closed_licence_is_asked_about_before_the_first_byte(self):
        server = self.serve(good)
        for licence in ("CC-BY-NC-4.0", "none stated", ""):
            manifest = self.manifest(server.url, licence=licence)
            self.assertIn("--accept-licence", self.fetch(server, manifest=manifest, expect=2)[1])
            self.assertEqual(server.seen, [])
            self.assert_nothing_kept()
        self.fetch(server, "--accept-licence", manifest=self.manifest(server.url, licence="CC-BY-NC-4.0"))
        self.assertIn("CC-BY-NC-4.0", (self.home / "lock.json").read_text())

    def test_offline_forbids(self):
        server = self.serve(good)
        self.assertIn("offline", self.fetch(server, "--offline", expect=2)[1])
        self.environment["SEQBENCH_OFFLINE"] = "1"
        self.fetch(server, expect=2)
        self.assertEqual(server.seen, [])

    def test_only_and_from_and_files_without_address(self):
        server = self.serve(good)
        note = f"""
            [[file]]
            role = "note"
            name = "note.txt"
            bytes = {len(NOTE)}
            sha256 = "{sha256(NOTE)}"
            """
        with_url = self.manifest(server.url, note + f'url = "{server.url}/note"\nlicence = "MIT"\n')
        self.assertIn("nearest: 'note'", self.fetch(server, "--only", "nite", manifest=with_url, expect=2)[1])
        err = self.fetch(server, "--only", "note", manifest=with_url, expect=2)[1]
        self.assertIn("no file of the role 'book'", err)          # the task's own word; what came stays
        self.assertTrue((self.kept / "note.txt").exists())
        self.fetch(server, "--only", "book", manifest=with_url)
        self.assertFalse((self.home / "note").exists())
        self.fetch(server, "--only", "note", manifest=with_url)   # beside what is there
        self.assertEqual((self.home / "note").read_bytes(), NOTE)
        self.assert_fetched()
        shutil.rmtree(self.home)
        without = self.manifest(server.url, note + 'derived = true\nsource = "a drawer"\n')
        before = len(server.seen)
        _, err = self.fetch(server, manifest=without, expect=2)
        self.assertIn("note.txt  a drawer", err)
        self.assertIn("data import shelf", err)
        self.assertEqual(len(server.seen), before)
        given = self.folder / "given"
        given.write_bytes(OTHER)
        self.assertIn(sha256(OTHER), self.fetch(server, "--from", given, manifest=without, expect=2)[1])
        given.write_bytes(NOTE)
        self.fetch(server, "--from", given, manifest=without)
        self.assertEqual((self.home / "note").read_bytes(), NOTE)
        self.assert_fetched()

    def test_the_document_names_flags_that_are(self):
        text = (program.SOURCE / "docs/data.md").read_text()
        shown = self.call("data", "fetch", "--help")[0] + self.call("--help")[0]
        self.assertEqual([flag for flag in re.findall(r"--[a-z][a-z-]+", text) if flag not in shown], [])
        for command in re.findall(r"^\./seqbench data (\w+)", text, re.M):
            self.call("data", command, "--help")

    def test_a_broken_manifest(self):
        server = self.serve(good)
        path = self.manifest(server.url, 'licences = "MIT"\n')
        self.assertIn("unknown key 'licences'; nearest: 'licence'", self.fetch(server, manifest=path, expect=2)[1])
        path = self.manifest("http://localhost")
        self.assertIn("must begin with https://", self.fetch(server, manifest=path, expect=2)[1])
        self.assert_nothing_kept()


class CutTest(FetchCase):
    def test_cuts_are_resumed(self):
        server = self.serve(lambda handler, _: handler.serve(BOOK, send=CUT))
        _, err = self.fetch(server)
        self.assertIn("again in", err)
        self.assert_fetched()
        self.assertEqual([seen[1:] for seen in server.seen], [(None, None), (f"bytes={CUT}-", '"v1"'), (f"bytes={2 * CUT}-", '"v1"')])
        self.assertEqual(server.sent, SIZE)   # no byte twice

    def test_a_later_command_goes_on(self):
        server = self.serve(lambda handler, count: handler.serve(BOOK, send=CUT) if count == 1 else handler.reply(503))
        _, err = self.fetch(server, expect=4)
        self.assertIn("goes on", err)
        self.assertEqual((self.kept / "the_book.bin.part").read_bytes(), BOOK[:CUT])
        server.behaviour = good
        self.fetch(server)
        self.assert_fetched()
        self.assertEqual(server.sent, SIZE)

    def test_another_file_since_then_starts_over(self):
        def behaviour(handler, count):
            handler.serve(OTHER, '"v0"', send=CUT) if count == 1 else handler.serve(BOOK, '"v1"')
        server = self.serve(behaviour)
        self.fetch(server)
        self.assert_fetched()
        self.assertEqual(server.seen[1][1:], (f"bytes={CUT}-", '"v0"'))

    def test_a_server_that_joins_two_files(self):
        """It honours Range in spite of If-Range: its ETag tells, else the hash."""
        def joined(etag):
            def behaviour(handler, count):
                if count == 1:
                    return handler.serve(OTHER, '"v0"', send=CUT)
                start = int((handler.headers.get("Range") or "bytes=0-")[6:-1])
                headers = [("Content-Range", f"bytes {start}-{SIZE - 1}/{SIZE}")] if start else []
                return handler.reply(206 if start else 200, BOOK[start:], headers + ([("ETag", etag)] if etag else []))
            return behaviour
        self.fetch(self.serve(joined('"v1"')))
        self.assert_fetched()
        shutil.rmtree(self.home)
        self.assertIn("nothing is kept", self.fetch(self.serve(joined(None)), expect=2)[1])
        self.assert_nothing_kept()

    def test_without_ranges_or_a_strong_etag_it_starts_over(self):
        for etag, ranges in (('"v1"', False), ('W/"v1"', True), (None, True)):
            server = self.serve(lambda handler, count: handler.serve(BOOK, etag, CUT if count == 1 else None, ranges))
            self.fetch(server)
            self.assert_fetched()
            self.assertEqual(server.sent, SIZE + CUT)
            self.assertEqual(server.seen[1][1], f"bytes={CUT}-" if etag == '"v1"' else None)
            shutil.rmtree(self.home)

    def test_a_wrong_place_in_the_answer(self):
        def behaviour(handler, count):
            if count == 2:   # a part that was not asked for
                return handler.reply(206, BOOK[7:], [("ETag", '"v1"'), ("Content-Range", f"bytes 7-{SIZE - 1}/{SIZE}")])
            return handler.serve(BOOK, send=CUT if count == 1 else None)
        self.fetch(self.serve(behaviour))
        self.assert_fetched()

    def test_errors_that_pass_and_one_that_does_not(self):
        server = self.serve(lambda handler, count: handler.reply(500, b"no") if count < 3 else good(handler, count))
        self.fetch(server)
        self.assert_fetched()
        shutil.rmtree(self.home)
        server = self.serve(lambda handler, count: handler.reply(404, b"gone") if count == 1 else good(handler, count))
        self.assertIn("answers 404", self.fetch(server, expect=2)[1])
        self.assertEqual(len(server.seen), 1)
        self.assert_nothing_kept()
        self.fetch(server)
        self.assert_fetched()

    def test_a_slow_drip_is_given_up_and_resumed(self):
        def drip(handler, count):
            if count > 1:
                return good(handler, count)
            handler.reply(200, BOOK, [("ETag", '"v1"')], send=CUT)
            for i in range(100):
                handler.wfile.write(BOOK[CUT + i:CUT + i + 1])
                time.sleep(0.2)
        server = self.serve(drip)
        self.fetch(server, "--stall", "2")
        self.assert_fetched()
        self.assertTrue(server.seen[1][1].startswith("bytes=150"))

    def test_a_stop_is_resumable(self):
        waiting = threading.Event()

        def hang(handler, count):
            if count > 1:
                return good(handler, count)
            handler.reply(200, BOOK, [("ETag", '"v1"')], send=CUT)
            waiting.set()
            time.sleep(20)
        server = self.serve(hang)
        process = self.start("data", "fetch", "shelf", "--manifest", self.manifest(server.url))
        self.assertTrue(waiting.wait(30))
        deadline = time.monotonic() + 30
        part = self.kept / "the_book.bin.part"
        while (not part.exists() or part.stat().st_size < CUT) and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
        self.assertEqual(process.returncode, 3)
        self.assertEqual(part.read_bytes(), BOOK[:CUT])
        self.fetch(server)
        self.assert_fetched()
        self.assertEqual(server.sent, SIZE)


class LieTest(FetchCase):
    def refused(self, behaviour, *words, secure=True, manifest=None, expect=2):
        server = self.serve(behaviour, secure)
        _, err = self.fetch(server, expect=expect, manifest=manifest and manifest(server.url))
        for word in words:
            self.assertIn(word, err)
        self.assert_nothing_kept()
        return server

    def test_wrong_bytes(self):
        self.refused(lambda handler, _: handler.serve(OTHER), sha256(OTHER), sha256(BOOK), "nothing is kept")

    def test_wrong_bytes_in_place_of_a_good_file(self):
        server = self.serve(good)
        self.fetch(server)
        server.behaviour = lambda handler, _: handler.serve(OTHER)
        manifest = self.manifest(server.url, digest=sha256(NOTE))
        self.fetch(server, manifest=manifest, expect=2)
        self.assert_fetched()

    def test_lengths(self):
        for length in (SIZE - 1, SIZE + 1, 10, 10**15):
            self.refused(lambda handler, _: handler.reply(200, BOOK, length=length), f"offers {length} bytes, {SIZE} are expected")

    def test_a_length_that_is_never_reached(self):
        server = self.serve(lambda handler, _: handler.reply(200, BOOK[:-5], length=SIZE))
        self.assertIn("again in", self.fetch(server, expect=4)[1])
        self.assertFalse(self.home.exists())

    def test_no_length_and_too_short(self):
        server = self.serve(lambda handler, _: handler.reply(200, BOOK[:-5], length=False))
        self.assertIn("again in", self.fetch(server, expect=4)[1])
        self.assertFalse(self.home.exists())

    def test_an_endless_body_is_cut_at_the_limit(self):
        def endless(handler, _):
            handler.reply(200, BOOK, length=False)
            for _ in range(2000):
                handler.wfile.write(b"x" * 65536)
                handler.server.sent += 65536
        server = self.refused(endless, f"more than the {SIZE} bytes")
        self.assertLess(server.sent, 100 * 65536)   # what sockets hold, not the whole

    def test_a_range_of_another_size(self):
        def behaviour(handler, count):
            if count == 1:
                return handler.serve(BOOK, send=CUT)
            return handler.reply(206, BOOK[CUT:] + b"more", [("ETag", '"v1"'), ("Content-Range", f"bytes {CUT}-{SIZE + 3}/{SIZE + 4}")])
        self.refused(behaviour, f"offers {SIZE + 4} bytes")

    def test_five_redirects_are_followed_six_are_not(self):
        def chain(length):
            def behaviour(handler, _):
                step = int(handler.path.rpartition("/")[2]) if handler.path[-1].isdigit() else 0
                if step == length:
                    return handler.serve(BOOK)
                return handler.reply(302, b"elsewhere", [("Location", f"/book/{step + 1}")])
            return behaviour
        self.assertEqual(len(self.refused(chain(6), "more than 5 redirects").seen), 6)
        self.fetch(self.serve(chain(5)))
        self.assert_fetched()

    def test_redirects_to_elsewhere(self):
        plain = self.serve(good, secure=False)
        target = self.folder / "secret"
        target.write_bytes(BOOK)
        for location in (plain.url + "/book", target.as_uri(), "ftp://localhost/book", "gopher://localhost/book"):
            self.refused(lambda handler, _: handler.reply(302, b"", [("Location", location)]), "something other than https")
        self.assertEqual(plain.seen, [])

    def test_certificates_are_checked(self):
        server = self.serve(good)
        del self.environment["SEQBENCH_CA_FILE"]
        _, err = self.fetch(server, expect=4)
        self.assertIn("certificate", err)
        self.environment["SEQBENCH_CA_FILE"] = str(self.folder / "absent.pem")
        self.assertIn("absent.pem", self.fetch(server, expect=2)[1])
        self.environment["SEQBENCH_CA_FILE"] = str(self.certificates / "ca.pem")
        by_number = self.manifest(server.url.replace("localhost", "127.0.0.1"))   # a name that the certificate lacks
        self.environment["no_proxy"] = "127.0.0.1"
        _, err = self.fetch(server, manifest=by_number, expect=4)
        self.assertIn("certificate", err)
        self.assertEqual(server.seen, [])
        self.assertFalse(self.home.exists())

    def test_a_server_that_is_not_there(self):
        server = self.serve(good)
        server.shutdown()
        server.server_close()
        self.assertIn("localhost", self.fetch(server, expect=4)[1])


class PublishedFilesTest(FetchCase):
    """The real files of a task, fetched from a server that cuts each of them."""

    def test_gfp(self):
        folder = program.SHARED_DATA / "gfp"
        if not folder.is_dir():
            self.skipTest(f"SKIPPED LOUDLY: no real GFP data at {folder}")
        names = {"genotypes.tsv.gz": "amino_acid_genotypes_to_brightness.tsv.gz", "tape_valid.tsv.gz": "tape_fluorescence_valid.tsv.gz",
                 "wild_type.fasta": "avgfp_wt.fasta"}
        text = 'version = 1\ntask = "gfp_fluorescence"\ncitation = "see the task"\n'
        server = self.serve(lambda handler, _: handler.serve((folder / handler.path[1:]).read_bytes(), send=CUT))
        for role, name in names.items():
            data = (folder / name).read_bytes()
            text += (f'[[file]]\nrole = "{role}"\nname = "{name}"\nbytes = {len(data)}\nsha256 = "{sha256(data)}"\n'
                     f'url = "{server.url}/{name}"\nlicence = "MIT"\n')
        out, _ = self.call("data", "fetch", "gfp", "--manifest", self.write("gfp.toml", text), "--attempts", "2")
        self.assertIn("54025", out.replace(",", ""))
        self.call("data", "verify", "gfp")
        self.assertEqual(server.sent, sum((folder / name).stat().st_size for name in names.values()))


class DiskTest(FetchCase):
    def test_a_full_disk(self):
        folder = self.folder / "mount"
        folder.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1200k", "tmpfs", str(folder)], capture_output=True, text=True)
        if mounted.returncode != 0:
            self.skipTest(f"SKIPPED LOUDLY: no mount may be made here: {mounted.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", "-l", str(folder)])
        self.environment["SEQBENCH_DATA"] = str(folder)
        server = self.serve(good)
        self.assertIn("disk full", self.fetch(server, expect=4)[1])
        self.assertEqual(server.seen, [])
        self.assertFalse((folder / "shelf").exists())


if __name__ == "__main__":
    unittest.main(verbosity=2)
