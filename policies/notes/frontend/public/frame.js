// What the hostile note runs in a frame: it looks for a bridge of its own, tries an honest call
// on it, and a forged one on any native handler. It tells its parent what it found. (A frame of
// the same origin can reach `parent.sidegate`; that is the page's bridge, with the page's rights.)
(async () => {
  'use strict';

  const bridge = typeof window.sidegate?.invoke === 'function';
  const native = window.webkit?.messageHandlers;
  const names = native ? Object.getOwnPropertyNames(native) : [];
  const handlers = [...names, 'ipc', 'sidegate']
    .map((name) => native?.[name])
    .concat(window.ipc)
    .filter((handler) => typeof handler?.postMessage === 'function');

  const patience = new Promise((resolve) => setTimeout(() => resolve(false), 1200));
  const answers = handlers.map(async (handler) => {
    const reply = await handler.postMessage('c00 1\n{"command":"app.info"}');
    return reply !== undefined;
  });
  if (bridge) {
    const path = '$APPDATA/notes/hostile.md';
    answers.push(window.sidegate.invoke('fs.read_text', { path }).then(() => true));
  }
  const ends = answers.map((answer) => Promise.race([answer.catch(() => false), patience]));
  const answered = (await Promise.all(ends)).includes(true);

  const said = bridge || handlers.length > 0 ? 'There is something to talk to' : 'No bridge';
  document.body?.append(`${said} in this frame.`);
  parent.postMessage({ frame: { bridge, handlers: handlers.length, answered } }, '*');
})();
