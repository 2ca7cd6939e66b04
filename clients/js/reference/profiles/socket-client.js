// Socket.IO, as the tests of socket.io-client expect their server.

import { Server } from "socket.io";

export function serve(httpServers) {
  const io = new Server({
    pingInterval: 2_000,
    connectionStateRecovery: {},
    allowRequest: (_request, decide) => setTimeout(() => decide(null, true), 10),
  });
  httpServers.forEach((server) => io.attach(server));

  io.use((socket, next) => {
    next(socket.request._query.fail ? new Error("Auth failed (main namespace)") : undefined);
  });
  io.on("connection", (socket) => {
    greetings(socket);
    dates(socket);
    binary(socket);
    socket.on("getHandshake", (acknowledge) => acknowledge(socket.handshake));
    socket.on("getId", (acknowledge) => acknowledge(socket.id));
  });

  io.of("/foo").on("connection", (socket) => {
    socket.on("getId", (acknowledge) => acknowledge(socket.id));
  });
  io.of("/abc").on("connection", (socket) => socket.emit("handshake", socket.handshake));
  for (const empty of ["/timeout_socket", "/valid", "/asd"]) io.of(empty);
  io.of("/no").use((_socket, next) => next(new Error("Auth failed (custom namespace)")));
}

function greetings(socket) {
  socket.on("hi", () => socket.emit("hi"));
  socket.on("echo", (value, acknowledge) => acknowledge?.(value));
  socket.on("false", () => socket.emit("false", false));
  socket.on("ack", () => {
    socket.emit("ack", (number, object) => {
      if (number === 5 && object.test) socket.emit("got it");
    });
  });
  socket.on("getUtf8", () => {
    const texts = ["てすと", "Я Б Г Д Ж Й", "Ä ä Ü ü ß", "utf8 — string", "utf8 — string"];
    texts.forEach((text) => socket.emit("takeUtf8", text));
  });
}

function dates(socket) {
  socket.on("getAckDate", (_data, acknowledge) => acknowledge(new Date()));
  socket.on("getDate", () => socket.emit("takeDate", new Date()));
  socket.on("getDateObj", () => socket.emit("takeDateObj", { date: new Date() }));
}

function binary(socket) {
  socket.on("doge", () => socket.emit("doge", Buffer.from("asdfasdf")));
  socket.on("getbin", () => socket.emit("takebin", Buffer.from("asdfasdf")));
  socket.on("buffa", (bytes) => {
    if (Buffer.isBuffer(bytes)) socket.emit("buffack");
  });
  socket.on("jsonbuff", ({ hello, message, goodbye }) => {
    if (hello === "lol" && Buffer.isBuffer(message) && goodbye === "gotcha") socket.emit("jsonbuff-ack");
  });
  let sawFirst = false;
  socket.on("abuff1", (bytes) => {
    sawFirst = Buffer.isBuffer(bytes);
  });
  socket.on("abuff2", () => {
    if (sawFirst) socket.emit("abuff2-ack");
  });
}
