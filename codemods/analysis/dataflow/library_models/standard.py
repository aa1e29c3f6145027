"""Rows of the table for the interpreter and its standard library.

Sources are chapters of docs.python.org/3/library.
"""

from __future__ import annotations

from codemods.analysis.dataflow.library_models.rows import Effect, Row

ROWS = (
    # -- the interpreter's own -----------------------------------------------------------
    Row(
        Effect.COMPARE,
        "functions.html",
        "builtins.isinstance builtins.issubclass builtins.id builtins.type builtins.callable "
        "builtins.len builtins.hash builtins.bool builtins.repr builtins.str builtins.ascii "
        "builtins.print builtins.format builtins.int builtins.float builtins.bytes "
        "builtins.hasattr builtins.getattr builtins.vars builtins.dir builtins.delattr "
        "builtins.help builtins.abs builtins.round",
    ),
    Row(Effect.NOW, "functions.html", "builtins.any builtins.all builtins.sum builtins.exec"),
    Row(
        Effect.HOLD,
        "functions.html",
        "builtins.dict builtins.list builtins.tuple builtins.set builtins.frozenset builtins.next "
        "builtins.iter builtins.zip builtins.enumerate builtins.reversed builtins.map "
        "builtins.filter builtins.anext builtins.aiter builtins.slice builtins.memoryview "
        "builtins.super builtins.property builtins.staticmethod builtins.classmethod",
    ),
    Row(Effect.HOLD, "functions.html", "builtins.sorted builtins.min builtins.max", "key"),
    Row(Effect.KEEP, "functions.html#setattr", "builtins.setattr"),
    Row(
        Effect.KEEP,
        "stdtypes.html (list, set, dict), collections.html (deque)",
        ".append .add .insert .extend .update .setdefault .appendleft .extendleft .push",
    ),
    Row(Effect.KEEP, "operator.html", "operator.setitem operator.iconcat"),
    Row(
        Effect.COMPARE,
        "stdtypes.html (list, set, dict)",
        ".index .count .remove .discard .isdisjoint .issubset .issuperset .startswith .format",
    ),
    Row(Effect.NOW, "stdtypes.html#list.sort", ".sort"),
    # -- objects around other objects ----------------------------------------------------
    Row(
        Effect.HOLD,
        "functools.html",
        "functools.partial functools.partialmethod functools.wraps functools.update_wrapper "
        "functools.lru_cache functools.cache functools.cached_property functools.singledispatch "
        "functools.singledispatchmethod functools.total_ordering functools.cmp_to_key",
    ),
    Row(Effect.NOW, "functools.html#functools.reduce", "functools.reduce"),
    Row(Effect.HOLD, "itertools.html", "itertools.* itertools.chain.from_iterable"),
    Row(Effect.HOLD, "heapq.html", "heapq.nlargest heapq.nsmallest heapq.merge", "key"),
    Row(Effect.HOLD, "random.html", "random.choice random.choices random.sample"),
    Row(Effect.NOW, "statistics.html, math.html", "statistics.* math.*"),
    Row(Effect.HOLD, "collections.html", "collections.*"),
    Row(Effect.NOW, "collections.html#collections.Counter", "collections.Counter"),
    Row(Effect.HOLD, "operator.html", "operator.*"),
    # Whose method that will be is told where what it returns is called.
    Row(Effect.LATER, "operator.html#operator.methodcaller", "operator.methodcaller .methodcaller"),
    Row(Effect.HOLD, "types.html", "types.*"),
    Row(Effect.HOLD, "dataclasses.html", "dataclasses.*"),
    Row(Effect.HOLD, "weakref.html", "weakref.*"),
    Row(Effect.LATER, "weakref.html#weakref.finalize", "weakref.finalize .finalize"),
    Row(Effect.COPY, "copy.html", "copy.copy copy.deepcopy copy.replace .copy .deepcopy"),
    Row(Effect.HOLD, "typing.html", "typing.cast typing.NewType typing.assert_type"),
    Row(
        Effect.HOLD,
        "typing.html",
        "typing.final typing.override typing.overload typing.no_type_check typing.runtime_checkable"
        " typing_extensions.override typing_extensions.deprecated warnings.deprecated",
    ),
    Row(Effect.HOLD, "abc.html", "abc.abstractmethod"),
    Row(
        Effect.HOLD,
        "the names that these modules are imported for",
        ".partial .partialmethod .cast .chain .from_iterable .cycle .repeat .deque .defaultdict "
        ".SimpleNamespace .nullcontext .closing .wraps .lru_cache .cache .cached_property "
        ".contextmanager .asynccontextmanager .dataclass .total_ordering .override .final",
    ),
    # -- contexts ------------------------------------------------------------------------
    Row(
        Effect.HOLD,
        "contextlib.html",
        "contextlib.contextmanager contextlib.asynccontextmanager contextlib.nullcontext "
        "contextlib.closing contextlib.aclosing contextlib.redirect_stdout contextlib.suppress "
        "contextlib.redirect_stderr contextlib.ExitStack.enter_context contextlib.ContextDecorator "
        "contextlib.AsyncExitStack.enter_context contextlib.AsyncExitStack.enter_async_context "
        ".enter_context .enter_async_context",
    ),
    Row(
        Effect.LATER,
        "contextlib.html#contextlib.ExitStack.callback",
        "contextlib.ExitStack.callback contextlib.ExitStack.push "
        "contextlib.AsyncExitStack.callback contextlib.AsyncExitStack.push_async_callback "
        ".callback .push_async_callback .push_async_exit",
    ),
    Row(Effect.NOW, "contextvars.html#contextvars.Context.run", "contextvars.Context.run"),
    Row(Effect.KEEP, "contextvars.html", "contextvars.ContextVar.set .set .set_tracker"),
    Row(Effect.COMPARE, "contextvars.html", "contextvars.ContextVar.reset"),
    # -- threads and processes -----------------------------------------------------------
    Row(
        Effect.LATER,
        "threading.html",
        "threading.Thread threading.Timer _thread.start_new_thread threading.excepthook "
        "threading.setprofile threading.settrace .Thread .Timer .start_new_thread",
    ),
    Row(Effect.KEEP, "threading.html#threading.local", "threading.local"),
    Row(
        Effect.LATER,
        "concurrent.futures.html",
        "concurrent.futures.Executor.submit concurrent.futures.ThreadPoolExecutor.submit "
        "concurrent.futures.ProcessPoolExecutor.submit concurrent.futures.Executor.map "
        "concurrent.futures.ThreadPoolExecutor.map concurrent.futures.ProcessPoolExecutor.map "
        "concurrent.futures.ThreadPoolExecutor concurrent.futures.ProcessPoolExecutor "
        "concurrent.futures.Future.add_done_callback .submit .map .add_done_callback",
    ),
    Row(
        Effect.HOLD,
        "concurrent.futures.html#concurrent.futures.as_completed",
        "concurrent.futures.as_completed concurrent.futures.wait",
    ),
    Row(
        Effect.LATER,
        "multiprocessing.html",
        "multiprocessing.Process multiprocessing.Pool multiprocessing.pool.Pool "
        "multiprocessing.pool.ThreadPool .Process .apply_async .map_async .starmap_async .imap "
        ".imap_unordered",
    ),
    Row(
        Effect.NOW,
        "multiprocessing.html#multiprocessing.pool.Pool.apply",
        "multiprocessing.pool.Pool.apply multiprocessing.pool.ThreadPool.apply "
        "multiprocessing.pool.Pool.map multiprocessing.pool.ThreadPool.map "
        "multiprocessing.pool.Pool.starmap multiprocessing.pool.ThreadPool.starmap .starmap",
    ),
    Row(
        Effect.KEEP,
        "queue.html, multiprocessing.html (Queue, Pipe)",
        "queue.Queue.put queue.Queue.put_nowait queue.SimpleQueue.put queue.LifoQueue.put "
        "queue.PriorityQueue.put asyncio.Queue.put asyncio.Queue.put_nowait "
        "multiprocessing.queues.Queue.put heapq.heappush bisect.insort .put .put_nowait .send",
    ),
    # -- asyncio -------------------------------------------------------------------------
    Row(Effect.NOW, "asyncio-runner.html", "asyncio.run asyncio.Runner.run"),
    Row(
        Effect.NOW,
        "asyncio-eventloop.html#asyncio.loop.run_until_complete",
        "asyncio.AbstractEventLoop.run_until_complete .run_until_complete",
    ),
    Row(
        Effect.AWAIT,
        "asyncio-task.html",
        "asyncio.gather asyncio.wait_for asyncio.to_thread asyncio.shield asyncio.wait "
        "asyncio.AbstractEventLoop.run_in_executor .run_in_executor",
    ),
    Row(
        Effect.LATER,
        "asyncio-task.html, asyncio-eventloop.html",
        "asyncio.create_task asyncio.ensure_future asyncio.run_coroutine_threadsafe "
        "asyncio.TaskGroup.create_task asyncio.AbstractEventLoop.create_task "
        "asyncio.AbstractEventLoop.call_soon "
        "asyncio.AbstractEventLoop.call_later asyncio.AbstractEventLoop.call_at "
        "asyncio.AbstractEventLoop.add_signal_handler asyncio.AbstractEventLoop.add_reader "
        "asyncio.as_completed asyncio.Task asyncio.Future.add_done_callback "
        ".create_task .ensure_future .call_soon .call_later .call_at "
        ".call_soon_threadsafe .run_coroutine_threadsafe",
    ),
    # -- hooks ---------------------------------------------------------------------------
    Row(Effect.LATER, "atexit.html", "atexit.register"),
    Row(Effect.LATER, "signal.html", "signal.signal"),
    Row(
        Effect.LATER,
        "sys.html",
        "sys.settrace sys.setprofile sys.addaudithook sys.displayhook sys.set_asyncgen_hooks",
    ),
    Row(Effect.LATER, "os.html#os.register_at_fork", "os.register_at_fork"),
    Row(Effect.LATER, "sched.html", "sched.scheduler.enter sched.scheduler.enterabs .enterabs"),
    Row(Effect.LATER, "tkinter.html", ".after .after_idle .bind_all .protocol"),
    Row(Effect.LATER, "codecs.html, copyreg.html", "codecs.register copyreg.pickle"),
    Row(
        Effect.LATER,
        "logging.html, logging.handlers.html",
        "logging.Logger.addHandler logging.Logger.addFilter logging.Handler.addFilter "
        "logging.setLogRecordFactory logging.captureWarnings .addHandler .addFilter",
    ),
    # A handler may keep the record, and the record its arguments: formatted text is what is used.
    Row(
        Effect.COMPARE,
        "logging.html",
        "logging.debug logging.info logging.warning logging.error logging.critical "
        "logging.exception logging.log logging.Logger.debug logging.Logger.info "
        "logging.Logger.warning logging.Logger.error logging.Logger.critical "
        "logging.Logger.exception logging.Logger.log",
    ),
    # -- measuring and testing -----------------------------------------------------------
    Row(Effect.NOW, "timeit.html", "timeit.timeit timeit.repeat", "stmt setup"),
    Row(Effect.NOW, "profile.html", "cProfile.Profile.runcall cProfile.runctx .runcall"),
    Row(Effect.NOW, "re.html", "re.sub re.subn"),
    Row(Effect.COMPARE, "json.html, pprint.html", "json.dumps pprint.pprint pprint.pformat"),
    Row(Effect.COMPARE, "inspect.html, gc.html, sys.html", "inspect.* gc.* sys.getsizeof"),
    Row(
        Effect.NOW,
        "unittest.html#unittest.TestCase.assertRaises",
        "unittest.TestCase.assertRaises unittest.TestCase.assertWarns .assertRaises "
        ".assertRaisesRegex .assertWarns",
    ),
    Row(
        Effect.COMPARE,
        "unittest.html",
        ".assertIs .assertIsNot .assertEqual .assertNotEqual .assertIsInstance .assertTrue "
        ".assertFalse .assertIsNone .assertIsNotNone .assertIn .assertNotIn",
    ),
    Row(Effect.LATER, "unittest.html#unittest.TestCase.addCleanup", ".addCleanup .addfinalizer"),
    Row(
        Effect.HOLD,
        "unittest.mock.html",
        "unittest.mock.Mock unittest.mock.MagicMock unittest.mock.AsyncMock unittest.mock.patch "
        "unittest.mock.patch.object unittest.mock.call unittest.mock.create_autospec "
        "unittest.mock.NonCallableMock unittest.mock.PropertyMock unittest.mock.patch.dict "
        "unittest.mock.sentinel",
    ),
)

# What functions give back, where methods of its class are in the table.
OBJECTS = (
    "contextvars.copy_context=contextvars.Context "
    "asyncio.get_event_loop=asyncio.AbstractEventLoop "
    "asyncio.get_running_loop=asyncio.AbstractEventLoop "
    "asyncio.new_event_loop=asyncio.AbstractEventLoop "
    "logging.getLogger=logging.Logger "
    "multiprocessing.Pool=multiprocessing.pool.Pool "
    "multiprocessing.Queue=multiprocessing.queues.Queue"
)

# Classes whose ``with`` waits for what they were given (concurrent.futures, asyncio-task,
# contextlib, multiprocessing, whose pools are ended by it).
WAITING = (
    "concurrent.futures.ThreadPoolExecutor concurrent.futures.ProcessPoolExecutor "
    "concurrent.futures.thread.ThreadPoolExecutor concurrent.futures.process.ProcessPoolExecutor "
    "asyncio.TaskGroup asyncio.taskgroups.TaskGroup contextlib.ExitStack "
    "contextlib.AsyncExitStack multiprocessing.pool.Pool"
)
