"""The site that `report` writes: every aggregate rebuilds from the exported trials, links lead somewhere, hostile
names stay text. What a browser makes of it is in tests/browser."""
import json
import math
import os
import pathlib
import re
import shutil
import subprocess
import unittest

import program
import site_pages


class SiteTest(program.ProgramCase):
    def site(self, *arguments, **options):
        out = self.folder / "site"
        self.call("report", *arguments, "--out", out, **options)
        return out

    def run_small(self):
        self.call("run", self.write("site.toml", site_pages.EXPERIMENT))

    def page(self, path):
        text = path.read_text(encoding="utf-8")
        self.assertLessEqual(len(text.encode()), 3_000_000, path)
        page = site_pages.Page(text)
        self.assertEqual(page.scripts, 1, path)
        self.assertEqual(len(page.ids), len(set(page.ids)), path)
        self.assertNotRegex(text, r"(src|href)=\"?(https?:)?//")
        return page

    def test_site(self):
        self.run_small()
        out = self.site()
        files = sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file())
        for name in ("index.html", "site.html", "site.md", "site.csv", "site.trials.csv", "site.json"):
            self.assertIn(name, files)
        self.aggregates(out)
        self.links(out)
        self.figures(out)
        before = {path: path.stat().st_mtime_ns for path in out.rglob("*.vl.json")}
        self.site("site")
        if shutil.which("pdflatex"):
            self.latex(out)
        else:
            print("SKIPPED: the LaTeX tables are not compiled: no pdflatex here")
        if list(out.rglob("*.svg")):
            self.assertEqual(before, {path: path.stat().st_mtime_ns for path in out.rglob("*.vl.json")}, "drawn again")

    def aggregates(self, out):
        """HARNESS R1: mean and s.d. of every cell, in full and as shown."""
        page, trials = self.page(out / "site.html"), site_pages.read_trials(out / "site.trials.csv")
        self.assertGreater(len(page.aggregates), 100)
        shown = 0
        for cell in page.aggregates:
            keys = set(page.keys[cell["data-row"]].split())
            mean, sd = site_pages.rebuilt(trials, keys, cell)
            for value, name in ((mean, "data-mean"), (sd, "data-sd")):
                given = float(cell[name])
                self.assertTrue(math.isclose(given, value, rel_tol=1e-9, abs_tol=1e-12) or math.isnan(given) and math.isnan(value), cell)
            parts = re.fullmatch(r"(\S+)(?: ± (\S+))?", cell["text"])
            for text, value in zip(parts.groups(), (mean, sd)):
                if text is None or text == "nan":
                    continue
                digits = len(text.partition("e")[0].partition(".")[2])
                self.assertLessEqual(abs(float(text) - value), max(10.0 ** -digits, abs(value) * 1e-3), cell)
                shown += 1
        self.assertGreater(shown, 100)

    def links(self, out):
        pages = {path.name: self.page(path) for path in out.glob("*.html")}
        for name, page in pages.items():
            for link in page.links:
                file, _, anchor = link.partition("#")
                target = file or name
                self.assertTrue((out / target).is_file(), f"{name}: {link}")
                if anchor:
                    self.assertIn(anchor, pages[target].ids, f"{name}: {link}")
        self.assertIn("site.html", pages["index.html"].links)

    def figures(self, out):
        specs = sorted((out / "figures" / "site").glob("*.vl.json"))
        names = {path.name.split("-", 1)[1].removesuffix(".vl.json") for path in specs}
        self.assertLessEqual({"predicted", "residuals", "curves", "spread", "cost", "roc", "precision-recall", "calibration"}, names)
        page = self.page(out / "site.html")
        for path in specs:
            spec = json.loads(path.read_text(encoding="utf-8"))
            self.assertTrue(spec["$schema"].endswith("/vega-lite/v5.json"))
            rows = spec["data"]["values"]
            self.assertTrue(0 < len(rows) <= 5000)
            table = site_pages.read_trials(str(path).replace(".vl.json", ".csv"))
            self.assertEqual(len(table), len(rows))
            self.assertIn("figure-" + path.name.removesuffix(".vl.json"), page.ids)

    def latex(self, out):
        tables = sorted((out / "tables" / "site").glob("*.tex"))
        both = self.folder / "both.tex"
        both.write_text("\\documentclass{article}\\usepackage[T1]{fontenc}\\usepackage{textcomp,booktabs}\\begin{document}"
                        + "".join(f"\\input{{{path}}}\n\n" for path in tables) + "\\end{document}")
        for path in (*tables, both):
            done = subprocess.run(["pdflatex", "-halt-on-error", "-interaction=nonstopmode", path], cwd=self.folder,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", check=False)
            self.assertEqual(done.returncode, 0, done.stdout[-2000:])

    def test_hostile_names(self):
        self.run_small()
        site_pages.make_hostile(self.store)
        out = self.site()
        for path in out.glob("*.html"):
            text = path.read_text(encoding="utf-8")
            page = self.page(path)
            self.assertNotIn("img", page.tags)
            self.assertNotRegex(text, "[\u202a-\u202e\u2066-\u2069\u200e\u200f]")
            self.assertNotIn("x" * 2500, text)
        if shutil.which("pdflatex"):
            self.latex(out)

    def test_without_a_renderer_the_page_is_whole(self):
        self.run_small()
        python = self.folder / "bin" / "python3"
        python.parent.mkdir()
        python.write_text("#!/bin/sh\nexit 3\n")
        python.chmod(0o755)
        self.environment.update(PATH=f"{python.parent}:{os.environ['PATH']}", SEQBENCH_ROOT=str(self.bare_root()))
        out = self.site()
        text = (out / "site.html").read_text(encoding="utf-8")
        self.assertIn("Not drawn: the Python package vl-convert-python is needed; harness/setup installs it", text)
        self.assertFalse(list(out.rglob("*.svg")))
        self.assertTrue(list(out.rglob("*.vl.json")))
        self.links(out)

    def bare_root(self):
        """The source tree without its virtual environment."""
        root = self.folder / "root"
        root.mkdir()
        for entry in program.SOURCE.iterdir():
            if entry.name not in (".venv", "build", "reports"):
                (root / entry.name).symlink_to(entry)
        return root

    def test_refuses(self):
        self.assertIn("there is no store", self.call("report", expect=2)[1])
        self.run_small()
        self.call("report", "nothing", expect=2)
        self.assertIn("html,md,csv,json,tex", self.call("report", "--format", "docx", expect=2)[1])


if __name__ == "__main__":
    unittest.main(verbosity=2)
