// The handshake: how a session is opened, and how invalid requests are rejected.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { PollingSession } from "../../support/polling.js";
import { RawWebSocket, refusal } from "../../support/raw-websocket.js";
import { isReference, url } from "../../support/target.js";

const PATH = "/engine.io/";

function assertOpen(open, upgrades) {
  assert.deepEqual(Object.keys(open), ["sid", "upgrades", "pingInterval", "pingTimeout", "maxPayload"]);
  assert.match(open.sid, /^[A-Za-z0-9_-]{20}$/);
  assert.deepEqual(open.upgrades, upgrades);
  assert.equal(open.pingInterval, 300);
  assert.equal(open.pingTimeout, 200);
  assert.equal(open.maxPayload, 1_000_000);
}

describe("a handshake", () => {
  it("opens a session by polling", async () => {
    const response = await fetch(url(PATH, { EIO: 4, transport: "polling" }));
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("content-type"), "text/plain; charset=UTF-8");
    assert.equal(response.headers.get("cache-control"), "no-store");
    const body = await response.text();
    assert.equal(body[0], "0");
    assertOpen(JSON.parse(body.slice(1)), ["websocket"]);
  });

  it("opens a session by WebSocket", async () => {
    const socket = await RawWebSocket.open(url(PATH, { EIO: 4, transport: "websocket" }, "ws"));
    const packet = await socket.next();
    assert.equal(packet[0], "0");
    assertOpen(JSON.parse(packet.slice(1)), []);
    await socket.close();
  });

  it("gives every session an id of its own", async () => {
    const sessions = await Promise.all(Array.from({ length: 50 }, () => PollingSession.start(PATH)));
    assert.equal(new Set(sessions.map(({ sid }) => sid)).size, 50);
  });

  it("takes further query parameters", async () => {
    const session = await PollingSession.start(PATH, { t: "Pq1", token: "a b&c", sidecar: "1" });
    await session.send("4hello");
    assert.deepEqual(await session.receive(), ["4hello"]);
  });
});

const UNKNOWN_TRANSPORT = { code: 0, message: "Transport unknown" };
const UNKNOWN_SESSION = { code: 1, message: "Session ID unknown" };
const BAD_METHOD = { code: 2, message: "Bad handshake method" };
const UNSUPPORTED = { code: 5, message: "Unsupported protocol version" };

const REFUSALS = [
  ["no transport", "EIO=4", UNKNOWN_TRANSPORT],
  ["an unknown transport", "EIO=4&transport=abc", UNKNOWN_TRANSPORT],
  ["an empty transport", "EIO=4&transport=", UNKNOWN_TRANSPORT],
  ["a transport in capitals", "EIO=4&transport=Polling", UNKNOWN_TRANSPORT],
  ["the transport __proto__", "EIO=4&transport=__proto__", UNKNOWN_TRANSPORT],
  ["the transport constructor", "EIO=4&transport=constructor", UNKNOWN_TRANSPORT],
  ["an unknown session", "EIO=4&transport=polling&sid=abc", UNKNOWN_SESSION],
  ["the session __proto__", "EIO=4&transport=polling&sid=__proto__", UNKNOWN_SESSION],
  ["no protocol version", "transport=polling", UNSUPPORTED],
  ["version 3", "EIO=3&transport=polling", UNSUPPORTED],
  ["version 5", "EIO=5&transport=polling", UNSUPPORTED],
  ["a version that is no number", "EIO=abc&transport=polling", UNSUPPORTED],
];

describe("a polling handshake is refused", () => {
  for (const [what, query, error] of REFUSALS) {
    it(`with ${what}`, async () => {
      const response = await fetch(`${url(PATH)}?${query}`);
      assert.equal(response.status, 400);
      assert.match(response.headers.get("content-type"), /^application\/json/);
      assert.equal(await response.text(), JSON.stringify(error));
    });
  }

  it("with two transports", async () => {
    const response = await fetch(`${url(PATH)}?EIO=4&transport=polling&transport=websocket`);
    assert.equal(response.status, 400);
  });

  for (const method of ["POST", "PUT", "DELETE", "PATCH"]) {
    it(`by ${method}`, async () => {
      const response = await fetch(url(PATH, { EIO: 4, transport: "polling" }), { method });
      assert.equal(response.status, 400);
      assert.deepEqual(await response.json(), BAD_METHOD);
    });
  }

  it("by HEAD", async () => {
    const response = await fetch(url(PATH, { EIO: 4, transport: "polling" }), { method: "HEAD" });
    assert.equal(response.status, 400);
  });

  it("for the WebSocket transport over plain HTTP", async () => {
    const response = await fetch(url(PATH, { EIO: 4, transport: "websocket" }));
    assert.equal(response.status, 400);
    assert.deepEqual(await response.json(), { code: 3, message: "Bad request" });
  });

  if (!isReference) {
    it("under any longer path", async () => {
      const response = await fetch(url("/engine.io/more", { EIO: 4, transport: "polling" }));
      assert.equal(response.status, 404);
    });

    it("under no other path", async () => {
      const response = await fetch(url("/", { EIO: 4, transport: "polling" }));
      assert.equal(response.status, 404);
    });

    it("but not for a missing trailing slash", async () => {
      const session = await PollingSession.start("/engine.io");
      await session.send("4hello");
      assert.deepEqual(await session.receive(), ["4hello"]);
    });
  }
});

describe("a WebSocket handshake is refused", () => {
  const cases = [
    ["no transport", { EIO: 4 }, "Transport unknown"],
    ["an unknown transport", { EIO: 4, transport: "abc" }, "Transport unknown"],
    ["the transport constructor", { EIO: 4, transport: "constructor" }, "Transport unknown"],
    ["an unknown session", { EIO: 4, transport: "websocket", sid: "abc" }, "Session ID unknown"],
  ];
  const versions = [
    ["no protocol version", { transport: "websocket" }, "Unsupported protocol version"],
    ["version 3", { EIO: 3, transport: "websocket" }, "Unsupported protocol version"],
    ["a version that is no number", { EIO: "abc", transport: "websocket" }, "Unsupported protocol version"],
  ];
  if (isReference) {
    for (const [what, query] of versions) {
      it(`with ${what}, but only after the WebSocket was opened`, async () => {
        const socket = new RawWebSocket(url(PATH, query, "ws"));
        await socket.awaitClose();
        assert.deepEqual(socket.unread, []);
      });
    }
  } else {
    cases.push(...versions);
  }
  for (const [what, query, message] of cases) {
    it(`with ${what}`, async () => {
      const { status, body, headers } = await refusal(url(PATH, query, "ws"));
      assert.equal(status, 400);
      assert.equal(headers["content-type"], "text/html");
      assert.equal(body, message);
    });
  }
});

describe("a request of another origin", () => {
  const headers = { origin: "https://elsewhere.example" };

  it("may open a session by polling", async () => {
    const response = await fetch(url(PATH, { EIO: 4, transport: "polling" }), { headers });
    assert.equal(response.status, 200);
    assert.ok(["*", headers.origin].includes(response.headers.get("access-control-allow-origin")));
  });

  it("may open a session by WebSocket", async () => {
    const socket = await RawWebSocket.open(url(PATH, { EIO: 4, transport: "websocket" }, "ws"), { headers });
    assert.equal((await socket.next())[0], "0");
    await socket.close();
  });

  it("receives an answer to its preflight request", async () => {
    const response = await fetch(url(PATH, { EIO: 4, transport: "polling" }), {
      method: "OPTIONS",
      headers: {
        ...headers,
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type",
      },
    });
    assert.equal(response.status, 204);
    assert.ok(["*", headers.origin].includes(response.headers.get("access-control-allow-origin")));
    assert.match(response.headers.get("access-control-allow-methods"), /POST/);
  });
});
