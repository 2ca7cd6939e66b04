// socket.io-client, used as by its own tests: one socket, its id, its handshake, its acknowledgements.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { argument, client, TRANSPORTS, withClient } from "../../support/clients.js";
import { isReference, origin } from "../../support/target.js";
import { elapse, once } from "../../support/waiting.js";

for (const [name, transports] of Object.entries(TRANSPORTS)) {
  describe(`a socket on ${name}`, () => {
    for (const namespace of ["/", "/foo"]) {
      it(`has in ${namespace} the id that the server knows`, async () => {
        await withClient({ namespace, transports }, async (socket) => {
          assert.equal(await socket.emitWithAck("getId"), socket.id);
          assert.notEqual(socket.id, socket.io.engine.id);
        });
      });
    }

    it("receives its handshake as an acknowledgement", async () => {
      const options = { transports, query: { e: "f", "&a": "&=?a" }, auth: { g: "h" }, extraHeaders: { "X-Test": "yes" } };
      await withClient(options, async (socket) => {
        const handshake = await socket.emitWithAck("getHandshake");
        assert.equal(handshake.query.e, "f");
        assert.equal(handshake.query["&a"], "&=?a");
        assert.equal(handshake.query.EIO, "4");
        assert.equal(handshake.query.transport, transports[0]);
        assert.equal(handshake.query.g, undefined);
        assert.deepEqual(handshake.auth, { g: "h" });
        assert.equal(handshake.headers["x-test"], "yes");
        assert.equal(handshake.headers.host, new URL(origin).host);
        assert.match(handshake.address, /^(::ffff:)?127\.0\.0\.1$|^::1$/);
        assert.equal(handshake.secure, false);
        assert.equal(handshake.xdomain, false);
        assert.match(handshake.url, /^\/socket\.io\/\?/);
        assert.equal(typeof handshake.time, "string");
        assert.ok(Math.abs(Date.now() - handshake.issued) < 60_000);
        assert.ok(Math.abs(Date.now() - Date.parse(handshake.time)) < 60_000);
      });
    });

    it("receives its handshake when it connects", async () => {
      const socket = client("/abc?b=c&d=e", { transports, auth: (give) => give({ e: "f" }) });
      const handshake = await argument(socket, "handshake");
      assert.equal(handshake.query.b, "c");
      assert.equal(handshake.query.d, "e");
      assert.deepEqual(handshake.auth, { e: "f" });
      socket.disconnect();
    });

    it("is acknowledged in order", async () => {
      const socket = client("/", { transports, autoConnect: false });
      const order = [];
      const first = socket.emitWithAck("echo", "first").then(() => order.push(1));
      socket.connect();
      await once(socket, "connect");
      await Promise.all([first, socket.emitWithAck("echo", "second").then(() => order.push(2))]);
      assert.deepEqual(order, [1, 2]);
      socket.disconnect();
    });

    for (const value of [123, "text", null, [1, [2]], { a: { b: [] } }, Buffer.of(1, 2)]) {
      it(`is acknowledged with ${JSON.stringify(value)}`, async () => {
        await withClient({ transports }, async (socket) => {
          assert.deepEqual(await socket.timeout(5_000).emitWithAck("echo", value), value);
        });
      });
    }

    it("is not acknowledged for an event that nobody handles", async () => {
      await withClient({ transports }, async (socket) => {
        await assert.rejects(socket.timeout(50).emitWithAck("unknown"), /timed out/);
      });
    });

    it("sends an event with bytes that nobody answers", async () => {
      await withClient({ namespace: "/abc", transports }, async (socket) => {
        socket.emit("my-event", "123", Uint8Array.of(1, 2, 3));
        socket.emit("my-event");
        await elapse(50);
        assert.equal(socket.connected, true);
      });
    });

    it("sends a volatile event when it can", async () => {
      await withClient({ transports }, async (socket) => {
        const acknowledged = new Promise((resolve) => {
          const timer = setInterval(() => {
            socket.volatile.emit("getId", (id) => {
              clearInterval(timer);
              resolve(id);
            });
          }, 20);
        });
        assert.equal(await acknowledged, socket.id);
      });
    });

    it("has no id after it disconnected", async () => {
      await withClient({ transports }, async (socket) => {
        const left = once(socket, "disconnect");
        socket.disconnect();
        assert.equal((await left)[0], "io client disconnect");
        assert.equal(socket.id, undefined);
      });
    });

    it("receives the acknowledgement of an event that it emitted while it was disconnected", async () => {
      await withClient({ transports }, async (socket) => {
        socket.disconnect();
        const acknowledged = socket.emitWithAck("echo", "a");
        socket.connect();
        assert.equal(await acknowledged, "a");
      });
    });
  });
}

describe("a socket that retries", () => {
  it("sends its packets in order, each once", async () => {
    const socket = client("/", { retries: 1, ackTimeout: 500 });
    const packets = [];
    socket.io.engine.on("packetCreate", ({ data }) => packets.push(data));
    const acknowledged = [1, 2, 3].map((value) => new Promise((resolve) => socket.emit("echo", value, (_error, back) => resolve(back))));
    assert.deepEqual(await Promise.all(acknowledged), [1, 2, 3]);
    assert.deepEqual(packets.filter((data) => data?.startsWith("2") && data !== "2probe"), [
      '20["echo",1]',
      '21["echo",2]',
      '22["echo",3]',
    ]);
    socket.disconnect();
  });

  it("gives up an event whose handler does not acknowledge", async () => {
    const socket = client("/", { retries: 3, ackTimeout: 50 });
    let asked = 0;
    socket.on("ack", () => {
      asked += 1;
    });
    const error = await new Promise((resolve) => socket.emit("ack", resolve));
    assert.match(error.message, /timed out/);
    assert.equal(asked, 4);
    socket.disconnect();
  });

  it("waits with its packets until it is connected", async () => {
    const socket = client("/", { autoConnect: false, retries: 3, ackTimeout: 500 });
    const acknowledged = new Promise((resolve) => socket.emit("echo", 1, (error, value) => resolve([error, value])));
    await elapse(50);
    socket.connect();
    assert.deepEqual(await acknowledged, [null, 1]);
    socket.disconnect();
  });
});

describe("the address", () => {
  it("may be IPv6's loopback", async () => {
    const address = new URL(origin);
    address.hostname = "[::1]";
    const socket = client(address.href);
    await once(socket, "connect");
    const { address: seen } = await socket.emitWithAck("getHandshake");
    assert.equal(seen, "::1");
    socket.disconnect();
  });

  if (!isReference) {
    it("of a request with an `Origin` is marked as another origin", async () => {
      await withClient({ extraHeaders: { origin } }, async (socket) => {
        const { xdomain } = await socket.emitWithAck("getHandshake");
        assert.equal(xdomain, true);
      });
    });
  }
});
