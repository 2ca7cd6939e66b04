// Draws the page. It does not know the connection.

const byId = (id) => document.getElementById(id);

export const elements = {
  chat: byId("chat"),
  welcome: byId("welcome"),
  signIn: byId("sign-in"),
  signInError: byId("sign-in-error"),
  nickname: byId("nickname"),
  signOut: byId("sign-out"),
  me: byId("me"),
  state: byId("state"),
  menu: byId("menu"),
  rooms: byId("rooms"),
  roomList: byId("room-list"),
  newRoom: byId("new-room"),
  newRoomName: byId("new-room-name"),
  roomName: byId("room-name"),
  leave: byId("leave"),
  log: byId("log"),
  people: byId("people"),
  typing: byId("typing"),
  composer: byId("composer"),
  text: byId("text"),
  toasts: byId("toasts"),
};

const STATES = { connecting: "Connecting…", online: "Online", reconnecting: "Reconnecting…", offline: "Offline" };

/** An element with a class, text and children. */
function make(tag, { className, text, children = [], ...properties } = {}) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  element.append(...children);
  return Object.assign(element, properties);
}

function avatar(nickname) {
  const element = make("span", { className: "avatar", text: [...nickname][0].toUpperCase(), ariaHidden: "true" });
  const hue = [...nickname].reduce((sum, character) => (sum * 31 + character.codePointAt(0)) % 360, 7);
  element.style.setProperty("--hue", hue);
  return element;
}

export function showState(state) {
  elements.state.dataset.state = state;
  elements.state.textContent = STATES[state];
}

/** Shows the form for a nickname, with the reason if a nickname was rejected. */
export function showSignIn(reason = "") {
  elements.chat.hidden = true;
  elements.me.hidden = true;
  elements.signOut.hidden = true;
  elements.welcome.hidden = false;
  elements.signInError.textContent = reason;
  elements.nickname.focus();
}

export function showChat(nickname) {
  elements.welcome.hidden = true;
  elements.chat.hidden = false;
  elements.me.hidden = false;
  elements.me.textContent = nickname;
  elements.signOut.hidden = false;
}

/** `rooms` are `{ name, present, joined, unread }`. */
export function showRooms(rooms, current, open) {
  const items = rooms.map(({ name, present, joined, unread }) => {
    const children = [make("span", { className: "name", text: name })];
    if (unread > 0) children.push(make("span", { className: "unread", text: unread, ariaLabel: `${unread} unread` }));
    children.push(make("span", { className: "count", text: present, title: `${present} here`, ariaLabel: `${present} here` }));
    const button = make("button", { type: "button", children, onclick: () => open(name) });
    button.dataset.joined = joined;
    if (name === current) button.ariaCurrent = "true";
    return make("li", { children: [button] });
  });
  elements.roomList.replaceChildren(...items);
}

export function showPeople(nicknames, me) {
  const items = nicknames.map((nickname) =>
    make("li", { children: [avatar(nickname), nickname === me ? `${nickname} (you)` : nickname] }),
  );
  elements.people.replaceChildren(...items);
}

export function showTyping(nicknames) {
  const text = {
    0: "",
    1: `${nicknames[0]} is typing…`,
    2: `${nicknames[0]} and ${nicknames[1]} are typing…`,
  }[nicknames.length];
  elements.typing.textContent = text ?? "Several people are typing…";
}

/** Shows a room: its name and all its lines. */
export function showRoom(name, lines, me) {
  elements.roomName.textContent = name ?? "";
  elements.leave.hidden = !name;
  elements.composer.hidden = !name;
  document.title = name ? `${name} · Specter chat` : "Specter chat";
  const items = lines.map((line) => drawLine(line, me));
  if (items.length === 0) {
    const text = name ? "Nothing was said here yet." : "Choose a room, or open one.";
    items.push(make("li", { className: "empty", text }));
  }
  elements.log.replaceChildren(...items);
  scrollToEnd();
}

/** Adds a line at the end. Scrolls there if the end was visible before. */
export function addLine(line, me) {
  const { log } = elements;
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 80;
  log.querySelector(".empty")?.remove();
  const item = drawLine(line, me);
  log.append(item);
  if (atEnd || line.nickname === me) scrollToEnd();
  return item;
}

function scrollToEnd() {
  elements.log.scrollTop = elements.log.scrollHeight;
}

/** Whether a line is a notice that somebody joined or left. Every other line is a message. */
export const isNotice = (line) => line.kind !== undefined;

function drawLine(line, me) {
  const at = new Date(line.at);
  const time = make("time", {
    dateTime: at.toISOString(),
    text: at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }),
  });
  if (isNotice(line)) {
    return make("li", { className: "notice", children: [`${line.nickname} ${line.kind} · `, time] });
  }
  const by = make("span", { className: "by", children: [make("strong", { text: line.nickname }), " ", time] });
  return make("li", {
    className: line.nickname === me ? "line mine" : "line",
    children: [avatar(line.nickname), by, make("span", { className: "text", text: line.text })],
  });
}

/** Adds the user's own message, which the server has not confirmed yet. Call `confirm()` or `fail(retry)` later. */
export function addPending(line, me) {
  const item = addLine(line, me);
  item.classList.add("pending");
  return {
    confirm(confirmed) {
      item.replaceWith(drawLine(confirmed, me));
    },
    fail(retry) {
      item.classList.replace("pending", "failed");
      const again = () => {
        item.remove();
        retry();
      };
      item.append(make("button", { className: "retry", type: "button", text: "Not sent. Try again", onclick: again }));
    },
  };
}

/** Shows an error message for a few seconds. */
export function complain(text) {
  const toast = make("p", { className: "toast", text });
  elements.toasts.append(toast);
  setTimeout(() => toast.remove(), 5_000);
}

export function openMenu(open) {
  elements.rooms.classList.toggle("open", open);
  elements.menu.ariaExpanded = String(open);
}
