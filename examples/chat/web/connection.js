// The connection to the server: one Socket.IO client, its state in words, and requests that either answer or throw.

import { io } from "./vendor/socket.io.esm.min.js";

const ANSWER_WITHIN = 5_000;

/** What the server answered instead of a result. */
export class Refused extends Error {
  constructor({ error, code }) {
    super(error);
    this.code = code;
  }
}

export class Connection {
  #socket;

  /**
   * `onState(state)` is told "connecting", "online", "reconnecting" or "offline";
   * `onRefused(message)` that the server will not have this nickname.
   */
  constructor({ nickname, key, onState, onRefused }) {
    this.#socket = io("/chat", { auth: { nickname, key } });
    onState("connecting");
    this.#socket.on("connect", () => onState("online"));
    this.#socket.on("disconnect", () => onState(this.#socket.active ? "reconnecting" : "offline"));
    this.#socket.on("connect_error", (error) => {
      // An inactive socket will not try again: the server has refused it.
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

  /** Emits without an answer; dropped when offline. */
  tell(event, ...args) {
    this.#socket.volatile.emit(event, ...args);
  }

  /** Emits, and resolves with the server's answer. */
  async request(event, ...args) {
    if (!this.online) throw new Error("You are offline");
    const answer = await this.#socket
      .timeout(ANSWER_WITHIN)
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
