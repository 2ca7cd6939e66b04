// The official client: events, acknowledgements, namespaces and reconnection, on every transport.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { client, refusalOf, TRANSPORTS, upgraded, withClient, withClients } from "../../support/clients.js";
import { elapse, once } from "../../support/waiting.js";

/** Values that must come back as they were sent. */
const VALUES = [
  [],
  ["hello"],
  [1, "2", { 3: [true] }, null, -1.5, false, []],
  ["пойду спать 🦀 \"quoted\" \\ \u0000 \u2028"],
  [Buffer.of(1, 2, 3)],
  [Buffer.of()],
  ["text", Buffer.of(1), { deep: [{ bytes: Buffer.of(2) }, Buffer.of(3)] }, 4],
  [Buffer.alloc(100_000, 7)],
];

const show = (args) => JSON.stringify(args).slice(0, 60);

for (const [name, transports] of Object.entries(TRANSPORTS)) {
  describe(`a client on ${name}`, () => {
    for (const args of VALUES) {
      it(`gets back ${show(args)}`, async () => {
        await withClient({ transports }, async (socket) => {
          const answered = new Promise((resolve) => socket.once("message-back", (...back) => resolve(back)));
          socket.emit("message", ...args);
          assert.deepEqual(await answered, args);
        });
      });

      it(`is acknowledged with ${show(args)}`, async () => {
        await withClient({ transports }, async (socket) => {
          const acknowledged = new Promise((resolve) => {
            socket.emit("message-with-ack", ...args, (...back) => resolve(back));
          });
          assert.deepEqual(await acknowledged, args);
        });
      });
    }

    it("awaits an acknowledgement", async () => {
      await withClient({ transports }, async (socket) => {
        assert.equal(await socket.timeout(5_000).emitWithAck("message-with-ack", "value"), "value");
      });
    });

    it("receives its auth payload", async () => {
      const auth = { token: "123", nested: { list: [1, "zwei", null] } };
      const socket = client("/", { transports, auth });
      assert.deepEqual(await once(socket, "auth"), auth);
      socket.disconnect();
    });

    it("receives an empty auth payload if it sent none", async () => {
      const socket = client("/", { transports });
      assert.deepEqual(await once(socket, "auth"), {});
      socket.disconnect();
    });

    it("has its own id, which is not the connection's", async () => {
      await withClient({ transports }, async (socket) => {
        assert.match(socket.id, /^[A-Za-z0-9_-]{20}$/);
        assert.notEqual(socket.id, socket.io.engine.id);
      });
    });

    it("uses two namespaces on one connection", async () => {
      await withClient({ transports }, async (main) => {
        const custom = main.io.socket("/custom", { auth: { where: "custom" } });
        assert.deepEqual(await once(custom, "auth"), { where: "custom" });
        assert.notEqual(custom.id, main.id);
        custom.disconnect();
        assert.equal(await main.emitWithAck("message-with-ack", "still here"), "still here");
      });
    });

    it("is refused in a namespace that does not exist", async () => {
      const error = await refusalOf("/random", { transports });
      assert.equal(error.message, "Invalid namespace");
    });

    it("stays connected over several heartbeats", async () => {
      await withClient({ transports }, async (socket) => {
        const disconnected = once(socket, "disconnect", 60_000).catch(() => {});
        await Promise.race([disconnected, elapse(1_500)]);
        assert.equal(socket.connected, true);
        assert.equal(await socket.emitWithAck("message-with-ack", "alive"), "alive");
      });
    });

    it("disconnects and connects again", async () => {
      await withClient({ transports }, async (socket) => {
        const first = socket.id;
        const reason = once(socket, "disconnect");
        socket.disconnect();
        assert.equal((await reason)[0], "io client disconnect");
        socket.connect();
        await once(socket, "connect");
        assert.notEqual(socket.id, first);
        assert.equal(await socket.emitWithAck("message-with-ack", 1), 1);
      });
    });

    it("reconnects by itself when its connection is lost", async () => {
      await withClient({ transports }, async (socket) => {
        const first = socket.id;
        socket.io.engine.close();
        await once(socket, "connect");
        assert.notEqual(socket.id, first);
        assert.equal(await socket.emitWithAck("message-with-ack", 1), 1);
      });
    });
  });
}

describe("a client that upgrades", () => {
  it("loses no event that it sends meanwhile, and keeps the order", async () => {
    await withClient({ transports: TRANSPORTS.upgrade }, async (socket) => {
      const received = [];
      socket.on("message-back", (i) => received.push(i));
      let sent = 0;
      const send = () => socket.emit("message", sent++);
      const engine = socket.io.engine;
      for (const moment of ["upgrading", "packet", "packetCreate"]) engine.on(moment, () => sent < 300 && setImmediate(send));
      send();
      await upgraded(socket);
      send();
      assert.equal(await socket.emitWithAck("message-with-ack", "last"), "last");
      const last = sent;
      while (received.length < last) await once(socket, "message-back");
      assert.deepEqual(received.slice(0, last), Array.from({ length: last }, (_, i) => i));
    });
  });
});

describe("many clients", () => {
  it("each get their own answers", async () => {
    const list = Array.from({ length: 30 }, (_, i) => ({ transports: Object.values(TRANSPORTS)[i % 3] }));
    await withClients(list, async (...sockets) => {
      const answers = await Promise.all(sockets.map((socket, i) => socket.emitWithAck("message-with-ack", i)));
      assert.deepEqual(answers, sockets.map((_, i) => i));
      assert.equal(new Set(sockets.map(({ id }) => id)).size, 30);
    });
  });
});
