"""What can be wrong with a network as a whole: its inputs, outputs and family, and what it claims of itself."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

from archdsl.diagnostics import Problem, listing
from archdsl.sizes.verdict import SETTLE
from archdsl.source import Span


class NoInput(Problem):
    """A network says first what it is given.

    network t {
        relu                 # error[no-input]
        input x: [N, 4]      # good
        relu                 # good
    }
    """

    code = "no-input"
    message = "there is no value to work on yet"

    def help(self) -> str:
        return "declare the input first: input image: [N, 3, 224, 224]"


class MisplacedStatement(Problem):
    """Inputs, outputs and expectations belong to the body of a network.

    input x: [N, 8]
    { output logits = linear(4) }      # error[misplaced-statement]
    output logits = linear(4)          # good
    """

    code = "misplaced-statement"
    message = "{what} belongs {where}"
    what: str
    where: str


class NamelessOutput(Problem):
    """An output has the name of its stage.

    input x: [N, 4]
    output linear(10)               # error[nameless-output]
    output logits = linear(10)      # good
    """

    code = "nameless-output"
    message = "this output has no name"
    stage: str

    def help(self) -> str:
        return f"name its stage: output logits = {self.stage}"


class UnknownInput(Problem):
    """Sizes are given to inputs that the network has.

    input image: [N, 3, H, W]
    conv(8, kernel=3)

    $ archdsl check net.arch --input imge=1x3x224x224       # error[unknown-input]
    $ archdsl check net.arch --input image=1x3x224x224      # good
    """

    code = "unknown-input"
    message = "{network} has no input {name}"
    network: str
    name: str
    near: str

    def help(self) -> str:
        return self.near


class ContractBroken(Problem):
    """A shape written after a stage is a claim, and must be true.

    conv(8, kernel=3) : [N, 8, 32, 32]                 # error[contract-broken]: without padding
    conv(8, kernel=3, padding=1) : [N, 8, 32, 32]      # good
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
        return f"state it behind the input's shape: where {self.condition}" if self.condition else ""

    def cause(self, span: Span) -> Hashable:
        """A block that lost an arm breaks the claims behind all its uses, at the same axis."""
        return (self.block, self.axis) if self.block else None


class ContractUndecided(Problem):
    """Whether a written shape holds for every size could not be decided; unknown is never taken for good.

    input x: [N, A, B]
    relu : [N, A, B * min(1, (A ** 2 + 1 - B ** 3) ** 2)]      # error[contract-undecided]: is A * A + 1 a cube?
    relu : [N, A, B]                                           # good
    """

    code = "contract-undecided"
    message = "whether {found} is {claimed} for every size is not known"
    found: str
    claimed: str

    def help(self) -> str:
        return SETTLE


class ExpectationFailed(Problem):
    """An `expect` is a test that lives in the spec.

    conv(8, kernel=3)
    expect params == 61_706      # error[expectation-failed]
    expect params == 1_088       # good
    """

    code = "expectation-failed"
    message = "{claim} does not hold"
    label = "{found}"
    claim: str
    found: str
    clause: str = ""
    family: str = ""

    def help(self) -> str:
        return f"state it behind the input's shape: where {self.clause}" if self.clause else ""

    def cause(self, span: Span) -> Hashable:
        """Networks that are made from one another fail what they all expect together."""
        return (self.family, self.found.partition(" is ")[0] or self.claim) if self.family else None


class WhereBroken(Problem):
    """Sizes that are given must be sizes that the input states.

        input image: [N, 1, H, W] where H % 16 == 0
        conv(8, kernel=3)

        $ archdsl check net.arch --input image=1x1x100x100      # error[where-broken]
        $ archdsl check net.arch --input image=1x1x96x100       # good

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
    input image: [N, 3, H, W] where H <= 64      # good
    repeat 5 { max_pool(2) }
    """

    code = "nothing-fits"
    message = "no {sizes} allowed: {needed}its input states {stated}"
    names: tuple[str, ...]
    needed: str
    stated: str

    def facts(self) -> Mapping[str, object]:
        sizes = f"{listing(self.names, 'and')} {'is' if len(self.names) == 1 else 'are'}"
        needed = f"the network needs {self.needed}, and " if self.needed else ""
        return {"sizes": sizes, "needed": needed, "stated": self.stated}

    @property
    def apart(self) -> Hashable:
        return self.names

    def help(self) -> str:
        return "relax the where clause" + (", or use fewer or smaller windows" if self.needed else "")


class UnknownNetwork(Problem):
    """The target names a network that the file does not have.

    network LeNet { input image: [N, 1, 28, 28]
        flatten -> linear(10) }

    $ archdsl check net.arch:Lenet      # error[unknown-network]
    $ archdsl check net.arch:LeNet      # good
    """

    code = "unknown-network"
    message = "there is no network {name} in this file"
    name: str
    hint: str

    def help(self) -> str:
        return self.hint


class MadeFromItself(Problem):
    """A network is made from another, and at last from one with a body.

    network A = B                    # error[made-from-itself]
    network A { input x: [N, 4]      # good
        linear(3) }                  # good
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
    """A file that is checked or compiled holds a network.

    block head(classes) { linear(classes) }
    network t { input x: [N, 4]      # good
        head(10) }                   # good

    >>> archdsl.load("net.arch")      # error[no-network]
    >>> archdsl.load("net.arch")      # good
    """

    code = "no-network"
    message = "there is no network in this file"

    def help(self) -> str:
        return "a spec starts with network Name { … }, and the network with input image: [N, 1, 28, 28]"


class BadImport(Problem):
    """An import names a spec below the project's root, and names in it.

    # blocks.arch
    block basic(features) { linear(features) -> relu }

    # net.arch
    from "block.arch" import basic       # error[bad-import]
    from "blocks.arch" import basic      # good
    network t { input x: [N, 4]
        basic(3) }
    """

    code = "bad-import"
    message = "{path} cannot be imported: {reason}"
    path: str
    reason: str
    near: str = ""

    def help(self) -> str:
        return self.near
