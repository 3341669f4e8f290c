"""Polynomials at points, for convolutions by tiles (Winograd), in operations of torch alone."""

import torch
from torch import Tensor

CACHED = 1_200_000  # numbers that tiles may take up at a time


NEAR = 0.625  # 3×3 kernels are evaluated at 0, ±NEAR, ±FAR and infinity; these leave a small error


FAR = 1.5


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


TO_POINTS = {3: to_six_points, 5: to_eight_points}  # by the size of the kernel


FROM_POINTS = {3: from_six_points, 5: from_eight_points}


POINTS = {  # all but infinity, and what saves products on the way back
    3: ([0.0, NEAR, -NEAR, FAR, -FAR], [1.0, NEAR, NEAR, FAR**2, FAR**2]),
    5: ([0.0, 0.5, -0.5, 1.0, -1.0, 2.0, -2.0], [1.0] * 7),
}


def scaled_points(size: int) -> tuple[Tensor, Tensor]:
    """The points but infinity for a kernel of some size, and a weight for each: that of Lagrange, scaled."""
    points, scale = torch.tensor(POINTS[size], dtype=torch.float64, device="cpu")
    return points, scale / (points[:, None] - points).fill_diagonal_(1).prod(1)


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


def bias_at_points(bias: Tensor, size: int, axes: int) -> Tensor:
    """What to add to the products at all points, or pairs of points, to add the bias to all outputs."""
    points, scale = scaled_points(size)
    share = scale * (1 - points).repeat(points.numel(), 1).fill_diagonal_(1).prod(1)
    share = torch.cat([share, share.new_zeros(1)])
    if axes == 2:
        share = torch.kron(share, share)
    return torch.outer(share, bias.double()).to(bias.dtype).flatten()
