// The chat example, used as by its page: nicknames, rooms, presence, typing, history, and errors in acknowledgements.

import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { argument, client, refusalOf, TRANSPORTS } from "../../support/clients.js";
import { origin } from "../../support/target.js";
import { once, within } from "../../support/waiting.js";

const people = [];
let lastKey = 0;

/** Connects a person who enters the chat. */
async function enter(nickname, { key = `key ${(lastKey += 1)}`, ...options } = {}) {
  const socket = client("/chat", { auth: { nickname, key }, ...options });
  people.push(socket);
  const refused = new Promise((_resolve, reject) => socket.once("connect_error", reject));
  const welcome = await Promise.race([argument(socket, "welcome"), refused]);
  return { socket, welcome, ask: (event, ...args) => socket.timeout(5_000).emitWithAck(event, ...args) };
}

after(() => people.forEach((socket) => socket.disconnect()));

describe("the page", () => {
  for (const [path, type] of [
    ["/", "text/html"],
    ["/app.js", "text/javascript"],
    ["/style.css", "text/css"],
    ["/vendor/socket.io.esm.min.js", "text/javascript"],
  ]) {
    it(`has ${path}`, async () => {
      const response = await fetch(new URL(path, origin));
      assert.equal(response.status, 200);
      assert.ok(response.headers.get("content-type").startsWith(type));
    });
  }

  for (const path of ["/nothing", "/package.json", "/../main.rs", "/%2e%2e/main.rs", "/vendor/../package.json"]) {
    it(`has no ${path}`, async () => {
      assert.equal((await fetch(`${origin}${path}`)).status, 404);
    });
  }
});

it("the server's HTTP route returns the list of rooms", async () => {
  const { ask } = await enter("Router");
  await ask("room:join", "routed");
  const response = await fetch(new URL("/api/rooms", origin));
  assert.match(response.headers.get("content-type"), /^application\/json/);
  const rooms = await response.json();
  assert.deepEqual(rooms.slice(0, 3).map(({ name }) => name), ["lobby", "rust", "random"]);
  assert.deepEqual(rooms.find(({ name }) => name === "routed"), { name: "routed", present: 1 });
});

describe("a nickname", () => {
  for (const [what, auth, code, message] of [
    ["missing", {}, "nickname_empty", "a nickname is needed"],
    ["empty", { nickname: "" }, "nickname_empty", "a nickname is needed"],
    ["blank", { nickname: " \t " }, "nickname_empty", "a nickname is needed"],
    ["too long", { nickname: "ä".repeat(25) }, "nickname_too_long", "a nickname has at most 24 characters"],
  ]) {
    it(`is rejected if it is ${what}`, async () => {
      const error = await refusalOf("/chat", { auth: { key: "k", ...auth } });
      assert.equal(error.message, message);
      assert.deepEqual(error.data, { code });
    });
  }

  it("may be long enough, and is trimmed", async () => {
    const { welcome } = await enter(` ${"ä".repeat(24)} `);
    assert.equal(welcome.nickname, "ä".repeat(24));
  });

  it("is rejected while somebody else uses it", async () => {
    const { socket } = await enter("Hedy");
    const error = await refusalOf("/chat", { auth: { nickname: "Hedy", key: "another" } });
    assert.equal(error.message, "somebody else has this nickname");
    assert.deepEqual(error.data, { code: "nickname_taken" });
    socket.disconnect();
    await eventually(() => enter("Hedy", { key: "another" }));
  });

  it("may be used by another client with the same key", async () => {
    const first = await enter("Katherine", { key: "hers" });
    const second = await enter("Katherine", { key: "hers" });
    await second.ask("room:join", "twice");
    const { present } = await first.ask("room:join", "twice");
    assert.deepEqual(present, ["Katherine"]);
  });
});

for (const [name, transports] of Object.entries(TRANSPORTS)) {
  describe(`on ${name}, the chat`, () => {
    const inRoom = async (room, ...nicknames) => {
      const all = [];
      for (const nickname of nicknames) {
        const someone = await enter(`${nickname} (${name})`, { transports });
        someone.nickname = `${nickname} (${name})`;
        await someone.ask("room:join", room);
        all.push(someone);
      }
      return all;
    };

    it("sends the list of people in a room", async () => {
      const room = `presence ${name}`;
      const [ada] = await inRoom(room, "Ada");
      const presence = argument(ada.socket, "presence");
      const notice = argument(ada.socket, "notice");
      const [grace] = await inRoom(room, "Grace");
      assert.deepEqual(await presence, { room, present: [ada.nickname, grace.nickname] });
      const { at, ...joined } = await notice;
      assert.deepEqual(joined, { room, kind: "joined", nickname: grace.nickname });
      assert.ok(Math.abs(Date.now() - at) < 60_000);

      const gone = argument(ada.socket, "presence");
      await grace.ask("room:leave", room);
      assert.deepEqual(await gone, { room, present: [ada.nickname] });
    });

    it("announces a person whose connection was lost", async () => {
      const room = `gone ${name}`;
      const [linus, dennis] = await inRoom(room, "Linus", "Dennis");
      const left = new Promise((resolve) => {
        linus.socket.on("notice", ({ kind, nickname }) => kind === "left" && resolve(nickname));
      });
      dennis.socket.io.engine.close();
      dennis.socket.disconnect();
      assert.equal(await within(left, "the notice"), dennis.nickname);
    });

    it("sends the number of people in each room", async () => {
      const { socket } = await enter(`Watcher (${name})`, { transports });
      const room = `counted ${name}`;
      const told = new Promise((resolve) => {
        socket.on("rooms", (rooms) => rooms.some(({ name, present }) => name === room && present === 1) && resolve());
      });
      await inRoom(room, "Counted");
      await told;
    });

    it("sends messages to the others in the room, and keeps them", async () => {
      const room = `talk ${name}`;
      const [ada, grace, outsider] = [...(await inRoom(room, "Ada T", "Grace T")), ...(await inRoom(`${room} 2`, "Else"))];
      outsider.socket.on("message", () => assert.fail("a client in another room received the message"));
      ada.socket.on("message", () => assert.fail("the sender received its own message"));
      const heard = argument(grace.socket, "message");
      const sent = await ada.ask("message", room, "Hello 🎉 <b>");
      const { id, at, ...rest } = sent;
      assert.deepEqual(rest, { room, nickname: ada.nickname, text: "Hello 🎉 <b>" });
      assert.equal(typeof id, "number");
      assert.equal(typeof at, "number");
      assert.deepEqual(await heard, sent);
      const [late] = await inRoom(`${room} 3`, "Late");
      const { history, present } = await late.ask("room:join", room);
      assert.deepEqual(history, [sent]);
      assert.deepEqual(present, [ada.nickname, grace.nickname, late.nickname].sort());
    });

    it("shows the others who is typing", async () => {
      const room = `typing ${name}`;
      const [ada, grace] = await inRoom(room, "Ada Y", "Grace Y");
      for (const active of [true, false]) {
        const told = argument(grace.socket, "typing");
        ada.socket.emit("typing", room, active);
        assert.deepEqual(await told, { room, nickname: ada.nickname, active });
      }
    });

    it("forgets the oldest messages, not the newest", async () => {
      const room = `history ${name}`;
      const [ada] = await inRoom(room, "Ada H");
      for (let i = 0; i < 210; i += 1) await ada.ask("message", room, `${i}`);
      const { history } = await ada.ask("room:join", room);
      assert.deepEqual(history.map(({ text }) => text), Array.from({ length: 200 }, (_, i) => `${i + 10}`));
    });

    it("returns the error in the acknowledgement", async () => {
      const room = `wrong ${name}`;
      const [ada] = await inRoom(room, "Ada W");
      const cases = [
        ["not_in_room", ada.ask("message", "elsewhere", "hello")],
        ["text_invalid", ada.ask("message", room, " \n ")],
        ["text_invalid", ada.ask("message", room, "x".repeat(2_001))],
        ["room_name_invalid", ada.ask("room:join", "  ")],
        ["room_name_invalid", ada.ask("room:join", "x".repeat(33))],
      ];
      for (const [code, asked] of cases) {
        const answer = await asked;
        assert.equal(answer.code, code);
        assert.equal(typeof answer.error, "string");
      }
      await once(ada.socket, "disconnect", 100).then(assert.fail, () => {});
    });
  });
}

async function eventually(attempt) {
  for (let tries = 0; ; tries += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (tries === 20) throw error;
    }
  }
}
