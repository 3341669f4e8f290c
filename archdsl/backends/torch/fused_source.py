"""What an emitted file with fused layers brings along: their classes, and how weights made for the spec become theirs.

Fused layers call oneDNN's kernels, which take a sum and an activation in, on weights that are packed once. Wherever
these kernels are not (on other devices and numbers, under autograd, autocast, export or tracing), plain torch runs.
"""

from __future__ import annotations

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
    """A weight in the order in which a kernel reads it."""

    def __init__(self, weight: Tensor, packed: Tensor) -> None:
        self.source = weight.detach()  # no other tensor can have its address while this is kept
        self.version = version(weight)
        self.packed = packed

    def is_of(self, weight: Tensor) -> bool:
        """Whether the weight is still the one that was packed."""
        return self.source.data_ptr() == weight.data_ptr() and self.version == version(weight)
'''

_VERSION = '''\
def version(weight: Tensor) -> int:
    """How often a weight has been changed in place."""
    return 0 if weight.is_inference() else weight._version
'''

_FUSED_CONV = '''\
class FusedConv{rank}d(nn.Conv{rank}d):
    """A convolution, a second input that is added to its output, and an activation."""

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
        parts: list[Part] | None = None,
    ) -> None:
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias)
        self.activation, self.constants, self.parts = activation, constants, parts or []
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
        if self.packed is None or not self.packed.is_of(self.weight):
            weight = self.weight.detach().to_mkldnn()
            self.packed = Packed(
                self.weight, torch.ops.aten.mkldnn_reorder_conv2d_weight(weight, *shape, list(input.shape))
            )
        weights = self.packed.packed, self.bias, *shape
        kernel = torch.ops.mkldnn._convolution_pointwise
        result: Tensor
        if other is None:
            result = kernel.default(input, *weights, self.activation, self.constants, "")
        else:
            activation = None if self.activation == "none" else self.activation
            result = kernel.binary(input, other, *weights, "add", 1.0, activation, self.constants, "")
        return result
'''

_TILED_CONV = '''\
class TiledConv2d(FusedConv2d):
    """A 3×3 convolution that computes tiles of 4×4 outputs, where that takes less time (Winograd).

    A tile depends on 6×6 inputs. Their rows and columns, and those of the kernel, are taken for polynomials and
    evaluated at six points, where a convolution is a product: 36 multiplications a channel in place of 144.
    """

    kernel_at_points: Packed | None = None
    bias_at_points: Packed | None = None

    def __getstate__(self) -> dict[str, object]:
        return {**super().__getstate__(), "kernel_at_points": None, "bias_at_points": None}

    def fused(self, input: Tensor, other: Tensor | None) -> Tensor:
        x, plus = input.permute(0, 2, 3, 1), None if other is None else other.permute(0, 2, 3, 1)
        images, rows = x.size(0), x.size(1) + 2 * int(self.padding[0]) - 2
        columns = x.size(2) + 2 * int(self.padding[1]) - 2
        if not self.tiles_pay(images, rows, columns):
            return super().fused(input, other)
        y = x.new_empty(images, rows, columns, self.out_channels)
        down, across = -(-rows // 4), -(-columns // 4)
        # Tiles are computed some at a time, so that they stay in the cache, but so many that the weight is read seldom.
        weights, channels = self.in_channels * self.out_channels, self.in_channels + self.out_channels
        most = max(TILES, weights // channels)
        some, high = -(-images // -(-images * down * across // most)), rows  # of some images
        if down * across > most:
            some, high = 1, 4 * -(-down // -(-down * across // most))  # or some rows of one
        for first in range(0, images, some):
            for top in range(0, rows, high):
                band = slice(first, first + some), slice(top, top + high)
                self.compute_tiles(x[band[0]], top, y[band], None if plus is None else plus[band])
        return y.permute(0, 3, 1, 2)

    def tiles_pay(self, images: int, rows: int, columns: int) -> bool:
        """Whether tiles save more multiplications than their sums and their larger weight cost, as was measured."""
        if self.in_channels % 16 or self.out_channels % 128 or self.out_channels % 48 == 0:
            return False  # the kernel would want the weight in another order for another number of tiles
        tiles, weights = images * -(-rows // 4) * -(-columns // 4), self.in_channels * self.out_channels
        cost = 36 * weights * (tiles + 30) + 3600 * tiles * (self.in_channels + self.out_channels)
        return cost < 9 * weights * images * rows * columns

    def compute_tiles(self, x: Tensor, top: int, y: Tensor, plus: Tensor | None) -> None:
        """Write y, which is rows of the output from `top` on, for images [N, H, W, C]."""
        images, rows, columns, channels = y.shape
        above, left = int(self.padding[0]), int(self.padding[1])
        start = max(top - above, 0)
        inside = x[:, start : top - above + rows + 2]
        # Images lie one below the other; the zeros between two are those below the one and above the other.
        period = rows + 2 if images == 1 else inside.size(1) + above
        down, across = -(-((images - 1) * period + rows) // 4), -(-columns // 4)
        stack = x.new_zeros(max(4 * down + 2, images * period), 4 * across + 2, self.in_channels)
        places = stack[: images * period].view(images, period, *stack.shape[1:])
        places = places[:, start - top + above :, left:]
        places[:, : inside.size(1), : x.size(2)].copy_(inside)

        points = x.new_empty(down, 6, *stack.shape[1:])
        to_points([stack[i : i + 4 * down - 3 : 4] for i in range(6)], points.unbind(1))
        values = x.new_empty(down, across, 6, 6, self.in_channels)
        to_points([points[:, :, i : i + 4 * across - 3 : 4] for i in range(6)], values.permute(3, 0, 2, 1, 4).unbind())

        products = self.multiply(values.view(1, down, across, -1).permute(0, 3, 1, 2))
        products = products.permute(2, 3, 1, 0).view(down, across, 6, 6, channels)

        points = x.new_empty(down, 6, across, 4, channels)
        from_points(products.permute(3, 0, 2, 1, 4).unbind(), points.unbind(3))
        tiles = x.new_empty(down, 4, 4 * across, channels)
        from_points(points.view(down, 6, 4 * across, channels).unbind(1), tiles.unbind(1))

        line = 4 * across * channels
        result = tiles.as_strided(y.shape, (period * line, line, channels, 1))
        if plus is not None:
            result.add_(plus)
        if self.activation == "relu":
            torch.clamp_min(result, 0, out=y)
        else:
            y.copy_(ACTIVATIONS[self.activation](result, *self.constants))

    def multiply(self, values: Tensor) -> Tensor:
        """The products at all points, which are as many groups of channels."""
        shape = [0, 0], [1, 1], [1, 1], 36
        if self.kernel_at_points is None or not self.kernel_at_points.is_of(self.weight):
            kernel = kernel_at_points(self.weight.detach()).to_mkldnn()
            packed = torch.ops.aten.mkldnn_reorder_conv2d_weight(kernel, *shape, list(values.shape))
            self.kernel_at_points = Packed(self.weight, packed)
        if self.bias is not None and (self.bias_at_points is None or not self.bias_at_points.is_of(self.bias)):
            self.bias_at_points = Packed(self.bias, bias_at_points(self.bias.detach()))
        weights = self.kernel_at_points.packed, self.bias_at_points and self.bias_at_points.packed
        multiply = torch.ops.mkldnn._convolution_pointwise.default
        products: Tensor = multiply(values, *weights, *shape, "none", (), "")
        return products
'''

_TILES = """\
TILES = 96  # that are computed at a time, at least
"""

_NEAR = """\
NEAR = 0.625  # convolutions by tiles evaluate at 0, ±NEAR, ±FAR and infinity; these leave a small error
"""

_FAR = """\
FAR = 1.5
"""

_TO_POINTS = '''\
def to_points(x: list[Tensor], out: tuple[Tensor, ...]) -> None:
    """Six neighbours in the input at the points 0, ±NEAR, ±FAR and infinity."""
    near, far = NEAR**2, FAR**2
    even, odd = torch.sub(x[4], x[2], alpha=far), torch.sub(x[3], x[1], alpha=far)
    torch.add(even, odd, alpha=NEAR, out=out[1])
    torch.sub(even, odd, alpha=NEAR, out=out[2])
    torch.sub(x[4], x[2], alpha=near, out=even)
    torch.sub(x[3], x[1], alpha=near, out=odd)
    torch.add(even, odd, alpha=FAR, out=out[3])
    torch.sub(even, odd, alpha=FAR, out=out[4])
    torch.add(even.sub_(x[2], alpha=far), x[0], alpha=near * far, out=out[0])
    torch.sub(x[5], x[3], alpha=near + far, out=odd)
    torch.add(odd, x[1], alpha=near * far, out=out[5])
'''

_FROM_POINTS = '''\
def from_points(x: tuple[Tensor, ...], out: tuple[Tensor, ...]) -> None:
    """Four neighbours in the output from products at the points, which `scaled_points` has scaled."""
    even, odd = torch.add(x[1], x[2]), torch.sub(x[1], x[2])
    even_far, odd_far = torch.add(x[3], x[4]), torch.sub(x[3], x[4])
    torch.add(odd, odd_far, alpha=1 / FAR, out=out[1])
    torch.add(even_far, even, alpha=NEAR, out=out[2])
    torch.add(x[0], even, alpha=1 / NEAR, out=even)
    torch.add(even, even_far, alpha=1 / FAR**2, out=out[0])
    torch.add(x[5], odd, alpha=NEAR**2, out=odd)
    torch.add(odd, odd_far, alpha=FAR, out=out[3])
'''

_SCALED_POINTS = '''\
def scaled_points() -> tuple[Tensor, Tensor]:
    """The points but infinity, and a weight for each: that of Lagrange, and what saves products in `from_points`."""
    points = torch.tensor([0, NEAR, -NEAR, FAR, -FAR], dtype=torch.float64, device="cpu")
    scale = torch.tensor([1, NEAR, NEAR, FAR**2, FAR**2], dtype=torch.float64, device="cpu")
    return points, scale / (points[:, None] - points).fill_diagonal_(1).prod(1)
'''

_KERNEL_AT_POINTS = '''\
def kernel_at_points(weight: Tensor) -> Tensor:
    """A kernel [O, I, 3, 3] at each pair of points: [36 · O, I, 1, 1]. It is computed in float64."""
    points, scale = scaled_points()
    powers = torch.stack([scale, scale * points, scale * points**2], 1)
    powers = torch.cat([powers, powers.new_tensor([[0, 0, 1]])])
    rows = [torch.einsum("i,qj,ocij->qoc", row, powers, weight.double()).to(weight.dtype) for row in powers]
    return torch.stack(rows).view(-1, weight.size(1), 1, 1)
'''

_BIAS_AT_POINTS = '''\
def bias_at_points(bias: Tensor) -> Tensor:
    """What to add to the products at each pair of points to add the bias to all outputs: [36 · O]."""
    points, scale = scaled_points()
    share = torch.cat([scale * (1 - points).prod() / (1 - points), scale.new_zeros(1)])
    return torch.einsum("p,q,o->pqo", share, share, bias.double()).to(bias.dtype).flatten()
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
            self.packed = Packed(self.weight, torch.ops.mkldnn._reorder_linear_weight(self.weight.detach(), rows))
        return self.packed.packed

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
'''

_KERNELS = """\
KERNELS = hasattr(torch.ops.mkldnn, "_convolution_pointwise")
"""

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
    "TiledConv2d": _TILED_CONV,
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
    "TILES": _TILES,
    "NEAR": _NEAR,
    "FAR": _FAR,
    "to_points": _TO_POINTS,
    "from_points": _FROM_POINTS,
    "scaled_points": _SCALED_POINTS,
    "kernel_at_points": _KERNEL_AT_POINTS,
    "bias_at_points": _BIAS_AT_POINTS,
    **FUSED_LAYERS,
    "scale_and_offset": _SCALE_AND_OFFSET,
    "folded": _FOLDED,
    "take_weights": _TAKE_WEIGHTS,
    "for_inference": _FOR_INFERENCE,
    "with_room": _WITH_ROOM,
    "appended": _APPENDED,
}
"""By name, in the order in which they stand in a file."""
