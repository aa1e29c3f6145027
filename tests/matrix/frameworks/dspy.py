"""DSPy: predictors over litellm, in threads of its own."""

from __future__ import annotations

import asyncio
from typing import Any

from ._case import CLAUDE, EMBEDDER, MODEL, Cases, Kit

REQUIREMENTS = ("dspy[numpy]",)
VARIABLES = {"LITELLM_LOCAL_MODEL_COST_MAP": "True"}
case = Cases()
SAID = "[[ ## reasoning ## ]]\nThey are few.\n\n[[ ## answer ## ]]\nthree\n\n[[ ## completed ## ]]"


def _openai(kit: Kit, **more: Any) -> Any:
    import dspy

    more = {"cache": False, **more}
    return dspy.LM(f"openai/{MODEL}", api_base=kit.base_url, api_key="sk-not-a-key", **more)


def _claude(kit: Kit) -> Any:
    import dspy

    where = {"api_base": kit.base_url, "api_key": "sk-not-a-key"}
    return dspy.LM(f"anthropic/{CLAUDE}", max_tokens=99, cache=False, **where)


def _predictor() -> Any:
    import dspy

    return dspy.ChainOfThought("question -> answer")


@case
def call(kit: Kit) -> None:
    """A model, asked directly."""
    assert _openai(kit)(kit.question())


@case
def predict(kit: Kit) -> None:
    """A predictor."""
    import dspy

    with dspy.context(lm=_openai(kit)):
        assert _predictor()(question=kit.question(SAID)).answer == "three"


@case
async def predict_async(kit: Kit) -> None:
    """A predictor, asynchronously."""
    import dspy

    with dspy.context(lm=_openai(kit)):
        assert (await _predictor().acall(question=kit.question(SAID))).answer == "three"


@case
def anthropic(kit: Kit) -> None:
    """Anthropic's model, which litellm posts to by itself."""
    import dspy

    with dspy.context(lm=_claude(kit)):
        assert _predictor()(question=kit.question(SAID)).answer == "three"


@case
def by_litellm(kit: Kit) -> None:
    """Both providers' models by its other engine."""
    import dspy

    where = {"api_key": "sk-not-a-key", "cache": False, "engine": "litellm"}
    for name, base in ((f"openai/{MODEL}", kit.base_url), (f"anthropic/{CLAUDE}", kit.root_url)):
        assert dspy.LM(name, api_base=base, max_tokens=99, **where)(kit.question())


@case
def responses(kit: Kit) -> None:
    """The responses interface."""
    import dspy

    with dspy.context(lm=_openai(kit, model_type="responses")):
        assert _predictor()(question=kit.question(SAID)).answer == "three"


@case
def parallel(kit: Kit) -> None:
    """Several questions, in threads of its own."""
    import dspy

    with dspy.context(lm=_openai(kit)):
        asked = [dspy.Example(question=kit.question(SAID)).with_inputs("question")] * 4
        answers = dspy.Parallel(num_threads=2)([(_predictor(), one) for one in asked])
    assert [answer.answer for answer in answers] == ["three"] * 4


@case
def batch(kit: Kit) -> None:
    """The same by a predictor's own method, of a model that litellm posts to by itself."""
    import dspy

    with dspy.context(lm=_claude(kit)):
        asked = [dspy.Example(question=kit.question(SAID)).with_inputs("question")] * 4
        assert len(_predictor().batch(asked, num_threads=2)) == 4


@case
def evaluate(kit: Kit) -> None:
    """An evaluation, in threads of its own."""
    import dspy

    examples = [
        dspy.Example(question=kit.question(SAID), answer="three").with_inputs("question")
    ] * 3
    with dspy.context(lm=_openai(kit)):
        judge = dspy.Evaluate(
            devset=examples, metric=dspy.evaluate.answer_exact_match, num_threads=2
        )
        assert judge(_predictor()).score == 100


@case
async def asyncified(kit: Kit) -> None:
    """A predictor that a loop runs in a thread."""
    import dspy

    with dspy.context(lm=_openai(kit)):
        answer = await dspy.asyncify(_predictor())(question=kit.question(SAID))
    assert answer.answer == "three"


@case
async def stream(kit: Kit) -> None:
    """A predictor whose model streams."""
    import dspy

    with dspy.context(lm=_openai(kit)):
        listener = dspy.streaming.StreamListener(signature_field_name="answer")
        streaming = dspy.streamify(_predictor(), stream_listeners=[listener])
        assert [part async for part in streaming(question=kit.question(SAID))]


@case
def stream_synchronously(kit: Kit) -> None:
    """The same for synchronous programs, in a thread of its own."""
    import dspy

    with dspy.context(lm=_openai(kit)):
        streaming = dspy.streamify(_predictor(), async_streaming=False)
        assert [*streaming(question=kit.question(SAID))]


@case
def embeddings(kit: Kit) -> None:
    """Its embedder."""
    import dspy

    where = {"api_base": kit.base_url, "api_key": "sk-not-a-key"}
    embedder = dspy.Embedder(f"openai/{EMBEDDER}", caching=False, **where)
    assert len(embedder([kit.question()])) == 1


@case
def cached(kit: Kit) -> None:
    """An answer that it remembers is not given again, and is not recorded again."""
    model = _openai(kit, cache=True)
    assert model(kit.question()) == model(kit.question())


@case
def two_jobs_at_once(kit: Kit) -> None:
    """Two threads of the program, each with its block."""
    kit.beside(lambda own: asyncio.run(_openai(own).acall(own.question())))
