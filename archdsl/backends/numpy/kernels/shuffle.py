"""Moving values between channels and space, or among channels."""

from __future__ import annotations

from archdsl.backends.numpy.kernels.array import Array, Pullback


def pixel_shuffle(x: Array, *, factor: int) -> tuple[Array, Pullback]:
    """Channels spread over the image: [N, C · f², H, W] -> [N, C, H · f, W · f]."""
    return unstack(x, factor), lambda dy: (stack(dy, factor), {})


def pixel_unshuffle(x: Array, *, factor: int) -> tuple[Array, Pullback]:
    """Squares of pixels stacked into channels: [N, C, H · f, W · f] -> [N, C · f², H, W]."""
    return stack(x, factor), lambda dy: (unstack(dy, factor), {})


def unstack(x: Array, factor: int) -> Array:
    """[N, C · f · f, H, W] -> [N, C, H · f, W · f]."""
    batch, channels, rows, columns = x.shape
    cut = x.reshape(batch, channels // factor**2, factor, factor, rows, columns)
    return cut.transpose(0, 1, 4, 2, 5, 3).reshape(batch, channels // factor**2, rows * factor, columns * factor)


def stack(x: Array, factor: int) -> Array:
    """[N, C, H · f, W · f] -> [N, C · f · f, H, W]."""
    batch, channels, rows, columns = x.shape
    cut = x.reshape(batch, channels, rows // factor, factor, columns // factor, factor)
    return cut.transpose(0, 1, 3, 5, 2, 4).reshape(batch, channels * factor**2, rows // factor, columns // factor)


def channel_shuffle(x: Array, *, groups: int) -> tuple[Array, Pullback]:
    """The first channel of each group, then the second of each, and so on."""
    return dealt(x, groups), lambda dy: (dealt(dy, x.shape[1] // groups), {})


def dealt(x: Array, groups: int) -> Array:
    """Channels dealt out: 0 1 2 3 4 5 in three groups become 0 2 4 1 3 5."""
    batch, channels, *sizes = x.shape
    return x.reshape(batch, groups, channels // groups, *sizes).swapaxes(1, 2).reshape(x.shape)
