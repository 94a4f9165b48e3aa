"""The two ways a run ends early: an error with a code, or an interruption with a checkpoint.

Raised anywhere in the trainer, turned into an event and an exit status by ``__main__``.
"""

from __future__ import annotations

from pathlib import Path


class TrainerError(Exception):
    """An expected failure. ``code`` is stable; ``message`` says what to do."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Interrupted(Exception):
    """SIGTERM arrived; everything worth keeping lies in ``path`` (None before the first step)."""

    def __init__(self, phase: str, step: int, path: Path | None) -> None:
        super().__init__(f"interrupted in {phase} at step {step}")
        self.phase = phase
        self.step = step
        self.path = path
