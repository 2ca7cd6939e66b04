// Unusual traffic that caused errors in other servers: many events at once, base64 on a WebSocket, and text that is cut
// inside a character.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { client, TRANSPORTS, upgraded, withClients } from "../../support/clients.js";
import { isReference } from "../../support/target.js";
import { once, within } from "../../support/waiting.js";

for (const [name, transports] of Object.entries(TRANSPORTS)) {
  describe(`clients on ${name}`, () => {
    it("receive all of many broadcasts that are sent at once", async () => {
      const text = "x".repeat(5_000);
      await withClients([{ transports }, { transports }, { transports }], async (...sockets) => {
        const all = sockets.map(
          (socket) =>
            new Promise((resolve, reject) => {
              let received = 0;
              socket.on("disconnect", reject);
              socket.on("broadcast", (value) => {
                assert.equal(value, `${received} ${text}`);
                received += 1;
                if (received === 300) resolve(socket.off("disconnect"));
              });
            }),
        );
        for (let i = 0; i < 300; i += 1) sockets[0].emit("broadcast", `${i} ${text}`);
        await within(Promise.all(all), "300 broadcasts for each", 20_000);
      });
    });

    it("may send bytes as base64 after the upgrade too", async () => {
      await withClients([{ transports, forceBase64: true }], async (socket) => {
        if (name === "upgrade") await upgraded(socket);
        for (const bytes of [Buffer.of(), Buffer.of(1, 2, 255), Buffer.alloc(100_000, 7)]) {
          const answer = await socket.emitWithAck("echo", { bytes }, "text");
          assert.deepEqual(Buffer.from(answer.bytes), bytes);
        }
      });
    });

    it("may send text that is cut inside a character", async () => {
      const auth = { name: "cut 👋".slice(0, 5) };
      const socket = client("/", { transports, auth });
      await once(socket, "connect");
      const cut = { ["key " + "👋".slice(1)]: ["cut 👋".slice(0, 5), "whole 👋"] };
      const answer = await within(socket.emitWithAck("echo", cut), "the answer");
      // The reference passes the half of a surrogate pair on.
      if (!isReference) assert.deepEqual(answer, { "key \ufffd": ["cut \ufffd", "whole 👋"] });
      socket.disconnect();
    });
  });
}
