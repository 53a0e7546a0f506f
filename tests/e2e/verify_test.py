"""verify: printed numbers against themselves and against a store; papers' texts and data where they are at hand."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import unittest

from program import SHARED_DATA, SOURCE, ProgramCase

PUBLISHED = SOURCE / "results" / "published"
PAPERS = pathlib.Path(os.environ.get("SEQBENCH_TEST_PAPERS", SOURCE.parent / "shared" / "papers"))
GFP = SHARED_DATA / "gfp"


class AsPrinted(ProgramCase):
    def findings(self, paper, expect=1):
        return json.loads(self.call("verify", paper, "--as-printed", "--json", expect=expect)[0])

    def test_all_papers_without_a_store(self):
        papers = {p["paper"]: p for p in self.findings("all")}
        self.assertEqual(sorted(papers), ["guarnieri", "kim", "mimo", "tape", "utk"])
        self.assertFalse(self.store.exists())
        by_rule = {name: [f["rule"] for f in p["findings"]] for name, p in papers.items()}
        self.assertEqual(by_rule["kim"].count("square printed as the correlation"), 2)
        self.assertIn("impossible pair", by_rule["guarnieri"])
        self.assertIn("a constant does the same", by_rule["mimo"])
        self.assertIn("parts are not exchangeable", by_rule["mimo"])
        self.assertIn("parameter count", by_rule["utk"])
        claims = {c["claim"]: c["as_printed"] for p in papers.values() for c in p["claims"]}
        self.assertEqual(len(claims), 59)
        for claim in ("guarnieri-09", "mimo-01", "mimo-08", "utk-06"):
            self.assertEqual(claims[claim], "contradicted", claim)
        for claim in ("kim-06", "mimo-02", "mimo-07", "guarnieri-03"):
            self.assertEqual(claims[claim], "supported", claim)
        self.assertEqual(claims["kim-13"], "undecided")

    def test_pages_are_the_committed_ones(self):
        out = self.folder / "pages"
        self.call("verify", "all", "--as-printed", "--out", str(out), expect=1)
        for page in sorted(out.iterdir()):
            self.assertEqual(page.read_text(), (SOURCE / "results" / "findings" / page.name).read_text(), page.name)

    def test_a_sound_paper_is_no_finding_and_a_wrong_name_is_bad_input(self):
        self.findings("tape", expect=0)
        _, err = self.call("verify", "mino", "--as-printed", expect=2)
        self.assertIn("nearest: 'mimo'", err)

    def test_a_planted_number_is_caught(self):
        root = self.folder / "root"
        shutil.copytree(PUBLISHED, root / "results" / "published")
        path = root / "results" / "published" / "tape.tsv"
        path.write_text(path.read_text().replace("\t0.68\t", "\t1.68\t"))
        self.environment["SEQBENCH_ROOT"] = str(root)
        (finding,) = self.findings("tape")[0]["findings"]
        self.assertEqual(finding["rule"], "out of range")


class Scorecard(ProgramCase):
    def test_without_measurements_everything_is_blocked_with_what_would_help(self):
        out, _ = self.call("verify", "mimo", "--table", "2")
        self.assertIn("blocked", out)
        self.assertIn("inconsistent as printed", out)
        self.assertFalse(self.store.exists())
        (card,) = json.loads(self.call("verify", "mimo", "--json", expect=1)[0])  # mimo-08 needs no run: the data contradict it
        verdicts = {n["verdict"] for n in card["numbers"]}
        self.assertEqual(verdicts, {"blocked", "inconsistent_as_printed"})
        for number in card["numbers"]:
            self.assertEqual(number["verdict"] == "blocked", number["unblock"] != "", number)
        self.call("verify", "mimo", "--table", "9", expect=2)

    def test_a_contradicted_claim_is_a_finding(self):
        (card,) = json.loads(self.call("verify", "utk", "--json", expect=1)[0])
        self.assertEqual([c["claim"] for c in card["claims"] if c["verdict"] == "contradicted"], ["utk-06"])

    def test_verdicts_are_kept_once_with_the_margins_hash(self):
        self.call("run", SOURCE / "experiments/controls/gfp_fluorescence.toml", "--twin", "--scale", "smoke", "--no-progress")
        for _ in range(2):
            self.call("verify", "mimo", expect=1)
        rows = self.rows("SELECT subject, verdict, method FROM verdicts")
        self.assertEqual(len(rows), len({subject for subject, _, _ in rows}))
        margins = subprocess.run(["sha256sum", PUBLISHED / "margins.toml"], capture_output=True, text=True, check=True).stdout.split()[0]
        self.assertTrue(all(margins in method for _, _, method in rows))
        # Rows on the twin never stand beside a printed number.
        self.assertFalse([s for s, verdict, _ in rows if verdict in ("reproduced", "not_reproduced") and not s.startswith("claim:")])
        self.assert_sound()


class Sources(ProgramCase):
    def test_quotes_and_transcription(self):
        if not PAPERS.is_dir():
            self.skipTest(f"*** NOT TESTED: the papers' texts are not at {PAPERS}; set SEQBENCH_TEST_PAPERS ***")
        check = [sys.executable, str(PUBLISHED / "check_quotes.py"), str(PAPERS), str(PAPERS.parent / "published")]
        done = subprocess.run(check, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("291 numbers and 59 claims checked, 0 faults", done.stdout)
        # A changed digit, a lost row and a wrong quote are faults.
        copy = self.folder / "published"
        for old, new in (("\t0.9863\t", "\t0.9864\t"), ("NT-2.5b-1000g\tf1", "NT-2.5b-1000\tf1"), ("lora_alpha= 32", "lora_alpha= 33")):
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(PUBLISHED, copy)
            text = (copy / "guarnieri.tsv").read_text()
            self.assertIn(old, text)
            (copy / "guarnieri.tsv").write_text(text.replace(old, new, 1))
            done = subprocess.run([sys.executable, str(copy / "check_quotes.py"), *check[2:]], capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 1, old)

    def test_moments_are_those_of_the_data(self):
        if not GFP.is_dir():
            self.skipTest(f"*** NOT TESTED: the published GFP tables are not at {GFP}; set SEQBENCH_TEST_DATA ***")
        self.call("data", "import", "gfp", GFP / "amino_acid_genotypes_to_brightness.tsv.gz", GFP / "tape_fluorescence_valid.tsv.gz", GFP / "avgfp_wt.fasta")
        self.assertEqual(self.call("data", "moments", "gfp")[0], (PUBLISHED / "moments.tsv").read_text())


if __name__ == "__main__":
    unittest.main()
