// What the editor knows and does, without a page: the list, the open note, and whether it is
// saved. Everything that waits for the broker takes turns, so that a save and the opening of
// another note cannot overtake each other.
import { explain } from './bridge.js';
import { FOLDER, byName, faultOf, fileOf, notesAmong, pathOf } from './names.js';

const SIZES = { least: 12, usual: 16, most: 28 };

/** A notebook over one folder of notes. */
export class Notebook {
  notes = $state([]);
  /** The name of the open note, or `null`. */
  current = $state(null);
  text = $state('');
  /** Counts the notes shown so far: a change means that the text is another note's. */
  shown = $state(0);
  fontSize = $state(SIZES.usual);
  status = $state({ tone: 'plain', text: '' });

  #saved = $state('');
  #turn = Promise.resolve();
  #invoke;
  #now;

  /** @param {import('./bridge.js').Invoke} invoke */
  constructor(invoke, now = Date.now) {
    this.#invoke = invoke;
    this.#now = now;
  }

  get dirty() {
    return this.current !== null && this.text !== this.#saved;
  }

  get title() {
    if (this.current === null) return 'Notes';
    return `${this.current} — Notes${this.dirty ? ' •' : ''}`;
  }

  /** Reads the settings and the list, and opens the last note, else the first. */
  start() {
    return this.#inTurn('could not read the notes', async () => {
      this.notes = await this.#list();
      this.fontSize = within(await this.#setting('editor.font_size', SIZES.usual));
      const last = await this.#setting('editor.last', null);
      const note = this.notes.find(({ name }) => name === last) ?? this.notes[0];
      if (note) await this.#open(note.name);
      else this.#say('no notes yet: give the first one a name');
    });
  }

  /** Opens a note; what was changed in the one before it is saved first. */
  open(name) {
    return this.#inTurn(`could not open ${fileOf(name)}`, async () => {
      if (name === this.current) return;
      await this.#saveIfDirty();
      await this.#open(name);
    });
  }

  /** Creates an empty note and opens it; one that is there already is only opened. */
  create(written) {
    const name = written.trim();
    const fault = faultOf(name);
    if (fault) {
      this.#say(fault, 'alarm');
      return Promise.resolve(false);
    }
    return this.#inTurn(`could not create ${fileOf(name)}`, async () => {
      await this.#saveIfDirty();
      if (this.notes.some((note) => note.name === name)) {
        await this.#open(name);
        this.#say(`${fileOf(name)} was there already`);
        return;
      }
      await this.#write(name, '');
      this.#show(name, '');
      this.#say(`created ${fileOf(name)}`);
      await this.#remember('editor.last', name);
    });
  }

  /** Saves the open note, changed or not. */
  save() {
    const name = this.current;
    if (name === null) {
      this.#say('there is no note to save', 'alarm');
      return Promise.resolve(false);
    }
    return this.#inTurn(`could not save ${fileOf(name)}`, () => this.#save());
  }

  /** Makes the text larger or smaller, and keeps that for the next time. */
  resize(step) {
    this.fontSize = step === 0 ? SIZES.usual : within(this.fontSize + step);
    const size = this.fontSize;
    return this.#inTurn('could not keep the size of the text', () =>
      this.#remember('editor.font_size', size),
    );
  }

  /** Tells the host what stands in the title bar. */
  announce(title) {
    return this.#inTurn('could not set the title', () =>
      this.#invoke('window.set_title', { title }),
    );
  }

  /** Runs a job after those before it; `false`, and an alarm, where it fails. */
  #inTurn(doing, job) {
    const done = this.#turn.then(job).then(
      () => true,
      (error) => {
        this.#say(explain(error.doing ?? doing, error), 'alarm');
        return false;
      },
    );
    this.#turn = done;
    return done;
  }

  async #list() {
    try {
      return notesAmong((await this.#invoke('fs.list', { path: FOLDER })).entries);
    } catch (error) {
      // The folder appears with the first note.
      if (error?.code === 'not_found') return [];
      throw error;
    }
  }

  /** A setting, or its usual value: the notes are there for a person even if these are not. */
  async #setting(key, usual) {
    try {
      return (await this.#invoke('settings.get', { key })).value ?? usual;
    } catch {
      return usual;
    }
  }

  /** Keeps a setting. Where that fails it is said, but what was done before it stays done. */
  async #remember(key, value) {
    try {
      await this.#invoke('settings.set', { key, value });
    } catch (error) {
      this.#say(explain(`could not keep the setting ${key}`, error), 'alarm');
    }
  }

  async #open(name) {
    const { text } = await this.#invoke('fs.read_text', { path: pathOf(name) });
    this.#show(name, text);
    this.#say(`opened ${fileOf(name)}`);
    await this.#remember('editor.last', name);
  }

  async #saveIfDirty() {
    if (!this.dirty) return;
    try {
      await this.#save();
    } catch (error) {
      // Whatever was to come next would have lost the changes.
      throw Object.assign(error, { doing: `could not save ${fileOf(this.current)}` });
    }
  }

  async #save() {
    const [name, text] = [this.current, this.text];
    const bytes = await this.#write(name, text);
    this.#saved = text;
    this.#say(`saved ${fileOf(name)} (${bytes} bytes)`);
  }

  async #write(name, text) {
    const { bytes } = await this.#invoke('fs.write_text', { path: pathOf(name), text });
    const others = this.notes.filter((note) => note.name !== name);
    this.notes = [...others, { name, modified: this.#now() }].sort(byName);
    return bytes;
  }

  #show(name, text) {
    // A text area holds line feeds only; compared with anything else it would look changed.
    const shown = text.replace(/\r\n?/g, '\n');
    [this.current, this.text, this.#saved] = [name, shown, shown];
    this.shown += 1;
  }

  #say(text, tone = 'plain') {
    this.status = { tone, text };
  }
}

/** A size of text within its bounds, whatever the settings hold. */
function within(size) {
  if (!Number.isFinite(size)) return SIZES.usual;
  return Math.min(SIZES.most, Math.max(SIZES.least, Math.round(size)));
}
