"""Weights made for the layers of a spec, as those of fused layers."""

import torch
from torch import Tensor, nn

from archdsl.backends.torch.runtime.parts import Norm, Part


def scale_and_offset(state: dict[str, Tensor], norm: Norm) -> tuple[Tensor, Tensor]:
    """What a norm multiplies each channel by and adds to it, in float64."""
    mean, variance, *affine = (state[name].double() for name in norm.tensors())
    scale = (variance + norm.eps).rsqrt() * (affine[0] if affine else 1)
    return scale, (affine[1] if affine else 0) - mean * scale


def folded(state: dict[str, Tensor], part: Part, groups: int) -> tuple[Tensor, Tensor]:
    """Weight and bias of a part with its norms folded in, in float64."""
    if not part.layer:
        assert part.after
        return scale_and_offset(state, part.after)
    weight = state[f"{part.layer}.weight"].double()
    bias = state[f"{part.layer}.bias"].double() if part.bias else weight.new_zeros(weight.size(0))
    if part.before:
        scale, offset = scale_and_offset(state, part.before)
        rows = weight.reshape(groups, weight.size(0) // groups, weight.size(1), -1)
        bias = bias + (rows * offset.view(groups, 1, -1, 1)).sum((2, 3)).flatten()
        weight = (rows * scale.view(groups, 1, -1, 1)).view_as(weight)
    if part.after:
        scale, offset = scale_and_offset(state, part.after)
        weight = weight * scale.view(-1, *(1 for _ in weight.shape[1:]))
        bias = bias * scale + offset
    return weight, bias


def take_weights(
    network: nn.Module, state: dict[str, Tensor], prefix: str, _: object, strict: bool, missing: list[str], *__: object
) -> None:
    """Before a state dict is loaded: turn weights made for the spec's layers into those of the fused ones.

    What `state_dict` of this very network gives is taken as it is.
    """
    for name, layer in network.named_modules():
        parts: list[Part] = getattr(layer, "parts", [])
        path, dot, key = f"{prefix}{name}".rpartition(".")
        path += dot
        own = {f"{key}.weight", f"{key}.bias"}
        needed = [tensor for part in parts for tensor in part.tensors()]
        if not any(path + tensor in state for tensor in needed if tensor not in own):
            continue
        absent = [path + tensor for tensor in needed if path + tensor not in state]
        given = {tensor: state.pop(path + tensor) for tensor in needed if path + tensor in state}
        for norm in (norm for part in parts for norm in (part.before, part.after) if norm):
            state.pop(f"{path}{norm.name}.num_batches_tracked", None)
        if absent:
            missing += absent
            continue
        made = [folded(given, part, getattr(layer, "groups", 1)) for part in parts]
        kind = given[needed[0]].dtype
        state[f"{path}{key}.weight"] = torch.cat([weight for weight, _ in made]).to(kind)
        state[f"{path}{key}.bias"] = torch.cat([bias for _, bias in made]).to(kind)
