// The web pages that may connect by default: those of the server's own origin, and those of a development server.
// The reference does not check origins by default, so these tests run against Specter only.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RawWebSocket, refusal } from "../../support/raw-websocket.js";
import { isReference, origin, url } from "../../support/target.js";

const PATH = "/socket.io/";
const { host } = new URL(origin);

const ALLOWED = [undefined, origin, "http://localhost:5173", "http://127.0.0.1:1", "http://[::1]:8080"];
const FORBIDDEN = ["https://elsewhere.example", "null", `${origin}.elsewhere.example`, `http://elsewhere.example/${host}`, "garbage"];

const headers = (from) => (from === undefined ? {} : { origin: from });

if (!isReference) {
  describe("a page of", () => {
    for (const from of ALLOWED) {
      it(`${from ?? "no origin (a native client)"} may connect`, async () => {
        const response = await fetch(url(PATH, { EIO: 4, transport: "polling" }), { headers: headers(from) });
        assert.equal(response.status, 200);
        if (from !== undefined && from !== origin) {
          assert.equal(response.headers.get("access-control-allow-origin"), from);
        }
        const socket = await RawWebSocket.open(url(PATH, { EIO: 4, transport: "websocket" }, "ws"), { headers: headers(from) });
        assert.equal((await socket.next())[0], "0");
        await socket.close();
      });
    }

    for (const from of FORBIDDEN) {
      it(`${from} may not`, async () => {
        const response = await fetch(url(PATH, { EIO: 4, transport: "polling" }), { headers: headers(from) });
        assert.equal(response.status, 403);
        assert.equal((await response.json()).code, 4);
        assert.equal(response.headers.get("access-control-allow-origin"), null);
        const { status } = await refusal(url(PATH, { EIO: 4, transport: "websocket" }, "ws"), { headers: headers(from) });
        assert.ok([400, 403].includes(status));
      });
    }
  });
}
