// The server with its default settings and ordinary traffic: echoes, broadcasts, rooms, and 20,000 events in a row.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { argument, TRANSPORTS, upgraded, withClient, withClients } from "../../support/clients.js";
import { PollingSession } from "../../support/polling.js";
import { once, within } from "../../support/waiting.js";

it("the defaults are Socket.IO's", async () => {
  const { open } = await PollingSession.start("/socket.io/");
  const { sid, ...rest } = open;
  assert.match(sid, /^[A-Za-z0-9_-]{20}$/);
  assert.deepEqual(rest, { upgrades: ["websocket"], pingInterval: 25_000, pingTimeout: 20_000, maxPayload: 1_000_000 });
});

for (const [name, transports] of Object.entries(TRANSPORTS)) {
  describe(`on ${name}`, () => {
    it("an echo is acknowledged", async () => {
      await withClient({ transports }, async (socket) => {
        const args = [1, "two", Buffer.of(3)];
        const acknowledged = new Promise((resolve) => socket.emit("echo", ...args, (...back) => resolve(back)));
        assert.deepEqual(await acknowledged, args);
      });
    });

    for (const event of ["echo", "emit"]) {
      it(`an ${event} comes back as an event`, async () => {
        await withClient({ transports }, async (socket) => {
          const back = once(socket, "echo");
          socket.emit(event, 1, "two", Buffer.of(3));
          assert.deepEqual(await back, [1, "two", Buffer.of(3)]);
        });
      });
    }

    it("a broadcast reaches everybody", async () => {
      await withClients([{ transports }, { transports: ["websocket"] }, { transports: ["polling"] }], async (...sockets) => {
        const value = `to all from ${sockets[0].id}`;
        const received = sockets.map((socket) => within(receives(socket, "broadcast", value), "the broadcast"));
        sockets[0].emit("broadcast", value);
        await Promise.all(received);
      });
    });

    it("a room's event reaches only its members", async () => {
      await withClients([{ transports }, { transports }, { transports }], async (first, second, outsider) => {
        const room = `room of ${first.id}`;
        outsider.on("room", () => assert.fail("a client outside of the room received the event"));
        await Promise.all([first.emitWithAck("join", room), second.emitWithAck("join", room)]);
        const received = [argument(first, "room"), argument(second, "room")];
        outsider.emit("room", room, { text: "hello" });
        assert.deepEqual(await Promise.all(received), [{ text: "hello" }, { text: "hello" }]);
        // If the outsider had been sent the event, it would have received it before this acknowledgement.
        await outsider.emitWithAck("echo");
      });
    });

    it("a client that joins a room twice receives one copy of an event", async () => {
      await withClient({ transports }, async (socket) => {
        const room = `room of ${socket.id}`;
        await socket.emitWithAck("join", room);
        await socket.emitWithAck("join", room);
        let copies = 0;
        socket.on("room", () => {
          copies += 1;
        });
        socket.emit("room", room, 1);
        await socket.emitWithAck("echo");
        assert.equal(copies, 1);
      });
    });

    it("20,000 events are handled in order, and none is lost", async () => {
      await withClient({ transports }, async (socket) => {
        await upgradedIf(transports.length > 1, socket);
        const count = 20_000;
        const received = [];
        const all = new Promise((resolve) => {
          socket.on("echo", (i) => received.push(i) === count && resolve());
        });
        for (let i = 0; i < count; i += 1) socket.emit("emit", i);
        await within(Promise.race([all, disconnected(socket)]), `${count} echoes`, 40_000);
        assert.deepEqual(received, Array.from({ length: count }, (_, i) => i));
      });
    });

    it("20,000 events are acknowledged in order", async () => {
      await withClient({ transports }, async (socket) => {
        await upgradedIf(transports.length > 1, socket);
        const count = 20_000;
        const received = [];
        const all = new Promise((resolve) => {
          for (let i = 0; i < count; i += 1) {
            socket.emit("echo", i, (back) => received.push(back) === count && resolve());
          }
        });
        await within(Promise.race([all, disconnected(socket)]), `${count} acknowledgements`, 40_000);
        assert.deepEqual(received, Array.from({ length: count }, (_, i) => i));
      });
    });
  });
}

function upgradedIf(expected, socket) {
  return expected ? upgraded(socket) : undefined;
}

/** Rejects if the socket is disconnected. */
function disconnected(socket) {
  return new Promise((_resolve, reject) => {
    socket.once("disconnect", (reason) => reject(new Error(`disconnected: ${reason}`)));
  });
}

/** Resolves when this value is received. Values of other tests' broadcasts are ignored. */
function receives(socket, event, value) {
  return new Promise((resolve) => {
    socket.on(event, (received) => received === value && resolve());
  });
}
