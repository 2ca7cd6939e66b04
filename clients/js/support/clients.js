// The official client, made so that every test has its own connection and none outlives its test.

import { io } from "socket.io-client";
import { origin } from "./target.js";
import { once, within } from "./waiting.js";

/** How a client may reach its server; `upgrade` begins by polling and goes on by WebSocket. */
export const TRANSPORTS = {
  polling: ["polling"],
  websocket: ["websocket"],
  upgrade: ["polling", "websocket"],
};

/** A client of its own connection: not connected yet if `autoConnect` is false. */
export function client(namespace = "/", options = {}) {
  return io(new URL(namespace, origin).href, { forceNew: true, reconnectionDelay: 10, ...options });
}

/** Runs `use` with one connected client for each `options`, all closed afterwards whatever happens. */
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

/** The first argument of the socket's next `event`: with recovery, the server adds one of its own. */
export function argument(socket, event) {
  const first = new Promise((resolve) => socket.once(event, (value) => resolve(value)));
  return within(first, `"${event}"`);
}

/** Resolves when a client that began by polling has reached the WebSocket. */
export async function upgraded(socket) {
  const { engine } = socket.io;
  if (engine.transport.name !== "websocket") await once(engine, "upgrade");
}

/** The client's next `connect_error`; the client is closed afterwards. */
export async function refusalOf(namespace, options) {
  const socket = client(namespace, options);
  try {
    return await once(socket, "connect_error");
  } finally {
    socket.disconnect();
  }
}
