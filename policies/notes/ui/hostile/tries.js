// What is tried, in this order. The longer ways have files of their own.
import {
  after,
  allowed,
  ask,
  askEach,
  attempt,
  end,
  paths,
  refused,
  sidegate,
  together,
} from './calls.js';
import { sendFrames } from './frames.js';
import { impersonate } from './impersonate.js';
import { poison } from './poison.js';

const OUTSIDE = 'https://example.com/';

const read = (path) => ['fs.read_text', { path }];

/** The tries; `run` answers whether it got through, and what became of it. */
export const TRIES = [
  {
    name: 'Steal keys',
    what: 'read ~/.ssh and /etc/passwd',
    run: () =>
      askEach(['$HOME/.ssh/id_ed25519', '/root/.ssh/id_rsa', '/etc/passwd'].map(read)),
  },
  {
    name: 'Write a note',
    what: 'fs.write_text planted.md',
    run: () => ask('fs.write_text', { path: `${paths.notes}/planted.md`, text: 'owned' }),
  },
  {
    name: 'Climb out',
    what: 'read notes/../../secrets.txt',
    run: () =>
      askEach([`${paths.notes}/../../secrets.txt`, `${paths.notes}/a.md/../../secrets.md`].map(read)),
  },
  {
    name: 'Look around',
    what: 'fs.list of the notes',
    run: () => ask('fs.list', { path: paths.notes }),
  },
  {
    name: 'Follow a link',
    what: 'read link.md, it points outside',
    run: () => ask(...read(`${paths.notes}/link.md`)),
  },
  {
    name: 'Change settings',
    what: 'settings.set editor.last',
    run: () => ask('settings.set', { key: 'editor.last', value: 'planted' }),
  },
  {
    name: 'Run a shell',
    what: 'shell.exec, which nobody offers',
    // sidegate: expect-refused
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
    what: 'fetch, image, socket to a host',
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

/**
 * Three ways to the network. What fails for want of a network has not been refused: only what
 * the page's own policy (CSP) stopped counts as that.
 */
async function phoneHome() {
  const stopped = new Set();
  const note = ({ blockedURI, effectiveDirective }) => {
    const ours = /^(https|wss):\/\/example\.com/.test(blockedURI);
    if (ours) stopped.add(`${effectiveDirective} ${blockedURI}`);
  };
  document.addEventListener('securitypolicyviolation', note);
  const ways = { fetch: () => fetch(OUTSIDE, { mode: 'no-cors' }), image: load, socket: connect };
  const ends = await Promise.all(Object.values(ways).map((way) => end(attempt(way))));
  for (let waits = 0; waits < 20 && stopped.size < ends.length; waits += 1) await after(50);
  document.removeEventListener('securitypolicyviolation', note);

  const open = Object.keys(ways).filter((_, n) => ends[n].ok);
  if (open.length > 0) return allowed(`${open.join(', ')} answered`);
  const said = `${stopped.size} of ${ends.length} stopped by the CSP`;
  return stopped.size === ends.length ? refused(said) : allowed(said);
}

/** Loads an image, whose address may carry anything. */
function load() {
  return new Promise((resolve, reject) => {
    const image = new Image();
    image.onload = resolve;
    image.onerror = reject;
    image.src = `${OUTSIDE}pixel.png`;
  });
}

/** Opens a WebSocket. */
function connect() {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket('wss://example.com/');
    socket.onopen = resolve;
    socket.onerror = reject;
  });
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
      end(attempt(() => sidegate.invoke('fs.read_text', { path: paths.note })), 20000),
    ),
  );
  const outcome = together(ends.map(({ ok, code }) => (ok ? allowed('answered') : refused(code))));
  return { ...outcome, through: ends.every(({ ok }) => ok) };
}
