"""One llama.cpp HTTP server in a process of its own; started only by llama-cpp.ts.

The first line of stdin is the configuration (JSON). Ready is said by one JSON line on stdout. The
end of stdin is the order to leave: when the agent dies, however it dies, no server stays behind.
It must not choose ports, adapters or models itself, and listens on 127.0.0.1 only.
"""

import json
import os
import sys
import threading

import xllamacpp


def parameters(config):
    """Map the agent's configuration to llama.cpp's; every key is required."""
    params = xllamacpp.CommonParams()
    params.model.path = config["model"]
    # Otherwise every answer names the file it came from.
    params.model_alias = {config["alias"]}
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.ui = False
    params.warmup = False
    params.cpuparams.n_threads = config["threads"]
    params.cpuparams_batch.n_threads = config["threads"]
    params.n_parallel = config["slots"]
    params.n_ctx = config["slots"] * config["context_tokens"]
    # A prompt kept from one adapter must never be continued under another.
    params.cache_ram_mib = 0
    params.cache_idle_slots = False
    # Memory is planned by the agent; probing the device for a fit takes seconds at each start.
    params.fit_params = False
    if config["embedding"]:
        params.embedding = True
        params.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
        params.n_batch = config["context_tokens"]
        params.n_ubatch = config["context_tokens"]
    else:
        params.use_jinja = True
    adapters = []
    for path in config["adapters"]:
        adapters.append(xllamacpp.CommonAdapterLoraInfo(path, 0.0))
    params.lora_adapters = adapters
    # Loaded but at rest: each request names the adapter it wants.
    params.lora_init_without_apply = True
    return params


def main():
    """Start, report the address, and stay until stdin closes."""
    config = json.loads(sys.stdin.readline())
    # llama.cpp prints to stdout from C++: keep the real one for our line alone.
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    server = xllamacpp.Server(parameters(config))
    print(json.dumps({"ready": True, "address": server.listening_address}), file=out, flush=True)
    leave = threading.Event()

    def watch():
        sys.stdin.read()
        leave.set()

    threading.Thread(target=watch, daemon=True).start()
    leave.wait()
    # The C++ threads are not joined: nothing here outlives the process and a join may wait long.
    os._exit(0)


if __name__ == "__main__":
    main()
