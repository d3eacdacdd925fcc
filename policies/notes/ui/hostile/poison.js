// Overwrites what a careless bridge would use.
import { allowed, ask, paths, together } from './calls.js';

/**
 * Overwrites what a careless bridge would use: to see a token pass, and to have a call that
 * claims to come from the editor.
 */
export async function poison() {
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
    const args = { path: paths.forged, text: 'owned', window: 'editor' };
    const proto = JSON.parse('{"__proto__":{"window":"editor"},"constructor":"editor"}');
    const plain = await ask('fs.write_text', { path: paths.forged, text: 'owned' });
    const more = await ask('fs.write_text', { ...args, ['__proto__']: 'editor' });
    const odd = await ask('fs.write_text', Object.assign(proto, args));
    const outcome = together([plain, more, odd]);
    return tokens > 0 ? allowed(`saw ${tokens} tokens pass`) : outcome;
  } finally {
    for (const step of undo.reverse()) step();
  }
}
