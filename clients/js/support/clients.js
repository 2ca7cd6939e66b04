// Creates official clients. Each has its own connection, which is closed at the end of its test.

import { io } from "socket.io-client";
import { origin } from "./target.js";
import { once, within } from "./waiting.js";

/** The transports of a client. `upgrade` begins by polling and continues by WebSocket. */
export const TRANSPORTS = {
  polling: ["polling"],
  websocket: ["websocket"],
  upgrade: ["polling", "websocket"],
};

/** Creates a client with its own connection. It connects at once, unless `autoConnect` is false. */
export function client(namespace = "/", options = {}) {
  return io(new URL(namespace, origin).href, { forceNew: true, reconnectionDelay: 10, ...options });
}

/** Runs `use` with a connected client for each element of `list`, and closes them afterwards, even after an error. */
export async function withClients(list, use) {
  const sockets = list.map(({ namespace, ...options }) => client(namespace, options));
  try {
    await Promise.all(sockets.map((socket) => once(socket, "connect")));
    return await use(...sockets);
  } finally {
    sockets.forEach((socket) => socket.disconnect());
  }
}

/** Runs `use` with a connected client. */
export function withClient(options, use) {
  return withClients([options], use);
}

/** The first argument of the socket's next `event`. With connection state recovery, the reference adds another one. */
export function argument(socket, event) {
  const first = new Promise((resolve) => socket.once(event, (value) => resolve(value)));
  return within(first, `"${event}"`);
}

/** Resolves when a client that began by polling has reached the WebSocket. */
export async function upgraded(socket) {
  const { engine } = socket.io;
  if (engine.transport.name !== "websocket") await once(engine, "upgrade");
}

/** Returns the `connect_error` of a new client, and closes the client. */
export async function refusalOf(namespace, options) {
  const socket = client(namespace, options);
  try {
    return await once(socket, "connect_error");
  } finally {
    socket.disconnect();
  }
}
