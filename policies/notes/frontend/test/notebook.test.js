// The notebook against a broker made of a map: what it opens, saves, remembers and says.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { createServer } from 'vite';

let server;
let Notebook;

before(async () => {
  server = await createServer({
    root: import.meta.dirname,
    configFile: false,
    logLevel: 'error',
    appType: 'custom',
    server: { middlewareMode: true, ws: false, watch: null },
    plugins: [svelte({ configFile: false })],
  });
  ({ Notebook } = await server.ssrLoadModule('../src/notebook.svelte.js'));
});

after(() => server.close());

/** A broker with these notes and settings; `refuse` names the commands that it denies. */
function broker(files = {}, settings = {}) {
  const state = { files: { ...files }, settings: { ...settings }, refuse: new Set(), titles: [] };
  const name = (path) => path.replace('$APPDATA/notes/', '').replace(/\.md$/, '');
  const handlers = {
    'fs.list': () => ({
      entries: Object.keys(state.files).map((file) => ({
        name: `${file}.md`,
        kind: 'file',
        size: 0,
        modified: 0,
      })),
    }),
    'fs.read_text': ({ path }) => ({ text: state.files[name(path)] }),
    'fs.write_text': ({ path, text }) => {
      state.files[name(path)] = text;
      return { bytes: Buffer.byteLength(text) };
    },
    'settings.get': ({ key }) => ({ value: state.settings[key] ?? null }),
    'settings.set': ({ key, value }) => {
      state.settings[key] = value;
      return {};
    },
    'window.set_title': ({ title }) => {
      state.titles.push(title);
      return {};
    },
  };
  state.invoke = async (command, args) => {
    if (!state.refuse.has(command)) return handlers[command](args);
    throw Object.assign(new Error('this window may not do that'), { code: 'denied' });
  };
  return state;
}

async function started(state) {
  const notebook = new Notebook(state.invoke, () => 1);
  await notebook.start();
  return notebook;
}

test('it opens the last note, else the first, else none', async () => {
  for (const [files, last, expected] of [
    [{ a: '1', b: '2' }, 'b', 'b'],
    [{ a: '1', b: '2' }, 'gone', 'a'],
    [{ a: '1', b: '2' }, undefined, 'a'],
    [{}, 'a', null],
  ]) {
    const notebook = await started(broker(files, last ? { 'editor.last': last } : {}));
    assert.equal(notebook.current, expected);
    assert.equal(notebook.text, expected ? files[expected] : '');
  }
});

test('a folder that is not there yet is an empty one, one that is refused is not', async () => {
  const state = broker();
  state.invoke = async () => {
    throw Object.assign(new Error('there is no such folder'), { code: 'not_found' });
  };
  assert.equal((await started(state)).status.tone, 'plain');

  const refused = broker({ a: '1' });
  refused.refuse.add('fs.list');
  const { status } = await started(refused);
  const said = 'could not read the notes: this window may not do that (denied)';
  assert.deepEqual(status, { tone: 'alarm', text: said });
});

test('the title follows the note and its changes', async () => {
  const notebook = await started(broker({ a: 'x' }));
  assert.equal(notebook.title, 'a — Notes');
  notebook.text = 'xy';
  assert.equal(notebook.title, 'a — Notes •');
  await notebook.save();
  assert.equal(notebook.title, 'a — Notes');
});

test('a save says the file and its bytes', async () => {
  const state = broker({ a: '' });
  const notebook = await started(state);
  notebook.text = 'é\n';
  assert.equal(await notebook.save(), true);
  assert.deepEqual(notebook.status, { tone: 'plain', text: 'saved a.md (3 bytes)' });
  assert.equal(state.files.a, 'é\n');
});

test('what is typed while a save is under way stays unsaved', async () => {
  const state = broker({ a: '' });
  const { invoke } = state;
  let release;
  const held = new Notebook(async (command, args) => {
    if (command === 'fs.write_text') await new Promise((resolve) => (release = resolve));
    return invoke(command, args);
  });
  await held.start();
  held.text = 'one';
  const saving = held.save();
  await new Promise((resolve) => setTimeout(resolve, 5));
  held.text = 'one two';
  release();
  await saving;
  assert.equal(state.files.a, 'one');
  assert.equal(held.dirty, true);
});

test('a refused save keeps the text and says so', async () => {
  const state = broker({ a: 'old' });
  const notebook = await started(state);
  state.refuse.add('fs.write_text');
  notebook.text = 'new';
  assert.equal(await notebook.save(), false);
  assert.equal(notebook.text, 'new');
  assert.equal(notebook.dirty, true);
  const said = 'could not save a.md: this window may not do that (denied)';
  assert.deepEqual(notebook.status, { tone: 'alarm', text: said });
});

test('changes are saved before another note is opened, or it is not opened', async () => {
  const state = broker({ a: 'old', b: 'other' });
  const notebook = await started(state);
  notebook.text = 'new';
  await notebook.open('b');
  assert.deepEqual([state.files.a, notebook.current, notebook.text], ['new', 'b', 'other']);

  notebook.text = 'changed';
  state.refuse.add('fs.write_text');
  assert.equal(await notebook.open('a'), false);
  assert.deepEqual([notebook.current, notebook.text], ['b', 'changed']);
  assert.match(notebook.status.text, /^could not save b\.md: /);
});

test('a new note is created empty, opened and remembered', async () => {
  const state = broker({ b: 'x' });
  const notebook = await started(state);
  assert.equal(await notebook.create('  a '), true);
  assert.equal(state.files.a, '');
  assert.equal(notebook.current, 'a');
  assert.equal(state.settings['editor.last'], 'a');
  assert.deepEqual(notebook.notes.map(({ name }) => name), ['a', 'b']);
});

test('creating a note that is there opens it and writes nothing', async () => {
  const state = broker({ a: 'first', b: 'kept' });
  const notebook = await started(state);
  state.refuse.add('fs.write_text');
  assert.equal(await notebook.create('b'), true);
  assert.deepEqual([notebook.current, notebook.text], ['b', 'kept']);
});

test('a bad name reaches no broker', async () => {
  const state = broker({ a: 'x' });
  const notebook = await started(state);
  state.invoke = () => assert.fail('it was asked');
  assert.equal(await notebook.create('../a'), false);
  assert.equal(notebook.status.tone, 'alarm');
});

test('the size of the text stays within its bounds and is remembered', async () => {
  const state = broker({ a: 'x' }, { 'editor.font_size': 27 });
  const notebook = await started(state);
  for (const [step, expected] of [
    [1, 28],
    [1, 28],
    [-1, 27],
    [0, 16],
  ]) {
    await notebook.resize(step);
    assert.equal(notebook.fontSize, expected);
    assert.equal(state.settings['editor.font_size'], expected);
  }
  for (const odd of ['large', {}, -4, 1e9]) {
    const { fontSize } = await started(broker({}, { 'editor.font_size': odd }));
    assert.ok(fontSize >= 12 && fontSize <= 28, String(odd));
  }
});

test('refused settings do not keep the notes from a person', async () => {
  const state = broker({ a: 'x' });
  state.refuse.add('settings.get').add('settings.set');
  const notebook = await started(state);
  assert.equal(notebook.text, 'x');
  assert.equal(notebook.status.tone, 'alarm');
});
