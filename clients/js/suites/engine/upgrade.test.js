// The upgrade from polling to WebSocket: no packet is lost or sent twice.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { PollingSession } from "../../support/polling.js";
import { RawWebSocket, refusal } from "../../support/raw-websocket.js";
import { elapse, within } from "../../support/waiting.js";

const PATH = "/engine.io/";

async function probe(session) {
  const socket = await RawWebSocket.open(session.url("websocket", "ws"), { heartbeat: true });
  socket.send("2probe");
  assert.equal(await socket.next(), "3probe");
  return socket;
}

async function upgraded() {
  const session = await PollingSession.start(PATH);
  const socket = await probe(session);
  socket.send("5", "4hello");
  assert.equal(await socket.next(), "4hello");
  return { session, socket };
}

describe("an upgrade", () => {
  it("takes a session from polling to WebSocket", async () => {
    const session = await PollingSession.start(PATH);
    const socket = await probe(session);
    assert.deepEqual(await session.receive(), ["6"], "a noop releases the poll");
    socket.send("5", "4hello");
    assert.equal(await socket.next(), "4hello");
    await socket.close();
    await session.untilGone();
  });

  it("releases a poll that waited before the probe", async () => {
    const session = await PollingSession.start(PATH);
    const waiting = session.receive();
    const socket = await probe(session);
    assert.deepEqual(await waiting, ["6"]);
    socket.send("5", "4hello");
    assert.equal(await socket.next(), "4hello");
    await socket.close();
  });

  it("releases a poll that waits at the end", async () => {
    const session = await PollingSession.start(PATH);
    const socket = await probe(session);
    const waiting = session.poll();
    socket.send("5");
    const response = await within(waiting, "the poll");
    const body = await response.text();
    // The poll may have arrived during the probe, at the upgrade, or after it.
    if (response.status === 200) assert.ok(["6", "1"].includes(body), body);
    else assert.equal(body, '{"code":3,"message":"Bad request"}');
    socket.send("4hello");
    assert.equal(await socket.next(), "4hello");
    await socket.close();
  });

  it("moves packets that were not polled yet to the WebSocket, once and in order", async () => {
    const session = await PollingSession.start(PATH);
    const socket = await RawWebSocket.open(session.url("websocket", "ws"), { heartbeat: true });
    await session.send("4one", "bAgI=");
    socket.send("2probe");
    assert.equal(await socket.next(), "3probe");
    await session.send("4three");
    socket.send("5", "4four");
    assert.deepEqual(await socket.take(4), ["4one", Buffer.of(2, 2), "4three", "4four"]);
    socket.send("4five");
    assert.equal(await socket.next(), "4five");
    await socket.close();
  });

  it("loses nothing when polls and the upgrade overlap", async () => {
    for (let round = 0; round < 20; round += 1) {
      const session = await PollingSession.start(PATH);
      const received = [];
      const poll = (async () => {
        for (;;) {
          const response = await session.poll();
          if (response.status !== 200) return;
          const packets = (await response.text()).split("\x1e").filter((packet) => packet[0] === "4");
          received.push(...packets);
        }
      })();
      await session.send("4a", "4b");
      const socket = await probe(session);
      await session.send("4c");
      socket.send("5", "4d");
      while (!received.includes("4d")) {
        const packet = await socket.next();
        if (packet[0] === "4") received.push(packet);
      }
      await within(poll, "the last poll");
      assert.deepEqual(received, ["4a", "4b", "4c", "4d"]);
      await socket.close();
    }
  });

  it("needs no probe", async () => {
    const session = await PollingSession.start(PATH);
    const socket = await RawWebSocket.open(session.url("websocket", "ws"));
    socket.send("5", "4hello");
    assert.equal(await socket.next(), "4hello");
    await socket.close();
  });
});

describe("after an upgrade", () => {
  it("HTTP requests are refused, and the session lives", async () => {
    const { session, socket } = await upgraded();
    for (const response of [await session.poll(), await session.post("4hello")]) {
      assert.equal(response.status, 400);
      assert.deepEqual(await response.json(), { code: 3, message: "Bad request" });
    }
    socket.send("4alive");
    assert.equal(await socket.next(), "4alive");
    await socket.close();
  });

  it("another WebSocket is closed, and the session lives", async () => {
    const { session, socket } = await upgraded();
    const second = new RawWebSocket(session.url("websocket", "ws"));
    await second.awaitClose();
    socket.send("4alive");
    assert.equal(await socket.next(), "4alive");
    await socket.close();
  });

  it("the heartbeat goes on", async () => {
    const { socket } = await upgraded();
    // This is longer than three intervals and a timeout. The session stays open, because pings are answered.
    await elapse(1_200);
    socket.send("4alive");
    assert.equal(await socket.next(), "4alive");
    await socket.close();
  });
});

describe("right after an upgrade was sent", () => {
  /** Returns a WebSocket that has sent its upgrade. The server may not have received it yet. */
  async function upgrading() {
    const session = await PollingSession.start(PATH);
    const socket = await RawWebSocket.open(session.url("websocket", "ws"));
    socket.send("2probe", "5");
    return { session, socket };
  }

  it("a poll comes too late", async () => {
    const { session, socket } = await upgrading();
    assert.equal((await session.poll()).status, 400);
    socket.send("4hello");
    assert.deepEqual(await socket.take(2), ["3probe", "4hello"]);
    await socket.close();
  });

  it("another WebSocket comes too late", async () => {
    const { session, socket } = await upgrading();
    const second = new RawWebSocket(session.url("websocket", "ws"));
    await second.awaitClose();
    socket.send("4hello");
    assert.deepEqual(await socket.take(2), ["3probe", "4hello"]);
    await socket.close();
  });
});

describe("an upgrade that fails leaves the session to polling", () => {
  async function assertAlive(session) {
    await session.send("4alive");
    assert.deepEqual(await session.collect(1).then((packets) => packets.filter((packet) => packet !== "6")), ["4alive"]);
  }

  it("when the first packet is another", async () => {
    const session = await PollingSession.start(PATH);
    const socket = await RawWebSocket.open(session.url("websocket", "ws"));
    socket.send("4hello");
    await socket.awaitClose();
    await assertAlive(session);
  });

  it("when the WebSocket closes before its probe", async () => {
    const session = await PollingSession.start(PATH);
    const socket = await RawWebSocket.open(session.url("websocket", "ws"));
    await socket.close();
    await assertAlive(session);
  });

  it("when the WebSocket is lost after its probe", async () => {
    const session = await PollingSession.start(PATH);
    const socket = await probe(session);
    await socket.terminate();
    await session.send("4alive");
    for (;;) {
      const packets = (await session.receive()).filter((packet) => packet !== "6");
      if (packets.length === 0) continue;
      assert.deepEqual(packets, ["4alive"]);
      break;
    }
  });

  it("when a second WebSocket comes, which is closed", async () => {
    const session = await PollingSession.start(PATH);
    const first = await probe(session);
    const second = new RawWebSocket(session.url("websocket", "ws"));
    await second.awaitClose();
    first.send("5", "4hello");
    assert.equal(await first.next(), "4hello");
    await first.close();
  });

  it("when the WebSocket has another protocol version", async () => {
    const session = await PollingSession.start(PATH);
    const { status } = await refusal(session.url("websocket", "ws").replace("EIO=4", "EIO=3"));
    assert.equal(status, 400);
    await assertAlive(session);
  });
});
