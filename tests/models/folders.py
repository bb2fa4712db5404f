"""Folders in diffusers' layout, spoilt in known ways."""

from __future__ import annotations

import json

#: What is said of a component with this fault.
FAULTS = {
    "absent": "are missing",
    "truncated": "are damaged",
    "renamed": "do not fit: 1 tensors missing",
    "extra": "1 unexpected ['extra']",
    "shape": "do not load",
}


def spoil(file, fault):
    """Give a safetensors file one of the faults."""
    if fault == "absent":
        return file.unlink()
    if fault == "truncated":
        return file.write_bytes(file.read_bytes()[:-100])
    header = read_header(file)
    first = next(name for name, entry in header.items() if len(entry["shape"]) > 1)
    if fault == "renamed":
        header["renamed"] = header.pop(first)
    elif fault == "extra":
        end = max(entry["data_offsets"][1] for entry in header.values())
        header["extra"] = {"dtype": "F32", "shape": [0], "data_offsets": [end, end]}
    else:
        header[first]["shape"] = [1, *header[first]["shape"]]
    return write_header(file, header)


def read_header(file):
    """Return the entries of a safetensors file: tensor -> dtype, shape, place."""
    content = file.read_bytes()
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    header.pop("__metadata__", None)
    return header


def write_header(file, header):
    """Replace the entries, keeping the numbers."""
    content = file.read_bytes()
    data = content[8 + int.from_bytes(content[:8], "little") :]
    text = json.dumps({"__metadata__": {"format": "pt"}, **header}).encode()
    file.write_bytes(len(text).to_bytes(8, "little") + text + data)


def append(file, name, *, like, same):
    """Add to a safetensors file a copy of one of its tensors, or zeros of its shape."""
    header = read_header(file)
    start, end = header[like]["data_offsets"]
    last = max(entry["data_offsets"][1] for entry in header.values())
    header[name] = {**header[like], "data_offsets": [last, last + end - start]}
    data = file.read_bytes()[-last:][start:end]
    write_header(file, header)
    file.write_bytes(file.read_bytes() + (data if same else bytes(end - start)))
