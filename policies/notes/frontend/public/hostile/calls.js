// What the hostile script is made of: one call, how it ended, and whether that is a breach.

/** The folder of the notes, the note that brought the script, and one that only a breach makes. */
export const paths = {
  notes: '$APPDATA/notes',
  note: '$APPDATA/notes/hostile.md',
  forged: '$APPDATA/notes/forged.md',
};

/** The page's bridge, as any script of the page has it. */
export const { sidegate } = window;

export const after = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** The two ends of a try: `through` says whether the attacker got what they wanted. */
export const refused = (said) => ({ through: false, said });
export const allowed = (said) => ({ through: true, said });

/** A call as a promise: what it throws is a rejection. */
export const attempt = async (call) => call();

/** The end of a promise, or, after a while, the lack of one. */
export function end(promise, ms = 5000) {
  return Promise.race([
    Promise.resolve(promise).then(
      (value) => ({ ok: true, value }),
      (error) => ({ ok: false, code: String(error?.code ?? error?.name ?? error) }),
    ),
    after(ms).then(() => ({ ok: false, code: 'no answer' })),
  ]);
}

/** One call through the page's own bridge. */
export async function ask(command, args) {
  let outcome = await end(sidegate.invoke(command, args));
  if (outcome.code === 'limited' || outcome.code === 'busy') {
    // To have been too fast proves nothing about what may be done.
    await after(1500);
    outcome = await end(sidegate.invoke(command, args));
  }
  return outcome.ok ? allowed('answered') : refused(outcome.code);
}

/** Several calls, one after another, as one try: it got through where any of them did. */
export async function askEach(calls) {
  const outcomes = [];
  for (const [command, args] of calls) outcomes.push(await ask(command, args));
  return together(outcomes);
}

/** Many outcomes as one, each word with its count. */
export function together(outcomes) {
  const counts = new Map();
  for (const { said } of outcomes) counts.set(said, (counts.get(said) ?? 0) + 1);
  const said = [...counts].map(([word, n]) => (n > 1 ? `${n.toLocaleString('en')} × ${word}` : word)).join(', ');
  return { through: outcomes.some(({ through }) => through), said };
}
