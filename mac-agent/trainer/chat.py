"""Text to tokens and back with the base's own tokenizer and chat template.

Used wherever text meets a model: training, evaluation, export. A template is never typed by hand:
it is the one stored with the base, rendered as ``transformers`` renders it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from jinja2 import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from tokenizers import Tokenizer

from .errors import TrainerError

Messages = Sequence[dict[str, str]]


def raise_exception(message: str) -> None:
    raise TemplateError(message)


@dataclass(frozen=True)
class ChatML:
    """A ChatML base; ``default_system`` is what its template says when no system turn is given."""

    default_system: str | None


class ChatTokenizer:
    def __init__(self, hf_dir: Path) -> None:
        try:
            config = json.loads((hf_dir / "tokenizer_config.json").read_text(encoding="utf-8"))
            self._tokenizer = Tokenizer.from_file(str(hf_dir / "tokenizer.json"))
            plain = Tokenizer.from_file(str(hf_dir / "tokenizer.json"))
        except Exception as error:
            raise TrainerError(
                "bad_base", f"{hf_dir}: no readable tokenizer ({error}); import the base again"
            ) from error
        # An answer that quotes "<|im_end|>" must not become the end token.
        plain.encode_special_tokens = True
        self._plain = plain
        self.template_text: str = config.get("chat_template") or ""
        if not self.template_text:
            raise TrainerError(
                "bad_base", f"{hf_dir}: tokenizer_config.json has no chat_template; import the base again"
            )
        environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
        environment.globals["raise_exception"] = raise_exception
        self._template = environment.from_string(self.template_text)
        self._names = {
            key: token["content"] if isinstance(token, dict) else token
            for key in ("bos_token", "eos_token", "pad_token")
            if (token := config.get(key))
        }
        end = self._tokenizer.token_to_id(self._names.get("eos_token", ""))
        if end is None:
            raise TrainerError("bad_base", f"{hf_dir}: its eos_token is not in the vocabulary; import the base again")
        self.end_id: int = end

    def render(self, messages: Messages, add_generation_prompt: bool = True) -> str:
        try:
            return self._template.render(
                messages=list(messages), add_generation_prompt=add_generation_prompt, **self._names
            )
        except TemplateError as error:
            raise TrainerError("bad_dataset", f"the base's chat template refuses the messages: {error}") from error

    def prompt_ids(self, messages: Messages) -> list[int]:
        ids: list[int] = self._tokenizer.encode(self.render(messages), add_special_tokens=False).ids
        return ids

    def completion_ids(self, answer: str) -> list[int]:
        """The answer and the end token: exactly what the model has to produce."""
        return [*self._plain.encode(answer, add_special_tokens=False).ids, self.end_id]

    def decode(self, ids: Sequence[int]) -> str:
        text: str = self._tokenizer.decode(list(ids), skip_special_tokens=True)
        return text

    @cached_property
    def chatml(self) -> ChatML:
        """What kind of ChatML this template is; other templates are refused."""

        def turn(role: str, content: str) -> str:
            return f"<|im_start|>{role}\n{content}<|im_end|>\n"

        talk = [
            {"role": "system", "content": "S"},
            {"role": "user", "content": "U"},
            {"role": "assistant", "content": "A"},
            {"role": "user", "content": "V"},
        ]
        opening = "<|im_start|>assistant\n"
        body = turn("user", "U") + turn("assistant", "A") + turn("user", "V") + opening
        alone = self.render(talk[1:])
        if self.render(talk) == turn("system", "S") + body and alone.endswith(body):
            default = alone[: -len(body)]
            if not default:
                return ChatML(None)
            head, tail = "<|im_start|>system\n", "<|im_end|>\n"
            if default.startswith(head) and default.endswith(tail):
                return ChatML(default[len(head) : -len(tail)])
        raise TrainerError(
            "bad_base",
            "the base's chat template is not ChatML (<|im_start|>role, newline, text, <|im_end|>), the only one "
            "the Ollama Modelfile can be written for; choose a ChatML base such as smollm2-135m-instruct",
        )
