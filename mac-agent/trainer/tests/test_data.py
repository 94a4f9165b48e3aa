"""Dataset lines become tokens of which only the answer's are learned."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import FACTS, pair_line, sft_line, write_dataset
from trainer.data import pad, read_dataset, repeated, shuffled
from trainer.errors import TrainerError


def test_learns_the_answer_and_its_end_token_only(base: Any, tmp_path: Path) -> None:
    data = read_dataset(write_dataset(tmp_path, sft_train=[sft_line(0), sft_line(7)]), base.chat, 512)
    rows = [e.row for e in data.sft["train"]]
    batch = pad(rows, base.chat.end_id)
    outputs = batch.ids.shape[1] - batch.shared - 1
    for i, row in enumerate(rows):
        mine = np.array(batch.rows) == i
        learned = np.array(batch.targets)[mine].tolist()
        assert learned == list(row.ids[row.prompt_length :])
        assert learned[-1] == base.chat.end_id
        assert base.chat.decode(learned) == [FACTS[0][1], FACTS[7][1]][i]
        # The output at each position is the one before its target.
        at = np.array(batch.positions)[mine] - i * outputs + batch.shared
        assert [int(batch.ids[i, p + 1]) for p in at.tolist()] == learned


def test_renders_the_prompt_with_the_bases_template(base: Any) -> None:
    messages = sft_line(0)["prompt"]
    expected = (
        f"<|im_start|>system\n{messages[0]['content']}<|im_end|>\n"
        f"<|im_start|>user\n{messages[1]['content']}<|im_end|>\n<|im_start|>assistant\n"
    )
    assert base.chat.render(messages) == expected


def test_an_answer_that_quotes_the_end_token_does_not_end_early(base: Any) -> None:
    ids = base.chat.completion_ids("Write <|im_end|> there.")
    assert ids.count(base.chat.end_id) == 1


def test_repeats_mean_repeated_sampling(base: Any, tmp_path: Path) -> None:
    lines = [sft_line(0, repeats=3), sft_line(1)]
    data = read_dataset(write_dataset(tmp_path, sft_train=lines), base.chat, 512)
    assert len(repeated(data.sft["train"])) == 4


def test_every_epoch_is_a_fresh_permutation_reached_from_any_position() -> None:
    whole = shuffled(7, seed=1, start=0, size=21)
    assert sorted(whole[:7]) == sorted(whole[7:14]) == list(range(7))
    assert whole[:7] != whole[7:14]
    assert shuffled(7, seed=1, start=10, size=5) == whole[10:15]
    assert shuffled(7, seed=2, start=0, size=21) != whole


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (sft_line(0, repeats=5), "repeats"),
        (sft_line(0, completion=" "), "completion"),
        (sft_line(0, prompt=[]), "prompt"),
        (sft_line(0, prompt=[{"role": "robot", "content": "x"}]), "role"),
        (sft_line(0, extra=1), "extra"),
        (sft_line(0, metadata={"key_facts": [1], "group_id": "g"}), "key_facts"),
    ],
)
def test_refuses_a_bad_line_with_file_and_number(base: Any, tmp_path: Path, line: dict[str, Any], said: str) -> None:
    folder = write_dataset(tmp_path, sft_train=[sft_line(1), line])
    with pytest.raises(TrainerError, match=rf"sft/train\.jsonl:2.*{said}") as caught:
        read_dataset(folder, base.chat, 512)
    assert caught.value.code == "bad_dataset"
    assert "Which port" not in caught.value.message  # never people's text


def test_refuses_a_bad_pair_a_half_line_and_an_empty_week(base: Any, tmp_path: Path) -> None:
    folder = write_dataset(tmp_path, sft_train=[sft_line(0)], pairs_train=[pair_line(0, weight=2)])
    with pytest.raises(TrainerError, match=r"pairs/train\.jsonl:1.*weight"):
        read_dataset(folder, base.chat, 512)
    (folder / "pairs" / "train.jsonl").write_text(json.dumps(pair_line(0))[:-3])
    with pytest.raises(TrainerError, match=r"pairs/train\.jsonl:1: not JSON"):
        read_dataset(folder, base.chat, 512)
    with pytest.raises(TrainerError, match="at least one example"):
        read_dataset(write_dataset(tmp_path / "empty"), base.chat, 512)


def test_leaves_out_what_is_too_long_rather_than_cutting_its_end_off(base: Any, tmp_path: Path) -> None:
    long = sft_line(1, completion="port " * 200)
    data = read_dataset(write_dataset(tmp_path, sft_train=[sft_line(0), long]), base.chat, 128)
    assert [e.id for e in data.sft["train"]] == ["e0"]
