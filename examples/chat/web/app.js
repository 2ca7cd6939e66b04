// The chat: turns the user's actions into requests, and the server's events into lines on the page.
//
// The tab's session storage holds the nickname and a random key. The server lets a client with the same key use the
// nickname again. A reload or a reconnection is therefore accepted even if the server has not noticed yet that the old
// connection is lost.

import { Connection, Refused } from "./connection.js";
import * as view from "./view.js";

const { elements } = view;
const TYPING_SHOWN_MS = 6_000;
const TYPING_REPEAT_MS = 2_500;

/** The rooms that this user is in: name to `{ lines, present, typing, unread }`. A line is a message or a notice. */
const joined = new Map();
/** The server's list of rooms: `{ name, present }`. */
let listedRooms = [];
let current = null;
let me = null;
let connection = null;
let typingSentAt = 0;

const saved = {
  get nickname() {
    return sessionStorage.getItem("nickname");
  },
  get key() {
    const key = sessionStorage.getItem("key") ?? crypto.randomUUID();
    sessionStorage.setItem("key", key);
    return key;
  },
  get rooms() {
    return JSON.parse(sessionStorage.getItem("rooms") ?? '["lobby"]');
  },
};

function signIn(nickname) {
  view.openMenu(false);
  connection?.close();
  connection = new Connection({ nickname, key: saved.key, onState: view.showState, onRefused: refused });
  connection.on("welcome", welcomed);
  connection.on("rooms", (rooms) => {
    listedRooms = rooms;
    drawRooms();
  });
  connection.on("presence", ({ room, present }) => presenceChanged(room, present));
  connection.on("message", arrived);
  connection.on("notice", arrived);
  connection.on("typing", ({ room, nickname, active }) => typingChanged(room, nickname, active));
}

function refused(reason) {
  sessionStorage.removeItem("nickname");
  view.showSignIn(reason);
}

/** Enters the rooms after the client has connected or reconnected. Their histories have the messages that it missed. */
async function welcomed({ nickname, rooms }) {
  me = nickname;
  listedRooms = rooms;
  sessionStorage.setItem("nickname", nickname);
  view.showChat(nickname);
  const wanted = joined.size > 0 ? [...joined.keys()] : saved.rooms;
  const here = current ?? (decodeURIComponent(location.hash.slice(1)) || wanted[0]);
  for (const room of new Set([...wanted, here])) {
    if (room) await join(room);
  }
  if (joined.has(here)) show(here);
}

async function join(name) {
  try {
    const { room, history, present } = await connection.request("room:join", name);
    const unread = joined.get(room)?.unread ?? 0;
    joined.set(room, { lines: history, present, typing: new Map(), unread });
    rememberRooms();
    if (room === current) show(room);
    return room;
  } catch (error) {
    // If the connection was lost instead, the client reconnects and enters the room again.
    if (error instanceof Refused) {
      if (name === current) current = null;
      joined.delete(name);
    }
    view.complain(error.message);
    return undefined;
  }
}

async function open(name) {
  const room = joined.has(name) ? name : await join(name);
  if (room) show(room);
  view.openMenu(false);
}

async function leave(name) {
  try {
    await connection.request("room:leave", name);
    joined.delete(name);
    rememberRooms();
    show(joined.keys().next().value ?? null);
  } catch (error) {
    view.complain(error.message);
  }
}

function rememberRooms() {
  sessionStorage.setItem("rooms", JSON.stringify([...joined.keys()]));
}

/** Shows a joined room, or no room. */
function show(name) {
  current = name;
  history.replaceState(null, "", name ? `#${encodeURIComponent(name)}` : location.pathname);
  const room = joined.get(name);
  if (room) room.unread = 0;
  view.showRoom(name, room?.lines ?? [], me);
  view.showPeople(room?.present ?? [], me);
  drawTyping();
  drawRooms();
}

function drawRooms() {
  const names = new Map(listedRooms.map(({ name, present }) => [name, present]));
  for (const [name, { present }] of joined) if (!names.has(name)) names.set(name, present.length);
  const rooms = [...names].map(([name, present]) => ({
    name,
    present,
    joined: joined.has(name),
    unread: joined.get(name)?.unread ?? 0,
  }));
  view.showRooms(rooms, current, open);
}

function drawTyping() {
  view.showTyping([...(joined.get(current)?.typing.keys() ?? [])]);
}

// The server's events.

function arrived(line) {
  const room = joined.get(line.room);
  if (!room) return;
  room.lines.push(line);
  typingChanged(line.room, line.nickname, false);
  if (line.room === current) {
    view.addLine(line, me);
  } else if (!view.isNotice(line)) {
    room.unread += 1;
    drawRooms();
  }
}

function presenceChanged(name, present) {
  const room = joined.get(name);
  if (!room) return;
  room.present = present;
  for (const nickname of room.typing.keys()) if (!present.includes(nickname)) typingChanged(name, nickname, false);
  if (name === current) view.showPeople(present, me);
}

function typingChanged(name, nickname, active) {
  const room = joined.get(name);
  if (!room) return;
  clearTimeout(room.typing.get(nickname));
  room.typing.delete(nickname);
  if (active) room.typing.set(nickname, setTimeout(typingChanged, TYPING_SHOWN_MS, name, nickname, false));
  if (name === current) drawTyping();
}

// The user's actions.

async function say(name, text) {
  sendTyping(false);
  const pending = view.addPending({ nickname: me, text, at: Date.now() }, me);
  try {
    const message = await connection.request("message", name, text);
    joined.get(name)?.lines.push(message);
    pending.confirm(message);
  } catch (error) {
    pending.fail(() => say(name, text));
    view.complain(error.message);
  }
}

function sendTyping(active) {
  const now = Date.now();
  if (active ? now - typingSentAt < TYPING_REPEAT_MS : typingSentAt === 0) return;
  typingSentAt = active ? now : 0;
  connection.tell("typing", current, active);
}

elements.signIn.addEventListener("submit", (event) => {
  event.preventDefault();
  signIn(elements.nickname.value);
});

elements.composer.addEventListener("submit", (event) => {
  event.preventDefault();
  const text = elements.text.value.trim();
  if (!text || !current) return;
  elements.text.value = "";
  say(current, text);
});

elements.text.addEventListener("input", () => sendTyping(elements.text.value.trim() !== ""));

elements.newRoom.addEventListener("submit", (event) => {
  event.preventDefault();
  const name = elements.newRoomName.value.trim();
  elements.newRoom.reset();
  if (name) open(name);
});

elements.leave.addEventListener("click", () => leave(current));
elements.menu.addEventListener("click", () => view.openMenu(!elements.rooms.classList.contains("open")));
document.addEventListener("keydown", (event) => event.key === "Escape" && view.openMenu(false));

elements.signOut.addEventListener("click", () => {
  connection.close();
  connection = null;
  joined.clear();
  current = null;
  for (const item of ["nickname", "rooms"]) sessionStorage.removeItem(item);
  view.showSignIn();
});

if (saved.nickname) signIn(saved.nickname);
else view.showSignIn();
