// Packets that no correct client sends. A violation closes its own connection and no other. Packets that are only
// unusual have no effect.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isReference } from "../../support/target.js";
import { connectWire, openWire, TRANSPORTS } from "../../support/wire.js";

const PLACEHOLDER = (num) => `{"_placeholder":true,"num":${num}}`;
const BYTES = Buffer.of(1, 2);

/** Packets of a client that has joined the main namespace. */
const CLOSES = [
  ["an unknown packet type", "49"],
  ["a packet type that is no digit", "4abc"],
  ["a message without a packet", "4"],
  ["an object as the event", "42{}"],
  ["an event without a name", "42[]"],
  ["null as the name", "42[null]"],
  ["true as the name", "42[true]"],
  ["an object as the name", '42[{"toString":"x"}]'],
  ["an array as the name", '42[["message"]]'],
  ["a string as the event", '42"message"'],
  ["the reserved name connect", '42["connect"]'],
  ["the reserved name connect_error", '42["connect_error"]'],
  ["the reserved name disconnect", '42["disconnect"]'],
  ["the reserved name disconnecting", '42["disconnecting"]'],
  ["the reserved name newListener", '42["newListener"]'],
  ["the reserved name removeListener", '42["removeListener"]'],
  ["JSON that ends early", '42["message",'],
  ["JSON with a character after it", '42["message"]x'],
  ["JSON that is none", "42[message]"],
  ["an acknowledgement that is no array", "43{}"],
  ["an acknowledgement that is no array, with an id", "437{}"],
  ["a second CONNECT", "40"],
  ["a CONNECT with an array", "40/custom,[]"],
  ["a CONNECT_ERROR", '44{"message":"no"}'],
  ["a DISCONNECT with a payload", '41{"a":1}'],
  ["an event for a namespace that was not joined", '42/custom,["message"]'],
  ["an event for a namespace that does not exist", '42/nobody,["message"]'],
  ["an event for a joined namespace with a query", '42/?x=1,["message"]'],
  ["no attachments", '450-["message"]'],
  ["no attachments, then text", '450-["message"]', '42["message"]'],
  ["too many attachments", `4511-["message",${PLACEHOLDER(0)}]`],
  ["very many attachments", `4599999999999999999999-["message",${PLACEHOLDER(0)}]`],
  ["a negative number of attachments", `45-1-["message",${PLACEHOLDER(0)}]`],
  ["a number of attachments without its dash", `451["message",${PLACEHOLDER(0)}]`],
  ["attachments without their number", `45-["message",${PLACEHOLDER(0)}]`],
  ["a placeholder that is out of range", `451-["message",${PLACEHOLDER(1)}]`, BYTES],
  ["a placeholder that is negative", `451-["message",${PLACEHOLDER(-1)}]`, BYTES],
  ["a placeholder that is text", `451-["message",${PLACEHOLDER('"0"')}]`, BYTES],
  ["a placeholder called splice", `451-["message",${PLACEHOLDER('"splice"')}]`, BYTES],
  ["bytes that nobody expects", BYTES],
  ["text while bytes are expected", `451-["message",${PLACEHOLDER(0)}]`, '42["message"]'],
  ["too many bytes", `451-["nobody",${PLACEHOLDER(0)}]`, BYTES, BYTES],
];

/** Violations that the reference tolerates. */
const CLOSES_HERE = [
  ["a placeholder that is a fraction", `451-["message",${PLACEHOLDER(0.5)}]`, BYTES],
  ["an event without anything", "42"],
  ["an id greater than any exact number", '429007199254740993["message-with-ack"]'],
  ["an id of a hundred digits", `42${"9".repeat(100)}["message-with-ack"]`],
];

/** Packets of a client that has joined no namespace yet. */
const CLOSES_BEFORE_CONNECT = [
  ["an event", '42["message"]'],
  ["an acknowledgement", "431[]"],
  ["a DISCONNECT", "41"],
  ["a binary event", `451-["message",${PLACEHOLDER(0)}]`, BYTES],
  ["bytes", BYTES],
  ["a CONNECT with an array", "40[]"],
  ["a CONNECT with text", '40"token"'],
  ["a CONNECT with null", "40null"],
  ["a CONNECT with a character after its payload", '40{"a":1}x'],
];

/** Unusual packets and the expected answers to them. The connection stays open. */
const TOLERATED = [
  ["a number as the name", ["42[1,2]"], []],
  ["an event called error", ['42["error","x"]'], []],
  ["an acknowledgement that nobody asked for", ['437["x"]'], []],
  ["an acknowledgement without an id", ['43["x"]'], []],
  ["a binary acknowledgement that nobody asked for", [`461-7[${PLACEHOLDER(0)}]`, BYTES], []],
  ["an engine's open packet", ["0"], []],
  ["an engine's upgrade packet", ["5"], []],
  ["an engine's noop packet", ["6"], []],
  ["an unasked pong", ["3"], []],
];

for (const transport of TRANSPORTS) {
  describe(`by ${transport}, the connection is closed by`, () => {
    for (const [what, ...packets] of isReference ? CLOSES : [...CLOSES, ...CLOSES_HERE]) {
      it(what, async () => {
        const wire = await connectWire(transport);
        const bystander = await connectWire(transport);
        await wire.send(...packets);
        await wire.assertCloses();
        await assertAlive(bystander);
        await bystander.close();
      });
    }
  });

  describe(`by ${transport}, the connection is closed before CONNECT by`, () => {
    for (const [what, ...packets] of CLOSES_BEFORE_CONNECT) {
      it(what, async () => {
        const wire = await openWire(transport);
        await wire.send(...packets);
        await wire.assertCloses();
      });
    }
  });

  describe(`by ${transport}, the connection lives after`, () => {
    for (const [what, packets, answers] of TOLERATED) {
      it(what, async () => {
        const wire = await connectWire(transport);
        await wire.send(...packets);
        assert.deepEqual(await wire.take(answers.length), answers);
        await assertAlive(wire);
        await wire.close();
      });
    }
  });
}

async function assertAlive(wire) {
  await wire.send('42["message","alive"]');
  assert.equal(await wire.next(), '42["message-back","alive"]');
}
