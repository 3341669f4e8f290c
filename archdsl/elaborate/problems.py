"""What can be wrong with the stages of a spec: names, arguments, numbers, arms."""

from __future__ import annotations

from collections.abc import Hashable

from archdsl.diagnostics import Edit, Problem, item, respelled
from archdsl.sizes.shape import Shape
from archdsl.source import Span


class UnknownName(Problem):
    """Every name is an op, a block, a parameter, a named value or a function of the language.

    rellu      # error[unknown-name]
    relu       # good
    """

    code = "unknown-name"
    message = "nothing is named {name}"
    name: str
    near: str = ""
    declare: str = ""

    def help(self) -> str:
        return self.near or self.declare

    def cause(self, span: Span) -> Hashable:
        """A name that nothing is like may be two things in two items; one that is misspelt is one thing."""
        return self.name, self.near or item(span)

    def leads(self, span: Span) -> Hashable:
        return item(span), self.name

    def repair(self, span: Span) -> tuple[Edit, ...]:
        return respelled(self.name, self.near, span)


class NameTaken(Problem):
    """One name, one thing, in one scope.

    input x: [N, 4]
    fc = linear(3)
    fc = linear(3)       # error[name-taken]
    fc2 = linear(3)      # good
    """

    code = "name-taken"
    message = "the name {name} is taken"
    label = "{name} again"
    name: str
    in_loop: bool = False

    def help(self) -> str:
        return f"put the counter of the loop into the name: {self.name}{{i}}" if self.in_loop else "choose another name"


class BadName(Problem):
    """A layer's name is made of letters, digits and underscores, and is not the name of a hidden thing of Python's.

    "a.b" = relu      # error[bad-name]
    a_b = relu        # good
    """

    code = "bad-name"
    message = "{name} cannot name a layer"
    name: str

    def help(self) -> str:
        return "use letters, digits and underscores"


class UnknownArgument(Problem):
    """An argument given by name must be one that the op or the block has.

    conv(8, kernal=3)      # error[unknown-argument]
    conv(8, kernel=3)      # good
    """

    code = "unknown-argument"
    message = "{callee} has no argument {name}"
    callee: str
    name: str
    near: str = ""

    def help(self) -> str:
        return self.near

    def cause(self, span: Span) -> Hashable:
        return self.callee, self.name

    @property
    def follows(self) -> Hashable:
        """Where the body of what is called speaks of the name as well, its parameter is what is missing."""
        return self.callee, self.name

    def repair(self, span: Span) -> tuple[Edit, ...]:
        return respelled(self.name, self.near, span)


class MissingArgument(Problem):
    """Arguments without a default must be given.

    conv(8)                # error[missing-argument]
    conv(8, kernel=3)      # good
    """

    code = "missing-argument"
    message = "{callee} needs {names}"
    callee: str
    names: str
    usage: str

    def help(self) -> str:
        return self.usage


class TooManyArguments(Problem):
    """More arguments than the op or the block has.

    relu(1)      # error[too-many-arguments]
    relu         # good
    """

    code = "too-many-arguments"
    message = "{callee} takes {most}, and gets {given}"
    callee: str
    most: str
    given: int
    usage: str

    def help(self) -> str:
        return self.usage


class ArgumentTwice(Problem):
    """An argument is given once.

    conv(8, 3, kernel=3)      # error[argument-twice]
    conv(8, kernel=3)         # good
    """

    code = "argument-twice"
    message = "{name} is given twice"
    name: str
    usage: str

    def help(self) -> str:
        return f"remove one of the two; {self.usage}"


class PositionAfterName(Problem):
    """Arguments by position come before those by name.

    conv(kernel=3, 8)      # error[position-after-name]
    conv(8, kernel=3)      # good
    """

    code = "position-after-name"
    message = "an argument by position follows one by name"

    def help(self) -> str:
        return "put it first, or give it its name"


class WrongType(Problem):
    """A value of another kind is needed.

    conv(8, kernel="big")      # error[wrong-type]
    conv(8, kernel=7)          # good
    """

    code = "wrong-type"
    message = "{what} must be {expected}, and is {found}"
    what: str
    expected: str
    found: str
    hint: str = ""

    def help(self) -> str:
        return self.hint


class OutOfRange(Problem):
    """A number is too small or too large for what it says.

    conv(8, kernel=0)      # error[out-of-range]: at least 1
    conv(8, kernel=1)      # good
    """

    code = "out-of-range"
    message = "{what} must be {bounds}, and is {found}"
    what: str
    bounds: str
    found: str
    hint: str = ""

    def help(self) -> str:
        return self.hint


class UnevenDivision(Problem):
    """`/` comes out even where a whole number is needed; `//`, `ceil(…)` and `floor(…)` round.

    conv(in.channels / 2, kernel=1)       # error[uneven-division]: for 15 channels
    conv(in.channels // 2, kernel=1)      # good
    """

    code = "uneven-division"
    message = "{numerator} / {divisor} does not come out even"
    numerator: str
    divisor: str

    written: str = ""

    def help(self) -> str:
        written = self.written or f"{self.numerator} / {self.divisor}"
        if "/" not in written:
            return f"round it: floor({written}), or ceil({written})"
        return f"round it: {written.replace('/', '//')}, or ceil({written})"


class DivisionByZero(Problem):
    """Nothing can be divided by zero.

    conv(8 / 0, kernel=1)      # error[division-by-zero]
    conv(8 / 2, kernel=1)      # good
    """

    code = "division-by-zero"
    message = "division by zero"


class TooLarge(Problem):
    """A number with a point, or a formula for a size, grows past any use.

    dropout(2.0 ** 5000)      # error[too-large]
    dropout(0.5)              # good
    """

    code = "too-large"
    message = "{what} is larger than {limit}"
    what: str
    limit: str


class EndlessRecursion(Problem):
    """A block that calls itself with the same arguments on the same shapes never ends.

    block again { again }                                          # error[endless-recursion]
    block again(n) { if n > 0 { linear(n) -> again(n - 1) } }      # good

    network t {
        input x: [N, 4]
        again         # bad
        again(3)      # good
    }
    """

    code = "endless-recursion"
    message = "{name} calls itself with the same arguments on the same shapes"
    name: str

    def help(self) -> str:
        return "a recursion needs a parameter that shrinks and an if that ends it"


class NoSuchItem(Problem):
    """An index must lie inside its list.

    conv([64, 128][2], kernel=3)      # error[no-such-item]
    conv([64, 128][1], kernel=3)      # good
    """

    code = "no-such-item"
    message = "there is no item {index} in a list of {length}"
    index: int
    length: int

    def help(self) -> str:
        return f"items count from 0; the last of these is {self.length - 1}" if self.length else ""


class CannotUnpack(Problem):
    """A loop over several names needs items of as many parts.

    for (n, channels) in [64, 128] { conv(channels, kernel=n) }                # error[cannot-unpack]
    for (n, channels) in [(1, 64), (3, 128)] { conv(channels, kernel=n) }      # good
    """

    code = "cannot-unpack"
    message = "{found} does not unpack into {count} names"
    found: str
    count: int
    hint: str = ""

    def help(self) -> str:
        return self.hint


class NotALayer(Problem):
    """A stage is an op, a block, a shared layer or a named value.

    network t(depth=3) {
        input x: [N, 4]
        depth                                   # error[not-a-layer]
        repeat depth { linear(4) -> relu }      # good
    }
    """

    code = "not-a-layer"
    message = "{name} is {found}, not {wanted}"
    name: str
    found: str
    hint: str = ""
    wanted: str = "a layer"

    def help(self) -> str:
        return self.hint


class NeedsArms(Problem):
    """A join takes its values from arms.

    add                            # error[needs-arms]
    add { | relu | identity }      # good
    """

    code = "needs-arms"
    message = "{op} joins arms, and has none here"
    op: str
    arms: str

    def help(self) -> str:
        return f"write {self.op} {{ | {self.arms} }}"


class WrongArms(Problem):
    """Some joins take a fixed number of arms: `sub` takes from its first arm the second.

    sub { | identity | relu | tanh }      # error[wrong-arms]
    sub { | identity | relu }             # good
    """

    code = "wrong-arms"
    message = "{name} joins {wanted} arms, and gets {found}"
    name: str
    wanted: int
    found: int

    def help(self) -> str:
        if self.found < self.wanted:
            return "an empty arm, or identity, passes the value through: | identity"
        return f"nest them: {self.name} {{ | {self.name} {{ | … | … }} | … }}"


class NoArms(Problem):
    """Only joins have arms.

    conv(8, kernel=3) { | relu }      # error[no-arms]
    conv(8, kernel=3) -> relu         # good
    """

    code = "no-arms"
    message = "{name} takes no arms"
    name: str
    joins: str

    def help(self) -> str:
        return f"{self.joins} join arms"


class CannotName(Problem):
    """Repetition and choice have no name of their own; a group has.

    body = repeat 3 { relu }          # error[cannot-name]
    body = { repeat 3 { relu } }      # good
    """

    code = "cannot-name"
    message = "{what} cannot have a name"
    what: str

    def help(self) -> str:
        return "name a group around it: name = { … }"


class NotDecided(Problem):
    """A choice made when compiling cannot depend on a size that is known only when the network runs.

    input image: [N, 3, H, W]
    if in.height > 7 { relu }        # error[not-decided]: H is free
    if in.channels > 2 { relu }      # good
    """

    code = "not-decided"
    message = "{condition} depends on sizes that are known only when the network runs"
    condition: str
    clause: str = ""

    def help(self) -> str:
        stated = f", state behind its shape where {self.clause}," if self.clause else ","
        return f"fix the input's sizes{stated} or decide by a parameter"


class NotShared(Problem):
    """A shared layer has one set of weights, so every value that it is applied to must fit them.

    input x: [N, 8]
    shared head = linear(4)
    head -> head                   # error[not-shared]: 8 features come in, then 4
    head -> linear(8) -> head      # good
    """

    code = "not-shared"
    message = "{name} was first applied to {first}, and its weights do not fit {found}"
    name: str
    first: str
    found: str


class FreeWeight(Problem):
    """Weights have fixed sizes: what a layer learns must be known before the network runs.

    input image: [N, C, 32, 32]      # bad
    input image: [N, 3, 32, 32]      # good
    conv(8, kernel=3)                # error[free-weight]: C channels come in
    conv(8, kernel=3)                # good
    """

    code = "free-weight"
    message = "the {weight} of this {op} would have the shape {found}, which is not fixed"
    op: str
    weight: str
    found: str
    free: str
    slid: Shape | None
    body: str

    def help(self) -> str:
        dims = self.slid.dims if self.slid else ()
        if len(dims) == 3 and str(dims[1]) == self.free and isinstance(dims[2], int):
            return f"{self.free} stands where channels do; permute([0, 2, 1]) -> {self.op}(…) goes along {self.free}"
        return f"write a number for {self.free} in the shape of the input; sizes that no weight has can stay free"

    def cause(self, span: Span) -> Hashable:
        """Arms that are given one value of the wrong form all fail for it."""
        return (self.body, self.free, self.slid)
