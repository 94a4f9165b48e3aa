"""Makes small variants of a base for the model servers' contract tests; run by contract.ts only.

usage: test_models.py BASE.gguf OUTDIR
Writes one-{adapter,merged}.gguf and two-{...}.gguf, the same change as adapter and merged in, and
foreign-{adapter,merged}.gguf with shapes of another base. The changes are random: they only have to
make two versions answer differently from the base and from each other.
"""

import os
import shutil
import sys

import gguf
import numpy as np

RANK = 4
SCALE = 1.0


def matrices(base, seed):
    """Random LoRA pairs for every attention output, strong enough to change a greedy answer."""
    random = np.random.default_rng(seed)
    pairs = {}
    for tensor in base.tensors:
        if tensor.name.endswith("attn_output.weight"):
            inputs, outputs = (int(size) for size in tensor.shape[:2])
            a = random.standard_normal((RANK, inputs)).astype(np.float32) * 0.13
            b = random.standard_normal((outputs, RANK)).astype(np.float32) * 0.13
            pairs[tensor.name] = (a, b)
    return pairs


def write_adapter(path, pairs):
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", SCALE * RANK)
    for name, (a, b) in pairs.items():
        writer.add_tensor(name + ".lora_a", a)
        writer.add_tensor(name + ".lora_b", b)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def write_merged(source, path, pairs):
    shutil.copyfile(source, path)
    merged = gguf.GGUFReader(path, "r+")
    for tensor in merged.tensors:
        if tensor.name in pairs:
            a, b = pairs[tensor.name]
            tensor.data[:] = (tensor.data.astype(np.float32) + SCALE * (b @ a)).astype(np.float16)
    merged.data.flush()


def write_foreign(path):
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_tensor("blk.0.attn_output.weight", np.zeros((8, 8), dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main():
    source, out = sys.argv[1:3]
    os.makedirs(out, exist_ok=True)
    base = gguf.GGUFReader(source)
    for name, seed in (("one", 1), ("two", 2)):
        pairs = matrices(base, seed)
        write_adapter(os.path.join(out, f"{name}-adapter.gguf"), pairs)
        write_merged(source, os.path.join(out, f"{name}-merged.gguf"), pairs)
    zeros = np.zeros((RANK, 8), dtype=np.float32)
    write_adapter(
        os.path.join(out, "foreign-adapter.gguf"),
        {"blk.0.attn_output.weight": (zeros, np.ascontiguousarray(zeros.T))},
    )
    write_foreign(os.path.join(out, "foreign-merged.gguf"))


if __name__ == "__main__":
    main()
