// Socket.IO with its default settings: echo, broadcast and rooms.

import { Server } from "socket.io";

export function serve(httpServers) {
  const io = new Server();
  httpServers.forEach((server) => io.attach(server));

  io.on("connection", (socket) => {
    socket.on("echo", (...args) => {
      const acknowledge = typeof args.at(-1) === "function" ? args.pop() : undefined;
      if (acknowledge) acknowledge(...args);
      else socket.emit("echo", ...args);
    });
    socket.on("emit", (...args) => socket.emit("echo", ...args));
    socket.on("broadcast", (value) => io.emit("broadcast", value));
    socket.on("join", (room, acknowledge) => {
      socket.join(room);
      acknowledge();
    });
    socket.on("room", (room, value) => io.to(room).emit("room", value));
  });
}
