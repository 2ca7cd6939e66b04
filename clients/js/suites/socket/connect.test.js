// Joining and leaving namespaces, tested with raw packets.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RawWebSocket } from "../../support/raw-websocket.js";
import { isReference, url } from "../../support/target.js";
import { connectWire, join, openWire, TRANSPORTS } from "../../support/wire.js";

for (const transport of TRANSPORTS) {
  describe(`by ${transport}, a client`, () => {
    it("joins the main namespace", async () => {
      const wire = await connectWire(transport);
      await wire.close();
    });

    it("joins the main namespace with a payload", async () => {
      const wire = await connectWire(transport, { auth: { token: "123", "ключ": ["значение", null, 1.5] } });
      await wire.close();
    });

    it("joins another namespace alone", async () => {
      const wire = await connectWire(transport, { namespace: "/custom" });
      await wire.close();
    });

    it("joins another namespace with a payload", async () => {
      const wire = await connectWire(transport, { namespace: "/custom", auth: { token: "abc" } });
      await wire.close();
    });

    it("joins another namespace without the comma", async () => {
      const wire = await openWire(transport);
      await wire.send("40/custom");
      const [reply, greeting] = await wire.take(2);
      assert.match(reply, /^40\/custom,\{"sid":"[^"]+"\}$/);
      assert.equal(greeting, '42/custom,["auth",{}]');
      await wire.close();
    });

    it("joins a namespace with a packet id, which is ignored", async () => {
      const wire = await openWire(transport);
      await wire.send("40/custom,12");
      const [reply] = await wire.take(2);
      assert.match(reply, /^40\/custom,\{"sid":"[^"]+"\}$/);
      await wire.close();
    });

    it("has an id in each namespace, and none is the session's", async () => {
      const wire = await connectWire(transport);
      const other = await join(wire, { namespace: "/custom" });
      assert.notEqual(wire.id, other);
      assert.ok(![wire.id, other].includes(wire.engineId));
      for (const id of [wire.id, other]) assert.match(id, /^[A-Za-z0-9_-]{20}$/);
      await wire.close();
    });

    for (const name of ["/random", "/customs", "/custom/", "/Custom", "/custom?x=1", "/custom?", "/?x=1", "/__proto__"]) {
      it(`is refused in ${name}, and stays connected`, async () => {
        const wire = await openWire(transport);
        await wire.send(`40${name},`);
        assert.equal(await wire.next(), `44${name},{"message":"Invalid namespace"}`);
        await join(wire);
        await wire.close();
      });
    }

    it("leaves one namespace and stays in the other", async () => {
      const wire = await connectWire(transport);
      await join(wire, { namespace: "/custom" });
      await wire.send("41/custom,", '42["message","to the main namespace"]');
      assert.equal(await wire.next(), '42["message-back","to the main namespace"]');
      await wire.close();
    });

    // If the reference reads a CONNECT directly after a DISCONNECT, it treats the CONNECT as a second one.
    if (!isReference) {
      it("leaves the main namespace and stays in the other", async () => {
        const wire = await connectWire(transport, { namespace: "/custom" });
        await join(wire);
        await wire.send("41");
        await wire.send("40");
        const [reply] = await wire.take(2);
        assert.match(reply, /^40\{"sid":/);
        await wire.close();
      });

      it("leaves and joins again, with another id", async () => {
        const wire = await connectWire(transport);
        await wire.send("41");
        assert.notEqual(await join(wire), wire.id);
        await wire.close();
      });
    }

    it("that joins nothing is disconnected in time", async () => {
      const wire = await openWire(transport);
      await wire.assertCloses();
    });
  });
}

describe("a client that has left its last namespace", () => {
  it("stays connected, and is pinged", async () => {
    const socket = await RawWebSocket.open(url("/socket.io/", { EIO: 4, transport: "websocket" }, "ws"));
    await socket.next();
    socket.send("40");
    await socket.take(2);
    socket.send("41");
    assert.equal(await socket.next(), "2");
    socket.send("3", "40");
    assert.match(await socket.next(), /^40\{"sid":/);
    await socket.close();
  });
});
