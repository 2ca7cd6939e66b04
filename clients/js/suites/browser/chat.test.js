// The chat's page in a real browser: people talk, see each other, and find the history after a reload.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { launch, picture } from "../../support/browser.js";
import { origin } from "../../support/target.js";

const TIMEOUT = 10_000;

/** One person's window, with functions for the person's actions and for the content of the page. */
class Person {
  constructor(page, nickname) {
    this.page = page;
    this.nickname = nickname;
    this.errors = [];
    page.setDefaultTimeout(TIMEOUT);
    page.on("pageerror", (error) => this.errors.push(error));
    page.on("console", (message) => {
      // A request at the end of its session is rejected with 400. The browser reports it, but the client expects it.
      if (message.type() === "error" && !message.text().includes("status of 400")) this.errors.push(message.text());
    });
  }

  async enter() {
    await this.page.goto(origin);
    await this.signIn(this.nickname);
    await this.sees(this.state("Online"));
    await this.sees(this.page.getByRole("heading", { name: "lobby" }));
  }

  async signIn(nickname) {
    await this.page.getByLabel("Nickname").fill(nickname);
    await this.page.getByRole("button", { name: "Enter" }).click();
  }

  state(text) {
    return this.page.getByRole("status").filter({ hasText: text });
  }

  async write(text) {
    await this.page.getByLabel("Message", { exact: true }).pressSequentially(text);
  }

  async say(text) {
    await this.write(text);
    await this.page.getByRole("button", { name: "Send" }).click();
    // The page has drawn the line, and the server has confirmed it.
    await this.sees(this.page.locator(".line:not(.pending):not(.failed)").filter({ hasText: text }));
  }

  message(text) {
    return this.page.getByRole("log").locator(".line").filter({ hasText: text });
  }

  notice(text) {
    return this.page.getByRole("log").locator(".notice").filter({ hasText: text });
  }

  present(nickname) {
    return this.page.getByRole("complementary").getByText(nickname);
  }

  room(name) {
    return this.page.getByRole("navigation").getByRole("button", { name });
  }

  async opens(room) {
    await this.page.getByLabel("Name of a room to open").fill(room);
    await this.page.getByRole("button", { name: "Open the room" }).click();
    await this.sees(this.page.getByRole("heading", { name: room }));
  }

  sees(locator) {
    return locator.first().waitFor();
  }

  misses(locator) {
    return locator.first().waitFor({ state: "detached" });
  }
}

describe("the chat's page", () => {
  let browser;
  const opened = [];

  before(async () => {
    browser = await launch();
  });

  after(async () => {
    await browser?.close();
  });

  async function person(nickname, options = {}) {
    const context = await browser.newContext({ viewport: { width: 1100, height: 700 }, ...options });
    const someone = new Person(await context.newPage(), nickname);
    opened.push(someone);
    return someone;
  }

  it("lets two people talk", async () => {
    const ada = await person("Ada");
    const grace = await person("Grace");
    await ada.enter();
    await grace.enter();

    await ada.sees(ada.present("Grace"));
    await grace.sees(grace.present("Ada"));
    await ada.sees(ada.notice("Grace joined"));

    await ada.say("Hello, Grace. Is this thing on?");
    await grace.sees(grace.message("Hello, Grace. Is this thing on?"));
    await grace.say("It is! ♥ <b>not bold</b>");
    await ada.sees(ada.message("It is! ♥ <b>not bold</b>"));

    await grace.write("Let me tell you");
    await ada.sees(ada.page.getByText("Grace is typing…"));
    await picture(ada.page, "chat");
    await picture(grace.page, "chat-other-side");
    await grace.say(" about it");
    await ada.misses(ada.page.getByText("Grace is typing…"));

    await ada.page.reload();
    await ada.sees(ada.message("Hello, Grace. Is this thing on?"));
    await ada.sees(ada.message("Let me tell you about it"));
    await grace.sees(grace.present("Ada"));

    await grace.page.close();
    await ada.sees(ada.notice("Grace left"));
    await ada.misses(ada.present("Grace"));
    await ada.page.close();
  });

  it("keeps rooms apart, and counts unread messages", async () => {
    const linus = await person("Linus");
    const dennis = await person("Dennis");
    await linus.enter();
    await dennis.enter();
    await linus.opens("kernel");
    await linus.say("Only for the kernel room");
    await dennis.sees(dennis.room("kernel"));
    assert.equal(await dennis.message("Only for the kernel room").count(), 0);

    await dennis.say("Back in the lobby");
    await linus.sees(linus.room("lobby").getByLabel("1 unread"));
    await linus.room("lobby").click();
    await linus.sees(linus.message("Back in the lobby"));

    await dennis.room("kernel").click();
    await dennis.sees(dennis.message("Only for the kernel room"));
    await dennis.page.getByRole("button", { name: "Leave room" }).click();
    await dennis.sees(dennis.page.getByRole("heading", { name: "lobby" }));
    await Promise.all([linus.page.close(), dennis.page.close()]);
  });

  it("shows why a nickname is rejected", async () => {
    const first = await person("Barbara");
    await first.enter();
    const second = await person("Barbara");
    await second.page.goto(origin);
    const alert = second.page.locator("#sign-in-error");

    await second.signIn("Barbara");
    await second.sees(alert.filter({ hasText: "else has this nickname" }));
    await second.signIn("   ");
    await second.sees(alert.filter({ hasText: "nickname is needed" }));
    await second.signIn("x".repeat(25));
    await second.sees(alert.filter({ hasText: "at most 24" }));
    await second.signIn("Barbara L.");
    await second.sees(second.state("Online"));
    await first.sees(first.present("Barbara L."));
    await Promise.all([first.page.close(), second.page.close()]);
  });

  it("shows that the connection is lost, and reconnects", async () => {
    const margaret = await person("Margaret");
    await margaret.enter();
    await margaret.page.context().setOffline(true);
    await margaret.page.evaluate(() => window.dispatchEvent(new Event("offline")));
    await margaret.sees(margaret.state("Reconnecting…"));
    await margaret.write("Nobody hears this");
    await margaret.page.getByRole("button", { name: "Send" }).click();
    await margaret.sees(margaret.page.getByRole("button", { name: "Not sent. Try again" }));

    await margaret.page.context().setOffline(false);
    await margaret.page.evaluate(() => window.dispatchEvent(new Event("online")));
    await margaret.sees(margaret.state("Online"));
    await margaret.say("Here again");
    // The browser itself reports the requests that failed meanwhile.
    margaret.errors.splice(0);
    await margaret.page.close();
  });

  it("fits a phone", async () => {
    const joan = await person("Joan", { viewport: { width: 375, height: 667 }, hasTouch: true, isMobile: true });
    await joan.enter();
    await joan.say("From my phone");
    await joan.page.getByRole("button", { name: "Rooms" }).tap();
    await joan.room("rust").tap();
    await joan.sees(joan.page.getByRole("heading", { name: "rust" }));
    await joan.say("A room further");
    await picture(joan.page, "chat-phone");
    const width = await joan.page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(width <= 375, `the page is ${width} pixels wide`);
    await joan.page.close();
  });

  it("reported no errors", () => {
    assert.deepEqual(opened.flatMap(({ errors }) => errors), []);
  });
});
