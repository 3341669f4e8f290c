"""What an op is: a frozen record of attributes that knows its meaning and nothing of how it is computed.

A subclass is one op of the language. Its docstring is its manual page and starts with an example; its fields are its
arguments, in the order in which a spec may give them; `infer`, `params` and `macs` say what it does to shapes, what it
learns and what it costs. Ops know no spans: what they refuse they refuse with a `Rejected` that names the argument.
How an op runs is said once per backend, in `backends/*/`, keyed by its class.

Whatever else is true of an op (that it does nothing in evaluation, that it is an activation, which values it can leave)
is a trait, declared in its class. Lints, passes, analyses, pictures and backends ask the op, and list no names.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from math import inf
from typing import Any, ClassVar, Literal, TypeAlias

from archdsl.diagnostics import Problem, listing
from archdsl.ops.chapters import Chapter
from archdsl.ops.init import Init
from archdsl.ops.sight import Shapes, Sight, Sights, each_place
from archdsl.record import REQUIRED, Record, spec
from archdsl.sizes.dim import Dim
from archdsl.sizes.fact import Fact
from archdsl.sizes.prove import NOTHING_KNOWN, Known
from archdsl.sizes.shape import Kind, Shape

Size: TypeAlias = "tuple[int, ...]"
"""One integer for each spatial axis; a spec may write one integer for all of them."""

Integers: TypeAlias = "tuple[int, ...]"
"""As many integers as a spec writes; it may write a single one without brackets."""

Floats: TypeAlias = "tuple[float, ...]"
"""A list of numbers; a spec may write a single one without brackets."""


class Rejected(Exception):
    """An op's refusal: what is wrong, and which argument is to blame (`at`; None blames the op as a whole)."""

    def __init__(self, problem: Problem, at: str | None = None) -> None:
        super().__init__(problem.text)
        self.problem = problem
        self.at = at


class WrongRank(Problem):
    """The op works on values with another number of axes.

    input image: [N, 3, 32, 32]
    linear(10)                 # error[wrong-rank]
    flatten -> linear(10)      # good
    """

    code = "wrong-rank"
    message = "{op} takes {expected}, and gets {shape}"
    label = "gets {shape}"
    op: str
    expected: str
    shape: Shape
    hint: str = ""

    def help(self) -> str:
        return self.hint


class WrongKind(Problem):
    """The op works on other numbers: real ones, or whole ones such as the numbers of words.

    input tokens: int [N, T]
    linear(10)                             # error[wrong-kind]
    embedding(1000, 64) -> linear(10)      # good
    """

    code = "wrong-kind"
    message = "{op} takes {expected} numbers, and gets {found} ones"
    label = "gets {shape}"
    op: str
    expected: str
    found: str
    shape: Shape

    def help(self) -> str:
        if self.expected == "whole":
            return "declare the input as whole numbers: input tokens: int [N, T]"
        return "embedding(count, features) turns whole numbers into vectors"


class Param(Record):
    """One tensor that a layer owns.

    A buffer (`trainable=False`) is saved with the weights and not learned.
    """

    shape: tuple[Dim, ...]
    init: Init
    trainable: bool = True
    kind: Literal["float", "int"] = "float"


Params: TypeAlias = "dict[str, Param]"


class Window(Record):
    """What a layer sees of its input along each spatial axis: for receptive fields and for lints."""

    kernel: Size
    stride: Size
    padding: Size
    dilation: Size


Needs: TypeAlias = 'tuple[Literal["input", "result"], ...]'
"""Which values of an op its gradients are computed from, besides its weights and the gradient of its result."""

INPUT: Needs = ("input",)
RESULT: Needs = ("result",)
NEITHER: Needs = ()


class Curve(Record):
    """What is known of a function of one number.

        Curve(lowest=0, identity=(0, inf), flat_below=0, is_monotone=True)      # max(x, 0)

    It leaves numbers from `lowest` to `highest`. Those in the range `identity` it leaves as they are; for all up to
    `flat_below` it leaves the same; `is_monotone` says that it never leaves less for the larger one of two.
    """

    lowest: float = -inf
    highest: float = inf
    identity: tuple[float, float] | None = None
    flat_below: float | None = None
    is_monotone: bool = False


UNKNOWN = Curve()


class Attribute(Record):
    """One argument of an op, as a spec and the manual see it."""

    name: str
    kind: str
    default: Any
    at_least: float | None
    at_most: float | None
    choices: tuple[str, ...]
    doc: str

    @property
    def required(self) -> bool:
        return self.default is REQUIRED


def attribute(
    default: Any = REQUIRED,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    choices: tuple[str, ...] = (),
    doc: str = "",
) -> Any:
    """A field of an op: its default, its range, and a line for the manual.

    stride: Size = attribute(1, at_least=1, doc="rows and columns from one window to the next")
    """
    return spec(default=default, at_least=at_least, at_most=at_most, choices=choices, doc=doc)


RANKS = {2: "[batch, features]", 3: "[batch, channels, length]", 4: "[batch, channels, rows, columns]"}
RANKS[5] = "[batch, channels, depth, rows, columns]"


def flattened(shape: Shape) -> str:
    """What to do with features where an image belongs."""
    return "it slides over images: put it before flatten" if shape.rank == 2 else ""


WORDS: Mapping[str, str] = {"float": "real", "int": "whole"}


class Op(Record):
    """The base of all ops.

    `arity` is how many values the op takes ("many" for joins such as add), `ranks` the numbers of axes that it accepts
    (empty for any) and `layouts` what these are called, `takes` the kind of numbers (what only moves them takes any),
    `chapter` its chapter in the manual, `sign` what a picture writes in its place, `names_elsewhere` what other
    libraries call it. `sized_elsewhere` is for ops to which other libraries give the size of what comes in first: from
    how many arguments on they do so.

    The rest are traits, false unless an op says otherwise:

    - `is_view`: it writes no memory;
    - `is_random`: it draws numbers in training;
    - `is_noop_in_evaluation`: in evaluation it leaves what it is given;
    - `is_pointwise`: it applies one function to each number by itself, wherever that stands, and has no weights;
    - `is_activation`: it stands between linear layers, so that they are not one, or makes probabilities at the end;
    - `is_norm`: it brings values to one scale, so that a norm behind it has nothing left to do;
    - `has_batch_statistics`: in training it depends on the mean and the variance of each channel over the batch;
    - `is_regularizer`: in training it zeroes values at random with probability `p`, and scales the others;
    - `is_constant`: what it leaves depends on its weights alone, and for each sample is the same;
    - `is_idempotent`: applied twice it leaves what it leaves when applied once;
    - `makes_probabilities`: along one axis what it leaves are probabilities, or their logarithms;
    - `takes_equal_arms`: joining a value with itself can be meant, as its product with itself is its square;
    - `proves`: its rule for shapes has to prove something of free sizes, and takes what is known of them.
    """

    name: ClassVar[str]
    chapter: ClassVar[Chapter]
    arity: ClassVar[int | Literal["many"]] = 1
    ranks: ClassVar[tuple[int, ...]] = ()
    layouts: ClassVar[Mapping[int, str]] = RANKS
    takes: ClassVar[Kind | Literal["any"]] = "float"
    sign: ClassVar[str] = ""
    names_elsewhere: ClassVar[tuple[str, ...]] = ()
    sized_elsewhere: ClassVar[int | None] = None

    is_view: ClassVar[bool] = False
    is_random: ClassVar[bool] = False
    is_noop_in_evaluation: ClassVar[bool] = False
    is_pointwise: ClassVar[bool] = False
    is_activation: ClassVar[bool] = False
    is_norm: ClassVar[bool] = False
    has_batch_statistics: ClassVar[bool] = False
    is_regularizer: ClassVar[bool] = False
    is_constant: ClassVar[bool] = False
    is_idempotent: ClassVar[bool] = False
    makes_probabilities: ClassVar[bool] = False
    takes_equal_arms: ClassVar[bool] = False
    proves: ClassVar[bool] = False

    @classmethod
    @cache
    def attributes(cls) -> Mapping[str, Attribute]:
        """The op's arguments by name, in the order of the fields."""
        return {
            name: Attribute(name, cls._kinds[name], cls._defaults.get(name, REQUIRED), **cls._facts[name])
            for name in cls._fields
        }

    @classmethod
    def accepts(cls, shape: Shape) -> None:
        """Reject a value of the wrong kind of numbers, or with the wrong number of axes."""
        if shape.kind != cls.takes != "any" and not cls.is_view:
            raise Rejected(WrongKind(cls.name, WORDS[cls.takes], WORDS[shape.kind], shape))
        if cls.ranks and shape.rank not in cls.ranks:
            expected = listing(cls.layouts.get(rank, f"{rank} axes") for rank in cls.ranks)
            raise Rejected(WrongRank(cls.name, expected, shape, cls.rank_hint(shape)))

    @classmethod
    def rank_hint(cls, shape: Shape) -> str:
        """How to make a value of the wrong rank fit."""
        return ""

    # Each op takes as many shapes as it takes values; `*xs: Any, **_: Any` lets its rules say so in their signatures.

    def infer(self, *xs: Any, **_: Any) -> Shape | tuple[Shape, ...]:
        """The shape that the op leaves; a tuple where it leaves several values."""
        raise AssertionError(f"{self.name} has no shape rule")

    def outputs(self, *xs: Shape, known: Known = NOTHING_KNOWN) -> tuple[Shape, ...]:
        """The shapes of all that the op leaves; `known` is what its rule may use where it has to prove something."""
        left = self.infer(*xs, known=known) if self.proves else self.infer(*xs)
        return (left,) if isinstance(left, Shape) else left

    def needs(self, *xs: Any, **_: Any) -> tuple[Fact, ...]:
        """What must hold of free sizes, beyond that the values the op leaves have at least one element."""
        return ()

    def params(self, *xs: Any, **_: Any) -> Params:
        """The tensors that the op owns, in torch's order, for inputs of these shapes."""
        return {}

    def macs(self, *xs: Any, **_: Any) -> Dim:
        """Multiply-adds of one forward pass, counted for convolutions and matrix products."""
        return 0

    @property
    def window(self) -> Window | None:
        """What each output sees of the input, or None for ops that don't slide."""
        return None

    # Traits that depend on the arguments, or on the shapes of what comes in.

    @property
    def gradient_needs(self) -> Needs:
        """Which values the gradients of the op, those of its weights too, can be computed from.

        Relu().gradient_needs      # ("result",): it is 0 where the result is
        """
        return INPUT

    @property
    def curve(self) -> Curve:
        """What is known of the op as a function of a number; for ops that mix numbers, only what it can leave."""
        return UNKNOWN

    def is_noop(self, x: Shape, y: Shape) -> bool:
        """Whether the op, where it leaves a value of shape `y` of one of shape `x`, leaves all numbers as they are."""
        return False

    def is_samplewise(self, *xs: Any) -> bool:
        """Whether each sample of the batch is treated by itself in evaluation, for inputs of these shapes."""
        return True

    def leaves_fresh_value(self, *xs: Any) -> bool:
        """Whether what the op leaves is memory of its own, which nobody else reads, for inputs of these shapes."""
        return not self.is_view and not self.is_noop_in_evaluation

    def feature_axis(self, x: Shape) -> int | None:
        """The axis along which a layer computes new features, each a weighted sum of old ones and perhaps an offset.

        None for what is no learned linear map.

            Linear(10).feature_axis(x)      # 2 for [N, T, 64]
        """
        return None

    def sees(self, xs: Shapes, ys: Shapes, seen: Sights) -> Sights:
        """What the values that the op leaves see along one axis of the network's input, by what its inputs see.

        In evaluation, through any path and any channel. The rule of a new op is needed where the op is not pointwise.
        """
        if self.is_pointwise or self.is_noop_in_evaluation:
            return each_place(self, xs, ys, seen)
        return (Sight.NOTHING if set(seen) <= {Sight.NOTHING} else Sight.UNKNOWN,) * len(ys)
