"""Check a run's folder from docs/formats alone, without samebits: `python independent_reader.py FOLDER`."""

import hashlib
import json
import pathlib
import struct
import sys

from blake3 import blake3


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def rows(path):
    raw = path.read_bytes()
    (size,) = struct.unpack("<Q", raw[:8])
    for name, t in json.loads(raw[8 : 8 + size]).items():
        first, last = (8 + size + offset for offset in t["data_offsets"])
        yield [name, t["dtype"], t["shape"], blake3(raw[first:last]).hexdigest()]


def check(folder):
    prev, kinds = None, []
    for line in (folder / "ledger.jsonl").read_bytes().split(b"\n")[:-1]:
        record = json.loads(line)
        assert record["prev"] == prev and canonical(record) == line, "the chain is broken"
        prev, kind = "sha256:" + hashlib.sha256(line).hexdigest(), record["kind"]
        kinds.append(kind)
        if kind == "checkpoint":
            assert record["state"] == "blake3-state1:" + blake3(canonical(record["tensors"])).hexdigest()
            path = folder / "checkpoints" / f"step-{record['step']:08d}.safetensors"
            assert sorted(rows(path)) == record["tensors"], path
        for name, digest in record.get("files", {}).items():
            found = hashlib.sha256((folder / "model" / name).read_bytes()).hexdigest()
            assert digest == "sha256:" + found, name
        if kind == "predictions":
            assert list(rows(folder / "predictions.safetensors")) == record["tensors"]
    assert kinds[0] == "spec" and kinds[-1] == "end", "the ledger is cut short"
    return prev


if __name__ == "__main__":
    print(check(pathlib.Path(sys.argv[1])))
