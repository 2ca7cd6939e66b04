// Engine.IO without Socket.IO, as the tests of engine.io-client expect their server.

import { Server } from "engine.io";

export function serve(httpServers) {
  const engine = new Server({
    pingInterval: 500,
    maxHttpBufferSize: 100,
    allowRequest: (request, decide) => {
      decide(null, !new URL(request.url, "http://localhost").searchParams.has("deny"));
    },
  });
  httpServers.forEach((server) => engine.attach(server, { path: "/engine.io" }));

  engine.on("initial_headers", (headers) => {
    headers["set-cookie"] = [
      "1=1; Max-Age=86400",
      "2=2; Path=/; HttpOnly; Secure; SameSite=Strict",
      "3=3; Max-Age=0",
      `4=4; Expires=${new Date().toUTCString()}`,
    ];
  });

  engine.on("connection", (socket) => {
    socket.send("hi");
    socket.on("message", (data) => socket.send(answer(socket, data)));
  });
}

function answer(socket, data) {
  switch (data) {
    case "give binary":
      return Uint8Array.of(0, 1, 2, 3, 4);
    case "give utf8":
      return "пойду спать всем спокойной ночи";
    case "sendHeaders":
      return JSON.stringify(socket.transport.dataReq?.headers);
    default:
      return data;
  }
}
