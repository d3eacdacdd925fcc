// The one place where these pages meet the broker. What a page may ask is not decided here:
// the bridge carries every call, and the broker answers it or refuses it.

/** @typedef {(command: string, args?: object) => Promise<any>} Invoke */

/** Asks the broker; rejects with an error that has a `code` and a `message`. @type {Invoke} */
export function invoke(command, args = {}) {
  if (!window.sidegate) {
    const error = new Error('this page has no bridge: open it with `sidegate run`');
    return Promise.reject(Object.assign(error, { code: 'unavailable' }));
  }
  return window.sidegate.invoke(command, args);
}

/** What failed and why, in one line for people. */
export function explain(doing, error) {
  const why = error?.message || 'no reason was given';
  return error?.code ? `${doing}: ${why} (${error.code})` : `${doing}: ${why}`;
}
