"""Weights in the order in which a kernel reads them."""

from collections.abc import Callable

from torch import Tensor


def version(weight: Tensor) -> int:
    """How often a weight has been changed in place."""
    return 0 if weight.is_inference() else weight._version


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
