"""Reading arrays from files that others wrote: nothing in them is run, and no size in them is trusted."""

from __future__ import annotations

import json
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from archdsl.backends.numpy.kernels.array import Array

SAFETENSORS_TYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "BF16": "<u2",
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "i1",
    "U8": "u1",
    "BOOL": "?",
}


def read(path: Path, room: int) -> dict[str, Array]:
    """Every array of a file by name; one that unpacks to more than `room` bytes is refused.

    read(Path("lenet.safetensors"), room=10**6)      # or .npz
    """
    readers = {".npz": read_npz, ".safetensors": read_safetensors}
    if path.suffix not in readers:
        raise ValueError(f"{path.name} is neither {' nor '.join(readers)}")
    return readers[path.suffix](path, room)


def read_npz(path: Path, room: int) -> dict[str, Array]:
    """The arrays of a zip of .npy files, as `np.savez` writes it."""
    with np.load(path, allow_pickle=False) as archive:
        size = sum(member.file_size for member in archive.zip.infolist())
        if size > room:
            raise ValueError(f"{path.name} unpacks to {size} bytes, more than the {room} that the network has room for")
        return {name: archive[name] for name in archive.files}


def read_safetensors(path: Path, room: int) -> dict[str, Array]:
    """The arrays of a safetensors file: the header's length, the header as JSON, then the numbers."""
    if path.stat().st_size > room:
        raise ValueError(f"{path.name} is larger than the {room} bytes that the network has room for")
    content = path.read_bytes()
    start = 8 + int.from_bytes(content[:8], "little")
    try:
        if start > len(content):
            raise ValueError(f"its header ends at byte {start} of {len(content)}")
        header: dict[str, Any] = json.loads(content[8:start])
        entries = {name: entry for name, entry in header.items() if name != "__metadata__"}
        numbers = memoryview(content)[start:]
        return {name: _entry(numbers, **entry) for name, entry in entries.items()}
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
        raise ValueError(f"{path.name} is not a sound safetensors file: {error}") from error


def _entry(numbers: memoryview, dtype: str, shape: list[int], data_offsets: list[int]) -> Array:
    """One array; its place must lie in the file and have the size of its shape."""
    start, end = data_offsets
    kind = np.dtype(SAFETENSORS_TYPES[dtype])
    if not 0 <= start <= end <= len(numbers) or min(shape, default=0) < 0 or end - start != prod(shape) * kind.itemsize:
        raise ValueError(f"shape {shape} of {dtype} does not fill bytes {start} to {end} of {len(numbers)}")
    array = np.frombuffer(numbers[start:end], kind).reshape(shape)
    return (array.astype(np.uint32) << 16).view(np.float32) if dtype == "BF16" else array
