// The server's pings, and the timeout of a client that does not answer them.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { PollingSession } from "../../support/polling.js";
import { RawWebSocket } from "../../support/raw-websocket.js";
import { url } from "../../support/target.js";
import { elapse } from "../../support/waiting.js";

const PATH = "/engine.io/";
const PING_INTERVAL = 300;
const PING_TIMEOUT = 200;

async function connect() {
  const socket = await RawWebSocket.open(url(PATH, { EIO: 4, transport: "websocket" }, "ws"));
  await socket.next();
  return socket;
}

describe("the heartbeat", () => {
  it("goes on by polling", async () => {
    const session = await PollingSession.start(PATH);
    for (let i = 0; i < 3; i += 1) {
      assert.deepEqual(await session.receive(), ["2"]);
      await session.send("3");
    }
  });

  it("goes on by WebSocket", async () => {
    const socket = await connect();
    for (let i = 0; i < 3; i += 1) {
      assert.equal(await socket.next(), "2");
      socket.send("3");
    }
    await socket.close();
  });

  it("begins one interval after the handshake", async () => {
    const socket = await connect();
    const opened = performance.now();
    assert.equal(await socket.next(), "2");
    const waited = performance.now() - opened;
    assert.ok(waited > PING_INTERVAL * 0.8, `the first ping came after ${waited} ms`);
    await socket.close();
  });

  it("ends a polling session that does not answer", async () => {
    const session = await PollingSession.start(PATH);
    await elapse(PING_INTERVAL + PING_TIMEOUT + 100);
    const response = await session.post("3");
    assert.equal(response.status, 400);
    await session.assertGone();
  });

  it("ends a WebSocket session that does not answer", async () => {
    const socket = await connect();
    const opened = performance.now();
    await socket.awaitClose();
    const waited = performance.now() - opened;
    assert.ok(waited > PING_INTERVAL + PING_TIMEOUT * 0.5, `closed after ${waited} ms`);
    assert.deepEqual(socket.unread, ["2"]);
  });

  it("is sent to a client that sends messages, and messages do not count as pongs", async () => {
    const socket = await connect();
    assert.equal(await socket.next(), "2");
    socket.send("4busy");
    assert.equal(await socket.next(), "4busy");
    await socket.awaitClose();
  });
});
