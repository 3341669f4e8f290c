"""Augmentation of images, in training only.

Each class draws in `forward`; what it does with the numbers drawn is a method of its own, and the same as what the
NumPy kernels do. Numbers are drawn for a whole batch at once, on its device.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class RandomFlip(nn.Module):
    """In training, mirror each image of [N, C, H, W] with probability p."""

    def __init__(self, p: float, dim: int = 3) -> None:
        super().__init__()
        self.p, self.dim = p, dim

    def forward(self, images: Tensor) -> Tensor:
        if not self.training:
            return images
        return self.flip(images, torch.rand_like(images[:, 0, 0, 0], dtype=torch.float32) < self.p)

    def flip(self, images: Tensor, chosen: Tensor) -> Tensor:
        return torch.where(chosen[:, None, None, None], images.flip(self.dim), images)


class RandomCrop(nn.Module):
    """In training, pad each image of [N, C, H, W] by zeros, and cut out a window of the old size anywhere."""

    def __init__(self, padding: int | tuple[int, int]) -> None:
        super().__init__()
        self.rows, self.columns = (padding, padding) if isinstance(padding, int) else padding

    def forward(self, images: Tensor) -> Tensor:
        if not self.training:
            return images
        down = torch.rand_like(images[:, 0, 0, 0], dtype=torch.float32) * (2 * self.rows + 1)
        right = torch.rand_like(images[:, 0, 0, 0], dtype=torch.float32) * (2 * self.columns + 1)
        return self.shift(images, down.long() - self.rows, right.long() - self.columns)

    def shift(self, images: Tensor, down: Tensor, right: Tensor) -> Tensor:
        """Each image read so many rows and columns [N] further on, zeros outside of it."""
        padded = F.pad(images, [self.columns, self.columns, self.rows, self.rows])
        rows = torch.arange(images.size(2), device=images.device) + (down + self.rows)[:, None]
        columns = torch.arange(images.size(3), device=images.device) + (right + self.columns)[:, None]
        cut = padded.gather(2, rows[:, None, :, None].expand(-1, images.size(1), -1, padded.size(3)))
        return cut.gather(3, columns[:, None, None, :].expand(-1, images.size(1), images.size(2), -1))


class RandomResizedCrop(nn.Module):
    """In training, enlarge a random part of each image of [N, C, H, W] to the size of the whole.

    Its area is drawn from `scale` times the image's, its width by height from `ratio`, on a logarithmic scale.
    """

    def __init__(self, scale: tuple[float, float], ratio: tuple[float, float]) -> None:
        super().__init__()
        self.scale, self.ratio = scale, ratio

    def forward(self, images: Tensor) -> Tensor:
        if not self.training:
            return images
        height, width = images.size(2), images.size(3)
        drawn = images.new_empty([4, images.size(0), 10], dtype=torch.float32).uniform_()
        heights, widths = self.parts(height, width, drawn[0], drawn[1])
        tops = (drawn[2, :, 0] * (height - heights + 1)).floor()
        lefts = (drawn[3, :, 0] * (width - widths + 1)).floor()
        return self.enlarge(images, tops, lefts, heights, widths)

    def parts(self, height: int, width: int, areas: Tensor, ratios: Tensor) -> tuple[Tensor, Tensor]:
        """Heights and widths [N]: the first of several tries [N, K] that fits, or the largest of the nearest ratio."""
        smallest, largest = self.scale
        narrowest, widest = self.ratio
        areas = height * width * (smallest + (largest - smallest) * areas)
        ratios = narrowest * (widest / narrowest) ** ratios
        heights, widths = (areas / ratios).sqrt().round(), (areas * ratios).sqrt().round()
        fits = (heights >= 1) & (heights <= height) & (widths >= 1) & (widths <= width)
        first, found = fits.long().argmax(1, keepdim=True), fits.any(1)
        most_rows = float(max(1, min(height, round(width / narrowest))))
        most_columns = float(max(1, min(width, round(height * widest))))
        return (
            torch.where(found, heights.gather(1, first)[:, 0], most_rows),
            torch.where(found, widths.gather(1, first)[:, 0], most_columns),
        )

    def enlarge(self, images: Tensor, tops: Tensor, lefts: Tensor, heights: Tensor, widths: Tensor) -> Tensor:
        """A part of each image enlarged to the size of the whole; the part's pixels are all that is seen of it."""
        rows = self.stretch(images.transpose(2, 3), tops, heights).transpose(2, 3)
        return self.stretch(rows, lefts, widths)

    def stretch(self, images: Tensor, starts: Tensor, sizes: Tensor) -> Tensor:
        """Some columns of each image, made as wide as the whole, linearly between neighbours."""
        width = images.size(3)
        steps = (torch.arange(width, device=images.device) + 0.5) * (sizes / width)[:, None] - 0.5
        places = starts[:, None] + torch.minimum(steps.clamp(min=0), (sizes - 1)[:, None])
        near = places.floor().long()[:, None, None, :].expand(-1, images.size(1), images.size(2), -1)
        share = (places - places.floor())[:, None, None, :].to(images.dtype)
        return torch.lerp(images.gather(3, near), images.gather(3, (near + 1).clamp(max=width - 1)), share)


class ColorJitter(nn.Module):
    """In training, change light and colours of each image of [N, 1 or 3, H, W], whose values lie from 0 to 1."""

    def __init__(
        self, brightness: float = 0.0, contrast: float = 0.0, saturation: float = 0.0, hue: float = 0.0
    ) -> None:
        super().__init__()
        self.brightness, self.contrast, self.saturation, self.hue = brightness, contrast, saturation, hue

    def forward(self, images: Tensor) -> Tensor:
        if not self.training:
            return images
        if self.brightness > 0:
            images = self.brighten(images, self.factor(images, self.brightness))
        if self.contrast > 0:
            images = self.contrasted(images, self.factor(images, self.contrast))
        if self.saturation > 0 and images.size(1) == 3:
            images = self.saturate(images, self.factor(images, self.saturation))
        if self.hue > 0 and images.size(1) == 3:
            images = self.turn(images, self.drawn(images, -self.hue, self.hue))
        return images

    def factor(self, images: Tensor, strength: float) -> Tensor:
        return self.drawn(images, max(0.0, 1.0 - strength), 1.0 + strength)

    def drawn(self, images: Tensor, low: float, high: float) -> Tensor:
        """A number for each image: [N, 1, 1, 1]."""
        return (low + (high - low) * torch.rand_like(images[:, :1, :1, :1], dtype=torch.float32)).to(images.dtype)

    def grey(self, images: Tensor) -> Tensor:
        if images.size(1) == 1:
            return images
        return 0.299 * images[:, 0:1] + 0.587 * images[:, 1:2] + 0.114 * images[:, 2:3]

    def brighten(self, images: Tensor, factor: Tensor) -> Tensor:
        return (factor * images).clamp(0, 1)

    def contrasted(self, images: Tensor, factor: Tensor) -> Tensor:
        return (factor * images + (1 - factor) * self.grey(images).mean([1, 2, 3], keepdim=True)).clamp(0, 1)

    def saturate(self, images: Tensor, factor: Tensor) -> Tensor:
        return (factor * images + (1 - factor) * self.grey(images)).clamp(0, 1)

    def turn(self, images: Tensor, share: Tensor) -> Tensor:
        """The hue, counted in sixths of the circle from red, turned by a share of the circle."""
        high = images.argmax(1, keepdim=True)
        largest = images.gather(1, high)
        spread = largest - images.gather(1, images.argmin(1, keepdim=True))
        lean = images.gather(1, (high + 1) % 3) - images.gather(1, (high + 2) % 3)
        own = torch.arange(5, 0, -2, device=images.device)[:, None, None]
        place = (own + 2 * high + lean / torch.where(spread > 0, spread, 1.0) + 6 * share) % 6
        return largest - spread * torch.minimum(place, 4 - place).clamp(0, 1)


class Normalize(nn.Module):
    """(images - mean) / std, channel by channel; what a number loses in single precision is kept beside it."""

    mean: Tensor
    std: Tensor
    mean_rest: Tensor
    std_rest: Tensor

    def __init__(self, mean: float | tuple[float, ...], std: float | tuple[float, ...]) -> None:
        super().__init__()
        for name, numbers in (("mean", mean), ("std", std)):
            exact = torch.tensor(numbers, dtype=torch.float64).view(-1, 1, 1)
            rounded = exact.to(torch.get_default_dtype())
            self.register_buffer(name, rounded, persistent=False)
            self.register_buffer(f"{name}_rest", (exact - rounded).to(rounded.dtype), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        return (images - (self.mean + self.mean_rest)) / (self.std + self.std_rest)
