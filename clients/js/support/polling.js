// An Engine.IO session over raw HTTP requests, without a client library.

import assert from "node:assert/strict";
import { url } from "./target.js";
import { within } from "./waiting.js";

const SEPARATOR = "\x1e";

export class PollingSession {
  #path;

  constructor(path, open) {
    this.#path = path;
    this.open = open;
    this.sid = open.sid;
  }

  /** Performs the handshake. `extra` has further query parameters. */
  static async start(path, extra = {}) {
    const response = await fetch(url(path, { EIO: 4, transport: "polling", ...extra }));
    const body = await response.text();
    assert.equal(response.status, 200, body);
    const [first] = body.split(SEPARATOR);
    assert.equal(first[0], "0", `an OPEN packet, not ${body}`);
    return new PollingSession(path, JSON.parse(first.slice(1)));
  }

  /** The session's address on either transport. */
  url(transport = "polling", scheme = "http") {
    return url(this.#path, { EIO: 4, transport, sid: this.sid }, scheme);
  }

  /** Sends a GET, and returns the response. */
  poll(options = {}) {
    return fetch(this.url(), options);
  }

  /** Sends a POST, and returns the response. */
  post(body, headers = { "content-type": "text/plain;charset=UTF-8" }) {
    return fetch(this.url(), { method: "POST", body, headers });
  }

  /** Polls once, and returns the packets. */
  async receive() {
    const response = await this.poll();
    const body = await response.text();
    assert.equal(response.status, 200, body);
    return body.split(SEPARATOR);
  }

  /** Posts packets, and asserts that the server accepts them. */
  async send(...packets) {
    const response = await this.post(packets.join(SEPARATOR));
    assert.equal(response.status, 200);
    assert.equal(await response.text(), "ok");
  }

  /** Polls until `count` packets other than pings were received. Answers the pings. */
  async collect(count) {
    const packets = [];
    while (packets.length < count) {
      for (const packet of await this.receive()) {
        if (packet === "2") await this.send("3");
        else packets.push(packet);
      }
    }
    return packets;
  }

  /** Asserts that the server has forgotten the session. */
  async assertGone() {
    const response = await this.poll();
    assert.equal(response.status, 400);
    assert.deepEqual(await response.json(), { code: 1, message: "Session ID unknown" });
  }

  /** Waits until the server has forgotten the session, because it may notice a lost connection with a delay. */
  untilGone() {
    const unknown = async () => {
      for (;;) {
        const response = await this.post("4anybody?");
        if (response.status === 400 && (await response.json()).code === 1) return;
      }
    };
    return within(unknown(), "the session to end", 2_000);
  }
}
