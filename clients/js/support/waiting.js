// Functions that wait for an event or a promise, with a time limit.

const TIMEOUT = 10_000;

/** Returns `promise` with a time limit. After that time it is rejected with an error that names `what`. */
export function within(promise, what, milliseconds = TIMEOUT) {
  let timer;
  const late = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${milliseconds} ms for ${what}`)), milliseconds);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Waits for the emitter's next `event`. Resolves with its argument, or with an array if it has several. */
export function once(emitter, event, milliseconds) {
  const happened = new Promise((resolve) => {
    emitter.once(event, (...args) => resolve(args.length > 1 ? args : args[0]));
  });
  return within(happened, `"${event}"`, milliseconds);
}

/** Resolves when `condition` is true, which is checked at once and after each `event` of the emitter. */
export function until(emitter, event, condition, milliseconds) {
  let listener;
  const held = new Promise((resolve) => {
    listener = () => condition() && resolve();
    emitter.on(event, listener);
    listener();
  });
  return within(held, `"${event}" until ${condition}`, milliseconds).finally(() => emitter.off(event, listener));
}

/** Waits for a time. Use it only for times that the protocol defines, such as heartbeats, not to wait for an answer. */
export function elapse(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
