"""Small networks that use transposed convolutions, norms and pooling in every form, and inputs for them."""

from __future__ import annotations

import zlib

import numpy as np

from support.form_specs import FORM_BLOCKS, FORM_SPECS

SIZES = {"N": 3, "L": 9, "D": 4, "H": 7, "W": 6}

SPECS = {
    **FORM_SPECS,
    "conv_transpose_1d": """
        input x: [N, 4, L]
        conv_transpose(6, kernel=3, stride=2, output_padding=1, groups=2) -> conv_transpose(2, kernel=2, bias=false)
    """,
    "conv_transpose_2d": """
        input x: [N, 4, H, W]
        up = conv_transpose(6, kernel=(3, 2), stride=(2, 3), padding=1, init=normal(0.1))
        add { | conv_transpose(3, kernel=2, dilation=3, output_padding=(1, 2)) -> conv(6, kernel=(5, 6)) | up }
    """,
    "conv_transpose_3d": """
        input x: [N, 2, D, H, W]
        conv_transpose(2, kernel=2, stride=2, groups=2) -> conv_transpose(1, kernel=(1, 2, 3), padding=(0, 1, 1))
    """,
    "batch_norm_0d": """
        input x: [N, 5]
        linear(4) -> batch_norm -> relu -> batch_norm(affine=false)
    """,
    "batch_norm_1d": """
        input x: [N, 5, L]
        batch_norm(eps=0.01, momentum=none) -> conv(3, kernel=2, bias=false) -> batch_norm(momentum=0.5)
    """,
    "batch_norm_2d": """
        input x: [N, 5, H, W]
        bn1 = batch_norm
        add { | conv(5, kernel=3, padding=1) -> bn2 = batch_norm -> relu | bn1 }
    """,
    "batch_norm_3d": """
        input x: [N, 2, D, H, W]
        batch_norm(affine=false, momentum=none)
    """,
    "layer_norm": """
        input x: [N, 6, 5]
        layer_norm -> linear(4) -> layer_norm(axes=2, eps=0.001) -> layer_norm(bias=false)
        add { | layer_norm(affine=false) | layer_norm(axes=2, affine=false, bias=false) }
    """,
    "group_norm": """
        input x: [N, 6, H, W]
        group_norm(3) -> group_norm(6, eps=0.01) -> conv(4, kernel=3)
        add { | group_norm(2, affine=false) | group_norm(1, affine=false, eps=0.1) -> group_norm(1) }
    """,
    "group_norm_0d": """
        input x: [N, 6]
        group_norm(3, eps=0.01) -> linear(4) -> group_norm(1, affine=false)
    """,
    "instance_norm": """
        input x: [N, 4, L]
        instance_norm(affine=true) -> conv(2, kernel=2)
        add { | instance_norm(eps=0.001) | identity }
    """,
    "instance_norm_3d": """
        input x: [N, 4, D, H, W]
        instance_norm -> instance_norm(affine=true, eps=0.01)
    """,
    "local_response_norm": """
        input x: [N, 7, H, W]
        local_response_norm(alpha=0.5) -> conv(6, kernel=1)
        add { | local_response_norm(4, alpha=0.1, beta=0.5, k=2) | local_response_norm(1) }
    """,
    "pooling_1d": """
        input x: [N, 3, L]
        conv(4, kernel=2)
        add {
            | global_avg_pool
            | global_max_pool
            | lp_pool(3, stride=1) -> adaptive_max_pool(4) -> adaptive_avg_pool(1)
        }
    """,
    "pooling_2d": """
        input x: [N, 3, H, W]
        concat {
            | lp_pool((2, 1), ceil=true) -> adaptive_avg_pool((3, 5))
            | adaptive_max_pool((3, 5))
            | adaptive_avg_pool(9) -> adaptive_max_pool((3, 5))
            | relu -> lp_pool(2, p=3, stride=1) -> adaptive_avg_pool((3, 5))
        }
    """,
    "pooling_3d": """
        input x: [N, 3, D, H, W]
        add {
            | adaptive_avg_pool((2, 3, 1)) -> lp_pool((1, 2, 1)) -> global_max_pool
            | adaptive_max_pool(2) -> global_avg_pool
        }
    """,
    "instances": """
        input x: [N, 4, 8, 8]
        repeat i in 3 { stage{i + 1} = stage(4 * (i + 1), i + 1) }
        conv_transpose(2, kernel=2) -> adaptive_avg_pool(2)
    """,
}

BLOCKS = {
    **FORM_BLOCKS,
    "instances": """
        block stage(channels, groups) {
            conv(channels, kernel=3, padding=1, bias=false)
            add {
                | batch_norm -> relu
                | layer_norm(axes=3)
                | group_norm(groups)
                | adaptive_avg_pool(1 + groups) -> up(8)
            }
        }
        block up(size) { adaptive_max_pool(size) -> local_response_norm(size) }
    """,
}


def spec(name: str) -> str:
    """The text of a network."""
    return f"{BLOCKS.get(name, '')}\nnetwork Net {{{SPECS[name]}}}"


def array(name: str, sizes: tuple[object, ...]) -> np.ndarray:
    """An input whose free sizes are those of `SIZES`."""
    shape = [size if isinstance(size, int) else SIZES[str(size)] for size in sizes]
    return np.random.default_rng(zlib.crc32(name.encode())).normal(size=shape)
