// What an attacker's script would do once it runs in the preview. The note `hostile.md` names
// it, the preview runs it, and from here on nothing on this page is on our side: it has all the
// powers of the page, and tries thirteen ways to get more.
//
// It says of each try what became of it. A rejected call is a refused one, whatever the code;
// an answered one got through. Where a refusal could have another cause (a file that is not
// there, a rate that is used up), the audit log has the reason.
//
// No build step touches this file and those it imports: what runs is what stands here.
(async () => {
  'use strict';

  const { after, allowed, ask, attempt, end, paths, sidegate } = await import('./hostile/calls.js');
  const { draw, fill } = await import('./hostile/table.js');
  const { TRIES } = await import('./hostile/tries.js');

  const { rows, summary } = draw(TRIES);
  const through = await tryAll();
  const honest = await readHonestly();
  await sumUp();

  /** One try after another; the answer is how many got through. */
  async function tryAll() {
    let count = 0;
    for (const [index, { run }] of TRIES.entries()) {
      // A try that breaks has shown nothing, and may not pass for a refused one.
      const outcome = await attempt(run).catch((error) => allowed(`the try broke: ${error}`));
      if (outcome.through) count += 1;
      fill(rows[index], outcome);
      await after(100);
    }
    return count;
  }

  /**
   * The control: a broker that refuses everybody would pass every try. It has the patience that
   * an honest page would need after a flood.
   */
  async function readHonestly() {
    let outcome;
    for (let tries = 0; tries < 6 && !outcome?.ok; tries += 1) {
      await after(1000);
      outcome = await end(sidegate.invoke('fs.read_text', { path: paths.note }));
    }
    return outcome;
  }

  /** The last line of the page, and the title of the window. */
  async function sumUp() {
    const all = TRIES.length;
    const verdict =
      through === 0
        ? `${all} of ${all} hostile tries refused`
        : `${through} of ${all} hostile tries GOT THROUGH`;
    const control = honest.ok
      ? 'an honest read still works'
      : `an honest read FAILED (${honest.code})`;
    summary.textContent = `${verdict}; ${control}.`;
    summary.classList.add(through === 0 && honest.ok ? 'held' : 'broken');
    await ask('window.set_title', { title: `Preview: ${honest.ok ? verdict : control}` });
  }
})();
