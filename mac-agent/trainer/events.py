"""Progress as one JSON object a line on stdout, and logs on stderr.

The agent parses stdout strictly, so nothing else may print there.
"""

from __future__ import annotations

import json
import math
import sys
from typing import Any


def finite(value: float) -> float | None:
    """JSON has no NaN or infinity; both become null."""
    return value if math.isfinite(value) else None


def emit(event: str, **fields: Any) -> None:
    sys.stdout.write(json.dumps({"event": event, **fields}, allow_nan=False) + "\n")
    sys.stdout.flush()


def log(message: str) -> None:
    sys.stderr.write(f"trainer: {message}\n")
    sys.stderr.flush()
