"""Collects what the program needs besides a torch package, for machines without network: harness/setup --bundle.

usage: bundle.py make DIR | bundle.py verify DIR

Headers and static libraries come from the installed Debian or Ubuntu packages, so a bundle serves the same processor
with the same or a later C library. DIR is laid out as a prefix: include/, lib/, lib/cmake/, licences/, wheels/, and
bundle.json with the version of each package and the sha256 of each file.
"""
import hashlib
import json
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Packages whose headers are taken whole; of Boost what our sources come to include.
HEADERS = ("libcli11-dev libctemplate-dev libexpected-dev libfmt-dev libgtest-dev libhts-dev libsqlite3-dev "
           "libsqlitecpp-dev libtomlplusplus-dev nlohmann-json3-dev zlib1g-dev").split()
BOOST = "libboost-math-dev"
LIBRARIES = ("ctemplate", "gtest", "gtest_main", "sqlite3", "SQLiteCpp", "z")
# One archive: what htslib's own needs, and a refusal in place of the codecs of CRAM, of which there is no static library.
HTSLIB, CODECS = ("hts", "bz2", "lzma", "deflate"), "htscodecs"

# Our own, since those of the packages name shared libraries and fixed places.
CONFIGS = {
    "fmt": """add_library(fmt::fmt INTERFACE IMPORTED)
set_target_properties(fmt::fmt PROPERTIES INTERFACE_COMPILE_DEFINITIONS FMT_HEADER_ONLY=1
  INTERFACE_INCLUDE_DIRECTORIES ${prefix}/include)
add_library(fmt::fmt-header-only ALIAS fmt::fmt)
""",
    "CLI11": """add_library(CLI11::CLI11 INTERFACE IMPORTED)
set_target_properties(CLI11::CLI11 PROPERTIES INTERFACE_INCLUDE_DIRECTORIES ${prefix}/include)
""",
    "SQLiteCpp": """add_library(SQLiteCpp STATIC IMPORTED)
set_target_properties(SQLiteCpp PROPERTIES IMPORTED_LOCATION ${prefix}/lib/libSQLiteCpp.a
  INTERFACE_INCLUDE_DIRECTORIES ${prefix}/include INTERFACE_LINK_LIBRARIES ${prefix}/lib/libsqlite3.a)
""",
    "GTest": """add_library(GTest::gtest STATIC IMPORTED)
set_target_properties(GTest::gtest PROPERTIES IMPORTED_LOCATION ${prefix}/lib/libgtest.a
  INTERFACE_INCLUDE_DIRECTORIES ${prefix}/include INTERFACE_LINK_LIBRARIES pthread)
add_library(GTest::gtest_main STATIC IMPORTED)
set_target_properties(GTest::gtest_main PROPERTIES IMPORTED_LOCATION ${prefix}/lib/libgtest_main.a
  INTERFACE_LINK_LIBRARIES GTest::gtest)
""",
}
PREFIX = "get_filename_component(prefix ${CMAKE_CURRENT_LIST_DIR}/../../.. ABSOLUTE)\n"


def output_of(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def fail(message):
    print(f"bundle: {message}", file=sys.stderr)
    sys.exit(2)


def copy(source, target):
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def include_places():
    """/usr/include and its folder of this processor: headers of both come to stand in include/."""
    machine = output_of("gcc", "-print-multiarch").strip()
    return [pathlib.Path("/usr/include") / machine, pathlib.Path("/usr/include")]


def copy_headers(package, folder):
    for line in output_of("dpkg", "-L", package).splitlines():
        path = pathlib.Path(line)
        for place in include_places():
            if path.is_relative_to(place) and path.is_file():
                copy(path, folder / "include" / path.relative_to(place))
                break


def boost_headers():
    """What the compiler reads of Boost for our sources, and its settings for other compilers."""
    sources = [path for room in ("harness", "reports", "tasks", "models") for path in (ROOT / room).rglob("*") if path.suffix in (".h", ".cpp")]
    ours = {line for path in sources for line in re.findall(r"^#include <boost/.*>$", path.read_text(encoding="utf-8"), re.M)}
    rules = subprocess.run(["g++", "-std=c++20", "-M", "-x", "c++", "-"], input="\n".join(sorted(ours)) + "\n", text=True,
                           capture_output=True, check=True).stdout
    system = pathlib.Path("/usr/include")
    read = {pathlib.Path(word) for word in rules.split() if word.startswith("/usr/include/boost/")}
    return sorted(str(path.relative_to(system)) for path in read | set((system / "boost/config").rglob("*.hpp")))


def archive(name):
    path = pathlib.Path(output_of("gcc", f"-print-file-name=lib{name}.a").strip())
    if not path.is_absolute():
        fail(f"lib{name}.a is not installed")
    return path.resolve()


def symbols(path, *flags):
    found = set()
    for line in output_of("nm", *flags, str(path)).splitlines():
        words = line.split()
        if len(words) >= 2 and not line.endswith(":"):
            found.add(words[-1].partition("@")[0])
    return found


def make_htslib(target):
    shared = pathlib.Path(output_of("gcc", f"-print-file-name=lib{CODECS}.so.2").strip())
    lacking = symbols(archive("hts"), "-u")
    codecs = sorted(lacking & symbols(shared.resolve(), "-D", "--defined-only")) if shared.is_absolute() else []
    with tempfile.TemporaryDirectory() as work:
        stub = pathlib.Path(work) / "no_cram_codecs.c"
        stub.write_text("#include <stdlib.h>\n" + "".join(f"void {name}(void);\nvoid {name}(void) {{ abort(); }}\n" for name in codecs))
        subprocess.run(["gcc", "-O2", "-fPIC", "-c", "no_cram_codecs.c"], cwd=work, check=True)
        lines = [f"create {target}", *(f"addlib {archive(name)}" for name in HTSLIB), f"addmod {work}/no_cram_codecs.o", "save", "end"]
        subprocess.run(["ar", "-M"], input="\n".join(lines) + "\n", text=True, check=True)


def add_wheel(folder):
    """What draws figures, where pip can get it."""
    command = [sys.executable, "-m", "pip", "download", "-qq", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:",
               *os.environ.get("SEQBENCH_PIP_ARGS", "").split(), "-d", str(folder / "wheels"), "-r", str(ROOT / "harness/setup.d/requirements-figures.txt")]
    if subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode != 0:
        print("bundle: no wheel of vl-convert: reports made offline will have no pictures")


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def files_of(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file() and path != folder / "bundle.json")


def collect(folder):
    if not shutil.which("dpkg-query"):
        fail("a bundle is made from the packages of Debian or Ubuntu, and there is no dpkg here")
    for package in HEADERS:
        copy_headers(package, folder)
    for name in boost_headers():
        copy(pathlib.Path("/usr/include") / name, folder / "include" / name)
    for name in LIBRARIES:
        copy(archive(name), folder / "lib" / f"lib{name}.a")
    make_htslib(folder / "lib/libhts.a")
    for name, text in CONFIGS.items():
        path = folder / "lib/cmake" / name / f"{name}Config.cmake"
        path.parent.mkdir(parents=True)
        path.write_text(PREFIX + text)
    versions = {}
    for package in [*HEADERS, BOOST, "libbz2-dev", "liblzma-dev", "libdeflate-dev"]:
        versions[package] = output_of("dpkg-query", "-W", "-f", "${Version}", package)
        copy(pathlib.Path("/usr/share/doc") / package / "copyright", folder / "licences" / package)
    add_wheel(folder)
    return versions


def make(folder):
    if folder.exists() and any(folder.iterdir()):
        fail(f"{folder} is not empty")
    folder.mkdir(parents=True, exist_ok=True)
    versions = collect(folder)
    files = {str(path.relative_to(folder)): sha256(path) for path in files_of(folder)}
    about = {"version": 1, "machine": platform.machine(), "libc": list(platform.libc_ver()),
             "compiler": output_of("gcc", "-dumpfullversion").strip(), "packages": versions, "files": files}
    (folder / "bundle.json").write_text(json.dumps(about, indent=1) + "\n")
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    print(f"bundle: {len(files)} files, {size / 1e6:.1f} MB in {folder}")


def numbers(version):
    return tuple(int(part) for part in re.findall(r"\d+", version)[:2])


def verify(folder):
    try:
        about = json.loads((folder / "bundle.json").read_text())
        files, libc, machine = about["files"], about["libc"], about["machine"]
    except (OSError, ValueError, KeyError) as fault:
        fail(f"{folder} is no bundle: {fault}")
    if machine != platform.machine():
        fail(f"{folder} is for {machine}, this machine is {platform.machine()}")
    here = platform.libc_ver()
    if here[0] != libc[0] or numbers(here[1]) < numbers(libc[1]):
        fail(f"{folder} needs {' '.join(libc)} or later, this machine has {' '.join(here)}; make the bundle on an older system")
    there = {str(path.relative_to(folder)) for path in files_of(folder)}
    for name in sorted(there ^ set(files)):
        fail(f"{folder / name}: {'not in bundle.json' if name in there else 'missing'}")
    for name, expected in files.items():
        if sha256(folder / name) != expected:
            fail(f"{folder / name}: its sha256 is not the one in bundle.json")


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in ("make", "verify"):
        fail(__doc__)
    {"make": make, "verify": verify}[sys.argv[1]](pathlib.Path(sys.argv[2]).absolute())
