"""What an emitted file brings along to compute convolutions by tiles (Winograd), in operations of torch alone.

Notes on the method, and what was measured, are in `docs/decisions/0011-tiles-in-torch.md`.
"""

from __future__ import annotations

TILED_CONV = '''\
class TiledConv2d(FusedConv2d):
    """A 3×3 or 5×5 convolution that computes four rows of outputs at once, where that takes less time (Winograd).

    Inputs one below the other are taken for a polynomial, and so are the weights of the kernel. Evaluated at points,
    their convolution is a product: four rows take 6 products in place of 12 for a 3×3 kernel, and 8 in place of 20 for
    a 5×5 kernel. With the same along columns, 4×4 outputs of a 3×3 kernel take 36 products in place of 144.
    """

    at_points: Packed | None = None
    bias_at_points: Packed | None = None

    def __getstate__(self) -> dict[str, object]:
        return {**super().__getstate__(), "at_points": None, "bias_at_points": None}

    def fused(self, input: Tensor, other: Tensor | None) -> Tensor:
        x, plus = input.permute(0, 2, 3, 1), None if other is None else other.permute(0, 2, 3, 1)
        images, rows = x.size(0), x.size(1) + 2 * int(self.padding[0]) - self.kernel_size[0] + 1
        columns = x.size(2) + 2 * int(self.padding[1]) - self.kernel_size[0] + 1
        axes = self.axes_of_tiles(images, rows, columns)
        if axes == 0:
            return super().fused(input, other)
        y = plus if plus is not None and self.inplace else None
        if y is None or not y.is_contiguous():
            y = x.new_empty(images, rows, columns, self.out_channels)
        weights, channels = self.in_channels * self.out_channels, self.in_channels + self.out_channels
        # Some tiles at a time, so that they stay in the cache, but so many that the weight is read seldom.
        tiles = max(CACHED // ((self.kernel_size[0] + 3) ** axes * channels), weights // channels)
        down, most = -(-rows // 4), max(tiles // (columns if axes == 1 else -(-columns // 4)), 1)
        some, high = -(-images // -(-images * down // most)), rows  # of some images
        if down > most:
            some, high = 1, 4 * -(-down // -(-down // most))  # or some rows of one
        for first in range(0, images, some):
            for top in range(0, rows, high):
                band = slice(first, first + some), slice(top, top + high)
                self.compute_tiles(x[band[0]], top, y[band], None if plus is None else plus[band], axes)
        return y.permute(0, 3, 1, 2)

    def axes_of_tiles(self, images: int, rows: int, columns: int) -> int:
        """Along how many axes to go to points: what takes the least time, in multiplications, as was measured."""
        if self.stride != (1, 1) or self.in_channels % 16 or self.out_channels % 16:
            return 0
        size, points = self.kernel_size[0], self.kernel_size[0] + 3
        weights, channels = self.in_channels * self.out_channels, self.in_channels + self.out_channels
        strips, tiles = images * -(-rows // 4) * columns, images * -(-rows // 4) * -(-columns // 4)
        costs = [size**2 * weights * images * rows * columns]
        costs.append(points * (size * weights * (strips + 16) + 85 * strips * channels))
        if size == 3:  # the error of five rows along both axes would be large
            costs.append(points**2 * (weights * (tiles + 16) + 100 * tiles * channels))
        return costs.index(min(costs))

    def compute_tiles(self, x: Tensor, top: int, y: Tensor, plus: Tensor | None, axes: int) -> None:
        """Write y, which is rows of the output from `top` on, for images [N, H, W, C]."""
        images, rows, columns, channels = y.shape
        size = self.kernel_size[0]
        to_points, from_points = TO_POINTS[size], FROM_POINTS[size]
        above, left = int(self.padding[0]), int(self.padding[1]) if axes == 2 else 0
        start = max(top - above, 0)
        inside = x[:, start : top - above + rows + size - 1]
        # Images lie one below the other; the zeros between two are those below the one and above the other.
        period = rows + size - 1 if images == 1 else inside.size(1) + above
        down, across = -(-((images - 1) * period + rows) // 4), -(-columns // 4)
        width = 4 * across + size - 1 if axes == 2 else x.size(2)
        stack = x.new_zeros(max(4 * down + size - 1, images * period), width, self.in_channels)
        places = stack[: images * period].view(images, period, *stack.shape[1:])
        places = places[:, start - top + above :, left:]
        places[:, : inside.size(1), : x.size(2)].copy_(inside)

        count = size + 3
        strips = [stack[i : i + 4 * down - 3 : 4] for i in range(count)]
        if axes == 1:
            values = x.new_empty(down, width, count, self.in_channels)
            to_points(strips, values.unbind(2))
            products = self.multiply(values.flatten(2), axes)
            strips = list(products.view(down, columns, count, channels).unbind(2))
        else:
            points = x.new_empty(down, count, *stack.shape[1:])
            to_points(strips, points.unbind(1))
            strips = [points[:, :, i : i + 4 * across - 3 : 4] for i in range(count)]
            values = x.new_empty(down, across, count, count, self.in_channels)
            to_points(strips, values.permute(3, 0, 2, 1, 4).unbind())
            products = self.multiply(values.flatten(2), axes).view(down, across, count, count, channels)
            points = x.new_empty(down, count, across, 4, channels)
            from_points(list(products.permute(3, 0, 2, 1, 4).unbind()), points.unbind(3))
            strips = list(points.flatten(2, 3).unbind(1))
        tiles = x.new_empty(down, 4, *strips[0].shape[1:])
        from_points(strips, tiles.unbind(1))

        line = tiles.stride(1)
        result = tiles.as_strided(y.shape, (period * line, line, channels, 1))
        if plus is not None:
            result.add_(plus)
        if self.activation == "relu":
            torch.clamp_min(result, 0, out=y)
        else:
            y.copy_(ACTIVATIONS[self.activation](result, *self.constants))

    def multiply(self, values: Tensor, axes: int) -> Tensor:
        """The products at all points, [rows, columns, points · C]; each point is a group of channels."""
        points, left = values.size(2) // self.in_channels, int(self.padding[1]) if axes == 1 else 0
        x, shape = values.unsqueeze(0).permute(0, 3, 1, 2), ([0, left], [1, 1], [1, 1], points)

        def pack(weight: Tensor) -> Tensor:
            order = torch.ops.aten.mkldnn_reorder_conv2d_weight
            packed: Tensor = order(kernel_at_points(weight, axes).to_mkldnn(), *shape, list(x.shape))
            return packed

        if self.at_points is None or not self.at_points.is_of(self.weight):
            self.at_points = Packed(self.weight)
        weight, bias = self.at_points.order_for((axes, *values.shape[:2]), pack), self.bias
        if bias is not None:
            if self.bias_at_points is None or not self.bias_at_points.is_of(bias):
                self.bias_at_points = Packed(bias)
            bias = self.bias_at_points.order_for((axes,), lambda bias: bias_at_points(bias, self.kernel_size[0], axes))
        y: Tensor = torch.ops.mkldnn._convolution_pointwise.default(x, weight, bias, *shape, "none", (), "")
        return y.permute(0, 2, 3, 1).squeeze(0)
'''

_CACHED = """\
CACHED = 1_200_000  # numbers that tiles may take up at a time
"""

_NEAR = """\
NEAR = 0.625  # 3×3 kernels are evaluated at 0, ±NEAR, ±FAR and infinity; these leave a small error
"""

_FAR = """\
FAR = 1.5
"""

_TO_SIX_POINTS = '''\
def to_six_points(x: list[Tensor], out: tuple[Tensor, ...]) -> None:
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

_FROM_SIX_POINTS = '''\
def from_six_points(x: list[Tensor], out: tuple[Tensor, ...]) -> None:
    """Four neighbours in the output from products at six points, which are scaled by `POINTS`."""
    even, odd = torch.add(x[1], x[2]), torch.sub(x[1], x[2])
    even_far, odd_far = torch.add(x[3], x[4]), torch.sub(x[3], x[4])
    torch.add(odd, odd_far, alpha=1 / FAR, out=out[1])
    torch.add(even_far, even, alpha=NEAR, out=out[2])
    torch.add(x[0], even, alpha=1 / NEAR, out=even)
    torch.add(even, even_far, alpha=1 / FAR**2, out=out[0])
    torch.add(x[5], odd, alpha=NEAR**2, out=odd)
    torch.add(odd, odd_far, alpha=FAR, out=out[3])
'''

_TO_EIGHT_POINTS = '''\
def to_eight_points(x: list[Tensor], out: tuple[Tensor, ...]) -> None:
    """Eight neighbours in the input at the points 0, ±1/2, ±1, ±2 and infinity."""
    even, odd = torch.empty_like(x[0]), torch.empty_like(x[0])
    for i, point, near, far in (1, 0.5, 5.0, 4.0), (3, 1.0, 4.25, 1.0), (5, 2.0, 1.25, 0.25):
        torch.sub(x[6], x[4], alpha=near, out=even).add_(x[2], alpha=far)
        torch.sub(x[5], x[3], alpha=near, out=odd).add_(x[1], alpha=far)
        torch.add(even, odd, alpha=point, out=out[i])
        torch.sub(even, odd, alpha=point, out=out[i + 1])
    torch.sub(x[6], x[4], alpha=5.25, out=even).add_(x[2], alpha=5.25)
    torch.sub(even, x[0], out=out[0])
    torch.sub(x[7], x[5], alpha=5.25, out=odd).add_(x[3], alpha=5.25)
    torch.sub(odd, x[1], out=out[7])
'''

_FROM_EIGHT_POINTS = '''\
def from_eight_points(x: list[Tensor], out: tuple[Tensor, ...]) -> None:
    """Four neighbours in the output from products at eight points."""
    half, one, two = torch.add(x[1], x[2]), torch.add(x[3], x[4]), torch.add(x[5], x[6])
    torch.add(torch.add(one, half, alpha=0.25), two, alpha=4.0, out=out[2])
    torch.add(half.add_(x[0]).add_(one), two, out=out[0])
    torch.sub(x[1], x[2], out=half)
    torch.sub(x[3], x[4], out=one)
    torch.sub(x[5], x[6], out=two)
    torch.add(torch.add(one, half, alpha=0.5), two, alpha=2.0, out=out[1])
    torch.add(one.add_(x[7]).add_(half, alpha=0.125), two, alpha=8.0, out=out[3])
'''

_TO_POINTS = """\
TO_POINTS = {3: to_six_points, 5: to_eight_points}  # by the size of the kernel
"""

_FROM_POINTS = """\
FROM_POINTS = {3: from_six_points, 5: from_eight_points}
"""

_POINTS = """\
POINTS = {  # all but infinity, and what saves products on the way back
    3: ([0.0, NEAR, -NEAR, FAR, -FAR], [1.0, NEAR, NEAR, FAR**2, FAR**2]),
    5: ([0.0, 0.5, -0.5, 1.0, -1.0, 2.0, -2.0], [1.0] * 7),
}
"""

_SCALED_POINTS = '''\
def scaled_points(size: int) -> tuple[Tensor, Tensor]:
    """The points but infinity for a kernel of some size, and a weight for each: that of Lagrange, scaled."""
    points, scale = torch.tensor(POINTS[size], dtype=torch.float64, device="cpu")
    return points, scale / (points[:, None] - points).fill_diagonal_(1).prod(1)
'''

_KERNEL_AT_POINTS = '''\
def kernel_at_points(weight: Tensor, axes: int) -> Tensor:
    """A kernel [O, I, K, K] at each point of its rows, [P · O, I, 1, K], or at each pair of points, [P² · O, I, 1, 1].

    It is computed in float64.
    """
    size = weight.size(2)
    points, scale = scaled_points(size)
    powers = torch.stack([scale * points**i for i in range(size)], 1)
    powers = torch.cat([powers, powers.new_tensor([[0] * (size - 1) + [1]])])
    if axes == 2:
        powers = torch.kron(powers, powers)
    else:
        weight = weight.permute(0, 1, 3, 2)
    columns = weight.reshape(-1, powers.size(1)).t()
    at_points = (powers @ columns.double()).to(weight.dtype)
    return at_points.view(-1, weight.size(1), 1, weight.size(3) if axes == 1 else 1)
'''

_BIAS_AT_POINTS = '''\
def bias_at_points(bias: Tensor, size: int, axes: int) -> Tensor:
    """What to add to the products at all points, or pairs of points, to add the bias to all outputs."""
    points, scale = scaled_points(size)
    share = scale * (1 - points).repeat(points.numel(), 1).fill_diagonal_(1).prod(1)
    share = torch.cat([share, share.new_zeros(1)])
    if axes == 2:
        share = torch.kron(share, share)
    return torch.outer(share, bias.double()).to(bias.dtype).flatten()
'''

POINTS = {
    "CACHED": _CACHED,
    "NEAR": _NEAR,
    "FAR": _FAR,
    "to_six_points": _TO_SIX_POINTS,
    "from_six_points": _FROM_SIX_POINTS,
    "to_eight_points": _TO_EIGHT_POINTS,
    "from_eight_points": _FROM_EIGHT_POINTS,
    "TO_POINTS": _TO_POINTS,
    "FROM_POINTS": _FROM_POINTS,
    "POINTS": _POINTS,
    "scaled_points": _SCALED_POINTS,
    "kernel_at_points": _KERNEL_AT_POINTS,
    "bias_at_points": _BIAS_AT_POINTS,
}
"""What `TiledConv2d` calls, by name, in the order in which it stands in a file."""
