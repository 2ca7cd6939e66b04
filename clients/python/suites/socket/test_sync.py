"""The synchronous client against the profile `socket`."""

import threading

import pytest
import socketio

VALUES = [
    (),
    ("hello",),
    (1, "2", {"3": [True]}, None, -1.5, False, []),
    ("пойду спать 🦀 \"quoted\" \\ \x00",),
    (b"\x01\x02\x03",),
    (b"",),
    ("text", b"\x01", {"deep": [{"bytes": b"\x02"}, b"\x03"]}, 4),
    (b"\x07" * 100_000,),
]


def ids(args):
    return repr(args)[:40]


@pytest.mark.parametrize("args", VALUES, ids=ids)
def test_an_event_comes_back(sync_client, args):
    sync_client.connect()
    assert sync_client.next() == ("/", "auth", ({},))
    sync_client.io.emit("message", args)
    assert sync_client.next() == ("/", "message-back", args)


@pytest.mark.parametrize("args", VALUES, ids=ids)
def test_an_event_is_acknowledged(sync_client, args):
    sync_client.connect()
    acknowledged = threading.Event()
    answer = []

    def callback(*back):
        answer.extend(back)
        acknowledged.set()

    sync_client.io.emit("message-with-ack", args, callback=callback)
    assert acknowledged.wait(10)
    assert tuple(answer) == args


def test_a_call_returns_the_acknowledgement(sync_client):
    sync_client.connect()
    assert sync_client.call("message-with-ack", "value") == "value"
    assert sync_client.call("message-with-ack", (1, b"2")) == (1, b"2")


def test_the_auth_payload_reaches_the_server(sync_client):
    auth = {"token": "123", "nested": {"list": [1, "zwei", None]}}
    sync_client.connect(auth=auth)
    assert sync_client.next() == ("/", "auth", (auth,))


def test_two_namespaces_share_a_connection(sync_client):
    sync_client.connect(namespaces=["/", "/custom"])
    greetings = {sync_client.next()[0] for _ in range(2)}
    assert greetings == {"/", "/custom"}
    main, custom = sync_client.io.get_sid("/"), sync_client.io.get_sid("/custom")
    assert len({main, custom, sync_client.io.sid}) == 3
    assert sync_client.call("message-with-ack", "still here") == "still here"


def test_an_unknown_namespace_is_refused(sync_client):
    errors = []
    sync_client.io.on("connect_error", errors.append, namespace="/random")
    with pytest.raises(socketio.exceptions.ConnectionError):
        sync_client.connect(namespaces=["/random"])
    assert errors == [{"message": "Invalid namespace"}]


def test_the_connection_outlives_several_heartbeats(sync_client):
    sync_client.connect()
    lost = threading.Event()
    sync_client.io.on("disconnect", lambda _reason: lost.set())
    assert not lost.wait(1.5)
    assert sync_client.call("message-with-ack", "alive") == "alive"


def test_a_client_disconnects_and_connects_again(sync_client):
    sync_client.connect()
    first = sync_client.io.get_sid()
    sync_client.io.disconnect()
    sync_client.io.wait()
    sync_client.connect()
    assert sync_client.io.get_sid() != first
    assert sync_client.call("message-with-ack", 1) == 1


def test_no_event_is_lost(sync_client):
    sync_client.connect()
    assert sync_client.next()[1] == "auth"
    # The Python client takes at most 16 packets in one polling body.
    for batch in range(50):
        sent = [(batch * 10 + i,) for i in range(10)]
        for args in sent:
            sync_client.io.emit("message", args)
        # The client handles each event in a thread of its own, so the events may be in any order.
        assert sorted(sync_client.next()[2] for _ in sent) == sent


def test_the_simple_client_talks(url, transports):
    with socketio.SimpleClient() as client:
        client.connect(url, transports=transports)
        assert client.receive(timeout=10) == ["auth", {}]
        client.emit("message", ("a", b"b"))
        assert client.receive(timeout=10) == ["message-back", "a", b"b"]
        assert client.call("message-with-ack", {"c": 1}, timeout=10) == {"c": 1}
