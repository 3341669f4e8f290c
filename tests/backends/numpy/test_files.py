"""Weights from files: what is read, and what hostile files are refused with."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.numpy_graphs import lenet

from archdsl.backends.numpy.files import read
from archdsl.backends.numpy.program import Program

ROOM = 10_000


def safetensors(header: Any, numbers: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + numbers


def entry(dtype: str = "F32", shape: Any = (2,), offsets: Any = (0, 8)) -> dict[str, Any]:
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_a_saved_network_is_loaded(suffix: str, tmp_path: Path) -> None:
    saved, file = Program(lenet(), seed=1).state_dict(), tmp_path / f"lenet{suffix}"
    if suffix == ".npz":
        np.savez_compressed(file, **saved)
    else:
        header, numbers = {"__metadata__": {"format": "np"}}, b""
        for name, array in saved.items():
            header[name] = entry("F32", array.shape, (len(numbers), len(numbers) + array.nbytes))
            numbers += array.tobytes()
        file.write_bytes(safetensors(header, numbers))
    program = Program(lenet(), seed=2).load(file)
    np.testing.assert_equal(program.state_dict(), saved)


def test_half_precision_is_read(tmp_path: Path) -> None:
    file = tmp_path / "half.safetensors"
    wanted = np.array([1.5, -2.0], np.float32)
    brain = (wanted.view(np.uint32) >> 16).astype("<u2").tobytes()
    header = {"a": entry("BF16", (2,), (0, 4)), "b": entry("F16", (2,), (4, 8))}
    file.write_bytes(safetensors(header, brain + wanted.astype("<f2").tobytes()))
    for array in read(file, ROOM).values():
        np.testing.assert_array_equal(array, wanted)


HOSTILE = {
    "nothing": b"",
    "no header": b"\x00",
    "a header longer than the file": (2**63).to_bytes(8, "little") + b"{}",
    "no JSON": safetensors(b"{'"),
    "no UTF-8": safetensors(b"\xff\xfe\xfd"),
    "no table": safetensors([1, 2]),
    "no entries": safetensors({"a": 3}),
    "a deep header": safetensors(b"[" * 5_000),
    "a long number": safetensors(b"9" * 5_000),
    "an unknown type": safetensors({"a": entry("Q4")}, bytes(8)),
    "numbers past the end": safetensors({"a": entry()}, bytes(7)),
    "numbers before the start": safetensors({"a": entry(offsets=(-8, 0))}, bytes(8)),
    "offsets that are turned": safetensors({"a": entry(shape=(0,), offsets=(8, 0))}, bytes(8)),
    "offsets that are no numbers": safetensors({"a": entry(offsets=("0", "8"))}, bytes(8)),
    "a shape that is too large": safetensors({"a": entry(shape=(2**40,))}, bytes(8)),
    "a negative shape": safetensors({"a": entry(shape=(-1, -2))}, bytes(8)),
    "a shape that is no list": safetensors({"a": {**entry(), "shape": 2}}, bytes(8)),
    "a key too many": safetensors({"a": {**entry(), "more": 1}}, bytes(8)),
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_unsound_safetensors_are_refused(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "hostile.safetensors"
    file.write_bytes(content)
    with pytest.raises(ValueError, match=r"hostile\.safetensors is not a sound safetensors file"):
        read(file, ROOM)


def test_files_too_large_are_refused(tmp_path: Path) -> None:
    bomb, large = tmp_path / "bomb.npz", tmp_path / "large.safetensors"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", bytes(10_000_000))
    large.write_bytes(bytes(ROOM + 1))
    with pytest.raises(ValueError, match=r"bomb\.npz unpacks to 10000000 bytes, more than the 10000"):
        read(bomb, ROOM)
    with pytest.raises(ValueError, match=r"large\.safetensors is larger than the 10000 bytes"):
        read(large, ROOM)


def test_pickles_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "pickled.npz"
    np.savez(file, a=np.array([{}], dtype=object))
    with pytest.raises(ValueError, match="allow_pickle"):
        read(file, ROOM)


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"weights\.pt is neither \.npz nor \.safetensors"):
        read(tmp_path / "weights.pt", ROOM)
