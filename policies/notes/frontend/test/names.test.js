// What may be a note's name, and what of a folder is shown.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { faultOf, fileOf, notesAmong, pathOf } from '../src/names.js';

test('a name is letters, digits, spaces, dashes and underscores', () => {
  for (const [name, good] of [
    ['a', true],
    ['Shopping list_2 - old', true],
    ['a'.repeat(80), true],
    ['a'.repeat(81), false],
    ['', false],
    ['..', false],
    ['a/b', false],
    ['a\\b', false],
    ['.hidden', false],
    ['a.md', false],
    ['a\nb', false],
    ['a\u0000', false],
    ['été', false],
    ['$APPDATA', false],
  ]) {
    assert.equal(faultOf(name) === null, good, JSON.stringify(name));
  }
});

test('a note is kept in a file of its name', () => {
  assert.equal(fileOf('a b'), 'a b.md');
  assert.equal(pathOf('a b'), '$APPDATA/notes/a b.md');
});

test('the list holds the files that end in .md, by name', () => {
  const entry = (name, kind = 'file') => ({ name, kind, size: 1, modified: 7 });
  const entries = [
    entry('note 10.md'),
    entry('note 9.md'),
    entry('photo.png'),
    entry('old.md', 'directory'),
    entry('Alpha.md'),
  ];
  const names = notesAmong(entries).map(({ name }) => name);
  assert.deepEqual(names, ['Alpha', 'note 9', 'note 10']);
});
