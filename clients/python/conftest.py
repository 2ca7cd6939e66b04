"""The fixtures of all suites: the server's address, and clients that are closed at the end of their test.

The environment variable SPECTER_URL is the address of the server under test.
"""

import asyncio
import os
import queue

import pytest
import socketio

TIMEOUT = 10

TRANSPORTS = {
    "polling": ["polling"],
    "websocket": ["websocket"],
    "upgrade": ["polling", "websocket"],
}


@pytest.fixture(scope="session")
def url():
    """The address of the server under test."""
    return os.environ.get("SPECTER_URL", "http://127.0.0.1:3000")


@pytest.fixture(params=TRANSPORTS, ids=list(TRANSPORTS))
def transports(request):
    """The transports of a client. A test runs with each of them."""
    return TRANSPORTS[request.param]


class SyncClient:
    """The synchronous client, with the events of every namespace in one queue, in the order of their arrival."""

    def __init__(self, url, transports):
        self.url = url
        self.transports = transports
        self.events = queue.Queue()
        self.io = socketio.Client(reconnection=False)
        self.io.on("*", self._keep, namespace="*")

    def _keep(self, event, namespace, *args):
        self.events.put((namespace, event, args))

    def connect(self, namespaces=("/",), **options):
        self.io.connect(
            self.url, transports=self.transports, namespaces=list(namespaces), wait_timeout=TIMEOUT, **options
        )

    def next(self):
        """The next event: namespace, name and arguments."""
        return self.events.get(timeout=TIMEOUT)

    def call(self, event, data=None, namespace="/"):
        """Emits, and awaits the acknowledgement."""
        return self.io.call(event, data, namespace=namespace, timeout=TIMEOUT)


@pytest.fixture
def sync_client(url, transports):
    """A synchronous client, not connected yet."""
    client = SyncClient(url, transports)
    yield client
    client.io.disconnect()


class AsyncClient:
    """The asynchronous client, with the events of every namespace in one queue, in the order of their arrival."""

    def __init__(self, url, transports):
        self.url = url
        self.transports = transports
        self.events = asyncio.Queue()
        self.io = socketio.AsyncClient(reconnection=False)
        self.io.on("*", self._keep, namespace="*")

    async def _keep(self, event, namespace, *args):
        self.events.put_nowait((namespace, event, args))

    async def connect(self, namespaces=("/",), **options):
        await self.io.connect(
            self.url, transports=self.transports, namespaces=list(namespaces), wait_timeout=TIMEOUT, **options
        )

    async def next(self):
        """The next event: namespace, name and arguments."""
        return await asyncio.wait_for(self.events.get(), TIMEOUT)

    async def call(self, event, data=None, namespace="/"):
        """Emits, and awaits the acknowledgement."""
        return await self.io.call(event, data, namespace=namespace, timeout=TIMEOUT)


@pytest.fixture
def run_async(url, transports):
    """Runs a coroutine function with a new asynchronous client, and closes the client afterwards."""

    def run(test):
        async def guarded():
            client = AsyncClient(url, transports)
            try:
                await asyncio.wait_for(test(client), 6 * TIMEOUT)
            finally:
                await client.io.disconnect()

        asyncio.run(guarded())

    return run
