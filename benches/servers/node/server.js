// Socket.IO for Node.js with its default settings and the events of the `bench` profile.

import { createServer } from "node:http";
import { Server } from "socket.io";

const http = createServer();
const io = new Server(http, { serveClient: false });

io.on("connection", (socket) => {
  socket.on("echo", (...args) => {
    const acknowledge = args.pop();
    acknowledge(...args);
  });
  socket.on("broadcast", (value) => io.emit("broadcast", value));
  socket.on("join", (room, acknowledge) => {
    socket.join(room);
    acknowledge();
  });
  socket.on("room", (room, value) => io.to(room).emit("room", value));
});

http.listen(0, "127.0.0.1", 4096, () => console.log(`listening on ${http.address().port}`));
process.on("SIGTERM", () => process.exit(0));
