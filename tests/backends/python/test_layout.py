"""Line breaks: where the formatter would have them."""

from __future__ import annotations

from archdsl.backends.python.layout import WIDTH, lines


def test_long_lines_break_at_their_last_bracket() -> None:
    text = f"torch.cat([{', '.join(f'name_{i}' for i in range(30))}], dim=1)"
    broken = list(lines(text, 8, prefix="x = "))
    assert max(map(len, broken)) <= WIDTH
    assert broken[0] == "        x = torch.cat(" and broken[-1] == "        )"
