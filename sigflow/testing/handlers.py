"""The check of handlers."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Callable, Sequence
from typing import Any

from sigflow.events import Event, Gap, Idle, Loss, Note, Record
from sigflow.testing import streams
from sigflow.testing.contract import Contract
from sigflow.testing.streams import shape
from sigflow.watch.handlers import declared

NAMES = {"record": Record, "gap": Gap, "loss": Loss, "note": Note, "idle": Idle}
#: Seconds that one call may take.
PATIENCE = 2.0
MANY = 2000


def check_handler(handler: str | Callable[..., Any], event: str = "record", events: Sequence[Event] = ()) -> None:
    """Holds a handler against its contract: it is called with one event, and returns nothing, or what is awaited; it
    does not raise, hang, change the event, or keep what it was given.

    handler: a name, or a function.  event: which events it is for: `record`, `gap`, `loss`, `note`.  events: such as it
    is given; those of a damaged capture where none are.  Raises `PluginError`.
    """
    name = handler if isinstance(handler, str) else getattr(handler, "__name__", type(handler).__name__)
    rules = Contract("handler", name)
    called: Any = declared.get(handler) if isinstance(handler, str) else handler
    rules.hold(callable(called), "it can be called", type(called).__name__)
    try:
        inspect.signature(called).bind(None)
    except TypeError as error:
        rules.raised(error, "it is called with one event", "its arguments")
    except ValueError:
        pass  # (a function of C tells nothing of its arguments)
    wanted = NAMES[event]
    examples = [item for item in events or streams.events() if isinstance(item, wanted)]
    rules.hold(examples, "there are events of its kind", event)
    # What it logs, by the thousand, is for nobody, and whoever keeps log lines would keep them.
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        asyncio.run(_calls(rules, called, examples))
    finally:
        logging.disable(before)


async def _calls(rules: Contract, called: Callable[..., Any], events: Sequence[Event]) -> None:
    for item in events:
        before = shape([item])
        await _call(rules, called, item)
        rules.equal(shape([item]), before, "it leaves the event as it is")
    turn = 0
    rule = "it keeps nothing of what it was given"

    def fresh() -> Event:
        nonlocal turn
        turn += 1
        item = events[turn % len(events)]
        return item.moved(turn << 12, turn) if isinstance(item, Record) else item

    def call() -> None:
        result = called(fresh())
        if inspect.isawaitable(result):
            _step(result)

    rules.bounded(call, rule, MANY)


def _step(work: Any) -> None:
    """Run a coroutine that waits for nothing to its end; one that waits is given up."""
    try:
        if hasattr(work, "send"):
            work.send(None)
    except StopIteration:
        return
    finally:
        if hasattr(work, "close"):
            work.close()


async def _call(rules: Contract, called: Callable[..., Any], item: Event) -> None:
    where = type(item).__name__
    loop = asyncio.get_running_loop()
    begun = loop.time()
    try:
        result = called(item)
        if inspect.isawaitable(result):
            async with asyncio.timeout(PATIENCE):
                result = await result
    except TimeoutError as error:
        rules.raised(error, f"it returns within {PATIENCE:g} s", where)
    except Exception as error:
        rules.raised(error, "it does not raise", where)
    took = loop.time() - begun
    rules.hold(took <= PATIENCE, f"it returns within {PATIENCE:g} s", f"{where}: {took:.1f} s")
    rules.hold(result is None, "it returns nothing, or what is awaited", f"{where}: {type(result).__name__}")
