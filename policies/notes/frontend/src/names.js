// From the name of a note to its file and back. The broker has the last word on paths; these
// rules are there so that a person learns of a bad name while typing it.

/** The folder of the notes, in the broker's words. */
export const FOLDER = '$APPDATA/notes';

const SUFFIX = '.md';

/** File systems take 255 bytes of name; a shorter one still fits the side bar. */
const LONGEST = 80;

/** The file that holds a note. */
export const fileOf = (name) => name + SUFFIX;

/** The path that the broker knows a note by. */
export const pathOf = (name) => `${FOLDER}/${fileOf(name)}`;

/** What is wrong with the name of a new note, or `null`. */
export function faultOf(name) {
  if (name === '') return 'a note needs a name';
  if (name.length > LONGEST) return `a name has at most ${LONGEST} characters`;
  if (!/^[A-Za-z0-9 _-]+$/.test(name)) return 'use letters, digits, spaces, - and _';
  return null;
}

/** The notes among the entries of the folder, in the order of their names. */
export function notesAmong(entries) {
  return entries
    .filter((entry) => entry.kind === 'file' && entry.name.endsWith(SUFFIX))
    .map(({ name, modified }) => ({ name: name.slice(0, -SUFFIX.length), modified }))
    .sort(byName);
}

/** The order of the list. */
export const byName = (a, b) => a.name.localeCompare(b.name, 'en', { numeric: true });
