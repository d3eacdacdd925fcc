// Sets the one setting that this page may set, and shows what became of each call.
const out = document.querySelector("#out");

async function ask(command, args) {
  try {
    const answer = await window.sidegate.invoke(command, args);
    out.classList.remove("refused");
    out.textContent = `${command}: ${JSON.stringify(answer)}`;
    return answer;
  } catch (error) {
    out.classList.add("refused");
    out.textContent = `${command}: ${error.code}: ${error.message}`;
    return null;
  }
}

function onClick(id, action) {
  document.querySelector(id).addEventListener("click", action);
}

async function start() {
  const info = await ask("app.info", {});
  if (info) document.querySelector("#name").textContent = `${info.name} ${info.version}`;
  await ask("settings.get", { key: "theme" });
}

onClick("#light", () => ask("settings.set", { key: "theme", value: "light" }));
onClick("#dark", () => ask("settings.set", { key: "theme", value: "dark" }));
onClick("#account", () => ask("settings.get", { key: "account.mail" }));
start();
