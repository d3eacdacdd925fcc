// Lists the documents, shows the one that is clicked, and shows what a refusal looks like.
const out = document.querySelector("#out");
const files = document.querySelector("#files");

async function ask(command, args) {
  out.classList.remove("refused");
  try {
    return await window.sidegate.invoke(command, args);
  } catch (error) {
    out.classList.add("refused");
    out.textContent = `${command}: ${error.code}: ${error.message}`;
    return null;
  }
}

async function read(path) {
  const answer = await ask("fs.read_text", { path });
  if (answer) out.textContent = answer.text;
}

async function list() {
  const answer = await ask("fs.list", { path: "$DOCUMENTS" });
  if (!answer) return;
  for (const { name } of answer.entries) {
    const button = document.createElement("button");
    button.textContent = name;
    button.addEventListener("click", () => read(`$DOCUMENTS/${name}`));
    files.append(button);
  }
  if (answer.entries.length === 0) files.textContent = "There are no documents.";
}

function onClick(id, action) {
  document.querySelector(id).addEventListener("click", action);
}

onClick("#hidden", () => read("$DOCUMENTS/.secret.md"));
onClick("#home", () => read("$HOME/.profile"));
// sidegate: expect-refused
onClick("#write", () => ask("fs.write_text", { path: "$DOCUMENTS/new.md", text: "x" }));
list();
