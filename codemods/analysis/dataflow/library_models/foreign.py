"""Rows of the table for well-known packages; sources are their own documentation."""

from __future__ import annotations

from codemods.analysis.dataflow.library_models.rows import Effect, Row

ROWS = (
    # -- web frameworks ------------------------------------------------------------------
    Row(
        Effect.LATER,
        "FastAPI, Starlette: Background Tasks",
        "fastapi.BackgroundTasks.add_task fastapi.background.BackgroundTasks.add_task "
        "starlette.background.BackgroundTasks.add_task starlette.background.BackgroundTask "
        "starlette.background.BackgroundTasks .add_task .BackgroundTask",
    ),
    Row(
        Effect.LATER,
        "FastAPI: Events, Middleware; Starlette: Applications",
        "fastapi.FastAPI.add_event_handler fastapi.FastAPI.on_event fastapi.FastAPI.get "
        "fastapi.FastAPI.post fastapi.FastAPI.put fastapi.FastAPI.delete fastapi.FastAPI.patch "
        "fastapi.FastAPI.middleware fastapi.FastAPI.exception_handler fastapi.FastAPI.websocket "
        "fastapi.APIRouter.get fastapi.APIRouter.post fastapi.APIRouter.put fastapi.Depends "
        "fastapi.APIRouter.delete fastapi.APIRouter.patch fastapi.APIRouter.websocket "
        "flask.Flask.route flask.Flask.before_request flask.Flask.after_request "
        "flask.Flask.teardown_request flask.Flask.teardown_appcontext flask.after_this_request "
        "flask.Blueprint.route",
    ),
    Row(
        Effect.AWAIT,
        "Starlette: Thread Pool; FastAPI: async",
        "starlette.concurrency.run_in_threadpool fastapi.concurrency.run_in_threadpool "
        ".run_in_threadpool",
    ),
    Row(
        Effect.HOLD,
        "Starlette: Responses",
        "fastapi.responses.StreamingResponse starlette.responses.StreamingResponse "
        "flask.stream_with_context django.http.StreamingHttpResponse",
    ),
    Row(
        Effect.LATER,
        "Django: Signals, Database transactions",
        "django.dispatch.Signal.connect django.dispatch.receiver django.db.transaction.on_commit "
        ".on_commit",
    ),
    Row(Effect.AWAIT, "asgiref: sync_to_async", "asgiref.sync.sync_to_async"),
    Row(Effect.LATER, "blinker: Signals", "blinker.Signal.connect blinker.signal .connect_via"),
    # -- queues and schedulers -----------------------------------------------------------
    Row(
        Effect.LATER,
        "Celery: Calling Tasks, Canvas",
        "celery.Task.delay celery.Task.apply_async celery.Celery.task celery.shared_task "
        "celery.group celery.chain celery.chord celery.signature celery.Celery.send_task "
        "celery.Celery.add_periodic_task .delay .send_task .add_periodic_task .si .apply_async "
        ".delay_on_commit .retry_later",
    ),
    Row(
        Effect.LATER,
        "APScheduler: User guide",
        "apscheduler.schedulers.base.BaseScheduler.add_job "
        "apscheduler.schedulers.background.BackgroundScheduler.add_job "
        "apscheduler.schedulers.blocking.BlockingScheduler.add_job "
        "apscheduler.schedulers.asyncio.AsyncIOScheduler.add_job "
        "apscheduler.Scheduler.add_schedule apscheduler.AsyncScheduler.add_schedule "
        ".add_job .add_schedule .scheduled_job .add_listener",
    ),
    Row(
        Effect.LATER,
        "schedule: Reference",
        "schedule.Job.do schedule.Scheduler.every schedule.repeat .do",
    ),
    Row(
        Effect.LATER,
        "RQ: Jobs, Queues",
        "rq.Queue.enqueue rq.Queue.enqueue_in rq.Queue.enqueue_at rq.Queue.enqueue_call "
        "rq.Queue.enqueue_many rq.job.Job.create rq.decorators.job .enqueue .enqueue_in "
        ".enqueue_at .enqueue_call .enqueue_job .enqueue_many",
    ),
    Row(
        Effect.LATER,
        "dramatiq, Huey, ARQ, procrastinate, Temporal: guides",
        "dramatiq.actor huey.Huey.task huey.RedisHuey.task huey.SqliteHuey.task "
        "procrastinate.App.task .send_with_options .schedule .defer .defer_async",
    ),
    Row(Effect.LATER, "joblib: Parallel", "joblib.delayed .delayed"),
    Row(Effect.LATER, "Dask: Delayed, Futures", "dask.delayed dask.distributed.Client.submit"),
    # -- concurrency ---------------------------------------------------------------------
    Row(
        Effect.NOW,
        "anyio: run; trio: run; uvloop: run",
        "anyio.run trio.run uvloop.run anyio.from_thread.run anyio.from_thread.run_sync "
        "asgiref.sync.async_to_sync nest_asyncio.run",
    ),
    Row(
        Effect.AWAIT,
        "anyio: Working with threads; trio: Threads",
        "anyio.to_thread.run_sync anyio.to_process.run_sync trio.to_thread.run_sync",
    ),
    Row(
        Effect.LATER,
        "anyio: Tasks; trio: Nurseries",
        "anyio.abc.TaskGroup.start_soon anyio.abc.TaskGroup.start trio.Nursery.start_soon "
        ".start_soon .spawn_system_task",
    ),
    Row(
        Effect.LATER,
        "gevent: Greenlet; eventlet: basic usage; Twisted: reactor, Deferred",
        "gevent.spawn gevent.spawn_later gevent.Greenlet.spawn eventlet.spawn eventlet.spawn_n "
        "twisted.internet.reactor.callLater twisted.internet.threads.deferToThread .spawn "
        ".spawn_later .spawn_n .callLater .deferToThread .addCallback .addErrback .addBoth",
    ),
    Row(Effect.LATER, "pyee: EventEmitter", "pyee.EventEmitter.on pyee.EventEmitter.once"),
    Row(
        Effect.LATER,
        "pluggy, watchdog, ray: guides",
        "pluggy.PluginManager.register watchdog.observers.Observer.schedule ray.remote .remote",
    ),
    Row(
        Effect.KEEP,
        "registries of many packages",
        ".register .subscribe .connect",
    ),
    # -- calls that come back ------------------------------------------------------------
    Row(
        Effect.HOLD,
        "tenacity, backoff, retrying, ratelimit: README",
        "tenacity.retry tenacity.Retrying tenacity.AsyncRetrying backoff.on_exception "
        "backoff.on_predicate retrying.retry ratelimit.limits ratelimit.sleep_and_retry "
        "stamina.retry wrapt.decorator decorator.decorator typeguard.typechecked "
        "beartype.beartype pydantic.validate_call numba.jit",
    ),
    Row(Effect.NOW, "retry: README", "retry.api.retry_call retry.retry_call"),
    Row(
        Effect.NOW,
        "tenacity: API",
        "tenacity.Retrying.__call__ tenacity.Retrying.call stamina.RetryingCaller.__call__",
    ),
    Row(
        Effect.NOW,
        "pandas: DataFrame.apply, Series.map; polars: map_elements",
        "pandas.DataFrame.apply pandas.Series.apply pandas.Series.map pandas.DataFrame.applymap "
        "pandas.DataFrame.map pandas.DataFrame.pipe pandas.DataFrame.transform .apply .applymap "
        ".map_elements .pipe",
    ),
    Row(
        Effect.NOW,
        "pytest: raises, warns, deprecated_call",
        "pytest.raises pytest.warns pytest.deprecated_call",
    ),
    Row(
        Effect.HOLD,
        "pytest: fixture, mark, param",
        "pytest.fixture pytest.param pytest.approx pytest.mark.parametrize pytest.mark.skip "
        "pytest.mark.skipif pytest.mark.xfail pytest.mark.asyncio pytest.mark.anyio "
        "pytest.mark.usefixtures pytest_asyncio.fixture",
    ),
    Row(Effect.KEEP, "pytest: monkeypatch", ".setattr .setitem"),
    Row(Effect.COMPARE, "pydantic: TypeAdapter", "pydantic.TypeAdapter.validate_python"),
    Row(
        Effect.COMPARE,
        "unittest.mock: assertions",
        ".assert_called_with .assert_called_once_with .assert_any_call .assert_has_calls "
        ".assert_not_called .assert_awaited_with .assert_awaited_once_with",
    ),
)

# Classes whose ``with`` waits for what they were given (anyio: Tasks; trio: Nurseries).
WAITING = "anyio.create_task_group trio.open_nursery tracker.executor.ContextExecutor"
