"""Writes generated/code_hashes.cpp: one SHA-256 a room, over its sources without comments and white space.

usage: code_hashes.py SOURCE_ROOT OUTPUT.cpp
"""
import hashlib
import pathlib
import re
import sys

# A string or character literal is matched first, so that "//" inside one is no comment.
TOKEN = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|//[^\n]*|/\*.*?\*/|\s+', re.S)

# Rooms of models/ that others reach by including them; models/blocks is in every model's key anyway.
SHARED = ("tokenizers", "weights", "pretrained")
INCLUDE = re.compile(rf'^#include "(models/(?:{"|".join(("blocks", *SHARED))})/[^"]+)"', re.M)


def stripped(text):
    return TOKEN.sub(lambda match: match[0] if match[0][0] in "\"'" else "", text)


def room_hash(root, files):
    digest = hashlib.sha256()
    for path in sorted(files, key=lambda file: file.relative_to(root).as_posix()):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0")
        digest.update(stripped(path.read_text(encoding="utf-8")).encode() + b"\0")
    return digest.hexdigest()


def sources(folder, recursive=True):
    found = (folder.rglob("*") if recursive else folder.glob("*")) if folder.is_dir() else []
    return [path for path in found if path.suffix in (".cpp", ".h")]


def shared(root, files):
    """Sources of the rooms that models share where these files include them, directly or through models/blocks."""
    reached, todo = set(), list(files)
    while todo:
        for header in INCLUDE.findall(todo.pop().read_text(encoding="utf-8")):
            for path in (root / header, (root / header).with_suffix(".cpp")):
                if path not in reached and path.is_file():
                    reached.add(path)
                    todo.append(path)
    rooms = {path.relative_to(root).parts[1] for path in reached} & set(SHARED)
    return [path for room in sorted(rooms) for path in sources(root / "models" / room)]


def rooms(root):
    harness = ["base", "contract", "tensors", "data", "train", "analyze"]
    yield "harness", [path for room in harness for path in sources(root / "harness" / room)
                      if room != "analyze" or "metrics" in path.stem or path.stem in ("sums", "ordered")] + [
        path for path in sources(root / "harness" / "run")
        if path.stem in ("evaluate", "model_folders", "run_trial", "split", "split_fields", "submission_file", "submit")]
    yield "harness/table", sources(root / "harness/table")
    for kind in ("models", "tasks"):
        for entry in sorted((root / kind).iterdir()):
            files = sources(entry) if entry.is_dir() else [entry] if entry.suffix == ".cpp" else []
            own = entry.name in ("blocks", *SHARED)
            reached = files if own else sorted(set(files + shared(root, files)))
            yield f"{kind}/{entry.stem}", reached
            # A folder may hold several entries: FOLDER_x.cpp is the entry FOLDER_x.
            for path in files if entry.is_dir() and not own else []:
                if path.suffix == ".cpp" and path.parent == entry and path.stem.startswith(entry.stem + "_"):
                    yield f"{kind}/{path.stem}", reached


def main():
    root, output = map(pathlib.Path, sys.argv[1:])
    rows = sorted((name, room_hash(root, files)) for name, files in rooms(root) if files)
    text = '// Generated: hashes of the sources that determine a result.\n#include "harness/base/code_hashes.h"\n'
    text += "namespace seqbench {\nCodeHashes code_hashes();\nCodeHashes code_hashes() {\n"
    text += "  static constexpr CodeHash kRooms[] = {\n"
    text += "".join(f'      {{"{name}", "{digest}"}},\n' for name, digest in rows)
    text += "  };\n  return {kRooms};\n}\n}  // namespace seqbench\n"
    output.parent.mkdir(parents=True, exist_ok=True)
    if not output.exists() or output.read_text() != text:
        output.write_text(text)


if __name__ == "__main__":
    main()
