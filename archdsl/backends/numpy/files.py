"""Reading arrays from files that others wrote: nothing in them is run, and no size in them is trusted.

What a file says of itself is held against its length before anything is allocated. Whatever is wrong with it is told by
one exception, `UnsoundFile`; a file that cannot be opened is an OSError, as everywhere.
"""

from __future__ import annotations

import json
import stat
import zipfile
from collections.abc import Sequence
from math import prod
from pathlib import Path
from typing import Any, BinaryIO

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


class UnsoundFile(ValueError):
    """A file of weights that is refused: of another form, too large, or not as it says."""


def read(path: Path, room: int) -> dict[str, Array]:
    """Every array of a file by name; one that unpacks to more than `room` bytes is refused.

    read(Path("lenet.safetensors"), room=10**6)      # or .npz
    """
    readers = {".npz": read_npz, ".safetensors": read_safetensors}
    if path.suffix not in readers:
        raise UnsoundFile(f"{path.name} is neither {' nor '.join(readers)}")
    if not stat.S_ISREG(path.stat().st_mode):  # before it is opened: a pipe would wait, and a device never ends
        raise UnsoundFile(f"{path.name} is not a plain file")
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(0)
        if size > room:
            raise UnsoundFile(f"{path.name} is larger than the {room} bytes that the network has room for")
        try:
            return readers[path.suffix](file, size, room)
        except Exception as error:  # readers of zips and of JSON fail in many ways, all for what the file holds
            words = str(error) or type(error).__name__
            raise UnsoundFile(f"{path.name} is not a sound {path.suffix[1:]} file: {words[:200]}") from error


def read_npz(file: BinaryIO, size: int, room: int) -> dict[str, Array]:
    """The arrays of a zip of .npy files, as `np.savez` writes it."""
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
        unpacked = sum(member.file_size for member in members)
        if unpacked > room:
            raise UnsoundFile(f"it unpacks to {unpacked} bytes, more than the {room} that the network has room for")
        arrays: dict[str, Array] = {}
        for member in members:
            name = member.filename.removesuffix(".npy")
            if name == member.filename or name in arrays:
                raise UnsoundFile(f"it holds {name!r} twice" if name in arrays else f"{name!r} is no .npy")
            arrays[name] = _npy(archive.read(member))
        return arrays


def _npy(content: bytes) -> Array:
    """One array, whose header says as many numbers as follow."""
    from io import BytesIO

    stream = BytesIO(content)
    headers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    version = np.lib.format.read_magic(stream)
    if version not in headers:
        raise UnsoundFile(f"an array of the unknown version {version}")
    shape, turned, kind = headers[version](stream)
    if kind.hasobject or kind.kind not in "fiub":
        raise UnsoundFile(f"arrays of {kind} are not read")
    place = stream.tell()
    _hold_size(shape, kind, len(content) - place)
    return np.ndarray(shape, kind, content, place, order="F" if turned else "C")


def read_safetensors(file: BinaryIO, size: int, room: int) -> dict[str, Array]:
    """The arrays of a safetensors file: the header's length, the header as JSON, then the numbers without gaps."""
    content = file.read(size)
    start = 8 + int.from_bytes(content[:8], "little")
    if start > len(content):
        raise UnsoundFile(f"its header ends at byte {start} of {len(content)}")
    header: dict[str, Any] = json.loads(content[8:start], object_pairs_hook=_once)
    entries = {name: entry for name, entry in header.items() if name != "__metadata__"}
    numbers = memoryview(content)[start:]
    arrays = {name: _entry(numbers, **entry) for name, entry in entries.items()}
    end = 0
    for first, last in sorted(tuple(entry["data_offsets"]) for entry in entries.values()):
        if first != end:
            raise UnsoundFile(f"bytes {min(first, end)} to {max(first, end)} belong to two arrays, or to none")
        end = last
    if end != len(numbers):
        raise UnsoundFile(f"{len(numbers) - end} bytes follow its last array")
    return arrays


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The members of a JSON object, none of them twice."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise UnsoundFile("its header has a name twice")
    return found


def _entry(numbers: memoryview, dtype: str, shape: list[int], data_offsets: list[int]) -> Array:
    """One array; its place must lie in the file and have the size of its shape."""
    start, end = data_offsets
    kind = np.dtype(SAFETENSORS_TYPES[dtype])
    if not all(type(number) is int for number in (start, end, *shape)) or not 0 <= start <= end <= len(numbers):
        raise UnsoundFile(f"shape {shape} of {dtype} does not fill bytes {start} to {end} of {len(numbers)}")
    _hold_size(shape, kind, end - start)
    array = np.ndarray(shape, kind, numbers, start)
    return (array.astype(np.uint32) << 16).view(np.float32) if dtype == "BF16" else array


def _hold_size(shape: Sequence[int], kind: np.dtype[Any], size: int) -> None:
    """Refuse a shape that does not take exactly so many bytes."""
    if min(shape, default=0) < 0 or prod(shape) * kind.itemsize != size:
        raise UnsoundFile(f"shape {list(shape)} of {kind} does not fill {size} bytes")
