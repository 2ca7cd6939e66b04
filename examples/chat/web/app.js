// The chat: what the user does becomes requests, what the server says becomes lines.
//
// The nickname and a random key stand in the tab's session storage: whoever has the key may take the nickname again, so a
// reload or a reconnection is not refused because the server has not noticed yet that the old connection is gone.

import { Connection, Refused } from "./connection.js";
import * as view from "./view.js";

const { elements } = view;
const TYPING_SHOWN_FOR = 6_000;
const TYPING_TOLD_EVERY = 2_500;

/** Rooms that this user is in: name to `{ lines, present, typing, unread }`; a line is a message or a notice. */
const joined = new Map();
/** All rooms: `{ name, present }`. */
let known = [];
let current = null;
let me = null;
let connection = null;
let typingToldAt = 0;

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
    known = rooms;
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

/** Connected, for the first time or again: enters the rooms, whose history holds what was missed. */
async function welcomed({ nickname, rooms }) {
  me = nickname;
  known = rooms;
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
    // A lost connection comes back, and the room with it.
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

/** Brings a joined room, or none, to the front. */
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
  const names = new Map(known.map(({ name, present }) => [name, present]));
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

// What the server says.

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
  if (active) room.typing.set(nickname, setTimeout(typingChanged, TYPING_SHOWN_FOR, name, nickname, false));
  if (name === current) drawTyping();
}

// What the user does.

async function say(name, text) {
  tellTyping(false);
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

function tellTyping(active) {
  const now = Date.now();
  if (active ? now - typingToldAt < TYPING_TOLD_EVERY : typingToldAt === 0) return;
  typingToldAt = active ? now : 0;
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

elements.text.addEventListener("input", () => tellTyping(elements.text.value.trim() !== ""));

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
