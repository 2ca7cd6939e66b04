// WebSocket framing, byte by byte: the frames that RFC 6455 allows, and the close codes for all others.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { connect as connectTcp } from "node:net";
import { describe, it } from "node:test";
import { origin } from "../../support/target.js";
import { within } from "../../support/waiting.js";

const FIN = 0x80;
const CONTINUATION = 0x0;
const TEXT = 0x1;
const BINARY = 0x2;
const CLOSE = 0x8;
const PING = 0x9;
const PONG = 0xa;

/** A client's frame. `length` and `masked` may differ from the actual payload. */
function frame(first, payload = "", { masked = true, length = Buffer.byteLength(payload) } = {}) {
  const data = Buffer.from(payload);
  const bit = masked ? 0x80 : 0;
  let header;
  if (length < 126) header = Buffer.of(first, bit | length);
  else if (length < 65_536) header = Buffer.of(first, bit | 126, length >> 8, length & 0xff);
  else {
    header = Buffer.alloc(10);
    header.writeUInt8(first, 0);
    header.writeUInt8(bit | 127, 1);
    header.writeBigUInt64BE(BigInt(length), 2);
  }
  if (!masked) return Buffer.concat([header, data]);
  const mask = randomBytes(4);
  return Buffer.concat([header, mask, data.map((byte, i) => byte ^ mask[i % 4])]);
}

/** A TCP connection after the opening handshake of a WebSocket. */
class RawConnection {
  #received = Buffer.alloc(0);
  #wake = () => {};
  #ended = false;

  static async open() {
    const connection = new RawConnection();
    const { hostname, port } = new URL(origin);
    connection.tcp = connectTcp(Number(port), hostname.replace(/^\[|\]$/g, ""));
    connection.tcp.on("data", (data) => {
      connection.#received = Buffer.concat([connection.#received, data]);
      connection.#wake();
    });
    connection.tcp.on("error", () => {});
    connection.tcp.on("close", () => {
      connection.#ended = true;
      connection.#wake();
    });
    connection.write(
      [
        "GET /engine.io/?EIO=4&transport=websocket HTTP/1.1",
        `Host: ${new URL(origin).host}`,
        "Connection: keep-alive, Upgrade",
        "Upgrade: WebSocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "\r\n",
      ].join("\r\n"),
    );
    connection.response = await connection.#until(() => {
      const end = connection.#received.indexOf("\r\n\r\n");
      return end < 0 ? undefined : connection.#take(end + 4).toString();
    });
    assert.match(connection.response, /^HTTP\/1\.1 101 /);
    const open = await connection.frame();
    assert.equal(open.payload[0], "0".charCodeAt(0));
    return connection;
  }

  write(...parts) {
    for (const part of parts) this.tcp.write(part);
  }

  /** The server's next frame, or undefined at the end of the connection. */
  frame() {
    return this.#until(() => {
      const bytes = this.#received;
      if (bytes.length < 2) return undefined;
      assert.equal(bytes[1] & 0x80, 0, "server frames are not masked");
      let length = bytes[1] & 0x7f;
      let at = 2;
      if (length === 126) {
        if (bytes.length < 4) return undefined;
        [length, at] = [bytes.readUInt16BE(2), 4];
      }
      if (bytes.length < at + length) return undefined;
      const whole = this.#take(at + length);
      return { first: whole[0], payload: whole.subarray(at) };
    });
  }

  /** The code of the close frame that ends the connection. */
  async closeCode() {
    for (;;) {
      const next = await this.frame();
      assert.ok(next, "a close frame before the end");
      if (next.first === (FIN | CLOSE)) {
        this.tcp.end();
        return next.payload.length === 0 ? 1005 : next.payload.readUInt16BE(0);
      }
    }
  }

  #take(count) {
    const taken = this.#received.subarray(0, count);
    this.#received = this.#received.subarray(count);
    return taken;
  }

  #until(read) {
    const done = async () => {
      for (;;) {
        const value = read();
        if (value !== undefined || this.#ended) return value;
        await new Promise((resolve) => {
          this.#wake = resolve;
        });
      }
    };
    return within(done(), "the server's bytes");
  }
}

describe("a WebSocket handshake", () => {
  it("is answered with the key's accept value", async () => {
    const connection = await RawConnection.open();
    assert.match(connection.response, /sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n/i);
    assert.doesNotMatch(connection.response, /sec-websocket-extensions/i);
    connection.tcp.destroy();
  });
});

describe("frames", () => {
  it("may come byte by byte", async () => {
    const connection = await RawConnection.open();
    for (const byte of frame(FIN | TEXT, "4hello")) connection.write(Buffer.of(byte));
    assert.equal((await connection.frame()).payload.toString(), "4hello");
    connection.tcp.destroy();
  });

  it("may come many at once", async () => {
    const connection = await RawConnection.open();
    connection.write(Buffer.concat([frame(FIN | TEXT, "4a"), frame(FIN | BINARY, "b"), frame(FIN | TEXT, "4c")]));
    const answers = [await connection.frame(), await connection.frame(), await connection.frame()];
    assert.deepEqual(answers.map(({ payload }) => payload.toString()), ["4a", "b", "4c"]);
    assert.deepEqual(answers.map(({ first }) => first), [FIN | TEXT, FIN | BINARY, FIN | TEXT]);
    connection.tcp.destroy();
  });

  it("may carry a message in fragments, with a ping between them", async () => {
    const connection = await RawConnection.open();
    connection.write(frame(TEXT, "4hel"), frame(FIN | PING, "are you there"), frame(CONTINUATION, "l"), frame(FIN | CONTINUATION, "o"));
    const pong = await connection.frame();
    assert.equal(pong.first, FIN | PONG);
    assert.equal(pong.payload.toString(), "are you there");
    assert.equal((await connection.frame()).payload.toString(), "4hello");
    connection.tcp.destroy();
  });

  it("may split a character between fragments", async () => {
    const connection = await RawConnection.open();
    const text = Buffer.from("4€");
    connection.write(frame(TEXT, text.subarray(0, 2)), frame(FIN | CONTINUATION, text.subarray(2)));
    assert.equal((await connection.frame()).payload.toString(), "4€");
    connection.tcp.destroy();
  });

  it("of close are answered with their code", async () => {
    const connection = await RawConnection.open();
    connection.write(frame(FIN | CLOSE, Buffer.from([0x03, 0xe8, ...Buffer.from("bye")])));
    assert.equal(await connection.closeCode(), 1000);
  });
});

const SPLIT = Buffer.from("4€").subarray(0, 2);

const VIOLATIONS = [
  ["no mask", [frame(FIN | TEXT, "4hello", { masked: false })], 1002],
  ["the first reserved bit", [frame(FIN | 0x40 | TEXT, "4hello")], 1002],
  ["the second reserved bit", [frame(FIN | 0x20 | TEXT, "4hello")], 1002],
  ["the third reserved bit", [frame(FIN | 0x10 | TEXT, "4hello")], 1002],
  ["a reserved opcode", [frame(FIN | 0x3, "hello")], 1002],
  ["a reserved control opcode", [frame(FIN | 0xb, "hello")], 1002],
  ["a ping that is too long", [frame(FIN | PING, "a".repeat(126))], 1002],
  ["a ping in fragments", [frame(PING, "a")], 1002],
  ["a continuation of nothing", [frame(FIN | CONTINUATION, "4hello")], 1002],
  ["a new message within another", [frame(TEXT, "4hel"), frame(FIN | TEXT, "4hello")], 1002],
  ["text that is not UTF-8", [frame(FIN | TEXT, Buffer.of(0x34, 0xff))], 1007],
  ["text that ends within a character", [frame(FIN | TEXT, SPLIT)], 1007],
  ["a length over the limit in the header", [frame(FIN | TEXT, "", { length: 1_000_001 })], 1009],
  ["fragments over the limit in sum", [frame(TEXT, "4".repeat(999_999)), frame(FIN | CONTINUATION, "too long")], 1009],
  ["a close frame of one byte", [frame(FIN | CLOSE, Buffer.of(3))], 1002],
  ["a close code that nobody may send", [frame(FIN | CLOSE, Buffer.of(0x03, 0xed))], 1002],
  ["a close reason that is not UTF-8", [frame(FIN | CLOSE, Buffer.of(0x03, 0xe8, 0xff))], 1007],
];

describe("the connection is closed", () => {
  for (const [what, frames, code] of VIOLATIONS) {
    it(`with ${code} for ${what}`, async () => {
      const connection = await RawConnection.open();
      connection.write(...frames);
      assert.equal(await connection.closeCode(), code);
    });
  }
});
