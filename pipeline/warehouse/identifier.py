"""A DuckDB file whose bytes depend on its content only.

DuckDB draws a random identifier for every new file, which ties a write-ahead log to its file; it is the only part of
the catalog that differs between two equal builds. Layout as found in files of DuckDB 2.0: three header blocks of 4,096
bytes, each beginning with a 64-bit checksum of the rest; the identifier is 16 bytes at offset 124 of the first block,
and is repeated in the others.
"""

from __future__ import annotations

import hashlib
import struct
from pathlib import Path

_BLOCK, _BLOCKS = 4096, 3
_CHECKSUM = struct.Struct("<Q")
_IDENTIFIER = slice(124, 140)
_SEED, _FACTOR, _MASK = 5381, 0xBF58476D1CE4E5B9, (1 << 64) - 1  # of DuckDB's checksum


def settle_identifier(path: Path, name: str) -> bool:
    """True if the identifier of the closed file is now made from ``name``; False if the file is of another layout.

    A header whose checksum is not understood is left alone: the file is as good as ever then, only not reproducible.
    """
    with path.open("r+b") as file:
        blocks = [file.read(_BLOCK) for _ in range(_BLOCKS)]
        if any(len(block) < _BLOCK or block[: _CHECKSUM.size] != _checksum(block) for block in blocks):
            return False
        drawn = blocks[0][_IDENTIFIER]
        settled = hashlib.sha256(name.encode()).digest()[: len(drawn)]
        file.seek(0)
        for block in blocks:
            body = block[_CHECKSUM.size :].replace(drawn, settled)
            whole = block[: _CHECKSUM.size] + body
            file.write(_checksum(whole) + body)
    return True


def _checksum(block: bytes) -> bytes:
    """The checksum of everything behind a block's first eight bytes."""
    found = _SEED
    for (word,) in _CHECKSUM.iter_unpack(block[_CHECKSUM.size :]):
        found ^= word * _FACTOR & _MASK
    return _CHECKSUM.pack(found)
