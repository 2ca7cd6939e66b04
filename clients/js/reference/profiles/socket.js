// Socket.IO with two namespaces. Both send the `auth` payload back; `/` also echoes messages.

import { Server } from "socket.io";

export function serve(httpServers) {
  const io = new Server({
    pingInterval: 300,
    pingTimeout: 200,
    connectTimeout: 1_000,
    maxHttpBufferSize: 1_000_000,
    cors: { origin: "*" },
  });
  httpServers.forEach((server) => io.attach(server));

  io.on("connection", (socket) => {
    socket.emit("auth", socket.handshake.auth);
    socket.on("message", (...args) => socket.emit("message-back", ...args));
    socket.on("message-with-ack", (...args) => {
      const acknowledge = args.pop();
      if (typeof acknowledge === "function") acknowledge(...args);
    });
  });
  io.of("/custom").on("connection", (socket) => {
    socket.emit("auth", socket.handshake.auth);
  });
}
