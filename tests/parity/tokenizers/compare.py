#!/usr/bin/env python3
"""Compares dump_tokens with the reference. usage: compare.py PROGRAM COUNT [--hashes FILE] [NAME ...]

--hashes writes the reference's answers instead, a hash for 20 texts: the fixture of tests/unit/tokenizers.
"""
import hashlib
import json
import pathlib
import struct
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
NAMES = ["minilm", "nt1", "nt2", "esm2", "dream", "gena", "words"]


def reference(name, program, folder):
    if name == "minilm":
        from transformers import BertTokenizer
        return BertTokenizer.from_pretrained(str(HERE / name))._tokenizer, False
    if name in ("gena", "words"):
        from tokenizers import Tokenizer
        return Tokenizer.from_file(str(HERE / name / "tokenizer.json")), False
    subprocess.run([program, name, folder], check=True)
    if name == "dream":
        from tokenizers import Tokenizer
        return Tokenizer.from_file(str(pathlib.Path(folder) / "tokenizer.json")), False
    from transformers import EsmTokenizer
    return EsmTokenizer.from_pretrained(folder), True


def records(stream):
    while head := stream.read(4):
        text = stream.read(struct.unpack("<I", head)[0]).decode()
        count = struct.unpack("<I", stream.read(4))[0]
        yield text, stream.read(4 * count), stream.read(8 * count)


def answers(tokenizer, slow, texts):
    if slow:
        for text in texts:
            ids = tokenizer.convert_tokens_to_ids(tokenizer.tokenize(text))
            yield struct.pack(f"<{len(ids)}i", *ids), None
        return
    for made in tokenizer.encode_batch(texts, add_special_tokens=False):
        flat = [x for pair in made.offsets for x in pair]
        yield struct.pack(f"<{len(made.ids)}i", *made.ids), struct.pack(f"<{len(flat)}I", *flat)


def chunks(items, size):
    chunk = []
    for item in items:
        chunk.append(item)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def main():
    arguments = sys.argv[1:]
    hashes_to = None
    if "--hashes" in arguments:
        at = arguments.index("--hashes")
        hashes_to = arguments[at + 1]
        del arguments[at:at + 2]
    program, count, names = arguments[0], arguments[1], arguments[2:] or NAMES
    hashes, failed = {}, 0
    for name in names:
        begun, wrong, seen = time.monotonic(), 0, 0
        with tempfile.TemporaryDirectory() as folder:
            tokenizer, slow = reference(name, program, folder)
        source = str(HERE / name) if name in ("minilm", "gena", "words") else name
        dump = subprocess.Popen([program, source, "0", count], stdout=subprocess.PIPE)
        for chunk in chunks(records(dump.stdout), 1000):
            wanted = list(answers(tokenizer, slow, [text for text, _, _ in chunk]))
            for (text, ids, offsets), (true_ids, true_offsets) in zip(chunk, wanted):
                seen += 1
                if ids != true_ids or (true_offsets is not None and offsets != true_offsets):
                    wrong += 1
                    if wrong <= 3:
                        what = "ids" if ids != true_ids else "offsets"
                        form = "i" if what == "ids" else "I"
                        ours, theirs = (ids, true_ids) if what == "ids" else (offsets, true_offsets)
                        print(name, what, ascii(text)[:300], [struct.unpack(f"<{len(x) // 4}{form}", x)[:40] for x in (ours, theirs)])
            if hashes_to:
                for twenty in chunks([ids + (offsets or b"") for ids, offsets in wanted], 20):
                    hashes.setdefault(name, []).append(hashlib.sha256(b"".join(twenty)).hexdigest()[:16])
        dump.wait()
        ok = wrong == 0 and dump.returncode == 0 and seen == int(count)
        failed += not ok
        print(f"{name}: {seen} texts, {wrong} differ, {time.monotonic() - begun:.0f} s", flush=True)
    if hashes_to:
        pathlib.Path(hashes_to).write_text(json.dumps(hashes, indent=0) + "\n")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
