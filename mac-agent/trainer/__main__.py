"""Command line of the trainer: ``python -m trainer train|pretrain|import-gguf|convert-embedding``.

Turns outcomes into exit statuses: 0 done (also a refused candidate), 1 an ``error`` event, 2 wrong
usage, 75 interrupted by SIGTERM with a checkpoint saved.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from .errors import Interrupted, TrainerError
from .events import emit, log

INTERRUPTED = 75
DEFAULT_SYSTEM = "You are Agent Bruno, a helpful SRE assistant. Answer briefly."


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="trainer", description=__doc__.split("\n", 1)[0] if __doc__ else None)
    commands = parser.add_subparsers(dest="command", required=True)
    train = commands.add_parser("train", help="run a training job")
    train.add_argument("job", type=Path)
    pretrain = commands.add_parser("pretrain", help="make a tiny base from a bank of facts")
    pretrain.add_argument("--bank", type=Path, required=True)
    pretrain.add_argument("--out", type=Path, required=True)
    pretrain.add_argument("--seed", type=int, required=True)
    pretrain.add_argument("--name", help="default: the folder's name")
    pretrain.add_argument("--system", default=DEFAULT_SYSTEM)
    gguf = commands.add_parser("import-gguf", help="make a base from a GGUF file")
    gguf.add_argument("source", type=Path)
    gguf.add_argument("out", type=Path)
    gguf.add_argument("--name", required=True)
    embedding = commands.add_parser("convert-embedding", help="make an embedding GGUF")
    embedding.add_argument("source", type=Path)
    embedding.add_argument("out", type=Path)
    return parser


def dispatch(options: argparse.Namespace) -> None:
    # Imported only now, so that usage errors and bad jobs are quick and need no MLX.
    if options.command == "train":
        from .config import read_job

        job, raw = read_job(options.job)
        from .run import run_job

        run_job(job, raw)
    elif options.command == "pretrain":
        from .pretrain import pretrain

        name = options.name or options.out.resolve().name
        pretrain(options.bank, options.out, name, options.seed, options.system)
    elif options.command == "import-gguf":
        from .gguf_import import import_gguf

        import_gguf(options.source, options.out, options.name)
    else:
        from .embedding import convert_embedding

        convert_embedding(options.source, options.out)


def main() -> int:
    options = arguments().parse_args()
    if sys.platform == "linux":
        os.environ.setdefault("MLX_DISABLE_COMPILE", "1")  # else MLX calls a C++ compiler at run time
    try:
        dispatch(options)
    except Interrupted as stop:
        emit("interrupted", phase=stop.phase, step=stop.step, path=str(stop.path) if stop.path else None)
        return INTERRUPTED
    except TrainerError as error:
        emit("error", code=error.code, message=error.message)
        return 1
    except Exception as error:  # noqa: BLE001 - a fault of ours: keep the trace, tell the agent
        import traceback

        log(traceback.format_exc())
        emit("error", code="internal", message=f"{type(error).__name__}: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
