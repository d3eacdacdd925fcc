// The table on the page: one row a try, filled as the tries end.

/** Draws the table with every row still open; the rows and the line below them are the answer. */
export function draw(tries) {
  const style = document.createElement('link');
  style.rel = 'stylesheet';
  style.href = 'hostile/table.css';
  document.head.append(style);

  const section = element('section', 'hostile');
  section.append(element('h2', '', `This note ran a script. It tries ${tries.length} things:`));
  const table = document.createElement('table');
  const head = table.createTHead().insertRow();
  for (const title of ['Try', 'How', 'What became of it', 'Verdict']) {
    const cell = element('th', '', title);
    cell.scope = 'col';
    head.append(cell);
  }
  const body = table.createTBody();
  const rows = tries.map(({ name, what }, index) => {
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

/** Says in a row how its try ended. */
export function fill(row, { through, said }) {
  row.children[2].textContent = said;
  row.children[3].textContent = through ? '✗ ALLOWED' : '✓ refused';
  row.className = through ? 'through' : 'refused';
}
