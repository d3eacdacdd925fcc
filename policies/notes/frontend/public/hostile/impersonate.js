// Speaks past the bridge to whatever may listen behind it, and says that it is the editor.
import { after, allowed, ask, attempt, end, paths, refused, sidegate } from './calls.js';

/** Sends forged orders to write a note, by every way it finds, and then looks for the note. */
export async function impersonate() {
  const token = Array.from(crypto.getRandomValues(new Uint8Array(32)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
  const order = {
    command: 'fs.write_text',
    args: { path: paths.forged, text: 'owned' },
    window: 'editor',
    token,
  };
  const message = `c${token} 1\n${JSON.stringify(order)}`;

  const handlers = handlersOf(window);
  const answers = await Promise.all(
    handlers.map((handler) => end(attempt(() => handler.postMessage(message)), 600)),
  );
  // `postMessage` that returns nothing has sent, not been answered.
  const answered = answers.filter(({ ok, value }) => ok && value !== undefined).length;

  const events = await replayEvents(order, message);
  await after(300);

  const forged = await ask('fs.read_text', { path: paths.forged });
  if (forged.through) return allowed('the forged write was done');
  const found = `${handlers.length} handlers, ${events} events`;
  return answered > 0 ? allowed(`${found}, ${answered} answered`) : refused(`${found}: no answer`);
}

/** Everything in a window that takes native messages, found by name or by guess. */
function handlersOf(scope) {
  const native = scope.webkit?.messageHandlers;
  const guesses = ['ipc', 'sidegate', 'bridge', 'broker', 'host', 'invoke', 'external'];
  const names = new Set([...(native ? Object.getOwnPropertyNames(native) : []), ...guesses]);
  return [...names]
    .map((name) => native?.[name])
    .concat(scope.ipc, scope.external, scope.chrome?.webview)
    .filter((handler) => typeof handler?.postMessage === 'function');
}

/**
 * Watches how an honest call leaves the page, then sends altered copies of it, beside events
 * with the names that a bridge could have. Answers how many events it sent.
 */
async function replayEvents(order, message) {
  const seen = [];
  const { dispatchEvent } = EventTarget.prototype;
  EventTarget.prototype.dispatchEvent = function (event) {
    seen.push({ target: this, type: event.type, detail: event.detail });
    return Reflect.apply(dispatchEvent, this, [event]);
  };
  try {
    await end(sidegate.invoke('app.info', {}));
  } finally {
    EventTarget.prototype.dispatchEvent = dispatchEvent;
  }

  for (const type of ['sidegate', 'sidegate-call', 'sidegate:call', 'sidegate:invoke', 'ipc']) {
    for (const target of [window, document, document.documentElement]) {
      seen.push({ target, type, detail: undefined });
    }
  }
  for (const { target, type, detail } of seen) {
    const forged = typeof detail === 'object' ? { ...detail, ...order } : message;
    target.dispatchEvent(new CustomEvent(type, { detail: forged }));
    target.dispatchEvent(new CustomEvent(type, { detail: JSON.stringify(order) }));
  }
  return 2 * seen.length;
}
