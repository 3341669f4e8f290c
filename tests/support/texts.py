"""Networks that several tests compile, as texts."""

from __future__ import annotations

ENCODER = """
## Attention, then a small network for each position; each is added to what comes in.
block encoder(heads, width, causal=false) : [N, T, D] -> [N, T, D] {
    add { | identity | self_attention = attention(heads, causal=causal) }
    add { | identity | mlp = { linear(width) -> relu -> linear(D) } }
}

network Sentence {
    input tokens: int [N, T]
    words = embedding(11, 12)
    first = encoder(3, 24)
    second = encoder(2, 24, causal=true)
    head = linear(5)
}
"""

RANDOM = {
    "random_flip": "random_flip",
    "mirror": 'random_flip(axis="vertical")',
    "random_crop": "random_crop(padding=[1, 2])",
    "random_resized_crop": "random_resized_crop",
    "color_jitter": "color_jitter(brightness=0.5, contrast=0.4, saturation=0.3, hue=0.2)",
}

LENET = """
## LeNet-5 on images that are moved a little.
network LeNet {
    input image: [N, 1, 28, 28]
    normalize(0.5, 0.25)
    random_flip -> random_crop(padding=2) -> random_resized_crop(scale=[0.5, 1.0])
    conv1 = conv(6, kernel=5, padding=2) -> sigmoid -> avg_pool(2)
    conv2 = conv(16, kernel=5) -> sigmoid -> avg_pool(2)
    flatten
    fc1 = linear(120) -> sigmoid
    fc2 = linear(84) -> sigmoid
    fc3 = linear(10)
}
"""
