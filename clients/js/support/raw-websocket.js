// A WebSocket whose messages are read one by one and in order. No message is missed.

import WebSocket from "ws";
import { within } from "./waiting.js";

export class RawWebSocket {
  #messages = [];
  #readers = [];
  #socket;

  constructor(address, { heartbeat = false, ...options } = {}) {
    this.#socket = new WebSocket(address, options);
    this.#socket.binaryType = "nodebuffer";
    this.opened = new Promise((resolve, reject) => {
      this.#socket.once("open", resolve);
      this.#socket.once("error", reject);
    });
    this.opened.catch(() => {});
    /** `{ code, reason }` of the close, regardless of the side that started it. */
    this.closed = new Promise((resolve) => {
      this.#socket.once("close", (code, reason) => resolve({ code, reason: reason.toString() }));
    });
    this.#socket.on("error", () => {});
    this.#socket.on("message", (data, isBinary) => {
      const message = isBinary ? data : data.toString();
      if (heartbeat && message === "2") this.#socket.send("3");
      else this.#deliver(message);
    });
    this.closed.then(() => {
      for (const reader of this.#readers.splice(0)) reader.reject(new Error("closed while a message was awaited"));
    });
  }

  static async open(address, options) {
    const socket = new RawWebSocket(address, options);
    await within(socket.opened, `${address} to open`);
    return socket;
  }

  #deliver(message) {
    const reader = this.#readers.shift();
    if (reader) reader.resolve(message);
    else this.#messages.push(message);
  }

  send(...messages) {
    for (const message of messages) this.#socket.send(message);
  }

  /** The next message: a string, or a Buffer if it is binary. */
  next(milliseconds) {
    if (this.#messages.length > 0) return Promise.resolve(this.#messages.shift());
    if (this.#socket.readyState === WebSocket.CLOSED) return Promise.reject(new Error("already closed"));
    const message = new Promise((resolve, reject) => this.#readers.push({ resolve, reject }));
    return within(message, "a message", milliseconds);
  }

  /** The next `count` messages. */
  async take(count) {
    const messages = [];
    while (messages.length < count) messages.push(await this.next());
    return messages;
  }

  /** The messages that were received but not read yet. */
  get unread() {
    return [...this.#messages];
  }

  /** Stops reading from the network. */
  pause() {
    this.#socket.pause();
  }

  resume() {
    this.#socket.resume();
  }

  /** Waits for the peer's close. */
  awaitClose(milliseconds) {
    return within(this.closed, "the WebSocket's close", milliseconds);
  }

  close() {
    this.#socket.close();
    return this.awaitClose();
  }

  /** Breaks the connection without a close frame. */
  terminate() {
    this.#socket.terminate();
    return this.awaitClose();
  }
}

/** The response to a WebSocket handshake that the server rejects: `{ status, body, headers }`. */
export function refusal(address, options) {
  const socket = new WebSocket(address, options);
  const refused = new Promise((resolve, reject) => {
    socket.once("open", () => reject(new Error("the handshake was accepted")));
    socket.on("error", () => {});
    socket.once("unexpected-response", (_request, response) => {
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("end", () => {
        resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks).toString() });
      });
    });
  });
  return within(refused, `${address} to be refused`);
}
