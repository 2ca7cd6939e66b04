// Messages in both directions, on either transport, and packets that are not messages.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { PollingSession } from "../../support/polling.js";
import { RawWebSocket } from "../../support/raw-websocket.js";
import { isReference, url } from "../../support/target.js";
import { within } from "../../support/waiting.js";

const PATH = "/engine.io/";
const MAX_PAYLOAD = 1_000_000;
const start = () => PollingSession.start(PATH);

async function connect(options) {
  const socket = await RawWebSocket.open(url(PATH, { EIO: 4, transport: "websocket" }, "ws"), options);
  await socket.next();
  return socket;
}

describe("by polling", () => {
  it("one text message comes back", async () => {
    const session = await start();
    const posted = await session.post("4hello");
    assert.equal(posted.status, 200);
    assert.equal(posted.headers.get("content-type"), "text/html");
    assert.equal(await posted.text(), "ok");
    const polled = await session.poll();
    assert.equal(polled.status, 200);
    assert.equal(polled.headers.get("content-type"), "text/plain; charset=UTF-8");
    assert.equal(polled.headers.get("cache-control"), "no-store");
    assert.equal(await polled.text(), "4hello");
  });

  it("several text messages come back in one body", async () => {
    const session = await start();
    await session.send("4test1", "4test2", "4test3");
    assert.deepEqual(await session.receive(), ["4test1", "4test2", "4test3"]);
  });

  it("text and binary come back in order", async () => {
    const session = await start();
    await session.send("4hello", "bAQIDBA==", "4again");
    assert.deepEqual(await session.receive(), ["4hello", "bAQIDBA==", "4again"]);
  });

  it("an empty message comes back", async () => {
    const session = await start();
    await session.send("4", "4after");
    assert.deepEqual(await session.receive(), ["4", "4after"]);
  });

  it("any text comes back", async () => {
    const session = await start();
    const text = "4€ \u0000 \"quoted\" \\ пойду 🦀 line\nbreak";
    await session.send(text);
    assert.deepEqual(await session.receive(), [text]);
  });

  it("a waiting poll is answered when a message comes", async () => {
    const session = await start();
    const waiting = session.receive();
    await session.send("4wake");
    assert.deepEqual(await waiting, ["4wake"]);
  });

  it("a body of the greatest length is taken", async () => {
    const session = await start();
    const text = `4${"a".repeat(MAX_PAYLOAD - 1)}`;
    await session.send(text);
    assert.deepEqual(await session.receive(), [text]);
  });

  it("a longer body is refused, and ends the session", async () => {
    const session = await start();
    const refused = await session.post(`4${"a".repeat(MAX_PAYLOAD)}`).catch((error) => error);
    if (refused instanceof Response) {
      assert.equal(refused.status, 413);
      assert.equal(await refused.text(), "");
    } else {
      // The server may answer and close before the whole body was sent; the client then sees a broken pipe.
      assert.equal(refused.message, "fetch failed");
    }
    // The reference ends the session from version 6.6.12 on. The installed version is older.
    if (!isReference) await session.untilGone();
  });
});

describe("by polling, the session is closed", () => {
  for (const [what, body] of [
    ["by text that is no packet", "abc"],
    ["by an unknown packet type", "7hello"],
    ["by an empty body", ""],
    ["by an empty packet among others", "4a\x1e\x1e4b"],
    ["by a ping of the client", "2"],
  ]) {
    it(what, async () => {
      const session = await start();
      await session.post(body).catch(() => {});
      await session.assertGone();
    });
  }

  it("by a second poll while one waits", async () => {
    const session = await start();
    const answers = await Promise.all([session.poll(), session.poll()]);
    const [first, second] = answers.sort((one, other) => one.status - other.status);
    assert.equal(first.status, 200);
    assert.equal(await first.text(), "1");
    assert.equal(second.status, 400);
    await session.assertGone();
  });

  it("by a poll that the client gives up", async () => {
    const session = await start();
    const controller = new AbortController();
    const waiting = session.poll({ signal: controller.signal });
    // The answer to this message shows that the poll arrived; the next poll is the one that is given up.
    await session.send("4arrived");
    assert.equal(await (await waiting).text(), "4arrived");
    const abandoned = session.poll({ signal: controller.signal }).catch((error) => error.name);
    await new Promise((resolve) => setTimeout(resolve, 20));
    controller.abort();
    assert.equal(await abandoned, "AbortError");
    await session.untilGone();
  });

  it("by a body of bytes", async () => {
    const session = await start();
    const refused = await session.post(Buffer.from("4hello"), { "content-type": "application/octet-stream" });
    assert.equal(refused.status, 400);
    await session.assertGone();
  });
});

describe("by polling, the session lives on", () => {
  for (const [what, packet] of [
    ["an unasked pong", "3"],
    ["a noop", "6"],
    ["an upgrade without a WebSocket", "5"],
  ]) {
    it(`after ${what}`, async () => {
      const session = await start();
      await session.send(packet, "4alive");
      assert.deepEqual(await session.receive(), ["4alive"]);
    });
  }

  it("after requests of another protocol version, which are refused", async () => {
    const session = await start();
    const response = await fetch(session.url().replace("EIO=4", "EIO=3"));
    assert.equal(response.status, 400);
    assert.deepEqual(await response.json(), { code: 3, message: "Bad request" });
    await session.send("4alive");
    assert.deepEqual(await session.receive(), ["4alive"]);
  });

  it("after a request with an unsupported method", async () => {
    const session = await start();
    const response = await fetch(session.url(), { method: "PUT", body: "4hello" });
    assert.equal(response.status, 500);
    assert.equal(await response.text(), "");
    await session.send("4alive");
    assert.deepEqual(await session.receive(), ["4alive"]);
  });
});

describe("by WebSocket", () => {
  it("text comes back", async () => {
    const socket = await connect();
    socket.send("4hello");
    assert.equal(await socket.next(), "4hello");
    await socket.close();
  });

  it("bytes come back as bytes", async () => {
    const socket = await connect();
    socket.send(Buffer.of(1, 2, 3, 4), Buffer.of());
    assert.deepEqual(await socket.take(2), [Buffer.of(1, 2, 3, 4), Buffer.of()]);
    await socket.close();
  });

  it("5,000 messages come back in order", async () => {
    const socket = await connect({ heartbeat: true });
    const count = 5_000;
    for (let i = 0; i < count; i += 1) socket.send(i % 7 === 0 ? Buffer.from(`${i}`) : `4${i}`);
    for (let i = 0; i < count; i += 1) {
      const message = await socket.next();
      assert.equal(message.toString(), i % 7 === 0 ? `${i}` : `4${i}`);
    }
    await socket.close();
  });

  it("messages of every length class come back", async () => {
    const socket = await connect({ heartbeat: true });
    for (const length of [1, 124, 125, 126, 127, 65_534, 65_535, 65_536, 65_537, MAX_PAYLOAD]) {
      const text = `4${"x".repeat(length - 1)}`;
      const bytes = Buffer.alloc(length, length);
      socket.send(text, bytes);
      assert.equal(await socket.next(), text);
      assert.ok(bytes.equals(await socket.next()), `${length} bytes`);
    }
    await socket.close();
  });

  for (const [what, message] of [
    ["text", `4${"a".repeat(MAX_PAYLOAD)}`],
    ["bytes", Buffer.alloc(MAX_PAYLOAD + 1)],
  ]) {
    it(`closes with 1009 on too long a message of ${what}`, async () => {
      const socket = await connect();
      socket.send(message);
      assert.deepEqual(await socket.awaitClose(), { code: 1009, reason: "" });
    });
  }

  for (const [what, message] of [
    ["text that is no packet", "abc"],
    ["an unknown packet type", "7hello"],
    ["an empty frame", ""],
    ["a ping of the client", "2"],
    ["a probe outside an upgrade", "2probe"],
  ]) {
    it(`closes on ${what}`, async () => {
      const socket = await connect();
      socket.send(message);
      await socket.awaitClose();
    });
  }

  for (const [what, packet] of [
    ["an open packet", "0"],
    ["an unasked pong", "3"],
    ["an upgrade", "5"],
    ["a noop", "6"],
  ]) {
    it(`ignores ${what}`, async () => {
      const socket = await connect();
      socket.send(packet, "4alive");
      assert.equal(await socket.next(), "4alive");
      await socket.close();
    });
  }

  it("does not mix up sessions", async () => {
    const sockets = await Promise.all(Array.from({ length: 20 }, () => connect({ heartbeat: true })));
    sockets.forEach((socket, i) => socket.send(`4I am ${i}`));
    const answers = await within(Promise.all(sockets.map((socket) => socket.next())), "twenty answers");
    assert.deepEqual(answers, sockets.map((_socket, i) => `4I am ${i}`));
    await Promise.all(sockets.map((socket) => socket.close()));
  });
});
