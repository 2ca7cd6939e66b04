// The connection to the server: one Socket.IO client, its state, and requests that return an answer or throw.

import { io } from "./vendor/socket.io.esm.min.js";

const ANSWER_TIMEOUT_MS = 5_000;

/** The error that the server returned instead of a result. */
export class Refused extends Error {
  constructor({ error, code }) {
    super(error);
    this.code = code;
  }
}

export class Connection {
  #socket;

  /**
   * `onState(state)` is called with "connecting", "online", "reconnecting" or "offline".
   * `onRefused(message)` is called if the server rejects this nickname.
   */
  constructor({ nickname, key, onState, onRefused }) {
    this.#socket = io("/chat", { auth: { nickname, key } });
    onState("connecting");
    this.#socket.on("connect", () => onState("online"));
    this.#socket.on("disconnect", () => onState(this.#socket.active ? "reconnecting" : "offline"));
    this.#socket.on("connect_error", (error) => {
      // If the server has rejected the connection, the socket is inactive and does not try again.
      if (this.#socket.active) return onState("reconnecting");
      onState("offline");
      onRefused(error.message);
    });
  }

  get online() {
    return this.#socket.connected;
  }

  on(event, listener) {
    this.#socket.on(event, listener);
  }

  /** Emits an event without an answer. Drops it if the client is offline. */
  tell(event, ...args) {
    this.#socket.volatile.emit(event, ...args);
  }

  /** Emits an event, and resolves with the server's answer. */
  async request(event, ...args) {
    if (!this.online) throw new Error("You are offline");
    const answer = await this.#socket
      .timeout(ANSWER_TIMEOUT_MS)
      .emitWithAck(event, ...args)
      .catch(() => {
        throw new Error("The server did not answer");
      });
    if (answer?.error) throw new Refused(answer);
    return answer;
  }

  close() {
    this.#socket.disconnect();
  }
}
