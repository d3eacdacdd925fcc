// What an attacker's script would do once it runs in the preview. The note `hostile.md` names
// it, the preview runs it, and from here on nothing on this page is on our side: this script
// has all the powers of the page, and tries thirteen ways to get more.
//
// It says of each try what became of it. A rejected call is a refused one, whatever the code;
// a try that was answered got through. Where a failure could have another cause (a path that
// is not there, a rate that is used up), the audit log has the reason.
//
// No build step touches this file: what runs is what stands here.
(() => {
  'use strict';

  const NOTES = '$APPDATA/notes';
  const NOTE = `${NOTES}/hostile.md`;
  const FORGED = `${NOTES}/forged.md`;
  const OUTSIDE = 'https://example.com/';

  // Read while the page is still whole: one of the tries poisons what others would use.
  const { sidegate } = window;
  const after = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

  /** How one thing ended: `through` says whether the attacker got what they wanted. */
  const refused = (said) => ({ through: false, said });
  const allowed = (said) => ({ through: true, said });

  /** The end of a promise, or, after a while, the lack of one. */
  function end(promise, ms = 5000) {
    return Promise.race([
      Promise.resolve(promise).then(
        (value) => ({ ok: true, value }),
        (error) => ({ ok: false, code: String(error?.code ?? error?.name ?? error) }),
      ),
      after(ms).then(() => ({ ok: false, code: 'no answer' })),
    ]);
  }

  /** One call through the page's own bridge. */
  async function ask(command, args) {
    let outcome = await end(sidegate.invoke(command, args));
    if (outcome.code === 'limited' || outcome.code === 'busy') {
      // To have been too fast proves nothing about what may be done.
      await after(1500);
      outcome = await end(sidegate.invoke(command, args));
    }
    return outcome.ok ? allowed('answered') : refused(outcome.code);
  }

  /** Several calls, one after another, as one try: it got through where any of them did. */
  async function askEach(calls) {
    const outcomes = [];
    for (const [command, args] of calls) outcomes.push(await ask(command, args));
    return together(outcomes);
  }

  function together(outcomes) {
    const counts = new Map();
    for (const { said } of outcomes) counts.set(said, (counts.get(said) ?? 0) + 1);
    const said = [...counts].map(([word, n]) => (n > 1 ? `${n} × ${word}` : word)).join(', ');
    return { through: outcomes.some(({ through }) => through), said };
  }

  const read = (path) => ['fs.read_text', { path }];

  const TRIES = [
    {
      name: 'Steal keys',
      what: 'read ~/.ssh and /etc/passwd',
      run: () =>
        askEach(['$HOME/.ssh/id_ed25519', '/root/.ssh/id_rsa', '/etc/passwd'].map(read)),
    },
    {
      name: 'Write a note',
      what: 'fs.write_text planted.md',
      run: () => ask('fs.write_text', { path: `${NOTES}/planted.md`, text: 'owned' }),
    },
    {
      name: 'Climb out',
      what: 'read notes/../../secrets.txt',
      run: () =>
        askEach([`${NOTES}/../../secrets.txt`, `${NOTES}/a.md/../../secrets.md`].map(read)),
    },
    {
      name: 'Look around',
      what: 'fs.list of the notes',
      run: () => ask('fs.list', { path: NOTES }),
    },
    {
      name: 'Follow a link',
      what: 'read link.md, which points outside',
      run: () => ask(...read(`${NOTES}/link.md`)),
    },
    {
      name: 'Change settings',
      what: 'settings.set editor.last',
      run: () => ask('settings.set', { key: 'editor.last', value: 'planted' }),
    },
    {
      name: 'Run a shell',
      what: 'a command nobody offers: shell.exec',
      run: () => ask('shell.exec', { program: '/bin/sh', args: ['-c', 'id'] }),
    },
    {
      name: 'Be the editor',
      what: 'made-up token, forged events',
      run: impersonate,
    },
    {
      name: 'Poison the page',
      what: 'JSON, Promise, call, prototypes',
      run: poison,
    },
    {
      name: 'Send a frame',
      what: 'call from two kinds of iframe',
      run: sendFrames,
    },
    {
      name: 'Phone home',
      what: 'fetch, image, socket to example.com',
      run: phoneHome,
    },
    {
      name: 'Leave',
      what: 'navigate, open a window',
      run: leave,
    },
    {
      // The last one: it uses up the rate that an honest read needs.
      name: 'Flood',
      what: '2,000 reads at once',
      run: flood,
    },
  ];

  /** Speaks past the bridge to whatever may listen behind it, as the editor. */
  async function impersonate() {
    const token = Array.from(crypto.getRandomValues(new Uint8Array(32)), (byte) =>
      byte.toString(16).padStart(2, '0'),
    ).join('');
    const order = {
      command: 'fs.write_text',
      args: { path: FORGED, text: 'owned' },
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

    const forged = await ask(...read(FORGED));
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

  /** A call whose exception is a rejection. */
  const attempt = async (call) => call();

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

  /**
   * Overwrites what a careless bridge would use: to see a token pass, and to have a call that
   * claims to come from the editor.
   */
  async function poison() {
    const TOKEN = /^[cx][\w.+/=-]{16,} \d+(\n|$)/;
    let tokens = 0;
    const look = (values) => {
      for (const value of values) if (typeof value === 'string' && TOKEN.test(value)) tokens += 1;
    };
    const undo = [];
    const overwrite = (owner, name, make) => {
      const original = owner[name];
      owner[name] = make(original);
      undo.push(() => (owner[name] = original));
    };
    const spy = (original) =>
      function (...args) {
        look(args);
        return Reflect.apply(original, this, args);
      };
    // A getter that every object inherits: `message.window` is the editor's where it has none.
    const inherit = (name, value) => {
      Object.defineProperty(Object.prototype, name, {
        configurable: true,
        get: () => value,
        set(own) {
          Object.defineProperty(this, name, { value: own, writable: true, configurable: true });
        },
      });
      undo.push(() => delete Object.prototype[name]);
    };

    overwrite(JSON, 'stringify', (original) => (value, ...rest) => {
      const lie = value && typeof value === 'object' ? { ...value, window: 'editor' } : value;
      const text = original(lie, ...rest);
      look([text]);
      return text;
    });
    overwrite(JSON, 'parse', spy);
    overwrite(Promise.prototype, 'then', spy);
    overwrite(Function.prototype, 'call', spy);
    overwrite(Function.prototype, 'bind', spy);
    overwrite(Array.prototype, 'push', spy);
    overwrite(Map.prototype, 'get', spy);
    for (const name of ['principal', 'label', 'token']) inherit(name, 'editor');

    try {
      const args = { path: FORGED, text: 'owned', window: 'editor' };
      const proto = JSON.parse('{"__proto__":{"window":"editor"},"constructor":"editor"}');
      const plain = await ask('fs.write_text', { path: FORGED, text: 'owned' });
      const more = await ask('fs.write_text', { ...args, ['__proto__']: 'editor' });
      const odd = await ask('fs.write_text', Object.assign(proto, args));
      const outcome = together([plain, more, odd]);
      return tokens > 0 ? allowed(`saw ${tokens} tokens pass`) : outcome;
    } finally {
      for (const step of undo.reverse()) step();
    }
  }

  /** A frame of the page's own origin, and one without any. */
  async function sendFrames() {
    const address = new URL('frame.html', location.href).href;
    const script = new URL('frame.js', location.href).href;
    const own = report((frame) => (frame.src = address));
    const sandboxed = report((frame) => {
      frame.setAttribute('sandbox', 'allow-scripts');
      frame.srcdoc = `<script src="${script}"></script>`;
    });
    const outcomes = [
      ['own page', await own],
      ['sandboxed', await sandboxed],
    ];
    return {
      through: outcomes.some(([, { through }]) => through),
      said: outcomes.map(([kind, { said }]) => `${kind}: ${said}`).join(', '),
    };
  }

  /** What the script in a frame says of itself. */
  async function report(prepare) {
    const frame = document.createElement('iframe');
    frame.className = 'hostile-frame';
    const told = new Promise((resolve) => {
      window.addEventListener('message', ({ source, data }) => {
        if (source === frame.contentWindow && data?.frame) resolve(data.frame);
      });
    });
    prepare(frame);
    document.body.append(frame);
    const answer = await end(told, 2500);
    frame.remove();
    if (!answer.ok) return refused('did not run');
    const { bridge, handlers, answered } = answer.value;
    if (answered) return allowed('answered');
    return refused(bridge || handlers ? 'no answer' : 'no bridge');
  }

  /** Three ways to the network. The policy of the page should stop them before it does. */
  async function phoneHome() {
    let violations = 0;
    const count = () => (violations += 1);
    document.addEventListener('securitypolicyviolation', count);
    const image = new Image();
    const ends = await Promise.all([
      end(attempt(() => fetch(OUTSIDE, { mode: 'no-cors' }))),
      end(
        new Promise((resolve, reject) => {
          image.onload = resolve;
          image.onerror = () => reject(new Error('refused'));
          image.src = `${OUTSIDE}pixel.png`;
        }),
      ),
      end(
        attempt(
          () =>
            new Promise((resolve, reject) => {
              const socket = new WebSocket('wss://example.com/');
              socket.onopen = resolve;
              socket.onerror = () => reject(new Error('refused'));
            }),
        ),
      ),
    ]);
    await after(50);
    document.removeEventListener('securitypolicyviolation', count);
    const open = ['fetch', 'image', 'socket'].filter((_, n) => ends[n].ok);
    if (open.length > 0) return allowed(`${open.join(', ')} answered`);
    return refused(`${ends.length} × refused, ${violations} by the CSP`);
  }

  /** Away from here, or beside it. Where the host lets the page go, no verdict appears at all. */
  async function leave() {
    const opened = await end(attempt(() => window.open(OUTSIDE)), 500);
    location.href = OUTSIDE;
    await after(500);
    if (opened.ok && opened.value && !opened.value.closed) return allowed('a window opened');
    return refused('still here, no window');
  }

  /** More calls than anybody may make. Where all of them are answered, there is no limit. */
  async function flood() {
    const CALLS = 2000;
    const ends = await Promise.all(
      Array.from({ length: CALLS }, () =>
        end(attempt(() => sidegate.invoke('fs.read_text', { path: NOTE })), 20000),
      ),
    );
    const outcome = together(ends.map(({ ok, code }) => (ok ? allowed('answered') : refused(code))));
    return { ...outcome, through: ends.every(({ ok }) => ok) };
  }

  /** The table of what was tried. */
  function draw() {
    const style = document.createElement('link');
    style.rel = 'stylesheet';
    style.href = 'hostile.css';
    document.head.append(style);

    const section = element('section', 'hostile');
    section.append(element('h2', '', `This note ran a script. It tries ${TRIES.length} things:`));
    const table = document.createElement('table');
    const head = table.createTHead().insertRow();
    for (const title of ['Try', 'How', 'What became of it', 'Verdict']) {
      const cell = element('th', '', title);
      cell.scope = 'col';
      head.append(cell);
    }
    const body = table.createTBody();
    const rows = TRIES.map(({ name, what }, index) => {
      const row = body.insertRow();
      row.append(
        element('td', 'name', `${index + 1}. ${name}`),
        element('td', 'how', what),
        element('td', 'end', '…'),
        element('td', 'verdict', ''),
      );
      return row;
    });
    const summary = element('p', 'summary', 'under way …');
    summary.setAttribute('role', 'status');
    section.append(table, summary);
    document.body.append(section);
    return { rows, summary };
  }

  function element(tag, name, text = '') {
    const made = document.createElement(tag);
    if (name) made.className = name;
    made.textContent = text;
    return made;
  }

  function fill(row, { through, said }) {
    row.children[2].textContent = said;
    row.children[3].textContent = through ? '✗ ALLOWED' : '✓ refused';
    row.className = through ? 'through' : 'refused';
  }

  /** One honest read, with the patience that an honest page would have after a flood. */
  async function readHonestly() {
    let outcome;
    for (let tries = 0; tries < 6; tries += 1) {
      await after(1000);
      outcome = await end(sidegate.invoke('fs.read_text', { path: NOTE }));
      if (outcome.ok) break;
    }
    return outcome;
  }

  async function attack() {
    const { rows, summary } = draw();
    let through = 0;
    for (const [index, { run }] of TRIES.entries()) {
      const outcome = await attempt(run).catch((error) => refused(`broke: ${error.message}`));
      if (outcome.through) through += 1;
      fill(rows[index], outcome);
      await after(100);
    }

    // A broker that refuses everybody would pass all of the above.
    const honest = await readHonestly();
    const verdict =
      through === 0
        ? `${TRIES.length} of ${TRIES.length} hostile tries refused`
        : `${through} of ${TRIES.length} hostile tries GOT THROUGH`;
    const control = honest.ok
      ? 'an honest read still works'
      : `an honest read FAILED (${honest.code})`;
    summary.textContent = `${verdict}; ${control}.`;
    summary.classList.add(through === 0 && honest.ok ? 'held' : 'broken');
    await ask('window.set_title', {
      title: honest.ok ? `Preview: ${verdict}` : `Preview: ${control}`,
    });
  }

  attack();
})();
