"""The official Python client, unchanged, against the real Worker. Started by openai-python.test.ts, which gives it
the address and the keys as JSON on standard input and judges what it prints: one JSON object, a key a case.
"""

import json
import sys

import openai

given = json.load(sys.stdin)
MODEL = given["model"]


def client(key):
    return openai.OpenAI(base_url=given["baseURL"], api_key=key, max_retries=0, timeout=20)


def ask(text):
    return {"model": MODEL, "messages": [{"role": "user", "content": text}]}


def refusal(work):
    """What the work was refused with: the exception's class, status, code and parameter."""
    try:
        work()
    except openai.APIError as error:
        names = [kind.__name__ for kind in type(error).__mro__]
        status = getattr(error, "status_code", None)
        return {"kinds": names, "status": status, "code": error.code, "param": error.param}
    return None


def whole(chat):
    raw = chat.with_raw_response.create(**ask("Whole"))
    done = raw.parse()
    return {
        "text": done.choices[0].message.content,
        "total": done.usage.total_tokens,
        "interaction": raw.headers["x-interaction-id"],
        "request": done._request_id,
    }


def streamed(chat):
    text, usage = "", None
    stream = chat.create(**ask("Streamed"), stream=True, stream_options={"include_usage": True})
    for chunk in stream:
        text += "".join(choice.delta.content or "" for choice in chunk.choices)
        usage = chunk.usage
    return {"text": text, "total": usage.total_tokens}


def resent(chat):
    """An answer as the client gives it goes back into the history."""
    answered = chat.create(**ask("First")).choices[0].message
    turns = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "First"}, answered]
    parts = {"role": "user", "content": [{"type": "text", "text": "Second"}]}
    done = chat.create(model=MODEL, messages=[*turns, parts], temperature=0, stop="###", seed=3, max_tokens=9)
    dumped = chat.create(model=MODEL, messages=[*turns[:2], answered.model_dump(), parts])
    return [done.choices[0].message.content, dumped.choices[0].message.content]


def left(chat):
    raw = chat.with_raw_response.create(**ask(given["endless"]), stream=True)
    stream = raw.parse()
    pieces = []
    for chunk in stream:
        pieces.append(chunk.choices[0].delta.content)
        if len(pieces) == 5:
            break
    stream.close()
    return {"pieces": len(pieces), "interaction": raw.headers["x-interaction-id"]}


def broken(chat):
    text = []

    def read():
        for chunk in chat.create(**ask("die"), stream=True):
            text.append(chunk.choices[0].delta.content or "")

    return {**refusal(read), "text": "".join(text)}


def limited(key):
    models = client(key).models
    for _ in range(given["tries"]):
        refused = refusal(models.list)
        if refused is not None:
            return refused
    return None


def main():
    keys = iter(given["keys"])
    first = client(next(keys))
    chat = first.chat.completions
    tools = [{"type": "function", "function": {"name": "f"}}]
    results = {
        "whole": whole(chat),
        "streamed": streamed(chat),
        "resent": resent(chat),
        "left": left(chat),
        "models": [model.id for model in first.models.list()],
        "no_key": refusal(lambda: client("sk-not-a-key").chat.completions.create(**ask("Hi"))),
        "tools": refusal(lambda: chat.create(**ask("Hi"), tools=tools)),
        "no_model": refusal(lambda: chat.create(**{**ask("Hi"), "model": "gpt-x"})),
        "down": refusal(lambda: chat.create(**ask("refuse"))),
        "down_streaming": refusal(lambda: chat.create(**ask("refuse"), stream=True)),
        "broken": broken(chat),
        "limited": limited(next(keys)),
    }
    json.dump(results, sys.stdout)


main()
