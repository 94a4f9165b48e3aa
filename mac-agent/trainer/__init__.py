"""Bruno's trainer: fine-tunes a Llama-type base on a week's dataset, judges it and exports it.

Started as ``python -m trainer`` by the Mac agent, one process a job. Speaks JSON lines on
stdout; logs go to stderr. It must not talk to the network.
"""

__version__ = "1.0.0"
