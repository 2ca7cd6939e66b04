// Events and acknowledgements, tested with raw packets.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { connectWire, TRANSPORTS } from "../../support/wire.js";

const PLACEHOLDER = (num) => `{"_placeholder":true,"num":${num}}`;

const ARGUMENTS = [
  ["no arguments", ""],
  ["one", ',"hello"'],
  ["several of several kinds", ',1,"2",{"3":[true]},null,-1.5,false,[]'],
  ["text with escapes", ',"\\"quoted\\" \\\\ \\n \\u0000"'],
  ["text of any language", ',"пойду спать 🦀 ねこ"'],
  ["an object that calls its key __proto__", ',{"__proto__":{"a":1},"constructor":1}'],
  ["an object that only looks like a placeholder", `,${PLACEHOLDER(0)}`],
  ["ninety arrays in each other", `,${"[".repeat(90)}${"]".repeat(90)}`],
];

for (const transport of TRANSPORTS) {
  describe(`by ${transport}, an event`, () => {
    for (const [what, args] of ARGUMENTS) {
      it(`comes back with ${what}`, async () => {
        const wire = await connectWire(transport);
        await wire.send(`42["message"${args}]`);
        assert.equal(await wire.next(), `42["message-back"${args}]`);
        await wire.close();
      });

      it(`is acknowledged with ${what}`, async () => {
        const wire = await connectWire(transport);
        await wire.send(`42456["message-with-ack"${args}]`);
        assert.equal(await wire.next(), `43456[${args.slice(1)}]`);
        await wire.close();
      });
    }

    it("comes back with attachments", async () => {
      const wire = await connectWire(transport);
      await wire.send(
        `452-["message",${PLACEHOLDER(0)},${PLACEHOLDER(1)}]`,
        Buffer.of(1, 2, 3),
        Buffer.of(4, 5, 6),
      );
      assert.deepEqual(await wire.take(3), [
        `452-["message-back",${PLACEHOLDER(0)},${PLACEHOLDER(1)}]`,
        Buffer.of(1, 2, 3),
        Buffer.of(4, 5, 6),
      ]);
      await wire.close();
    });

    it("is acknowledged with attachments", async () => {
      const wire = await connectWire(transport);
      await wire.send(
        `452-789["message-with-ack",${PLACEHOLDER(0)},{"deep":[${PLACEHOLDER(1)}]}]`,
        Buffer.of(1, 2, 3),
        Buffer.of(),
      );
      assert.deepEqual(await wire.take(3), [
        `462-789[${PLACEHOLDER(0)},{"deep":[${PLACEHOLDER(1)}]}]`,
        Buffer.of(1, 2, 3),
        Buffer.of(),
      ]);
      await wire.close();
    });

    it("comes back with ten attachments", async () => {
      const wire = await connectWire(transport);
      const bytes = Array.from({ length: 10 }, (_, i) => Buffer.of(i));
      const args = bytes.map((_, i) => PLACEHOLDER(i)).join();
      await wire.send(`4510-["message",${args}]`, ...bytes);
      assert.deepEqual(await wire.take(11), [`4510-["message-back",${args}]`, ...bytes]);
      await wire.close();
    });

    it("comes back without an attachment that no argument holds", async () => {
      const wire = await connectWire(transport);
      await wire.send(`452-["message",${PLACEHOLDER(1)}]`, Buffer.of(1), Buffer.of(2));
      const [header, ...attachments] = await readBinary(wire);
      const [, argument] = JSON.parse(header.slice(header.indexOf("-") + 1));
      assert.deepEqual(attachments[argument.num], Buffer.of(2));
      await wire.close();
    });

    it("comes back with one attachment in two places", async () => {
      const wire = await connectWire(transport);
      await wire.send(`451-["message",${PLACEHOLDER(0)},${PLACEHOLDER(0)}]`, Buffer.of(7));
      const [header, ...attachments] = await readBinary(wire);
      const [, ...args] = JSON.parse(header.slice(header.indexOf("-") + 1));
      assert.deepEqual(args.map(({ num }) => attachments[num]), [Buffer.of(7), Buffer.of(7)]);
      await wire.close();
    });

    it("is found by its name, even if the name has escapes", async () => {
      const wire = await connectWire(transport);
      await wire.send('42["m\\u0065ssage",1]');
      assert.equal(await wire.next(), '42["message-back",1]');
      await wire.close();
    });

    it("may have blanks in its JSON", async () => {
      const wire = await connectWire(transport);
      await wire.send('42 [ "message" , 1 ]'.replace("42 ", "42"));
      const answer = await wire.next();
      assert.deepEqual(JSON.parse(answer.slice(2)), ["message-back", 1]);
      await wire.close();
    });

    it("may have its id with leading zeros", async () => {
      const wire = await connectWire(transport);
      await wire.send('42007["message-with-ack",1]');
      assert.equal(await wire.next(), "437[1]");
      await wire.close();
    });

    it("is acknowledged each time, even if its id was used before", async () => {
      const wire = await connectWire(transport);
      await wire.send('425["message-with-ack","a"]', '425["message-with-ack","b"]');
      assert.deepEqual(await wire.take(2), ['435["a"]', '435["b"]']);
      await wire.close();
    });

    it("that is unknown has no answer, and the next has one", async () => {
      const wire = await connectWire(transport);
      await wire.send('42["nobody",1]', '427["nobody",1]', '42["message","next"]');
      assert.equal(await wire.next(), '42["message-back","next"]');
      await wire.close();
    });

    it("is handled in the order of arrival", async () => {
      const wire = await connectWire(transport);
      const count = 500;
      await wire.send(...Array.from({ length: count }, (_, i) => `42["message",${i}]`));
      const answers = await wire.take(count);
      assert.deepEqual(answers, Array.from({ length: count }, (_, i) => `42["message-back",${i}]`));
      await wire.close();
    });
  });
}

/** A packet and its attachments. */
async function readBinary(wire) {
  const header = await wire.next();
  const count = Number(/^4[56](\d+)-/.exec(header)[1]);
  return [header, ...(await wire.take(count))];
}
