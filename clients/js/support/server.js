// Starts and stops a conformance server, for the suites that test its start and its end.
//
//   SPECTER_SERVER  the program and its first arguments, as a JSON array

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { once, within } from "./waiting.js";

const COMMAND = JSON.parse(process.env.SPECTER_SERVER ?? '["node", "reference/server.js"]');
const running = new Set();
process.on("exit", () => running.forEach((child) => child.kill("SIGKILL")));

/** Runs the conformance program until it ends. Resolves with its exit code and its error output. */
export async function run(...args) {
  const child = start(args);
  let errors = "";
  child.stderr.on("data", (text) => {
    errors += text;
  });
  const [code] = await once(child, "close");
  return { code, errors };
}

/** Starts a server of `profile`, and resolves when it is ready. */
export async function serve(profile, port = 0) {
  const child = start(["--profile", profile, "--port", String(port)]);
  const lines = createInterface({ input: child.stdout });
  const line = await within(new Promise((resolve) => lines.once("line", resolve)), `the ${profile} server`);
  const ended = new Promise((resolve) => child.once("close", (code, signal) => resolve({ code, signal })));
  return {
    line,
    port: Number(/^listening on (\d+)$/.exec(line)?.[1]),
    /** Sends a signal, and resolves with how the program ended. */
    stop(signal = "SIGTERM") {
      child.kill(signal);
      return within(ended, "the server's end");
    },
  };
}

function start(args) {
  const [program, ...first] = COMMAND;
  const child = spawn(program, [...first, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  running.add(child);
  child.once("close", () => running.delete(child));
  return child;
}
