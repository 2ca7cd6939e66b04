// The server under test.
//
//   SPECTER_URL        its address; default: http://127.0.0.1:3000
//   SPECTER_REFERENCE  set if it is the reference implementation

/** The origin of the server under test. */
export const origin = process.env.SPECTER_URL ?? "http://127.0.0.1:3000";

/** Whether the server under test is the reference, which accepts more than Specter in a few cases. */
export const isReference = Boolean(process.env.SPECTER_REFERENCE);

/** An absolute URL on the server under test. `query` values of `undefined` are left out. */
export function url(path, query = {}, scheme = "http") {
  const target = new URL(path, origin.replace(/^http/, scheme));
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) target.searchParams.append(name, value);
  }
  return target.href;
}
