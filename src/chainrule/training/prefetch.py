"""Prefetching: the next batch is read while the one before is in use."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextvars import copy_context
from queue import SimpleQueue
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Prefetcher(Generic[Item]):
    """The items of an iterator, each read by another thread while the one before is in use, one item ahead at most.

    The first is read by the calling thread, which has to wait for it anyway. Order and items are the iterator's; an
    error in it is raised when its item is due. `close` ends the thread, after the item it is reading.

    Args:
        items: read by one thread at a time. allowed: whether there may be a thread; called after the first item.
    """

    def __init__(self, items: Iterator[Item], allowed: Callable[[], bool] = lambda: True) -> None:
        self._items, self._allowed = items, allowed
        self._requests: SimpleQueue[bool] = SimpleQueue()  # True: one more item, False: the end
        self._results: SimpleQueue[tuple[list[Item], BaseException | None]] = SimpleQueue()
        self._thread: PrefetchThread | None = None
        self._started = False

    def __iter__(self) -> Iterator[Item]:
        return self

    def __next__(self) -> Item:
        if self._thread is None:
            item = next(self._items)
            if not self._started:
                self._started = True
                self._thread = self._start() if self._allowed() else None
            if self._thread is not None:
                self._requests.put(True)
            return item
        item_list, error = self._results.get()
        if error is None:
            self._requests.put(True)
            return item_list[0]
        self.close()
        self._items = iter(())
        try:
            raise error
        finally:
            del error  # its traceback holds this frame: a circle

    def close(self) -> bool:
        """End the thread, and return whether it has read an item that was not used."""
        if self._thread is None:
            return False
        self._requests.put(False)
        self._thread.join()
        self._thread = None
        return not self._results.empty()

    def _start(self) -> PrefetchThread | None:
        # in the caller's context, so that np.errstate and the like are in force there too
        thread = PrefetchThread(target=copy_context().run, args=(self._read,), name="chainrule-ahead", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # no more threads: in a browser, or at a limit
            return None
        return thread

    def _read(self) -> None:
        while self._requests.get():
            try:
                item_list = [next(self._items)]
            except BaseException as error:
                self._results.put(([], error))
                return
            self._results.put((item_list, None))
            del item_list  # a waiting thread must not keep what is in use elsewhere alive


class PrefetchThread(threading.Thread):
    """A thread that prefetches."""


def prefetching() -> bool:
    """Whether the calling thread is one that prefetches."""
    return isinstance(threading.current_thread(), PrefetchThread)
