"""Small networks with activations, joins, reductions, forms, cuts, padding, upsampling and learned values."""

FORM_SPECS = {
    "activations": """
        input x: [N, 4, H, W]
        conv(4, kernel=3) -> relu6 -> conv(4, kernel=1) -> leaky_relu -> conv(4, kernel=1) -> leaky_relu(0.3)
        conv(4, kernel=1) -> prelu -> conv(4, kernel=1) -> prelu(per_channel=true, start=0.1) -> conv(4, kernel=1)
        elu -> elu(0.5) -> selu -> conv(4, kernel=1) -> gelu -> gelu(approximate="tanh") -> conv(4, kernel=1)
        silu -> mish -> hardswish -> conv(4, kernel=1) -> softplus -> softplus(2.0, threshold=5)
        log_softmax -> stochastic_depth(0.0)
    """,
    "gates": """
        input x: [N, 4, H, W]
        repeat 2 { squeeze_excite(2) }
        sub(broadcast=true) { | conv(4, kernel=1) | mean([2, 3], keep=true) }
        add(broadcast=true) { | identity | mean(1, keep=true) | max([-1, 2], keep=true) }
        sub { | identity | conv(4, kernel=3, padding=1) -> silu }
        mul { | identity | tanh | sigmoid } -> mean(2) -> max(1)
    """,
    "class_token": """
        input image: [N, 3, 8, 8]
        conv_proj = conv(6, kernel=4, stride=4)
        reshape([in.channels, -1]) -> permute([0, 2, 1])
        concat(axis=1) { | class_token = parameter([1, 6]) | identity }
        add { | identity | pos_embedding = parameter([in.shape[1], 6], init=normal(0.02)) }
        add { | identity | parameter([5, 6], init=uniform(0.1)) }
        mlp = { linear(12) -> gelu -> linear(6) }
        scale(1e-6, axis=-1) -> gamma = scale(axis=2) -> parameter = scale(0.5)
        slice(axis=1, start=0, stop=1) -> flatten -> head = linear(2)
    """,
    "channels_last": """
        input x: [N, 4, H, W]
        add {
            | identity
            | permute([0, 2, 3, 1]) -> layer_norm -> linear(8, axis=-1) -> gelu -> linear(4, axis=3, bias=false)
              permute([0, 3, 1, 2])
        }
        reshape([in.channels, 1, in.height, in.width]) -> permute([0, 2, 3, 4, 1]) -> linear(3, axis=4) -> relu
        mean([1, 2, 3]) -> linear(2, axis=1)
    """,
    "chunks": """
        input x: [N, 8, H, W]
        conv(12, kernel=1)
        a, b, c = chunk(3)
        mul { | a | b -> sigmoid } -> stage = stage(8) -> stage(4)
        d, e = split([1, 3])
        concat { | c | e | d | e -> channel_shuffle(3) }
        last = chunk(1, axis=-2) -> scale
    """,
    "products": """
        input x: [N, L, 6]
        linear(12)
        query, key, value = split([4, 4, 4], axis=2)
        matmul { | matmul(transpose=true) { | query | key } -> softmax(axis=2) | value }
        reshape([in.shape[1], 2, 2]) -> permute([0, 2, 1, 3])
        a, b = chunk(2)
        matmul { | a -> permute([0, 1, 3, 2]) | b }
    """,
    "forms": """
        input x: [N, 4, 7, 6]
        reshape([2, in.channels / 2, in.height, in.width]) -> permute([0, 3, 1, 4, 2]) -> reshape([in.shape[1], 4, -1])
        permute([0, 2, 1, 3]) -> slice(3, start=1) -> slice(axis=2, start=-6, stop=-1, step=2) -> slice(1, step=2)
        reshape([2 * in.height, -1]) -> reshape([-1])
    """,
    "free_forms": """
        input x: [N, 4, H, W]
        reshape([2, in.channels / 2, in.height, in.width]) -> permute([0, 1, 3, 4, 2])
        reshape([-1, in.width, 2]) -> mean(2)
    """,
    "paddings": """
        input x: [N, 2, H, W]
        pad(1) -> pad(0, after=(1, 2), value=0.5) -> pad((2, 1), mode="reflect") -> conv(2, kernel=3)
        pad(2, mode="replicate") -> pad((0, 3), after=0, mode="circular") -> conv(2, kernel=1)
        add {
            | pad(1) -> slice(2, start=1, stop=-1) -> slice(3, start=1, stop=-1)
            | pad(0)
            | wide = pad(1, mode="replicate") -> conv(2, kernel=3)
        }
    """,
    "paddings_1d": """
        input x: [N, 2, L]
        pad(1, value=-1) -> pad(2, after=0, mode="circular") -> pad(1, mode="reflect") -> pad(3, mode="replicate")
    """,
    "upsampling": """
        input x: [N, 2, H, W]
        upsample(2) -> upsample((1, 3)) -> conv(2, kernel=3)
        upsample(2, mode="bilinear") -> up = upsample((2, 1), mode="bilinear", align_corners=true)
        add { | identity | upsample(1) }
    """,
    "upsampling_1d": """
        input x: [N, 2, L]
        upsample(2, mode="linear") -> upsample(3)
    """,
    "upsampling_3d": """
        input x: [N, 2, D, 3, 2]
        upsample(2, mode="trilinear") -> upsample((1, 2, 1)) -> pad(1) -> slice(-1, stop=3)
    """,
    "shuffles": """
        input x: [N, 8, H, W]
        pixel_shuffle(2) -> conv(6, kernel=1) -> channel_shuffle(3) -> pixel_unshuffle(2)
        shuffle = channel_shuffle(2)
        add { | identity | channel_shuffle(4) -> conv(24, kernel=1) }
    """,
    "u_net": """
        input image: [N, 1, 8, 12]
        level(2, 2) -> conv(2, kernel=1)
    """,
}

FORM_BLOCKS = {
    "gates": """
        block squeeze_excite(reduction) {
            mul(broadcast=true) {
                | identity
                | mean([2, 3], keep=true)
                  -> conv(in.channels / reduction, kernel=1) -> silu
                  -> conv(in.channels * reduction, kernel=1) -> sigmoid
            }
        }
    """,
    "chunks": """
        block stage(channels) {
            conv(2 * channels, kernel=1)
            left, right = chunk(2)
            mul { | left -> gelu | right } -> scale(1e-2) -> stochastic_depth(0 if channels == 8 else 0.0)
        }
    """,
    "u_net": """
        block level(depth, channels) {
            conv(channels, kernel=3, padding=1) -> elu
            if depth > 0 {
                concat { | identity | max_pool(2) -> level(depth - 1, 2 * channels) -> upsample(2, mode="bilinear") }
                conv(channels, kernel=3, padding=1) -> silu
            }
        }
    """,
}
