"""Actions of the server: it requests acknowledgements, sends bytes, and rejects connections."""

import asyncio
import threading

import pytest
import socketio


def test_the_server_is_given_its_acknowledgement(sync_client):
    sync_client.io.on("ack", lambda *_offset: (5, {"test": True}))
    got = threading.Event()
    sync_client.io.on("got it", lambda *_offset: got.set())
    sync_client.connect()
    sync_client.io.emit("ack")
    assert got.wait(10)


def test_the_server_is_given_its_acknowledgement_asynchronously(run_async):
    async def test(client):
        got = asyncio.Event()

        async def acknowledge(*_offset):
            return 5, {"test": True}

        client.io.on("ack", acknowledge)
        client.io.on("got it", lambda *_offset: got.set())
        await client.connect()
        await client.io.emit("ack")
        await asyncio.wait_for(got.wait(), 10)

    run_async(test)


def test_bytes_come_from_the_server(sync_client):
    sync_client.connect()
    sync_client.io.emit("doge")
    assert sync_client.next()[1:][1][0] == b"asdfasdf"


def test_bytes_within_an_object_reach_the_server(sync_client):
    sync_client.connect()
    sync_client.io.emit("jsonbuff", {"hello": "lol", "message": b"\x01\x02", "goodbye": "gotcha"})
    assert sync_client.next()[1] == "jsonbuff-ack"


def test_the_socket_knows_its_id(sync_client):
    sync_client.connect()
    assert sync_client.call("getId") == sync_client.io.get_sid()
    assert sync_client.io.get_sid() != sync_client.io.sid


def test_the_server_knows_the_handshake(sync_client):
    sync_client.url += "?a=b&c=d%20e"
    sync_client.connect(auth={"token": "x"}, headers={"X-Test": "yes"})
    handshake = sync_client.call("getHandshake")
    assert handshake["query"]["a"] == "b"
    assert handshake["query"]["c"] == "d e"
    assert handshake["auth"] == {"token": "x"}
    assert handshake["headers"]["x-test"] == "yes"


@pytest.mark.parametrize(
    ("namespace", "query", "message"),
    [
        ("/", "?fail=1", "Auth failed (main namespace)"),
        ("/no", "", "Auth failed (custom namespace)"),
    ],
    ids=["main", "custom"],
)
def test_a_refusal_says_why(sync_client, namespace, query, message):
    errors = []
    sync_client.io.on("connect_error", errors.append, namespace=namespace)
    sync_client.url += query
    with pytest.raises(socketio.exceptions.ConnectionError):
        sync_client.connect(namespaces=[namespace])
    assert errors == [{"message": message}]
