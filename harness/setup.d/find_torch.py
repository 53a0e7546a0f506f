"""Prints the folder of a torch package that fits, or says why not and exits 1. Nothing of torch is imported.

usage: find_torch.py [FOLDER]

Without FOLDER: the project's .venv, then the Python that runs this.
"""
import importlib.util
import pathlib
import re
import sys

OLDEST = (2, 11)


def why_not(folder):
    """Why this folder does not fit; None when it does."""
    if not (folder / "lib" / "libtorch_cpu.so").is_file():
        return "no lib/libtorch_cpu.so"
    try:
        text = (folder / "version.py").read_text(encoding="utf-8")
    except OSError:
        return "no version.py"
    found = re.search(r"^__version__ = ['\"](\d+)\.(\d+)", text, re.M)
    if not found:
        return "version.py names no version"
    if (int(found[1]), int(found[2])) < OLDEST:
        return f"version {found[1]}.{found[2]}, {OLDEST[0]}.{OLDEST[1]} or later is needed"
    return None


def candidates():
    root = pathlib.Path(__file__).resolve().parents[2]
    for folder in sorted((root / ".venv").glob("lib/python3*/site-packages/torch")):
        # pip writes RECORD last: without it an install was cut off.
        if any(folder.parent.glob("torch-*.dist-info/RECORD")):
            yield folder
    spec = importlib.util.find_spec("torch")
    if spec and spec.submodule_search_locations:
        yield pathlib.Path(next(iter(spec.submodule_search_locations)))


def main():
    given = sys.argv[1:]
    for folder in map(pathlib.Path, given) if given else candidates():
        reason = why_not(folder)
        if reason is None:
            print(folder.resolve())
            return 0
        print(f"{folder}: {reason}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
