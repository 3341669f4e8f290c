"""What an emitted file with fused layers brings along: their classes, and how weights made for the spec become theirs.

Fused layers call oneDNN's kernels, which take a sum and an activation in, on weights that are packed once. Wherever
these kernels are not (on other devices and numbers, under autograd, autocast, export or tracing), plain torch runs.
"""

from __future__ import annotations

from archdsl.backends.torch.tiles_source import POINTS, TILED_CONV

_ACTIVATIONS = """\
ACTIVATIONS: dict[str, Callable[..., Tensor]] = {
    "none": lambda x: x,
    "relu": torch.relu,
    "hardtanh": F.hardtanh,
    "leaky_relu": F.leaky_relu,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "hardswish": F.hardswish,
}
"""

_NORM = '''\
class Norm(NamedTuple):
    """A batch norm of the spec that a fused layer takes in, by its name."""

    name: str
    eps: float = 1e-5
    affine: bool = True

    def tensors(self) -> list[str]:
        names = ["running_mean", "running_var", *(["weight", "bias"] if self.affine else [])]
        return [f"{self.name}.{name}" for name in names]
'''

_PART = '''\
class Part(NamedTuple):
    """A layer of the spec whose work a fused layer does, by its name; a norm by itself is only \"after\"."""

    layer: str = ""
    bias: bool = False
    after: Norm | None = None
    before: Norm | None = None

    def tensors(self) -> list[str]:
        own = [f"{self.layer}.weight"] if self.layer else []
        own += [f"{self.layer}.bias"] if self.bias else []
        return own + [name for norm in (self.before, self.after) if norm for name in norm.tensors()]
'''

_IS_RECORDED = '''\
def is_recorded(x: Tensor) -> bool:
    """Whether operations on a tensor are recorded, for a gradient or to be compiled."""
    recorded = (x.requires_grad and torch.is_grad_enabled()) or torch.compiler.is_compiling() or torch._C._is_tracing()
    return bool(recorded)
'''

_HAS_KERNEL = '''\
def has_kernel(x: Tensor, weight: Tensor) -> bool:
    """Whether oneDNN's kernels, which take in what follows a layer, can be called directly."""
    return (
        not is_recorded(x)
        and not is_recorded(weight)
        and x.is_cpu
        and x.dtype == weight.dtype == torch.float32
        and KERNELS
        and torch._C._get_mkldnn_enabled()
        and not torch.is_autocast_enabled("cpu")
    )
'''

_PACKED = '''\
class Packed:
    """A weight in the orders in which a kernel reads it. They depend on sizes, of which the last two are kept."""

    def __init__(self, weight: Tensor) -> None:
        self.source = weight.detach()  # no other tensor can have its address while this is kept
        self.version = version(weight)
        self.orders: dict[tuple[int, ...], Tensor] = {}

    def is_of(self, weight: Tensor) -> bool:
        """Whether the weight is still the one that was packed."""
        return self.source.data_ptr() == weight.data_ptr() and self.version == version(weight)

    def order_for(self, sizes: tuple[int, ...], pack: Callable[[Tensor], Tensor]) -> Tensor:
        """The weight as it is packed for such sizes; packing it at each call would take longer than its products."""
        if sizes not in self.orders:
            if len(self.orders) > 1:
                self.orders.pop(next(iter(self.orders)))
            self.orders[sizes] = pack(self.source)
        return self.orders[sizes]
'''

_VERSION = '''\
def version(weight: Tensor) -> int:
    """How often a weight has been changed in place."""
    return 0 if weight.is_inference() else weight._version
'''

_FUSED_CONV = '''\
class FusedConv{rank}d(nn.Conv{rank}d):
    """A convolution, a second input that is added to its output and may be overwritten, and an activation."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: {size},
        stride: {size} = 1,
        padding: {size} = 0,
        dilation: {size} = 1,
        groups: int = 1,
        bias: bool = True,
        activation: str = "none",
        constants: tuple[float, ...] = (),
        inplace: bool = False,
        parts: list[Part] | None = None,
    ) -> None:
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias)
        self.activation, self.constants, self.inplace, self.parts = activation, constants, inplace, parts or []
{packed}
    def forward(self, input: Tensor, other: Tensor | None = None) -> Tensor:
{kernel}        x = super().forward(input)
        return ACTIVATIONS[self.activation](x if other is None else x + other, *self.constants)
'''

_CONV_KERNEL = """\
        if has_kernel(input, self.weight):
            return self.fused(input, other)
"""

_CONV_FUSED = '''
    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "packed": None}  # what is copied or saved packs for itself

    def fused(self, input: Tensor, other: Tensor | None) -> Tensor:
        """The same in one kernel, channels last."""
        shape = self.padding, self.stride, self.dilation, self.groups

        def pack(weight: Tensor) -> Tensor:
            order = torch.ops.aten.mkldnn_reorder_conv2d_weight
            packed: Tensor = order(weight.to_mkldnn(), *shape, list(input.shape))
            return packed

        if self.packed is None or not self.packed.is_of(self.weight):
            self.packed = Packed(self.weight)
        sizes = min(input.size(0), torch.get_num_threads()), input.size(2), input.size(3)
        weights = self.packed.order_for(sizes, pack), self.bias, *shape
        kernel = torch.ops.mkldnn._convolution_pointwise
        result: Tensor
        if other is None:
            result = kernel.default(input, *weights, self.activation, self.constants, "")
            return result
        after = "add", 1.0, None if self.activation == "none" else self.activation, self.constants, ""
        if self.inplace and other.is_contiguous(memory_format=torch.channels_last):
            result = torch.ops.mkldnn._convolution_pointwise_.binary(other, input, *weights, *after)
        else:
            result = kernel.binary(input, other, *weights, *after)
        return result
'''

_FUSED_LINEAR = '''\
class FusedLinear(nn.Linear):
    """A linear layer and an activation."""

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        activation: str = "none",
        constants: tuple[float, ...] = (),
        parts: list[Part] | None = None,
    ) -> None:
        super().__init__(in_features, out_features, bias)
        self.activation, self.constants, self.parts = activation, constants, parts or []
        self.packed: Packed | None = None

    def forward(self, input: Tensor) -> Tensor:
        if not has_kernel(input, self.weight):
            return ACTIVATIONS[self.activation](super().forward(input), *self.constants)
        kernel = torch.ops.mkldnn._linear_pointwise
        result: Tensor = kernel(input, self.in_order(input), self.bias, self.activation, self.constants, "")
        return result

    def in_order(self, input: Tensor) -> Tensor:
        """The weight as the kernel reads it; for one row that is no faster packed."""
        rows = input.numel() // self.in_features
        if rows == 1:
            return self.weight.detach()
        if self.packed is None or not self.packed.is_of(self.weight):
            self.packed = Packed(self.weight)
        return self.packed.order_for((), lambda weight: torch.ops.mkldnn._reorder_linear_weight(weight, rows))

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "packed": None}  # what is copied or saved packs for itself
'''

_FUSED_NORM = '''\
class FusedNorm(nn.Module):
    """A batch norm in evaluation, which is a scale and an offset for each channel, and an activation."""

    def __init__(
        self,
        num_features: int,
        activation: str = "none",
        constants: tuple[float, ...] = (),
        parts: list[Part] | None = None,
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.activation, self.constants, self.parts = activation, constants, parts or []

    def forward(self, input: Tensor) -> Tensor:
        shape = (-1, *(1 for _ in input.shape[2:]))
        x = torch.addcmul(self.bias.view(shape), input, self.weight.view(shape))
        if self.activation == "relu":
            return x.relu_()
        return ACTIVATIONS[self.activation](x, *self.constants)
'''

_SCALE_AND_OFFSET = '''\
def scale_and_offset(state: dict[str, Tensor], norm: Norm) -> tuple[Tensor, Tensor]:
    """What a norm multiplies each channel by and adds to it, in float64."""
    mean, variance, *affine = (state[name].double() for name in norm.tensors())
    scale = (variance + norm.eps).rsqrt() * (affine[0] if affine else 1)
    return scale, (affine[1] if affine else 0) - mean * scale
'''

_FOLDED = '''\
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
'''

_TAKE_WEIGHTS = '''\
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
'''

_FOR_INFERENCE = '''\
def for_inference(network: nn.Module) -> None:
    """Make a network take weights made for the spec as well, and keep no gradients."""
    register: Callable[..., object] = network.register_load_state_dict_pre_hook
    register(take_weights)
    network.eval().requires_grad_(False)
    if platform == "linux" and not KEPT:
        settle_memory()
'''

_KEPT = """\
KEPT: list[Tensor] = []  # never written, so that it takes no memory
"""

_SETTLE_MEMORY = '''\
def settle_memory() -> None:
    """Let values come to lie in large pages, where the system has them, and what is freed stay for the next call.

    glibc keeps what is freed up to twice the largest block that it has mapped and freed; and all below a block in use.
    """
    size, library = 31 << 20, CDLL(None)
    torch.empty(size, dtype=torch.uint8, device="cpu")
    blocks = [torch.empty(size, dtype=torch.uint8, device="cpu") for _ in range(8)]
    for block in blocks:
        start = block.data_ptr() // PAGESIZE * PAGESIZE
        library.madvise(c_void_p(start), c_size_t(size), 14)  # MADV_HUGEPAGE
    KEPT.append(blocks[-1])
'''

_KERNELS = """\
KERNELS = hasattr(torch.ops.mkldnn, "_convolution_pointwise")
"""

_AT_A_TIME = """\
AT_A_TIME = 8_000_000  # numbers that one piece of a batch holds at a time: 32 MB
"""

_IN_PIECES = '''\
def in_pieces(layers: Callable[[Tensor], Tensor], x: Tensor, growth: float) -> Tensor:
    """What layers make of x, some samples at a time; `growth` is how many numbers they hold for each number of x."""
    if is_recorded(x) or growth * x.numel() <= 2 * AT_A_TIME:
        return layers(x)
    size = max(1, int(AT_A_TIME / (growth * x[0].numel())))
    return torch.cat([layers(piece) for piece in x.chunk(-(-x.size(0) // size))])
'''

_WITH_ROOM = '''\
def with_room(x: Tensor, channels: int) -> Tensor:
    """A copy of [N, C, H, W], channels last, with room behind it for more channels."""
    if is_recorded(x):
        return x
    size = (x.size(0), channels, x.size(2), x.size(3))
    room = torch.empty(size, dtype=x.dtype, device=x.device, memory_format=torch.channels_last)
    return room[:, : x.size(1)].copy_(x)
'''

_APPENDED = '''\
def appended(x: Tensor, y: Tensor) -> Tensor:
    """The channels of x and y; y is written into the room behind x, which stays as it is."""
    if is_recorded(x) or is_recorded(y):
        return torch.cat([x, y], dim=1)
    size = (x.size(0), x.size(1) + y.size(1), x.size(2), x.size(3))
    joined = x.as_strided(size, x.stride(), x.storage_offset())
    joined[:, x.size(1) :] = y
    return joined
'''


def _fused_conv(rank: int) -> str:
    """The class for so many spatial axes; two have a kernel."""
    size = f"int | tuple[{', '.join(['int'] * rank)}]"
    if rank != 2:
        return _FUSED_CONV.format(rank=rank, size=size, packed="", kernel="")
    packed = "        self.packed: Packed | None = None\n"
    return _FUSED_CONV.format(rank=rank, size=size, packed=packed, kernel=_CONV_KERNEL) + _CONV_FUSED


FUSED_LAYERS = {f"FusedConv{rank}d": _fused_conv(rank) for rank in (1, 2, 3)} | {
    "TiledConv2d": TILED_CONV,
    "FusedLinear": _FUSED_LINEAR,
    "FusedNorm": _FUSED_NORM,
}

FUSED: dict[str, str] = {
    "is_recorded": _IS_RECORDED,
    "has_kernel": _HAS_KERNEL,
    "version": _VERSION,
    "Packed": _PACKED,
    "Norm": _NORM,
    "Part": _PART,
    "ACTIVATIONS": _ACTIVATIONS,
    "KERNELS": _KERNELS,
    **POINTS,
    **FUSED_LAYERS,
    "scale_and_offset": _SCALE_AND_OFFSET,
    "folded": _FOLDED,
    "take_weights": _TAKE_WEIGHTS,
    "KEPT": _KEPT,
    "settle_memory": _SETTLE_MEMORY,
    "for_inference": _FOR_INFERENCE,
    "AT_A_TIME": _AT_A_TIME,
    "in_pieces": _IN_PIECES,
    "with_room": _WITH_ROOM,
    "appended": _APPENDED,
}
"""By name, in the order in which they stand in a file."""
