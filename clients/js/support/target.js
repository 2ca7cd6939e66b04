// Which server the suites talk to.
//
//   SPECTER_URL        where it listens (a suite's profile has a default port)
//   SPECTER_REFERENCE  set when the reference implementation plays the profile

/** The server's address: `target("/engine.io/").http`, `.ws`. */
export const origin = process.env.SPECTER_URL ?? "http://127.0.0.1:3000";

/** Whether the server under test is the reference, which is laxer in the few places that the suites name. */
export const isReference = Boolean(process.env.SPECTER_REFERENCE);

/** An absolute URL on the server under test. `query` values of `undefined` are left out. */
export function url(path, query = {}, scheme = "http") {
  const target = new URL(path, origin.replace(/^http/, scheme));
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) target.searchParams.append(name, value);
  }
  return target.href;
}
