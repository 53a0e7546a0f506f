"""harness/setup --bundle: what is in it is checked before it is used, and CMake finds every library in it."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import program

BUNDLE = program.SOURCE / "harness/setup.d/bundle.py"
SOURCE_OF_ALL = """
#include <CLI/CLI.hpp>
#include <SQLiteCpp/SQLiteCpp.h>
#include <boost/math/distributions/students_t.hpp>
#include <ctemplate/template.h>
#include <htslib/bgzf.h>
#include <nlohmann/json.hpp>
#include <tl/expected.hpp>
int main(int, char** names) {
  SQLite::Database database(":memory:", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  ctemplate::TemplateDictionary dictionary("x");
  BGZF* file = bgzf_open(names[0], "r");  // itself: no gzip file, read as it is
  char magic[4] = {};
  const bool read = file && bgzf_read(file, magic, 4) == 4 && magic[1] == 'E';
  const double p = boost::math::cdf(boost::math::students_t(3), 0.0);
  return read && p == 0.5 && nlohmann::json::parse("[1]").size() == 1 ? 0 : 1;
}
"""


@unittest.skipUnless(shutil.which("dpkg-query"), "SKIPPED LOUDLY: no dpkg here, bundles are made from its packages")
class BundleTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.work = pathlib.Path(tempfile.mkdtemp(prefix="seqbench-bundle-"))
        cls.bundle = cls.work / "bundle"
        made = cls.call("make", cls.bundle, SEQBENCH_PIP_ARGS="--no-index")
        if made.returncode != 0:
            raise AssertionError(made.stdout + made.stderr)
        cls.made = made.stdout

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.work)

    @staticmethod
    def call(action, folder, **environment):
        return subprocess.run([sys.executable, str(BUNDLE), action, str(folder)], capture_output=True, text=True, timeout=300,
                              env={**os.environ, **environment})

    def refused(self, words):
        done = self.call("verify", self.bundle)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn(words, done.stderr)

    def test_whole_and_small(self):
        self.assertEqual(self.call("verify", self.bundle).returncode, 0)
        self.assertLess(sum(path.stat().st_size for path in self.bundle.rglob("*") if path.is_file()), 25_000_000)
        about = json.loads((self.bundle / "bundle.json").read_text())
        for package in about["packages"]:
            self.assertTrue((self.bundle / "licences" / package).stat().st_size > 100, package)
        self.assertEqual(self.call("make", self.bundle).returncode, 2)   # not over what is there

    def test_damage_is_told(self):
        header = self.bundle / "include/tl/expected.hpp"
        text = header.read_bytes()
        header.write_bytes(text[:-1] + b" ")
        self.refused("expected.hpp: its sha256")
        header.unlink()
        self.refused("expected.hpp: missing")
        header.write_bytes(text)
        surplus = self.bundle / "include/stdio.h"
        surplus.write_text("")
        self.refused("stdio.h: not in bundle.json")
        surplus.unlink()

    def test_another_machine_is_told(self):
        path = self.bundle / "bundle.json"
        text = path.read_text()
        about = json.loads(text)
        path.write_text(json.dumps({**about, "libc": ["glibc", "99.1"]}))
        self.refused("needs glibc 99.1 or later")
        path.write_text(json.dumps({**about, "machine": "abacus"}))
        self.refused("is for abacus")
        path.write_text("{}")
        self.refused("is no bundle")
        path.write_text(text)

    def test_its_libraries_link_into_a_program_that_needs_none(self):
        (self.work / "all.cpp").write_text(SOURCE_OF_ALL)
        libraries = [str(self.bundle / f"lib/lib{name}.a") for name in ("hts", "ctemplate", "SQLiteCpp", "sqlite3", "z")]
        built = subprocess.run(["g++", "-std=c++20", "-w", "-H", "-isystem", str(self.bundle / "include"), "all.cpp", "-o", "all",
                                *libraries, "-lpthread"], cwd=self.work, capture_output=True, text=True, timeout=300)
        self.assertEqual(built.returncode, 0, built.stderr[-3000:])
        self.assertEqual(re.findall(r"^\.+ (/usr/include/(?:boost|htslib|nlohmann|CLI|tl|SQLiteCpp|ctemplate)/.*)$", built.stderr, re.M), [])
        self.assertEqual(subprocess.run([str(self.work / "all")], timeout=60).returncode, 0)
        needed = re.findall(r"NEEDED.*\[(.*)\]", subprocess.run(["readelf", "-d", str(self.work / "all")], capture_output=True, text=True).stdout)
        self.assertLessEqual({name.partition(".so")[0] for name in needed}, {"libstdc++", "libm", "libgcc_s", "libc", "ld-linux-x86-64"})

    def test_cmake_finds_all_in_it(self):
        cache = (program.BUILD / "CMakeCache.txt").read_text()
        torch = re.search(r"^SEQBENCH_TORCH:\w+=(.*)$", cache, re.M)[1]
        build = self.work / "build"
        done = subprocess.run(["cmake", "-S", str(program.SOURCE), "-B", str(build), "-G", "Ninja", f"-DSEQBENCH_TORCH={torch}", "-DSEQBENCH_CURL=OFF",
                               f"-DCMAKE_PREFIX_PATH={self.bundle}", f"-DCMAKE_CXX_STANDARD_INCLUDE_DIRECTORIES={self.bundle}/include"],
                              capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stderr)
        found = dict(re.findall(r"^(\w+):(?:PATH|FILEPATH)=(.*)$", (build / "CMakeCache.txt").read_text(), re.M))
        for name in ("fmt_DIR", "CLI11_DIR", "SQLiteCpp_DIR", "SQLite3_LIBRARY", "SQLite3_INCLUDE_DIR", "ZLIB_INCLUDE_DIR",
                     "ZLIB_LIBRARY_RELEASE", "SEQBENCH_htslib_LIBRARY", "SEQBENCH_htslib_INCLUDE", "SEQBENCH_ctemplate_LIBRARY"):
            self.assertTrue(found[name].startswith(str(self.bundle)), f"{name}: {found[name]}")


if __name__ == "__main__":
    unittest.main(verbosity=2)
