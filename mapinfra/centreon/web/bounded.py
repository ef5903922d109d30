"""Answers by HTTP, with an end: in bytes, and in seconds for all of one together."""

from collections.abc import Callable, Iterator

import httpx

from mapinfra.hosts.deadline import Deadline

ANSWER_LIMIT = 32 << 20
"""Bytes that one answer may have."""


def bounded(seconds: float) -> Callable[[httpx.Response], None]:
    """Return a hook for a client's responses that ends those which don't end by themselves.

    Their reader is told by httpx.ReadError, or httpx.ReadTimeout. What is compressed stays so:
    it wasn't asked for, and a short answer could become a long one.
    """

    def hook(response: httpx.Response) -> None:
        response.headers.pop("content-encoding", None)
        assert isinstance(response.stream, httpx.SyncByteStream), "of a client without async"
        response.stream = _Bounded(response.stream, Deadline.after(seconds))

    return hook


class _Bounded(httpx.SyncByteStream):
    def __init__(self, stream: httpx.SyncByteStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def __iter__(self) -> Iterator[bytes]:
        left = ANSWER_LIMIT
        for chunk in self._stream:
            left -= len(chunk)
            if left < 0:
                raise httpx.ReadError(f"its answer is longer than {ANSWER_LIMIT / 2**20:g} MiB")
            if self._deadline.passed:
                raise httpx.ReadTimeout("its answer doesn't end")
            yield chunk

    def close(self) -> None:
        self._stream.close()
