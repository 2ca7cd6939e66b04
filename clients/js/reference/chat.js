// The chat example's server on the reference implementation, to show that the page and the suites are correct.
//
//   PORT=3000 node reference/chat.js

import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { Server } from "socket.io";

const CHAT = fileURLToPath(new URL("../../../examples/chat/", import.meta.url));
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
const HISTORY = 200;

/** Nickname to `{ key, sockets }`. */
const people = new Map();
/** Room name to `{ history, present }`. `present` maps a nickname to the number of its sockets in the room. */
const rooms = new Map(["lobby", "rust", "random"].map((name) => [name, { history: [], present: new Map() }]));
let lastId = 0;

const http = createServer(async (request, response) => {
  const { pathname } = new URL(request.url, "http://localhost");
  if (pathname === "/api/rooms") {
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(listOfRooms()));
    return;
  }
  const path = normalize(pathname === "/" ? "/index.html" : pathname);
  const file = path.startsWith("/vendor/")
    ? join(CHAT, "node_modules/socket.io-client/dist", path.slice("/vendor/".length))
    : join(CHAT, "web", path);
  try {
    const body = await readFile(file);
    response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "application/octet-stream" }).end(body);
  } catch {
    response.writeHead(404).end();
  }
});

const io = new Server(http);
const chat = io.of("/chat");

const refuse = (code, error) => ({ error, code });
const listOfRooms = () => [...rooms].map(([name, { present }]) => ({ name, present: present.size }));
const namesIn = (room) => [...rooms.get(room).present.keys()].sort();

chat.use((socket, next) => {
  const { nickname: given, key } = socket.handshake.auth;
  const nickname = String(given ?? "").trim();
  const fail = (code, message) => next(Object.assign(new Error(message), { data: { code } }));
  if (nickname === "") return fail("nickname_empty", "a nickname is needed");
  if ([...nickname].length > 24) return fail("nickname_too_long", "a nickname has at most 24 characters");
  const person = people.get(nickname);
  if (person && person.key !== key) return fail("nickname_taken", "somebody else has this nickname");
  people.set(nickname, { key, sockets: (person?.sockets ?? 0) + 1 });
  socket.data.nickname = nickname;
  next();
});

chat.on("connection", (socket) => {
  const { nickname } = socket.data;
  const inRooms = new Set();
  socket.emit("welcome", { nickname, rooms: listOfRooms() });

  socket.on("room:join", (given, acknowledge) => {
    const name = String(given).trim();
    if (name === "" || [...name].length > 32) return acknowledge(refuse("room_name_invalid", "a room's name has 1 to 32 characters"));
    if (!rooms.has(name)) rooms.set(name, { history: [], present: new Map() });
    const room = rooms.get(name);
    if (!inRooms.has(name)) {
      inRooms.add(name);
      socket.join(name);
      const sockets = (room.present.get(nickname) ?? 0) + 1;
      room.present.set(nickname, sockets);
      if (sockets === 1) presenceChanged(name, "joined");
    }
    acknowledge({ room: name, history: room.history, present: namesIn(name) });
  });

  socket.on("room:leave", (name, acknowledge) => {
    leave(name);
    acknowledge();
  });

  socket.on("message", (name, text, acknowledge) => {
    if (!inRooms.has(name)) return acknowledge(refuse("not_in_room", "you are not in this room"));
    if (text.trim() === "" || [...text].length > 2_000) return acknowledge(refuse("text_invalid", "a message has 1 to 2000 characters"));
    const message = { id: ++lastId, room: name, nickname, text, at: Date.now() };
    const { history } = rooms.get(name);
    history.push(message);
    if (history.length > HISTORY) history.shift();
    socket.to(name).emit("message", message);
    acknowledge(message);
  });

  socket.on("typing", (room, active) => {
    if (inRooms.has(room)) socket.to(room).emit("typing", { room, nickname, active });
  });

  socket.on("disconnect", () => {
    inRooms.forEach(leave);
    const person = people.get(nickname);
    person.sockets -= 1;
    if (person.sockets === 0) people.delete(nickname);
  });

  function leave(name) {
    if (!inRooms.delete(name)) return;
    socket.leave(name);
    const { present } = rooms.get(name);
    const sockets = present.get(nickname) - 1;
    if (sockets > 0) present.set(nickname, sockets);
    else {
      present.delete(nickname);
      presenceChanged(name, "left");
    }
  }

  function presenceChanged(name, kind) {
    socket.to(name).emit("notice", { room: name, kind, nickname, at: Date.now() });
    socket.to(name).emit("presence", { room: name, present: namesIn(name) });
    chat.emit("rooms", listOfRooms());
  }
});

http.listen(Number(process.env.PORT ?? 3000), "127.0.0.1", () => {
  console.log(`listening on http://127.0.0.1:${http.address().port}`);
});
process.on("SIGTERM", () => process.exit(0));
