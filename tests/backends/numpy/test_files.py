"""Weights from files: what is read, and what hostile files are refused with."""

from __future__ import annotations

import json
import os
import zipfile
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.numpy_graphs import lenet

from archdsl.backends.numpy.files import UnsoundFile, read
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
    "trailing bytes": safetensors({"a": entry()}, bytes(9)),
    "bytes before the first": safetensors({"a": entry(offsets=(8, 16))}, bytes(16)),
    "a gap": safetensors({"a": entry(), "b": entry(offsets=(12, 20))}, bytes(20)),
    "an overlap": safetensors({"a": entry(), "b": entry(offsets=(4, 12))}, bytes(12)),
    "one place twice": safetensors({"a": entry(), "b": entry()}, bytes(8)),
    "a name twice": safetensors(b'{"a": %s, "a": %s}' % ((json.dumps(entry()).encode(),) * 2), bytes(8)),
    "sizes that are truths": safetensors({"a": entry(shape=(True, 2))}, bytes(8)),
    "sizes with a point": safetensors({"a": entry(shape=(2.0,))}, bytes(8)),
    "too many axes": safetensors({"a": entry(shape=(1,) * 99 + (2,))}, bytes(8)),
    "a size past any": safetensors({"a": entry(shape=(0, 2**70), offsets=(0, 0))}),
    "infinite sizes": safetensors(b'{"a": {"dtype": "F32", "shape": [Infinity], "data_offsets": [0, 8]}}', bytes(8)),
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
    with pytest.raises(ValueError, match=r"bomb\.npz.* unpacks to 10000000 bytes, more than the 10000"):
        read(bomb, ROOM)
    with pytest.raises(ValueError, match=r"large\.safetensors is larger than the 10000 bytes"):
        read(large, ROOM)


def test_pickles_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "pickled.npz"
    np.savez(file, a=np.array([{}], dtype=object))
    with pytest.raises(ValueError, match="arrays of object are not read"):
        read(file, ROOM)


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"weights\.pt is neither \.npz nor \.safetensors"):
        read(tmp_path / "weights.pt", ROOM)


def npy(header: str, numbers: bytes = b"", version: bytes = b"\x01\x00") -> bytes:
    text = header.encode()
    return b"\x93NUMPY" + version + len(text).to_bytes(2, "little") + text + numbers


SOUND = npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}\n", bytes(8))
UNSOUND_NPY = {
    "nothing": b"",
    "no array": b"hello",
    "a huge shape": npy("{'descr': '<f4', 'fortran_order': False, 'shape': (10**13,)}\n"),
    "a shape that is too large": npy(
        "{'descr': '<f4', 'fortran_order': False, 'shape': (10000000000000,)}\n", bytes(8)
    ),
    "a negative shape": npy("{'descr': '<f4', 'fortran_order': False, 'shape': (-1, -2)}\n", bytes(8)),
    "a shape with a point": npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2.0,)}\n", bytes(8)),
    "trailing bytes": SOUND + b"\0",
    "too few bytes": SOUND[:-1],
    "texts": npy("{'descr': '<U1', 'fortran_order': False, 'shape': (2,)}\n", bytes(8)),
    "records": npy("{'descr': [('a', '<f4'), ('b', '<f4')], 'fortran_order': False, 'shape': (1,)}\n", bytes(8)),
    "objects": npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}\n", bytes(8)),
    "a version to come": npy("{}", bytes(8), b"\x09\x00"),
    "a header without an end": npy("{" + "[" * 5000),
    "a long header": npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}" + " " * 20_000, bytes(8)),
}


@pytest.mark.parametrize("content", UNSOUND_NPY.values(), ids=UNSOUND_NPY)
def test_unsound_arrays_in_a_zip_are_refused(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "hostile.npz"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.npy", content)
    with pytest.raises(UnsoundFile, match=r"hostile\.npz is not a sound npz file"):
        read(file, 100_000)


def test_unsound_zips_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "hostile.npz"
    np.savez_compressed(file, a=np.ones((3, 4)), b=np.asfortranarray(np.arange(6.0).reshape(2, 3)))
    sound = file.read_bytes()
    np.testing.assert_array_equal(read(file, ROOM)["b"], np.arange(6.0).reshape(2, 3))
    for place in range(len(sound)):
        for damage in (sound[:place], sound[:place] + bytes([sound[place] ^ 0xFF]) + sound[place + 1 :]):
            file.write_bytes(damage)
            try:
                read(file, ROOM)
            except UnsoundFile:
                continue
    for names in (["a.npy", "a.npy"], ["a.txt"], ["../a"]):
        with pytest.warns(UserWarning) if len(names) > 1 else nullcontext(), zipfile.ZipFile(file, "w") as archive:
            for name in names:
                archive.writestr(name, SOUND)
        with pytest.raises(UnsoundFile):
            read(file, ROOM)


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_what_is_no_plain_file_is_refused_at_once(suffix: str, tmp_path: Path) -> None:
    pipe, device, folder, endless = (tmp_path / f"{name}{suffix}" for name in ("pipe", "zero", "folder", "endless"))
    os.mkfifo(pipe)
    device.symlink_to("/dev/zero")
    folder.mkdir()
    for file in (pipe, device, folder):
        with pytest.raises(UnsoundFile, match="not a plain file"):
            read(file, ROOM)
    endless.touch()
    os.truncate(endless, 2**40)
    with pytest.raises(UnsoundFile, match="larger than"):
        read(endless, ROOM)
    with pytest.raises(FileNotFoundError):
        read(tmp_path / f"none{suffix}", ROOM)


def test_names_of_arrays_do_not_speak_to_terminals(tmp_path: Path) -> None:
    file = tmp_path / "a.safetensors"
    file.write_bytes(safetensors({"\x1b[2J\n::error::x": entry(), "x" * 5000: entry(offsets=(8, 16))}, bytes(16)))
    with pytest.raises(ValueError, match="unexpected") as caught:
        Program(lenet()).load(file)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 1000
