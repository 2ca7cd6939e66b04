// A session ends: by a close packet, or by the close or the loss of its WebSocket.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { PollingSession } from "../../support/polling.js";
import { RawWebSocket } from "../../support/raw-websocket.js";
import { isReference, url } from "../../support/target.js";

const PATH = "/engine.io/";

async function connect() {
  const socket = await RawWebSocket.open(url(PATH, { EIO: 4, transport: "websocket" }, "ws"));
  const { sid } = JSON.parse((await socket.next()).slice(1));
  return { socket, session: new PollingSession(PATH, { sid }) };
}

describe("a session ends", () => {
  it("by a close packet in a POST, which releases the waiting poll", async () => {
    const session = await PollingSession.start(PATH);
    const [polled, posted] = await Promise.all([session.poll(), session.post("1")]);
    assert.equal(posted.status, 200);
    assert.equal(polled.status, 200);
    assert.equal(await polled.text(), "6");
    await session.assertGone();
  });

  it("by a close packet on the WebSocket", async () => {
    const { socket, session } = await connect();
    const sent = performance.now();
    socket.send("1");
    await socket.awaitClose();
    // The reference waits for its ping timeout.
    if (!isReference) assert.ok(performance.now() - sent < 250);
    await session.assertGone();
  });

  it("by the WebSocket's close", async () => {
    const { socket, session } = await connect();
    const { code } = await socket.close();
    assert.equal(code, 1005);
    await session.untilGone();
  });

  it("by the loss of the WebSocket", async () => {
    const { socket, session } = await connect();
    await socket.terminate();
    await session.untilGone();
  });
});
