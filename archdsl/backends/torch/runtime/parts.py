"""Layers of the spec whose work a fused layer does."""

from typing import NamedTuple


class Norm(NamedTuple):
    """A batch norm of the spec that a fused layer takes in, by its name."""

    name: str
    eps: float = 1e-5
    affine: bool = True

    def tensors(self) -> list[str]:
        names = ["running_mean", "running_var", *(["weight", "bias"] if self.affine else [])]
        return [f"{self.name}.{name}" for name in names]


class Part(NamedTuple):
    """A layer of the spec whose work a fused layer does, by its name; a norm by itself is only "after"."""

    layer: str = ""
    bias: bool = False
    after: Norm | None = None
    before: Norm | None = None

    def tensors(self) -> list[str]:
        own = [f"{self.layer}.weight"] if self.layer else []
        own += [f"{self.layer}.bias"] if self.bias else []
        return own + [name for norm in (self.before, self.after) if norm for name in norm.tensors()]
