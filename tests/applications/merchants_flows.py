"""What people and machines do with the application ``merchants``, from its entry points."""

from __future__ import annotations

import asyncio
import importlib
import threading
from typing import TYPE_CHECKING, Any

from .running import command, notebook, pytests, script

if TYPE_CHECKING:
    from pathlib import Path

    from tests.loopback import LoopbackServer

    from .observing import Flow


def _module(name: str) -> Any:
    return importlib.import_module(f"merchants.{name}")


def _all() -> list[Any]:
    return list(_module("domain.repository").Repository())


def _cli() -> Any:
    return _module("tools.merchantctl").cli


def addresses(folder: Path, server: LoopbackServer) -> object:
    """Proper streets, changes in a batch, places, and a call that is tried again."""
    address = _module("domain.address")
    server.failures[:] = [503]
    code = address.postcode(_all()[2])
    found = [address.normalize(m) for m in _all()], address.changes(_all(), "b-1")
    return code, found, address.geocode(_all()[0])


def hours(folder: Path, server: LoopbackServer) -> object:
    """Hours by rule and by model, days, and holidays under two jobs."""
    module, one = _module("domain.hours"), _all()[0]
    parsed = [module.parse_hours(text, one) for text in ("", "9-17", "from nine to five")]
    opened = module.is_open(one, "mon"), module.is_open(one, "sun", user="uwe")
    return parsed, opened, module.holidays("Ulm", 2026)


def enriching(folder: Path, server: LoopbackServer) -> object:
    """All enrichers with one tracker, each with its own, and for a user."""
    registry = _module("enrich.registry")
    every = registry.Registry()
    run = [every.run(m).facts for m in _all()], every.run_for_user(_all()[0], "ula").facts
    later = every.run(_all()[3]).facts
    once = [registry.enrich_once(_all()[0], name) for name in registry.KINDS]
    return run, later, once, registry.enrich_stepwise(_all()[3])


def industries(folder: Path, server: LoopbackServer) -> object:
    """Codes, explained and compared."""
    industry = _module("enrich.industry")
    explained = industry.explain_code("1"), industry.explain_code("2", "child")
    similar = industry.similar_industries("1"), industry.similar_industries("1", 1)
    return explained, industry.codes_for(["a", "b"]), similar


async def _watched(website: Any) -> list[Any]:
    seen = []
    watching = website.watch_sites(_all())
    async for found in watching:
        seen.append(found)
        if len(seen) == 3:
            break
    await watching.aclose()
    return seen


def websites(folder: Path, server: LoopbackServer) -> object:
    """All at once, watched for a while, and as a report."""
    website = _module("enrich.website")
    sites = asyncio.run(website.read_sites(_all())), asyncio.run(_watched(website))
    return sites, asyncio.run(website.site_report(_all(), "monday"))


def logos(folder: Path, server: LoopbackServer) -> object:
    """A describer that is kept, whole and streamed."""
    describer = _module("enrich.logo").LogoDescriber()
    said = [describer.describe(m, b"png") for m in _all()[:2]]
    return said, describer.describe_stream(_all()[0]), describer.describe(_all()[3])


def duplicates(folder: Path, server: LoopbackServer) -> object:
    """Pairs, distances, and groups."""
    pairs, blocking = _module("dedupe.pairs"), _module("dedupe.blocking")
    found = pairs.find_pairs(_all()), pairs.distances(_all()), pairs.any_same(_all()[0], _all())
    grouped = blocking.block_by_trade(_all(), "g-1"), blocking.block_by_sound(_all(), "g-2")
    return found, grouped


def merging(folder: Path, server: LoopbackServer) -> object:
    """One is made of two, explained, and split again."""
    merge, one, two = _module("dedupe.merge"), *_all()[:2]
    service = merge.MergeService(_module("domain.repository").Repository())
    done = service.merge(one, two), service.explain(one, two), service.undo(two.key)
    return done, service.merge(one, one), merge.merge_conflict(one, two)


def serving(folder: Path, server: LoopbackServer) -> object:
    """Each route, and requests that are wrong."""
    api = _module("api.server").Server(_module("domain.repository").Repository())
    request = _module("api.endpoints").Request
    new = {"key": "m7", "name": "Kiosk", "street": "5 Low Street", "city": "Ulm"}
    requests = [
        ("create", request(body=new, user="dora")),
        ("create", request(body={"colour": "red"})),
        ("suggest", request(body={"prefix": "Corner"})),
        ("suggest", request(body={"prefix": "Q"})),
        ("error", request(path={"key": "m1"}, body={"text": "closed"}, user="eve")),
        ("error", request(path={"key": "m1"}, body={"text": "moved"})),
        ("error", request(path={"key": "zz"})),
        ("get", request(path={"key": "m4"})),
        ("patch", request(path={"key": "m3"}, body={"name": "x", "city": ""}, user="fay")),
        ("smalltalk", request(body={"text": "hi"}, user="gus")),
        ("echo", request(body={"text": "hi"})),
        ("sites", request()),
        ("health", request()),
        ("nowhere", request()),
    ]
    answers = [api.handle(name, one) for name, one in requests]
    server.failures[:] = [500]
    try:
        api.handle("health", request())
    except Exception as error:  # noqa: BLE001 - what a handler lets through is compared
        answers.append((500, type(error).__name__))
    return answers, api.timing.describe(), api.handle("get", requests[7][1])


def streaming(folder: Path, server: LoopbackServer) -> object:
    """Stories whole and given up, questions, and headlines."""
    streams, one = _module("api.streaming"), _all()[0]
    story = streams.stream_story(one)
    server.go_on.clear()
    server.hold_after = 2  # what is given up is what had not come, however quick a machine is
    first = next(story)
    story.close()
    server.hold_after = None
    server.go_on.set()
    questions = streams.faq(one, ["when?", "where?", "who?"])
    asked = next(questions)
    between = streams.headline(one)
    return streams.story_page(one), first, asked, between, list(questions)


def scheduling(folder: Path, server: LoopbackServer) -> object:
    """Jobs, of which one fails and is explained."""
    jobs, repository = _module("workers.jobs"), _module("domain.repository").Repository()
    scheduler = _module("workers.scheduler").Scheduler()
    scheduler.add(
        jobs.CityReport(repository), jobs.OwnerMails(repository), jobs.Cleanup(repository)
    )
    server.failures[:] = [500]
    first = scheduler.run()
    return first, jobs.OwnerMails(repository).run()


def threads(folder: Path, server: LoopbackServer) -> object:
    """Prompts in two threads, and one that runs later."""
    scheduler, done = _module("workers.scheduler"), threading.Event()
    answers = scheduler.run_in_threads(["a", "b", "c"])
    scheduler.run_later("later", done).join()
    return sorted(answers.items()), done.is_set()


def batches(folder: Path, server: LoopbackServer) -> object:
    """Loops, chunks, conditional ids, and batch prices by hand."""
    work, names = _module("workers.batches"), ["a", "b", "c"]
    rated = work.rate(_all(), "r-1"), work.tag_in_chunks(_all(), 3), work.half_price(_all()[:2])
    vectors = work.vectors(names), work.vectors(names, batch_id="v-1"), work.vectors([])
    return rated, vectors, work.rename(_all(), "n-1"), work.rename(_all()[:1], "n-2", user="u")


def events(folder: Path, server: LoopbackServer) -> object:
    """Handlers that were registered, a method among them."""
    work = _module("workers.events")
    subscriber = work.Subscriber()
    moved = (
        work.emit("moved", key="m1", to="Ulm", owner="anna"),
        work.emit("moved", key="m2", to="X"),
    )
    closed = work.emit("closed", key="m3"), work.emit("closed", key="m3", long=True)
    return moved, closed, work.emit("opened", key="m9"), type(subscriber).__name__


async def _consumed(pool: Any) -> list[str]:
    waiting: asyncio.Queue[str] = asyncio.Queue()
    done: list[str] = []
    for name in ("x", "y", "z"):
        waiting.put_nowait(name)
    await asyncio.gather(pool.consume(waiting, done), pool.consume(waiting, done))
    return done


def coroutines(folder: Path, server: LoopbackServer) -> object:
    """A pool with a limit, the first answer, consumers, and two steps."""
    pool = _module("workers.async_pool")
    one = pool.AsyncPool()
    ran = [asyncio.run(one.run(["a", "b", "c"], run)) for run in ("p-1", "p-2")]
    first = asyncio.run(pool.first_answer(["q", "r"])), asyncio.run(_consumed(pool))
    return ran, first, asyncio.run(pool.two_steps("n"))


def inspecting(folder: Path, server: LoopbackServer) -> object:
    """The other command line, well and badly used."""
    main = _module("tools.inspect_merchant").main
    calls = [["m1", "m2", "--day", "mon"], ["m1", "-q", "who", "-q", "why", "--user", "u"], ["zz"]]
    return [main(arguments) for arguments in calls]


def weekly(folder: Path, server: LoopbackServer) -> object:
    """The weekly report, and one that is built section by section."""
    reports = _module("reports.weekly")
    report = reports.weekly_report(_module("domain.repository").Repository(), "48")
    builder = reports.ReportBuilder("acme")
    return report, builder.add("sales").add_raw("-").add("costs").build()


def quality(folder: Path, server: LoopbackServer) -> object:
    """Scores, with users that are set for a while, and an audit between them."""
    reports = _module("reports.quality")
    return reports.score(_all()), reports.audit(_all()[:2]), reports.completeness(_all()[1])


def invoices(folder: Path, server: LoopbackServer) -> object:
    """One invoice, a run of them, reminders."""
    reports, one = _module("reports.invoices"), _all()[0]
    invoice = reports.Invoice(one, 12.5)
    texts = reports.invoice_text(invoice), [reports.reminder(invoice, n) for n in (1, 2, 3)]
    run = reports.run_invoices(_all(), "11")
    return texts, [i.text for i in run], reports.total_in_words(run)


def closing(folder: Path, server: LoopbackServer) -> None:
    """The service shuts down."""
    _module("providers").shutdown()


FLOWS: dict[str, Flow] = {
    "its tests": pytests(),
    **{
        flow.__name__: flow
        for flow in (
            *(addresses, hours, enriching, industries, websites, logos, duplicates, merging),
            *(serving, streaming, scheduling, threads, batches, events, coroutines, inspecting),
            *(weekly, quality, invoices),
        )
    },
    "show": command(_cli, "show", "m1"),
    "show for a user": command(_cli, "--user", "hal", "show", "m2"),
    "city": command(_cli, "city", "Ulm"),
    "city, politely": command(_cli, "city", "Ulm", "--polite"),
    "pairs": command(_cli, "pairs"),
    "first": command(_cli, "first", "one", "two"),
    "check": command(_cli, "check", "Bakery", "Pharmacy"),
    "refresh": script("bin/merchant-refresh"),
    "notebook of duplicates": notebook("duplicates.ipynb"),
    "notebook of names": notebook("names.ipynb"),
    "closing": closing,
}
