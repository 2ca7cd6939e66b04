// socket.io-client, used as by its own tests: connections, namespaces, reconnection.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Manager } from "socket.io-client";
import { argument, client, refusalOf, TRANSPORTS, withClient } from "../../support/clients.js";
import { origin } from "../../support/target.js";
import { elapse, once } from "../../support/waiting.js";

/** Runs `use` with a manager, and closes the manager afterwards. */
async function withManager(options, use) {
  const manager = new Manager(origin, { reconnectionDelay: 10, ...options });
  try {
    return await use(manager);
  } finally {
    manager._close();
  }
}

/** Fails if the emitter's `event` happens within this time. */
async function never(emitter, event, milliseconds = 150) {
  const happened = new Promise((_resolve, reject) => {
    emitter.once(event, () => reject(new Error(`"${event}" happened`)));
  });
  await Promise.race([happened, elapse(milliseconds)]);
}

for (const [name, transports] of Object.entries(TRANSPORTS)) {
  describe(`on ${name}`, () => {
    it("an event comes back", async () => {
      await withClient({ transports }, async (socket) => {
        const answer = once(socket, "hi");
        socket.emit("hi");
        await answer;
      });
    });

    it("the server's acknowledgement request is answered", async () => {
      await withClient({ transports }, async (socket) => {
        const got = once(socket, "got it");
        socket.on("ack", (acknowledge) => acknowledge(5, { test: true }));
        socket.emit("ack");
        await got;
      });
    });

    it("the server ignores an acknowledgement with other values", async () => {
      await withClient({ transports }, async (socket) => {
        socket.on("got it", () => assert.fail("the server accepted an acknowledgement with other values"));
        socket.on("ack", (acknowledge) => acknowledge(4, { test: true }));
        const asked = once(socket, "ack");
        socket.emit("ack");
        await asked;
        assert.equal(await socket.emitWithAck("echo", "after"), "after");
      });
    });

    it("an acknowledgement carries a date", async () => {
      await withClient({ transports }, async (socket) => {
        assertRecent(await socket.emitWithAck("getAckDate", { test: true }));
      });
    });

    it("an event carries a date", async () => {
      await withClient({ transports }, async (socket) => {
        const taken = argument(socket, "takeDate");
        socket.emit("getDate");
        assertRecent(await taken);
      });
    });

    it("an event carries a date in an object", async () => {
      await withClient({ transports }, async (socket) => {
        const taken = argument(socket, "takeDateObj");
        socket.emit("getDateObj");
        const { date, ...rest } = await taken;
        assertRecent(date);
        assert.deepEqual(rest, {});
      });
    });

    it("an event carries false", async () => {
      await withClient({ transports }, async (socket) => {
        const taken = argument(socket, "false");
        socket.emit("false");
        assert.equal(await taken, false);
      });
    });

    it("five texts with characters of several bytes are received in order", async () => {
      await withClient({ transports }, async (socket) => {
        const texts = [];
        socket.on("takeUtf8", (text) => texts.push(text));
        socket.emit("getUtf8");
        while (texts.length < 5) await once(socket, "takeUtf8");
        assert.deepEqual(texts, ["てすと", "Я Б Г Д Ж Й", "Ä ä Ü ü ß", "utf8 — string", "utf8 — string"]);
      });
    });

    for (const [ask, answer] of [
      ["doge", "doge"],
      ["getbin", "takebin"],
    ]) {
      it(`${ask} brings bytes`, async () => {
        await withClient({ transports }, async (socket) => {
          const taken = argument(socket, answer);
          socket.emit(ask);
          assert.deepEqual(await taken, Buffer.from("asdfasdf"));
        });
      });
    }

    it("bytes may be received as an ArrayBuffer", async () => {
      const socket = client("/", { transports });
      socket.io.engine.binaryType = "arraybuffer";
      const taken = argument(socket, "doge");
      socket.emit("doge");
      const buffer = await taken;
      assert.ok(buffer instanceof ArrayBuffer);
      assert.deepEqual(Buffer.from(buffer), Buffer.from("asdfasdf"));
      socket.disconnect();
    });

    it("bytes reach the server", async () => {
      await withClient({ transports }, async (socket) => {
        const acknowledged = once(socket, "buffack");
        socket.emit("buffa", Uint8Array.of(1, 2, 3).buffer);
        await acknowledged;
      });
    });

    it("bytes within an object reach the server", async () => {
      await withClient({ transports }, async (socket) => {
        const acknowledged = once(socket, "jsonbuff-ack");
        socket.emit("jsonbuff", { hello: "lol", message: Uint8Array.of(1, 2, 3).buffer, goodbye: "gotcha" });
        await acknowledged;
      });
    });

    it("bytes and text reach the server in order", async () => {
      await withClient({ transports }, async (socket) => {
        const acknowledged = once(socket, "abuff2-ack");
        socket.emit("abuff1", Uint8Array.of(1, 2, 3).buffer);
        socket.emit("abuff2", "please arrive second");
        await acknowledged;
      });
    });

    it("a failed connection to the main namespace says why", async () => {
      const error = await refusalOf("/", { transports, query: { fail: "yes" } });
      assert.ok(error instanceof Error);
      assert.equal(error.message, "Auth failed (main namespace)");
      assert.equal(error.data, undefined);
    });

    it("an empty query parameter `fail` does not fail the connection", async () => {
      await withClient({ transports, query: { fail: "" } }, async (socket) => {
        assert.equal(await socket.emitWithAck("echo", 1), 1);
      });
    });

    it("a failed connection to another namespace says why", async () => {
      const error = await refusalOf("/no", { transports });
      assert.ok(error instanceof Error);
      assert.equal(error.message, "Auth failed (custom namespace)");
    });

    it("a namespace is joined after the connection is open", async () => {
      await withManager({ transports }, async (manager) => {
        const main = manager.socket("/");
        await once(main, "connect");
        const foo = manager.socket("/foo");
        await once(foo, "connect");
        assert.equal(await foo.emitWithAck("getId"), foo.id);
      });
    });

    it("a namespace is joined after the connection was closed", async () => {
      await withManager({ transports }, async (manager) => {
        const main = manager.socket("/");
        await once(main, "connect");
        const left = once(main, "disconnect");
        main.disconnect();
        await left;
        await once(manager.socket("/foo"), "connect");
      });
    });

    it("leaving one namespace does not affect the other namespace and the connection", async () => {
      await withManager({ transports }, async (manager) => {
        const foo = manager.socket("/foo");
        const asd = manager.socket("/asd");
        await Promise.all([once(foo, "connect"), once(asd, "connect")]);
        foo.disconnect();
        await never(asd, "disconnect");
        const closed = once(manager, "close");
        asd.disconnect();
        await closed;
      });
    });

    it("a namespace is joined while another is left", async () => {
      await withManager({ transports }, async (manager) => {
        const foo = manager.socket("/foo");
        await once(foo, "connect");
        const asd = manager.socket("/asd");
        foo.disconnect();
        await once(asd, "connect");
      });
    });

    it("the client reconnects after a lost connection, with another id", async () => {
      await withClient({ transports }, async (socket) => {
        const { id } = socket;
        const attempted = once(socket.io, "reconnect_attempt");
        const reconnected = once(socket.io, "reconnect");
        socket.io.engine.close();
        await attempted;
        assert.equal(socket.id, undefined);
        await reconnected;
        await once(socket, "connect");
        assert.notEqual(socket.id, id);
      });
    });
  });
}

describe("a client", () => {
  it("reconnects after a call of `connect`", async () => {
    await withClient({}, async (socket) => {
      const left = once(socket, "disconnect");
      socket.disconnect();
      await left;
      socket.connect();
      await once(socket, "connect");
    });
  });

  it("reconnects by itself after it was reconnected by a call", async () => {
    await withClient({}, async (socket) => {
      socket.disconnect().connect();
      await once(socket, "connect");
      const reconnected = once(socket.io, "reconnect");
      socket.io.engine.close();
      await reconnected;
    });
  });

  it("gives up after the configured number of attempts, because no handshake is fast enough", async () => {
    await withManager({ timeout: 0, reconnectionAttempts: 2 }, async (manager) => {
      let attempts = 0;
      manager.on("reconnect_attempt", (attempt) => assert.equal(attempt, ++attempts));
      manager.socket("/timeout_socket");
      await once(manager, "reconnect_failed");
      assert.equal(attempts, 2);
    });
  });

  for (const transport of ["polling", "websocket"]) {
    it(`receives the error of a timeout by ${transport}`, async () => {
      const error = await refusalOf("/", { transports: [transport], timeout: 0 });
      assert.equal(error.message, "timeout");
    });
  }

  it("does not reconnect when it has connected", async () => {
    await withManager({}, async (manager) => {
      const socket = manager.socket("/valid");
      await once(socket, "connect");
      await never(manager, "reconnect_attempt");
    });
  });

  it("reconnects in one namespace and not in the one that it left", async () => {
    await withManager({}, async (manager) => {
      const main = manager.socket("/");
      const asd = manager.socket("/asd");
      await Promise.all([once(main, "connect"), once(asd, "connect")]);
      manager.once("reconnect_attempt", () => main.disconnect());
      const back = once(asd, "connect");
      manager.engine.close();
      await back;
      await never(main, "connect");
    });
  });

  it("does not reconnect after it was rejected", async () => {
    const socket = client("/no");
    let refusals = 0;
    socket.on("connect_error", () => {
      refusals += 1;
      socket.io.engine.close();
    });
    await elapse(200);
    assert.equal(refusals, 1);
    socket.disconnect();
  });

  it("is closed and opened again by a packet that it cannot read", async () => {
    await withManager({ reconnectionDelay: 20 }, async (manager) => {
      await once(manager, "open");
      const engine = manager.engine;
      setImmediate(() => engine.emit("data", "bad"));
      manager.socket("/");
      await once(manager, "reconnect");
      assert.notEqual(manager.engine, engine);
    });
  });
});

function assertRecent(text) {
  assert.match(text, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.ok(Math.abs(Date.now() - Date.parse(text)) < 60_000, text);
}
