// engine.io-client, used as by its own tests: its messages, and its errors when it is rejected.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Socket } from "engine.io-client";
import { origin } from "../../support/target.js";
import { once, until, within } from "../../support/waiting.js";

/** The client's next error, with the response's body, which is read in the event because the client clears it later. */
async function nextError(client) {
  let body;
  client.once("error", (error) => {
    body = error.context?.responseText;
  });
  const { type, message, description } = await once(client, "error");
  return { type, message, description, body };
}

const TRANSPORTS = {
  polling: ["polling"],
  websocket: ["websocket"],
  "polling, then websocket": ["polling", "websocket"],
};

/** Runs `use` with a client, and closes the client afterwards, even after an error. */
async function withClient(options, use) {
  const client = new Socket(origin, options);
  // Messages are collected from the start, so that none is missed.
  const received = [];
  client.on("message", (data) => received.push(data));
  const messages = async (count) => {
    await until(client, "message", () => received.length >= count);
    return received.slice(0, count);
  };
  try {
    return await use(client, messages);
  } finally {
    client.close();
  }
}

for (const [name, transports] of Object.entries(TRANSPORTS)) {
  describe(`a client on ${name}`, () => {
    it("is greeted", async () => {
      await withClient({ transports }, async (_client, messages) => {
        assert.deepEqual(await messages(1), ["hi"]);
      });
    });

    for (const text of ["cash money €€€", "\uD800\uDC00-\uDB7F\uDFFF\uDB80\uDC00-\uDBFF\uDFFF\uE000-\uF8FF"]) {
      it(`gets back ${JSON.stringify(text)}`, async () => {
        await withClient({ transports }, async (client, messages) => {
          client.send(text);
          assert.deepEqual(await messages(2), ["hi", text]);
        });
      });
    }

    it("gets bytes when it asks for them", async () => {
      await withClient({ transports }, async (client, messages) => {
        client.send("give binary");
        const [, bytes] = await messages(2);
        assert.deepEqual([...new Uint8Array(bytes)], [0, 1, 2, 3, 4]);
      });
    });

    it("gets bytes as an ArrayBuffer when it wants one", async () => {
      await withClient({ transports }, async (client, messages) => {
        client.binaryType = "arraybuffer";
        client.send("give binary");
        const [, bytes] = await messages(2);
        assert.ok(bytes instanceof ArrayBuffer);
        assert.deepEqual([...new Uint8Array(bytes)], [0, 1, 2, 3, 4]);
      });
    });

    it("gets Russian when it asks for it", async () => {
      await withClient({ transports }, async (client, messages) => {
        client.send("give utf8");
        assert.deepEqual(await messages(2), ["hi", "пойду спать всем спокойной ночи"]);
      });
    });

    it("gets its bytes and texts back in order", async () => {
      await withClient({ transports }, async (client, messages) => {
        const sent = Array.from({ length: 60 }, (_, i) => (i % 3 === 0 ? Buffer.of(i, 255 - i, 0) : `message ${i}`));
        sent.forEach((message) => client.send(message));
        const [, ...answers] = await messages(61);
        answers.forEach((answer, i) => assert.deepEqual(answer, sent[i], `message ${i}`));
      });
    });

    it("is open over several heartbeats", async () => {
      await withClient({ transports }, async (client, messages) => {
        await messages(1);
        for (let i = 0; i < 3; i += 1) await once(client, "heartbeat");
        client.send("still here");
        assert.deepEqual(await messages(2), ["hi", "still here"]);
      });
    });

    it("closes", async () => {
      await withClient({ transports }, async (client, messages) => {
        await messages(1);
        const closed = once(client, "close");
        client.close();
        const [reason] = await closed;
        assert.equal(reason, "forced close");
      });
    });
  });
}

describe("a client that upgrades", () => {
  it("reaches the WebSocket", async () => {
    await withClient({}, async (client) => {
      const transport = await once(client, "upgrade");
      assert.equal(transport.name, "websocket");
    });
  });

  it("may close meanwhile, and loses nothing that it sent before", async () => {
    await withClient({}, async (client) => {
      await once(client, "upgrading");
      client.send("hi");
      client.close();
      await once(client, "close");
      assert.equal(client.writeBuffer.length, 0);
    });
  });

  it("may close while the upgrade fails", async () => {
    await withClient({}, async (client) => {
      await once(client, "upgrading");
      const failed = once(client, "upgradeError");
      client.close();
      client.transport.onError("upgrade error");
      await failed;
    });
  });

  it("remembers the upgrade", async () => {
    await withClient({}, async (client) => {
      await once(client, "upgrade");
      await withClient({ rememberUpgrade: true }, async (second, messages) => {
        assert.equal(second.transport.name, "websocket");
        assert.deepEqual(await messages(1), ["hi"]);
      });
    });
  });
});

describe("the greatest payload of 100 bytes", () => {
  it("makes the client split its texts into bodies within the limit", async () => {
    await withClient({ transports: ["polling"] }, async (client, messages) => {
      const texts = ["a".repeat(99), "b".repeat(30), "c".repeat(30), "d".repeat(35), "€".repeat(33), "f".repeat(99)];
      await once(client, "open");
      texts.forEach((text) => client.send(text));
      assert.deepEqual(await messages(7), ["hi", ...texts]);
    });
  });

  it("makes the client split its bytes into bodies within the limit", async () => {
    await withClient({ transports: ["polling"] }, async (client, messages) => {
      const sent = [Buffer.alloc(72, 1), Buffer.alloc(20, 2), "a".repeat(20), Buffer.alloc(20, 3), Buffer.alloc(72, 4)];
      await once(client, "open");
      sent.forEach((message) => client.send(message));
      const [, ...answers] = await messages(6);
      answers.forEach((answer, i) => assert.deepEqual(answer, sent[i]));
    });
  });

  it("ends a polling client that sends more, with status 413 and no body", async () => {
    await withClient({ transports: ["polling"] }, async (client) => {
      await once(client, "open");
      const failed = nextError(client);
      const closed = once(client, "close");
      client.send("a".repeat(101));
      const expected = { type: "TransportError", message: "xhr post error", description: 413, body: "" };
      assert.deepEqual(await failed, expected);
      assert.equal((await closed)[0], "transport error");
    });
  });

  it("ends a WebSocket client that sends more, with code 1009 and no reason", async () => {
    await withClient({ transports: ["websocket"] }, async (client) => {
      await once(client, "open");
      client.send("a".repeat(101));
      const [reason, details] = await once(client, "close");
      assert.equal(reason, "transport close");
      assert.equal(details.context.code, 1009);
      assert.equal(details.context.reason, "");
    });
  });

  it("does not apply to messages of the server", async () => {
    for (const transports of Object.values(TRANSPORTS)) {
      await withClient({ transports, extraHeaders: { "x-long": "h".repeat(400) } }, async (client, messages) => {
        client.send("sendHeaders");
        await messages(2);
      });
    }
  });
});

describe("an unknown session", () => {
  const query = { sid: "abc" };

  it("is reported by polling", async () => {
    await withClient({ transports: ["polling"], query }, async (client) => {
      const closed = once(client, "close");
      assert.deepEqual(await nextError(client), {
        type: "TransportError",
        message: "xhr poll error",
        description: 400,
        body: '{"code":1,"message":"Session ID unknown"}',
      });
      assert.equal((await closed)[0], "transport error");
    });
  });

  it("is reported by WebSocket", async () => {
    await withClient({ transports: ["websocket"], query }, async (client) => {
      const closed = once(client, "close");
      const error = await once(client, "error");
      assert.equal(error.message, "websocket error");
      assert.match(error.description.message, /400/);
      assert.equal((await closed)[0], "transport error");
    });
  });
});

describe("a denied client", () => {
  // These options replace the client's own query, so the request would be rejected even without `deny`.
  const denied = (transport) => ({ transportOptions: { [transport]: { query: { deny: 1 } } } });

  it("receives the error by polling", async () => {
    await withClient({ transports: ["polling"], query: { deny: 1 } }, async (client) => {
      const { description, body } = await nextError(client);
      assert.equal(description, 403);
      assert.equal(body, '{"code":4,"message":"Forbidden"}');
    });
  });

  it("receives the error by WebSocket", async () => {
    await withClient({ transports: ["websocket"], query: { deny: 1 } }, async (client) => {
      const error = await once(client, "error");
      assert.match(error.description.message, /400/);
    });
  });

  it("tries the WebSocket when polling is denied", async () => {
    const options = { transports: ["polling", "websocket"], tryAllTransports: true, ...denied("polling") };
    await withClient(options, async (client, messages) => {
      await messages(1);
      assert.equal(client.transport.name, "websocket");
    });
  });

  it("tries polling when the WebSocket is denied", async () => {
    const options = { transports: ["websocket", "polling"], tryAllTransports: true, ...denied("websocket") };
    await withClient(options, async (client, messages) => {
      await messages(1);
      assert.equal(client.transport.name, "polling");
    });
  });
});

describe("headers", () => {
  async function headersSeenBy(options) {
    return withClient({ transports: ["polling"], ...options }, async (client, messages) => {
      await messages(1);
      client.send("sendHeaders");
      const [, headers] = await messages(2);
      return JSON.parse(headers);
    });
  }

  it("of the client reach the server, their names in lower case", async () => {
    const headers = await headersSeenBy({ extraHeaders: { "X-Custom-Header": "Some Value" } });
    assert.equal(headers["x-custom-header"], "Some Value");
  });

  it("hold the cookies of the first response when the client sends credentials", async () => {
    const { cookie } = await headersSeenBy({ withCredentials: true });
    // The third cookie has a maximum age of zero, and the fourth one has expired.
    assert.match(cookie, /^1=1; 2=2(; 4=4)?$/);
  });

  it("hold no cookies when it does not", async () => {
    const headers = await headersSeenBy({ withCredentials: false });
    assert.equal(headers.cookie, undefined);
  });

  it("of the first response alone set cookies", async () => {
    const address = `${origin}/engine.io/?EIO=4&transport=polling`;
    const first = await fetch(address);
    const cookies = first.headers.getSetCookie();
    assert.deepEqual(cookies.slice(0, 3), [
      "1=1; Max-Age=86400",
      "2=2; Path=/; HttpOnly; Secure; SameSite=Strict",
      "3=3; Max-Age=0",
    ]);
    assert.match(cookies[3], /^4=4; Expires=\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/);
    const [open] = (await first.text()).split("\x1e");
    const { sid } = JSON.parse(open.slice(1));
    const second = await within(fetch(`${address}&sid=${sid}`, { method: "POST", body: "4x" }), "the second response");
    assert.deepEqual(second.headers.getSetCookie(), []);
  });
});
