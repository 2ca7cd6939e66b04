// Engine.IO without Socket.IO. It echoes every message.

import { Server } from "engine.io";

export function serve(httpServers) {
  const engine = new Server({
    pingInterval: 300,
    pingTimeout: 200,
    maxHttpBufferSize: 1_000_000,
    cors: { origin: "*" },
  });
  httpServers.forEach((server) => engine.attach(server, { path: "/engine.io" }));
  engine.on("connection", (socket) => {
    socket.on("message", (data) => socket.send(data));
  });
}
