// Shows the programme of the day, and of the app no more than the policy lets through.
const programme = document.querySelector("#programme");
const refused = document.querySelector("#refused");

async function ask(command, args) {
  try {
    return await window.sidegate.invoke(command, args);
  } catch (error) {
    refused.textContent = `${command}: ${error.code}: ${error.message}`;
    return null;
  }
}

async function start() {
  const about = await ask("app.info", {});
  // `id` and `window` are part of the answer, and the policy keeps neither.
  if (about) document.querySelector("#about").textContent = Object.values(about).join(" ");
  const answer = await ask("fs.read_text", { path: "$RESOURCES/programme/today.json" });
  if (!answer) return;
  for (const { time, title } of JSON.parse(answer.text)) {
    const item = document.createElement("li");
    item.textContent = `${time} ${title}`;
    programme.append(item);
  }
}

start();
