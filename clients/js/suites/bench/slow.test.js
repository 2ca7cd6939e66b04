// A client that does not read must not delay the other clients.

import assert from "node:assert/strict";
import { it } from "node:test";
import { withClients } from "../../support/clients.js";
import { RawWebSocket } from "../../support/raw-websocket.js";
import { isReference, url } from "../../support/target.js";
import { within } from "../../support/waiting.js";

// Together these broadcasts exceed the buffers of the system and the queue of a client that does not read.
const COUNT = 4_000;
const TEXT = "x".repeat(10_000);

it("a client that does not read does not delay the others, and is disconnected", async () => {
  const slow = await RawWebSocket.open(url("/socket.io/", { EIO: 4, transport: "websocket" }, "ws"));
  await slow.next();
  slow.send("40");
  await slow.next();
  slow.pause();

  const transports = ["websocket"];
  await withClients([{ transports }, { transports }], async (talker, listener) => {
    let received = 0;
    const all = new Promise((resolve) => {
      listener.on("broadcast", (value) => {
        assert.equal(value, `${received} ${TEXT}`);
        received += 1;
        if (received === COUNT) resolve();
      });
    });
    // Twenty events are sent at a time, so that the queues of the talker and the listener stay short.
    for (let i = 0; i < COUNT; i += 1) {
      talker.emit("broadcast", `${i} ${TEXT}`);
      if (i % 20 === 19) await talker.emitWithAck("echo");
    }
    await within(all, `${COUNT} broadcasts`, 30_000);
    assert.ok(talker.connected && listener.connected);
  });

  slow.resume();
  // The reference queues everything for the slow client and never disconnects it.
  if (isReference) await slow.terminate();
  else await slow.awaitClose();
});
