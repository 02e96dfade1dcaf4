"""The next batch is read while the one before is in use."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextvars import copy_context
from queue import SimpleQueue
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Prefetcher(Generic[Item]):
    """The items of an iterator, each read by a thread of its own while the one before is in use, and never further.

    The first is read by who asks for it, since it has to be waited for anyway. Order and items are the iterator's; what
    it raises is raised where its item would have come. `close` ends the thread, after the item it is reading.

    Args:
        items: read by one thread at a time. allowed: asked after the first item, whether there may be a thread.
    """

    def __init__(self, items: Iterator[Item], allowed: Callable[[], bool] = lambda: True) -> None:
        self._items, self._allowed = items, allowed
        self._asked: SimpleQueue[bool] = SimpleQueue()  # one more item, or the end
        self._found: SimpleQueue[tuple[list[Item], BaseException | None]] = SimpleQueue()
        self._thread: Reader | None = None
        self._begun = False

    def __iter__(self) -> Iterator[Item]:
        return self

    def __next__(self) -> Item:
        if self._thread is None:
            item = next(self._items)
            if not self._begun:
                self._begun = True
                self._thread = self._started() if self._allowed() else None
            if self._thread is not None:
                self._asked.put(True)
            return item
        found, error = self._found.get()
        if error is None:
            self._asked.put(True)
            return found[0]
        self.close()
        self._items = iter(())
        try:
            raise error
        finally:
            del error  # it holds this frame, which would hold it

    def close(self) -> bool:
        """End the thread; whether it had read what nobody took."""
        if self._thread is None:
            return False
        self._asked.put(False)
        self._thread.join()
        self._thread = None
        return not self._found.empty()

    def _started(self) -> Reader | None:
        # in the caller's context: np.errstate and the like hold for what is read, too
        thread = Reader(target=copy_context().run, args=(self._read,), name="chainrule-ahead", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # no threads to be had: in a browser, or at a limit
            return None
        return thread

    def _read(self) -> None:
        while self._asked.get():
            try:
                found = [next(self._items)]
            except BaseException as error:
                self._found.put(([], error))
                return
            self._found.put((found, None))
            del found  # while it waits, it holds nothing that is in use elsewhere


class Reader(threading.Thread):
    """The thread that reads ahead."""


def prefetching() -> bool:
    """Whether this is a thread that reads ahead."""
    return isinstance(threading.current_thread(), Reader)


__all__ = ["Prefetcher", "prefetching"]
