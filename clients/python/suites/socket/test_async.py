"""The asynchronous client against the profile `socket`."""

import asyncio

import pytest
import socketio

VALUES = [
    (),
    ("hello",),
    (1, "2", {"3": [True]}, None, -1.5, False, []),
    ("пойду спать 🦀 \"quoted\" \\ \x00",),
    (b"\x01\x02\x03",),
    ("text", b"\x01", {"deep": [{"bytes": b"\x02"}, b"\x03"]}, 4),
    (b"\x07" * 100_000,),
]


def ids(args):
    return repr(args)[:40]


@pytest.mark.parametrize("args", VALUES, ids=ids)
def test_an_event_comes_back(run_async, args):
    async def test(client):
        await client.connect()
        assert await client.next() == ("/", "auth", ({},))
        await client.io.emit("message", args)
        assert await client.next() == ("/", "message-back", args)

    run_async(test)


@pytest.mark.parametrize("args", VALUES, ids=ids)
def test_an_event_is_acknowledged(run_async, args):
    async def test(client):
        await client.connect()
        answer = asyncio.get_running_loop().create_future()
        await client.io.emit("message-with-ack", args, callback=lambda *back: answer.set_result(back))
        assert await asyncio.wait_for(answer, 10) == args

    run_async(test)


def test_the_auth_payload_reaches_the_server(run_async):
    async def test(client):
        await client.connect(auth={"token": "123"})
        assert await client.next() == ("/", "auth", ({"token": "123"},))

    run_async(test)


def test_two_namespaces_share_a_connection(run_async):
    async def test(client):
        await client.connect(namespaces=["/", "/custom"])
        assert {(await client.next())[0] for _ in range(2)} == {"/", "/custom"}
        assert await client.call("message-with-ack", "still here") == "still here"

    run_async(test)


def test_an_unknown_namespace_is_refused(run_async):
    async def test(client):
        errors = []

        async def keep(data):
            errors.append(data)

        client.io.on("connect_error", keep, namespace="/random")
        with pytest.raises(socketio.exceptions.ConnectionError):
            await client.connect(namespaces=["/random"])
        assert errors == [{"message": "Invalid namespace"}]

    run_async(test)


def test_the_connection_outlives_several_heartbeats(run_async):
    async def test(client):
        await client.connect()
        lost = asyncio.Event()
        client.io.on("disconnect", lambda _reason: lost.set())
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(lost.wait(), 1.5)
        assert await client.call("message-with-ack", "alive") == "alive"

    run_async(test)


def test_events_keep_their_order(run_async):
    async def test(client):
        await client.connect()
        assert (await client.next())[1] == "auth"
        # The Python client takes at most 16 packets in one polling body.
        for batch in range(50):
            sent = [(batch * 10 + i,) for i in range(10)]
            for args in sent:
                await client.io.emit("message", args)
            assert [(await client.next())[2] for _ in sent] == sent

    run_async(test)


def test_many_clients_get_their_own_answers(run_async, url, transports):
    async def test(_client):
        clients = [socketio.AsyncSimpleClient(reconnection=False) for _ in range(20)]
        try:
            await asyncio.gather(*(client.connect(url, transports=transports) for client in clients))
            answers = await asyncio.gather(
                *(client.call("message-with-ack", i, timeout=10) for i, client in enumerate(clients))
            )
            assert answers == list(range(20))
        finally:
            await asyncio.gather(*(client.disconnect() for client in clients))

    run_async(test)
