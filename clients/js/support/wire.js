// A connection as a stream of packets, with the same functions for both transports. Text is a string, and bytes are a
// Buffer. Pings are answered and left out.

import assert from "node:assert/strict";
import { PollingSession } from "./polling.js";
import { RawWebSocket } from "./raw-websocket.js";
import { url } from "./target.js";
import { within } from "./waiting.js";

const PATH = "/socket.io/";

/** The transports that a wire can use. */
export const TRANSPORTS = ["websocket", "polling"];

/** Opens an Engine.IO session. */
export function openWire(transport, options) {
  return transport === "websocket" ? WebSocketWire.open(options) : PollingWire.open();
}

/** Opens a session and joins a namespace of the `socket` profile, which sends the auth payload back. */
export async function connectWire(transport, { namespace = "/", auth } = {}) {
  const wire = await openWire(transport);
  wire.id = await join(wire, { namespace, auth });
  return wire;
}

/** Joins a namespace on an open session, and returns the socket's id. */
export async function join(wire, { namespace = "/", auth } = {}) {
  const prefix = namespace === "/" ? "" : `${namespace},`;
  const payload = auth === undefined ? "" : JSON.stringify(auth);
  await wire.send(`40${prefix}${payload}`);
  const reply = await wire.next();
  assert.ok(reply.startsWith(`40${prefix}{`), reply);
  const data = JSON.parse(reply.slice(2 + prefix.length));
  assert.deepEqual(Object.keys(data), ["sid"]);
  assert.equal(await wire.next(), `42${prefix}["auth",${payload || "{}"}]`);
  return data.sid;
}

class WebSocketWire {
  static async open(options) {
    const wire = new WebSocketWire();
    const address = url(PATH, { EIO: 4, transport: "websocket" }, "ws");
    wire.socket = await RawWebSocket.open(address, { heartbeat: true, ...options });
    wire.engineId = JSON.parse((await wire.socket.next()).slice(1)).sid;
    return wire;
  }

  async send(...packets) {
    this.socket.send(...packets);
  }

  next() {
    return this.socket.next();
  }

  take(count) {
    return this.socket.take(count);
  }

  /** Asserts that the server closes the connection, and sends no packet before. */
  async assertCloses() {
    await this.socket.awaitClose();
    assert.deepEqual(this.socket.unread, []);
  }

  close() {
    return this.socket.close();
  }
}

class PollingWire {
  #packets = [];

  static async open() {
    const wire = new PollingWire();
    wire.session = await PollingSession.start(PATH);
    wire.engineId = wire.session.sid;
    return wire;
  }

  async send(...packets) {
    const body = packets.map((packet) => (typeof packet === "string" ? packet : `b${packet.toString("base64")}`));
    const response = await this.session.post(body.join("\x1e"));
    await response.text();
  }

  next() {
    return within(this.#next(), "a packet");
  }

  async #next() {
    while (this.#packets.length === 0) {
      for (const packet of await this.session.receive()) {
        if (packet === "2") await this.session.send("3");
        else this.#packets.push(packet[0] === "b" ? Buffer.from(packet.slice(1), "base64") : packet);
      }
    }
    return this.#packets.shift();
  }

  async take(count) {
    const packets = [];
    while (packets.length < count) packets.push(await this.next());
    return packets;
  }

  async assertCloses() {
    const closed = async () => {
      assert.deepEqual(this.#packets, []);
      for (;;) {
        const response = await this.session.poll();
        const body = await response.text();
        if (response.status === 400) return assert.equal(body, '{"code":1,"message":"Session ID unknown"}');
        for (const packet of body.split("\x1e")) {
          if (packet === "1") return undefined;
          if (packet === "2") await this.session.post("3");
          else assert.equal(packet, "6");
        }
      }
    };
    await within(closed(), "the session to end");
  }

  async close() {
    await this.session.post("1");
  }
}
