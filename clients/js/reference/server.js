// Serves a conformance profile with the reference implementation, to show that the suites are correct.
//
//   node reference/server.js --profile engine [--port 3000]
//
// Like the conformance server, it prints `listening on PORT` when it is ready, and exits on SIGTERM.

import { createServer } from "node:http";
import { parseArgs } from "node:util";

const DEFAULT_PORTS = {
  engine: 3000,
  "engine-client": 3000,
  socket: 3000,
  "socket-client": 3210,
  bench: 3000,
};

const { values } = parseArgs({
  options: { profile: { type: "string" }, port: { type: "string" } },
});
const defaultPort = DEFAULT_PORTS[values.profile];
if (defaultPort === undefined) {
  console.error(`--profile must be one of: ${Object.keys(DEFAULT_PORTS).join(", ")}`);
  process.exit(2);
}

const { serve } = await import(`./profiles/${values.profile}.js`);
const port = await listenOnBothLoopbacks(Number(values.port ?? defaultPort), serve);
console.log(`listening on ${port}`);
process.on("SIGTERM", () => process.exit(0));

/** Starts an HTTP server for each loopback address. Both serve the same profile. */
async function listenOnBothLoopbacks(wanted, attach) {
  const first = createServer();
  const second = createServer();
  attach([first, second]);
  const port = await listen(first, wanted, "127.0.0.1");
  await listen(second, port, "::1");
  return port;
}

function listen(server, port, host) {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => resolve(server.address().port));
  });
}
