"""What can be wrong with the meaning of a spec: names, arguments, numbers, places."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

from archdsl.diagnostics import Edit, Problem, item, respelled
from archdsl.source import Span


class UnknownName(Problem):
    """Every name is an op, a block, a parameter, a named value or a function of the language.

    network t { input x: [N, 4]
        rellu }      # error[unknown-name]: did you mean relu?
    """

    code = "unknown-name"
    message = "nothing is named {name}"
    name: str
    near: str = ""

    def help(self) -> str:
        return self.near

    def cause(self, span: Span) -> Hashable:
        """A name that nothing is like may be two things in two items; one that is misspelt is one thing."""
        return self.name, self.near or item(span)

    def repair(self, span: Span) -> tuple[Edit, ...]:
        return respelled(self.name, self.near, span)


class NameTaken(Problem):
    """One name, one thing, in one scope.

    network t { input x: [N, 4]
        fc = linear(3)
        fc = linear(3) }      # error[name-taken]
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
    """

    code = "bad-name"
    message = "{name} cannot name a layer"
    name: str

    def help(self) -> str:
        return "use letters, digits and underscores"


class UnknownArgument(Problem):
    """An argument given by name must be one that the op or the block has.

    conv(8, kernal=3)      # error[unknown-argument]: did you mean kernel?
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

    def repair(self, span: Span) -> tuple[Edit, ...]:
        return respelled(self.name, self.near, span)


class MissingArgument(Problem):
    """Arguments without a default must be given.

    conv(8)      # error[missing-argument]: kernel
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
    """

    code = "position-after-name"
    message = "an argument by position follows one by name"

    def help(self) -> str:
        return "put it first, or give it its name"


class WrongType(Problem):
    """A value of another kind is needed.

    conv(8, kernel="big")      # error[wrong-type]
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
    """

    code = "out-of-range"
    message = "{what} must be {bounds}, and is {found}"
    what: str
    bounds: str
    found: str


class UnevenDivision(Problem):
    """`/` comes out even where a whole number is needed; `//`, `ceil(…)` and `floor(…)` round.

    conv(in.channels / 2, kernel=1)      # error[uneven-division] for 15 channels
    """

    code = "uneven-division"
    message = "{numerator} / {divisor} does not come out even"
    numerator: str
    divisor: str

    written: str = ""

    def help(self) -> str:
        written = self.written or f"{self.numerator} / {self.divisor}"
        return f"round it: {written.replace('/', '//')}, or ceil({written})"


class DivisionByZero(Problem):
    """Nothing can be divided by zero.

    conv(8 / 0, kernel=1)      # error[division-by-zero]
    """

    code = "division-by-zero"
    message = "division by zero"


class TooLarge(Problem):
    """A number with a point, or a formula for a size, grows past any use.

    dropout(2.0 ** 5000)      # error[too-large]
    """

    code = "too-large"
    message = "{what} is larger than {limit}"
    what: str
    limit: str


class EndlessRecursion(Problem):
    """A block that calls itself with the same arguments on the same shapes never ends.

    block again { again }      # error[endless-recursion]

    network t {
        input x: [N, 4]
        again
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
    """

    code = "no-such-item"
    message = "there is no item {index} in a list of {length}"
    index: int
    length: int

    def help(self) -> str:
        return f"items count from 0; the last of these is {self.length - 1}" if self.length else ""


class CannotUnpack(Problem):
    """A loop over several names needs items of as many parts.

    for (n, channels) in [64, 128] { conv(channels, kernel=n) }      # error[cannot-unpack]
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

    network t(depth=3) { input x: [N, 4]
        depth }      # error[not-a-layer]
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

    add      # error[needs-arms]: add { | … | identity }
    """

    code = "needs-arms"
    message = "{op} joins arms, and has none here"
    op: str

    def help(self) -> str:
        return f"write {self.op} {{ | … | identity }}"


class WrongArms(Problem):
    """Some joins take a fixed number of arms: `sub` takes from its first arm the second.

    sub { | identity | relu | tanh }      # error[wrong-arms]
    """

    code = "wrong-arms"
    message = "{name} joins {wanted} arms, and gets {found}"
    name: str
    wanted: int
    found: int

    def help(self) -> str:
        return "" if self.found > 1 else "an empty arm, or identity, passes the value through: | identity"


class NoArms(Problem):
    """Only joins have arms.

    conv(8, kernel=3) { | relu }      # error[no-arms]
    """

    code = "no-arms"
    message = "{name} takes no arms"
    name: str
    joins: str

    def help(self) -> str:
        return f"{self.joins} join arms"


class NoInput(Problem):
    """A network says first what it is given.

    network t { relu }      # error[no-input]
    """

    code = "no-input"
    message = "there is no value to work on yet"

    def help(self) -> str:
        return "declare the input first: input image: [N, 3, 224, 224]"


class MisplacedStatement(Problem):
    """Inputs, outputs and expectations belong to the body of a network.

    { output logits = linear(4) }      # error[misplaced-statement]
    """

    code = "misplaced-statement"
    message = "{what} belongs {where}"
    what: str
    where: str


class NamelessOutput(Problem):
    """An output has the name of its stage.

    input x: [N, 4]
    output linear(10)      # error[nameless-output]: output logits = linear(10)
    """

    code = "nameless-output"
    message = "this output has no name"
    stage: str

    def help(self) -> str:
        return f"name its stage: output logits = {self.stage}"


class UnknownInput(Problem):
    """Sizes are given to inputs that the network has.

    archdsl check net.arch --input imge=1x3x224x224
    """

    code = "unknown-input"
    message = "{network} has no input {name}"
    network: str
    name: str
    near: str

    def help(self) -> str:
        return self.near


class CannotName(Problem):
    """Repetition and choice have no name of their own; a group has.

    body = repeat 3 { relu }      # error[cannot-name]: body = { repeat 3 { relu } }
    """

    code = "cannot-name"
    message = "{what} cannot have a name"
    what: str

    def help(self) -> str:
        return "name a group around it: name = { … }"


class NotDecided(Problem):
    """A choice made when compiling cannot depend on a size that is known only when the network runs.

    input image: [N, 3, H, W]
    if in.height > 7 { relu }      # error[not-decided]: H is free
    """

    code = "not-decided"
    message = "{condition} depends on sizes that are known only when the network runs"
    condition: str

    def help(self) -> str:
        return "fix the input's sizes, or decide by a parameter"


class ContractBroken(Problem):
    """A shape written after a stage is a claim, and must be true.

    conv(8, kernel=3) : [N, 8, 32, 32]      # error[contract-broken] without padding
    """

    code = "contract-broken"
    message = "the value is {found}, not {claimed}"
    label = "{detail}"
    found: str
    claimed: str
    detail: str = ""
    condition: str = ""
    block: str = ""
    axis: int | None = None

    def help(self) -> str:
        stated = self.condition.partition(" or ")[0]
        return f"state it behind the input's shape: where {stated}" if stated else ""

    def cause(self, span: Span) -> Hashable:
        """A block that lost an arm breaks the claims behind all its uses, at the same axis."""
        return (self.block, self.axis) if self.block else None


class ContractUndecided(Problem):
    """Whether a written shape holds for every size could not be decided; unknown is never taken for good."""

    code = "contract-undecided"
    message = "whether {found} is {claimed} for every size is not known"
    found: str
    claimed: str


class ExpectationFailed(Problem):
    """An `expect` is a test that lives in the spec.

    expect params == 61_706      # error[expectation-failed]
    """

    code = "expectation-failed"
    message = "{claim} does not hold"
    label = "{found}"
    claim: str
    found: str
    family: str = ""

    def cause(self, span: Span) -> Hashable:
        """Networks that are made from one another fail what they all expect together."""
        return (self.family, self.found.partition(" is ")[0]) if self.family else None


class WhereBroken(Problem):
    """Sizes that are given must be sizes that the input states.

        input image: [N, 1, 100, W] where 100 % 16 == 0      # error[where-broken]

    More often the sizes come from outside: `--input image=1x1x100x100` for `[N, 1, H, W] where H % 16 == 0`.
    """

    code = "where-broken"
    message = "{clause} does not hold for the sizes given"
    label = "{found}"
    clause: str
    found: str


class NothingFits(Problem):
    """What an input states of its sizes and what the network needs must leave some size.

    input image: [N, 3, H, W] where H <= 16      # error[nothing-fits]: the pooling needs 32 rows
    repeat 5 { max_pool(2) }
    """

    code = "nothing-fits"
    message = "no {name} is allowed: the network needs {name} >= {least}, and its input states {stated}"
    name: str
    least: int
    stated: str

    @property
    def apart(self) -> Hashable:
        return self.name

    def help(self) -> str:
        return "relax the where clause, or use fewer or smaller windows"


class UnknownNetwork(Problem):
    """The target names a network that the file does not have."""

    code = "unknown-network"
    message = "there is no network {name} in this file"
    name: str
    hint: str

    def help(self) -> str:
        return self.hint


class MadeFromItself(Problem):
    """A network is made from another, and at last from one with a body.

    network A = B      # error[made-from-itself]
    network B = A
    """

    code = "made-from-itself"
    message = "{name} is made from itself{way}"
    name: str
    others: str

    def facts(self) -> Mapping[str, object]:
        return {"name": self.name, "way": f", by way of {self.others}" if self.others else ""}

    def help(self) -> str:
        return f"give one of them a body: network {self.name} {{ … }}"


class NoNetwork(Problem):
    """A file that is checked or compiled holds a network."""

    code = "no-network"
    message = "there is no network in this file"

    def help(self) -> str:
        return "a spec starts with network Name { … }, and the network with input image: [N, 1, 28, 28]"


class BadImport(Problem):
    """An import names a spec below the project's root, and names in it.

    from "blocks.arch" import basic
    """

    code = "bad-import"
    message = "{path} cannot be imported: {reason}"
    path: str
    reason: str
    near: str = ""

    def help(self) -> str:
        return self.near


class NotShared(Problem):
    """A shared layer has one set of weights, so every value that it is applied to must fit them.

    input x: [N, 8]
    shared head = linear(4)
    head -> head      # error[not-shared]: 8 features come in, then 4
    """

    code = "not-shared"
    message = "{name} was first applied to {first}, and its weights do not fit {found}"
    name: str
    first: str
    found: str


class FreeWeight(Problem):
    """Weights have fixed sizes: what a layer learns must be known before the network runs.

    input image: [N, C, 32, 32]
    conv(8, kernel=3)      # error[free-weight]: C channels come in
    """

    code = "free-weight"
    message = "the {weight} of this {op} would have the shape {found}, which is not fixed"
    op: str
    weight: str
    found: str

    def help(self) -> str:
        return "write the channels of the input as a number; only the batch and the spatial sizes can be free"
