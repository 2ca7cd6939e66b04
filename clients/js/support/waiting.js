// Waiting for things, never for longer than they may take, and never by sleeping.

const PATIENCE = 10_000;

/** `promise`, or a rejection that says what was waited for. */
export function within(promise, what, milliseconds = PATIENCE) {
  let timer;
  const late = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${milliseconds} ms for ${what}`)), milliseconds);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** The arguments of the emitter's next `event`: the only one unwrapped, several as an array. */
export function once(emitter, event, milliseconds) {
  const happened = new Promise((resolve) => {
    emitter.once(event, (...args) => resolve(args.length > 1 ? args : args[0]));
  });
  return within(happened, `"${event}"`, milliseconds);
}

/** Resolves when `condition` holds; asked after each of the emitter's `event`s. */
export function until(emitter, event, condition, milliseconds) {
  let listener;
  const held = new Promise((resolve) => {
    listener = () => condition() && resolve();
    emitter.on(event, listener);
    listener();
  });
  return within(held, `"${event}" until ${condition}`, milliseconds).finally(() => emitter.off(event, listener));
}

/** A point in time that the protocol gives a meaning to: use it for heartbeats only, not to wait for an answer. */
export function elapse(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
