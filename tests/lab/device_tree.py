"""Flattened device trees (Devicetree Specification 0.4, chapter 5), read into words."""

import struct

BEGIN, END, PROPERTY, NOTHING, LAST = 1, 2, 3, 4, 9


def properties(blob):
    """Each property as (path of its node, name, bytes), in the tree's order."""
    magic, total, structure, strings = struct.unpack_from(">4I", blob)
    assert magic == 0xd00dfeed and total <= len(blob)
    at, path = structure, []
    while True:
        (token,) = struct.unpack_from(">I", blob, at)
        at += 4
        if token == BEGIN:
            end = blob.index(b"\0", at)
            path.append(blob[at:end].decode())
            at = end + 4 - end % 4
        elif token == END:
            path.pop()
        elif token == PROPERTY:
            size, name = struct.unpack_from(">2I", blob, at)
            at += 8
            end = blob.index(b"\0", strings + name)
            yield "/".join(path) or "/", blob[strings + name:end].decode(), blob[at:at + size]
            at += (size + 3) & ~3
        elif token == LAST:
            return


def cells(value):
    return " ".join(f"{cell:x}" for (cell,) in struct.iter_unpack(">I", value))
