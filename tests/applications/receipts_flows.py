"""What people and machines do with the application ``receipts``, from its entry points."""

from __future__ import annotations

import asyncio
import importlib
from typing import TYPE_CHECKING, Any

from .running import command, notebook, script, unittests

if TYPE_CHECKING:
    from pathlib import Path

    from tests.loopback import LoopbackServer

    from .observing import Flow


def _module(name: str) -> Any:
    return importlib.import_module(f"receipts.{name}")


def _all() -> list[Any]:
    receipts: list[Any] = _module("store").todays().all()
    return receipts


def _cli() -> Any:
    return _module("cli.main").cli


def extraction(folder: Path, server: LoopbackServer) -> object:
    """Fields, merchants, and one answer that cannot be read."""
    service = _module("services.extraction")
    found = [(service.extract_fields(r), service.extract_merchant(r)) for r in _all()]
    return found, service.extract_or_none(_all()[0])


def categories(folder: Path, server: LoopbackServer) -> object:
    """One service for several receipts and items, and one that is given a tracker."""
    service = _module("services.categories").CategoryService(model="gpt-4o")
    items = [service.categorize_item(item) for r in _all() for item in r.items]
    lamp = service.categorize_item(_module("models").LineItem("lamp", 20.0))
    found = [service.categorize(r) for r in _all()[:2]]
    return items, lamp, found, service.categorize_all(_all(), "b-7"), service.categorize(_all()[2])


def matching(folder: Path, server: LoopbackServer) -> object:
    """The directory is asked for once, receipts each."""
    matcher = _module("services.merchant_match").MerchantMatcher()
    return [matcher.match(r) for r in _all()]


def lines(folder: Path, server: LoopbackServer) -> object:
    """Lines by rule and by model, and written out."""
    service = _module("services.line_items")
    split = [service.split_lines(r) for r in _all()]
    return split, service.rename_items(_all()[0], split[0]), service.ask_for_lines(_all()[3])


def fraud(folder: Path, server: LoopbackServer) -> object:
    """All checks, and one that is kept and run twice."""
    service = _module("services.fraud")
    check = service.SecondOpinion()
    return [service.suspicious(r) for r in _all()], [check.run(r) for r in _all()[:2]]


def translation(folder: Path, server: LoopbackServer) -> object:
    """Whole, line by line (one of them given up), and streamed."""
    service = _module("services.translation")
    german = _all()[2]
    whole = [service.translate(r) for r in _all()]
    some = service.translate_lines(german)
    first = next(some)
    some.close()
    return whole, first, list(service.translate_lines(german)), service.stream_translation(german)


def ocr(folder: Path, server: LoopbackServer) -> object:
    """The provider is busy once; then always."""
    service = _module("services.ocr")
    server.failures[:] = [529]
    read = service.read_again(_all()[3]), service.read_region(_all()[0], (0, 2))
    server.failures[:] = [500, 500, 500]
    return read, service.read_again(_all()[3])


def letters(folder: Path, server: LoopbackServer) -> object:
    """The workflow of the monthly letter, twice; the model fails in a third."""
    service = _module("services.summaries")
    written = [service.monthly_letter(month, "12.40") for month in ("10", "11")]
    server.failures[:] = [500]
    return written, service.monthly_letter("12", "0")


def currency(folder: Path, server: LoopbackServer) -> object:
    """By symbol, with a default, and unknown."""
    service = _module("services.currency")
    receipt = _module("models").Receipt(1, "Total $5.00")
    known = service.currency_of(receipt), service.currency_or_default(_all()[0])
    return known, service.currency_of(_all()[1])


def duplicates(folder: Path, server: LoopbackServer) -> object:
    """Vectors of all in one batch, of one and its like, and of texts."""
    service = _module("services.duplicates")
    found = service.find_duplicates(_all(), "run-1"), service.most_similar(_all()[0], _all()[1:])
    return found, service.vectors_of(["a", "b"], user="zoe"), service.vectors_of([])


def tax(folder: Path, server: LoopbackServer) -> object:
    """With and without a tenant and a user."""
    service = _module("services.tax")
    rates = [service.tax_rate(r) for r in _all()], [service.known_rate(r) for r in _all()]
    return rates, service.deductible(_all()[0]), service.deductible(_all()[1], user="eve")


def search(folder: Path, server: LoopbackServer) -> object:
    """Questions with ids that the caller chooses."""
    service = _module("services.search")
    answers = service.answer("how much?", _all(), job_id="j"), service.answer("when?", _all())
    return answers, service.suggest_questions(_all(), "anna"), service.rephrase("why?", "ben")


def tips(folder: Path, server: LoopbackServer) -> object:
    """A decorated function, under two jobs."""
    service = _module("services.tips")
    return service.tip_of_the_day(_all(), "anna"), service.weekly_tips(_all(), "ben")


def quality(folder: Path, server: LoopbackServer) -> object:
    """One scorer for all."""
    return _module("services.quality").score_all(_all())


def managers(folder: Path, server: LoopbackServer) -> object:
    """Wrapped clients, and services that share a tracker."""
    manager = _module("managers").ClientManager(user_id="m")
    manager.set_tracking_context(job_id="m-1")
    messages = [{"role": "user", "content": "wrapped"}]
    said = manager.openai.chat.completions.create(model="gpt-4o", messages=messages)
    services = _module("managers").ServiceManager()
    return said.choices[0].message.content, [services.process(r) for r in _all()]


def handlers(folder: Path, server: LoopbackServer) -> object:
    """Each route, and requests that are wrong."""
    store = _module("store").todays()
    app = _module("handlers.routes").Application(store, _module("managers").ServiceManager())
    text = "Tea Shop\nTea 1.50\nTotal 1.50"
    requests: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", "receipts", {"id": 7, "text": text, "user": "dan"}),
        ("POST", "receipts", {"id": 8, "text": ""}),
        ("PUT", "receipts", {"id": 1001, "text": text}),
        ("PUT", "receipts", {"id": 99, "text": text}),
        ("GET", "review", {"id": 1001, "reviewer": "rita"}),
        ("POST", "review", {"id": 1002, "decision": "fine"}),
        ("GET", "review", {"id": 1003}),
        ("POST", "questions", {"question": "how much?", "user": "anna"}),
        ("POST", "questions", {"question": "how much " * 9, "user": "ben"}),
        ("POST", "process", {"id": 1003}),
        ("DELETE", "receipts", {}),
    ]
    return [app(*request) for request in requests], store.results


def events(folder: Path, server: LoopbackServer) -> object:
    """A burst, and the digest of a day."""
    webhook = _module("handlers.webhook")
    burst: list[dict[str, Any]] = [{"id": n, "body": f"event {n}"} for n in range(3)]
    burst[1].update(urgent=True, partner="acme")
    return webhook.receive(burst), asyncio.run(webhook.digest(burst, "monday"))


def conversation(folder: Path, server: LoopbackServer) -> object:
    """Two people talk at the same time."""
    chat = _module("handlers.chat")
    one, two = chat.Conversation("anna", 1), chat.Conversation("ben", 2)
    said = one.say("hello"), two.say("good day"), one.say("bye")
    return said, chat.handle_feedback(one, True), chat.handle_feedback(two, False)


def reviews(folder: Path, server: LoopbackServer) -> object:
    """Helpers that set an id for a while, and that make a tracker."""
    review = _module("handlers.review")
    return review.explain_twice(_all()[0]), review.ask_reviewer_question(_all()[1], "rita")


def nightly(folder: Path, server: LoopbackServer) -> object:
    """The batch, with one failure; and the queue, with a task that fails at first."""
    tasks, queue = _module("tasks.nightly"), _module("tasks.queue").QUEUE
    server.failures[:] = [500]
    outcomes = tasks.nightly_summaries(_all(), "mon")
    tasks.summarize_one.delay(_all()[0])
    tasks.per_user.delay(_all(), "tue")
    server.failures[:] = [500]
    return outcomes, queue.drain(), tasks.summarize_one(_all()[1])


def indexing(folder: Path, server: LoopbackServer) -> object:
    """In threads, each with its job and all with one batch; then one by one."""
    tasks = _module("tasks.reindex")
    indexer = tasks.Indexer()
    return tasks.reindex(_all()), tasks.reindex_shared(_all(), "r-1"), indexer.add_all(_all()[:2])


def reminders(folder: Path, server: LoopbackServer) -> object:
    """Mails by a task, by a partial function, and in two tones."""
    tasks = _module("tasks.reminders")
    tasks.remind.delay("carl", tone="firm")
    done = _module("tasks.queue").QUEUE.drain()[-1:]
    return done, tasks.remind_all(["anna", "ben"], "autumn"), tasks.preview("dan")


def failures(folder: Path, server: LoopbackServer) -> object:
    """One by one, and many."""
    tasks = _module("tasks.dead_letters")
    failed = [{"task": "a", "error": "boom"}, {"task": "b", "error": "bang"}]
    return (
        [tasks.diagnose(one) for one in failed],
        tasks.diagnose_all(failed),
        tasks.diagnose(failed[0]),
    )


def pipeline(folder: Path, server: LoopbackServer) -> object:
    """Stages, the rescue of a receipt, and two models."""
    tasks = _module("tasks.pipeline")
    return tasks.run_pipeline(_all()[0]), tasks.rescue(_all()[3]), tasks.compare_models(_all()[1])


def export(folder: Path, server: LoopbackServer) -> object:
    """To a file and to standard output."""
    main, file = _module("cli.export").main, folder / "export.csv"
    done = main(["-o", str(file), "--user", "anna"]), main(["--all", "--job", "export-1"])
    written = file.read_text()
    file.unlink()
    return done, written


def closing(folder: Path, server: LoopbackServer) -> None:
    """The service shuts down."""
    _module("clients").close_clients()


FLOWS: dict[str, Flow] = {
    "tests of extraction": unittests("test_extraction.py"),
    "tests of categories": unittests("test_categories.py"),
    "tests of handlers": unittests("test_handlers.py"),
    "tests of tasks": unittests("test_tasks.py"),
    **{
        flow.__name__: flow
        for flow in (
            *(extraction, categories, matching, lines, fraud, translation, ocr, letters, currency),
            *(duplicates, tax, search, tips, quality, managers, handlers, events, conversation),
            *(reviews, nightly, indexing, reminders, failures, pipeline, export),
        )
    },
    "analyze": command(_cli, "analyze", "1001"),
    "analyze for a user": command(_cli, "analyze", "1002", "--user", "ulla"),
    "fields": command(_cli, "fields", "--tenant", "acme"),
    "all fields": command(_cli, "fields", "--batch", "b-9"),
    "explain": command(_cli, "explain", "1003"),
    "merchant": command(_cli, "merchant", "1001"),
    "backfill": script("scripts/backfill.py"),
    "monthly report": script("scripts/monthly_report.py"),
    "relabel": script("scripts/relabel.py"),
    "explore totals": notebook("explore_totals.ipynb"),
    "weekly quality": notebook("weekly_quality.ipynb"),
    "closing": closing,
}
