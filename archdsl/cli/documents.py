"""Documents for programs: JSON in ASCII, whose strings hold nothing that the log it may stand in acts on."""

from __future__ import annotations

import json
from typing import Any


def document(content: Any) -> str:
    """Data as JSON. Services look for `##[` anywhere in a line; in JSON two such signs stand in strings alone."""
    return json.dumps(content, indent=2).replace("##", "#\\u0023")
