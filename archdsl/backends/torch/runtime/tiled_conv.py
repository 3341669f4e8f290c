"""Convolutions by tiles (Winograd), in operations of torch alone.

Notes on the method, and what was measured, are in `docs/decisions/0011-tiles-in-torch.md`.
"""

import torch
from torch import Tensor

from archdsl.backends.torch.runtime.fused_conv import FusedConv2d
from archdsl.backends.torch.runtime.kernels import ACTIVATIONS
from archdsl.backends.torch.runtime.packed import Packed
from archdsl.backends.torch.runtime.points import CACHED, FROM_POINTS, TO_POINTS, bias_at_points, kernel_at_points


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
