"""What a network owns: its inputs and outputs, and its weights by name, which are drawn, read, saved and changed."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy, deepcopy
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias, TypeVar

import numpy as np

from archdsl.backends.numpy.files import read
from archdsl.backends.numpy.kernels.array import Array

Draw: TypeAlias = Callable[[np.random.Generator, tuple[int, ...]], Any]


def constant(value: float) -> Draw:
    """First values that are all the same."""
    return lambda rng, shape: np.full(shape, value)


def uniform(bound: float) -> Draw:
    """First values spread evenly from -bound to bound."""
    return lambda rng, shape: rng.uniform(-bound, bound, shape)


def normal(deviation: float) -> Draw:
    """First values spread normally around 0."""
    return lambda rng, shape: rng.normal(0, deviation, shape)


class Input(NamedTuple):
    """What an input must look like: numbers are sizes, text stands for any size, the same wherever it stands."""

    sizes: tuple[int | str, ...]
    integer: bool = False

    def __str__(self) -> str:
        return f"[{', '.join(map(str, self.sizes))}]"


Condition: TypeAlias = Callable[[Mapping[str, int]], bool]
"""Whether sizes, by the text that stands for them, are such as the network accepts."""


class Tensor(NamedTuple):
    """A parameter, or a buffer (`trainable=False`), and how its first values are drawn."""

    shape: tuple[int, ...]
    draw: Draw
    trainable: bool = True
    integer: bool = False


SOME = 1 << 20
"""First values that are drawn at a time: they come in float64."""


def drawn(tensor: Tensor, rng: np.random.Generator, dtype: np.dtype[Any]) -> Array:
    """The first values of a tensor, in the order in which they lie."""
    array = np.empty(tensor.shape, dtype)
    flat = array.reshape(-1)
    for start in range(0, array.size, SOME):
        some = flat[start : start + SOME]
        some[...] = tensor.draw(rng, some.shape)
    return array


AnyWeights = TypeVar("AnyWeights", bound="Weights")


class Weights:
    """The weights of a network, and what goes in and comes out of it.

    net.load("weights.safetensors")      # or .npz
    net.state_dict()                     # copies, by name
    net.parameters()                     # what is learned: the arrays themselves
    """

    def __init__(
        self,
        inputs: Mapping[str, Input],
        outputs: Sequence[str],
        tensors: Mapping[str, Tensor],
        seed: int = 0,
        dtype: Any = np.float32,
        conditions: Mapping[str, Condition] = MappingProxyType({}),
    ) -> None:
        self.inputs = inputs
        self.conditions = conditions
        self.outputs = outputs
        self.tensors = tensors
        self.dtype = np.dtype(dtype)
        self.rng = np.random.default_rng(seed)
        self.arrays = {
            name: drawn(tensor, self.rng, np.dtype(np.int64) if tensor.integer else self.dtype)
            for name, tensor in tensors.items()
        }
        self.owned = owned(tensors)
        self.result: Callable[..., Any] = namedtuple("Outputs", outputs)  # type: ignore[misc]
        self.lent = False
        self.stale = False
        self.prepare()

    def prepare(self) -> None:
        """Set up what belongs to this network and to none of its copies."""

    @property
    def state(self) -> dict[str, Array]:
        """Every parameter and buffer by name: the arrays themselves, which may be changed in place from now on."""
        self.lent = True
        return self.arrays

    def arguments(self, layer: str) -> dict[str, str]:
        """The names of a layer's weights by its kernel's arguments: {"weight": "0.weight", "bias": "0.bias"}.

        A layer that is nothing but one tensor gives it as `value`.
        """
        return self.owned[layer]

    def weights_of(self, layer: str) -> dict[str, Array]:
        """The weights of a layer by its kernel's arguments."""
        return {argument: self.arrays[name] for argument, name in self.arguments(layer).items()}

    def parameters(self) -> dict[str, Array]:
        """What is learned, by name: the arrays themselves, to be changed in place."""
        return {name: array for name, array in self.state.items() if self.tensors[name].trainable}

    def state_dict(self) -> dict[str, Array]:
        """A copy of every parameter and buffer, by name."""
        return {name: array.copy() for name, array in self.arrays.items()}

    def load_state_dict(self, arrays: Mapping[str, Any]) -> None:
        """Take over every parameter and buffer; names and shapes must match."""
        given = {name: np.asarray(array) for name, array in arrays.items()}
        wrong = [
            f"{name} is {list(given[name].shape)}, not {list(array.shape)}"
            for name, array in self.arrays.items()
            if name in given and given[name].shape != array.shape
        ]
        facts = [
            *_listed("missing", [name for name in self.arrays if name not in given]),
            *_listed("unexpected", [name for name in given if name not in self.arrays]),
            *_listed("of the wrong shape", wrong),
        ]
        if facts:
            raise ValueError(f"the arrays don't fit the network: {'; '.join(facts)}")
        for name, array in self.arrays.items():
            array[...] = given[name]
        self.stale = True

    def load(self: AnyWeights, path: str | Path) -> AnyWeights:
        """Take over the arrays of a .safetensors or .npz file, which is refused with a ValueError if it is unsound."""
        self.load_state_dict(read(Path(path), room=sum(16 * array.size + 1024 for array in self.arrays.values())))
        return self

    def astype(self: AnyWeights, dtype: Any) -> AnyWeights:
        """A copy that computes in another precision."""
        twin = copy(self)
        twin.dtype, twin.rng, twin.lent = np.dtype(dtype), deepcopy(self.rng), False
        twin.arrays = {
            name: array.copy() if self.tensors[name].integer else array.astype(dtype)
            for name, array in self.arrays.items()
        }
        twin.prepare()
        return twin


def owned(names: Iterable[str]) -> dict[str, dict[str, str]]:
    """The names of each layer's weights by the arguments of its kernel.

    owned(["0.weight", "a.in_proj.weight", "cls"])
    # {"": {}, "0": {"weight": "0.weight"}, "a": {"in_proj_weight": …}, "a.in_proj": {…}, "cls": {"value": "cls"}}
    """
    found: dict[str, dict[str, str]] = {"": {}}
    for name in names:
        found.setdefault(name, {})["value"] = name
        end = name.rfind(".")
        while end > 0:
            found.setdefault(name[:end], {})[name[end + 1 :].replace(".", "_")] = name
            end = name.rfind(".", 0, end)
    return found


def matched(
    inputs: Mapping[str, Input],
    conditions: Mapping[str, Condition],
    dtype: np.dtype[Any],
    arrays: Sequence[Any],
    named: Mapping[str, Any],
) -> dict[str, Array]:
    """The arrays by input, in the network's precision; what does not fit is refused."""
    given = dict(zip(inputs, arrays, strict=False))
    if len(arrays) > len(inputs) or given.keys() & named.keys() or given.keys() | named.keys() != inputs.keys():
        raise TypeError(f"the network takes each of these once: {', '.join(inputs)}")
    given.update(named)
    sizes: dict[str, tuple[int, str]] = {}
    matched = {}
    for name, wanted in inputs.items():
        array = np.asarray(given[name])
        if wanted.integer and array.dtype.kind not in "iu":
            raise ValueError(f"{name} takes whole numbers, and gets {array.dtype}")
        if len(array.shape) != len(wanted.sizes) or any(
            isinstance(size, int) and size != got for size, got in zip(wanted.sizes, array.shape, strict=True)
        ):
            raise ValueError(f"{name} takes {wanted}, and gets {list(array.shape)}")
        for size, got in zip(wanted.sizes, array.shape, strict=True):
            known, where = sizes.setdefault(str(size), (got, name))
            if known != got:
                raise ValueError(f"{name} takes {wanted}, and gets {list(array.shape)}: {size} is {known} in {where}")
        matched[name] = array if wanted.integer else array.astype(dtype, copy=False)
    known_sizes = {size: got for size, (got, _) in sizes.items()}
    if not all(holds(known_sizes) for holds in conditions.values()):
        takes = ", ".join(f"{name} {wanted}" for name, wanted in inputs.items())
        gets = ", ".join(f"{name} {list(array.shape)}" for name, array in matched.items())
        raise ValueError(f"the network takes {takes} with {', '.join(conditions)}; got {gets}")
    return matched


def _listed(what: str, names: Iterable[str], shown: int = 5) -> list[str]:
    """One phrase on names that are wrong in one way, or nothing."""
    all_names = [name[:200] if name.isprintable() else ascii(name[:200]) for name in names]
    more = f" and {len(all_names) - shown} more" if len(all_names) > shown else ""
    return [f"{what}: {', '.join(all_names[:shown])}{more}"] if all_names else []
