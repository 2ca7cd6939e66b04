// The start and the end of the server: the addresses it listens on, and how clients see its end.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { client, TRANSPORTS, upgraded } from "../../support/clients.js";
import { run, serve } from "../../support/server.js";
import { once } from "../../support/waiting.js";

const PROFILES = ["engine", "engine-client", "socket", "socket-client", "bench"];

describe("the conformance server", () => {
  for (const profile of PROFILES) {
    it(`serves ${profile} on both loopback addresses, and ends on a signal`, async () => {
      const server = await serve(profile);
      assert.match(server.line, /^listening on \d+$/);
      const path = profile.startsWith("engine") ? "engine.io" : "socket.io";
      for (const host of ["127.0.0.1", "[::1]"]) {
        const address = `http://${host}:${server.port}/${path}/?EIO=4&transport=polling`;
        const response = await fetch(address);
        assert.equal(response.status, 200, host);
        // The session is closed, because at its end the server would wait for a session that does not poll.
        const { sid } = JSON.parse((await response.text()).split("\x1e")[0].slice(1));
        await fetch(`${address}&sid=${sid}`, { method: "POST", body: "1" });
      }
      assert.deepEqual(await server.stop(), { code: 0, signal: null });
    });
  }

  it("rejects an unknown profile", async () => {
    const { code, errors } = await run("--profile", "nonsense");
    assert.notEqual(code, 0);
    for (const profile of PROFILES) assert.match(errors, new RegExp(profile));
  });
});

for (const [name, transports] of Object.entries(TRANSPORTS)) {
  describe(`a client on ${name}`, () => {
    it("reconnects by itself after the server was stopped and started", async () => {
      const first = await serve("bench");
      const socket = client(`http://127.0.0.1:${first.port}/`, { transports, reconnectionDelayMax: 50 });
      await once(socket, "connect");
      const { id } = socket;

      const disconnected = once(socket, "disconnect");
      const ended = first.stop();
      const [reason] = await disconnected;
      // After any other reason the client would not reconnect.
      assert.ok(["transport close", "transport error"].includes(reason), reason);
      assert.equal((await ended).code, 0);

      const connected = once(socket, "connect");
      const second = await serve("bench", first.port);
      await connected;
      assert.notEqual(socket.id, id);
      assert.equal(await socket.emitWithAck("echo", "again"), "again");
      socket.disconnect();
      await second.stop();
    });

    it("is disconnected if the server is killed", async () => {
      const server = await serve("socket");
      const socket = client(`http://127.0.0.1:${server.port}/`, { transports, reconnection: false });
      await once(socket, "connect");
      const disconnected = once(socket, "disconnect");
      await server.stop("SIGKILL");
      const [reason] = await disconnected;
      assert.ok(["transport close", "transport error"].includes(reason), reason);
    });
  });
}

it("a hundred connected clients do not keep the server from ending", async () => {
  const server = await serve("bench");
  const sockets = Array.from({ length: 100 }, (_, i) =>
    client(`http://127.0.0.1:${server.port}/`, { transports: Object.values(TRANSPORTS)[i % 3], reconnection: false }),
  );
  await Promise.all(sockets.map((socket) => once(socket, "connect")));
  await Promise.all(sockets.filter((_, i) => i % 3 === 2).map(upgraded));
  const gone = sockets.map((socket) => once(socket, "disconnect"));
  assert.equal((await server.stop()).code, 0);
  await Promise.all(gone);
});
