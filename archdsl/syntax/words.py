"""The words of the language, which are never names: quotes make a name of any of them."""

RESERVED = frozenset(
    (
        *("network", "block", "fn", "from", "import", "input", "output", "where", "expect", "shared"),
        *("inline", "repeat", "for", "in", "if", "else", "with", "and", "or", "not", "true", "false", "none"),
    )
)
