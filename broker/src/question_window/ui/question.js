// Shows the question that the core has, and says what the person answered. Everything of the question
// is text. Whether a yes counts is decided in the core; here it is seen to that nothing is pressed by
// chance, and that what was not shown is not agreed to.
"use strict";

const at = (id) => document.getElementById(id);
const buttons = [...document.querySelectorAll("button")];
const LASTING = ["call", "session", "for-good"];
const ASKS = {
  call: "May it, this once?",
  session: "May it? A yes for longer holds for what is named above, whatever else the window says with it.",
  "for-good": "May it? A yes for longer holds for what is named above, whatever else the window says with it.",
};

let sheet = null;
let counts = false; // whether the core takes a yes
let since = Infinity; // when what is before the person last changed
let isRead = false;
let isOver = false;
let pressed = null; // the button that was pressed down when it could be

const isSettled = () => document.hasFocus() && performance.now() - since >= sheet.settled;
const isYes = (button) => button.dataset.answer === "yes";
const may = (button) =>
  !isOver && sheet !== null && isSettled() && (!isYes(button) || (counts && isRead));

const refresh = () => {
  if (sheet === null) return;
  const call = at("call");
  isRead ||= call.scrollTop + call.clientHeight >= call.scrollHeight - 4;
  for (const button of buttons) button.disabled = isYes(button) && !may(button);
  at("hint").textContent = isRead || isOver ? "" : "There is more above: a yes waits until it was read.";
};

// Whatever was under way when this came up is not meant for it.
const disturb = () => {
  since = performance.now();
  pressed = null;
  refresh();
  if (sheet !== null) setTimeout(refresh, sheet.settled + 20);
};

const give = async (button) => {
  const { answer, lasting } = button.dataset;
  isOver = true;
  refresh();
  try {
    await sidegate.invoke("question.answer", { number: sheet.number, answer, lasting });
  } catch (error) {
    // It came too early after all: the question stands.
    isOver = error.code !== "too_early";
    disturb();
  }
};

const fact = (name, value) => {
  const term = document.createElement("dt");
  const text = document.createElement("dd");
  term.textContent = name;
  text.textContent = value;
  at("facts").append(term, text);
};

const show = (question) => {
  at("app").textContent = `${question.app} asks`;
  at("id").textContent = `${question.id} · shown by Sidegate`;
  at("what").textContent = question.what;
  for (const [name, value] of question.values) fact(name, value);
  fact("command", question.command);
  fact("window", `${question.window} (${question.origin})`);
  at("asks").textContent = ASKS[question.most];
  const most = LASTING.indexOf(question.most);
  for (const button of buttons) {
    button.hidden = isYes(button) && LASTING.indexOf(button.dataset.lasting) > most;
  }
  document.querySelector("main").hidden = false;
  const call = at("call");
  // By keyboard it can be reached only where there is something to scroll.
  if (call.scrollHeight > call.clientHeight) call.tabIndex = 0;
  at("no").focus();
  // Painted: the frame after the one that is being made.
  requestAnimationFrame(() => requestAnimationFrame(() => {
    sheet = question;
    disturb();
  }));
};

for (const button of buttons) {
  button.addEventListener("pointerdown", () => {
    pressed = may(button) ? button : null;
    if (pressed === null) disturb();
  });
  button.addEventListener("click", (event) => {
    const byPointer = event.detail > 0;
    if (may(button) && (!byPointer || pressed === button)) give(button);
  });
}
addEventListener("keydown", (event) => {
  if (!["Enter", " ", "Escape"].includes(event.key)) return;
  if (event.repeat || !may(at("no"))) {
    event.preventDefault();
    if (!event.repeat) disturb();
  } else if (event.key === "Escape") {
    event.preventDefault();
    give(at("no"));
  }
}, true);
for (const name of ["focus", "blur", "resize"]) addEventListener(name, disturb);
document.addEventListener("visibilitychange", disturb);
at("call").addEventListener("scroll", refresh);
for (const name of ["contextmenu", "dragstart", "dragover", "drop"]) {
  addEventListener(name, (event) => event.preventDefault());
}

const hear = async () => {
  for await (const said of sidegate.stream("question.watch")) {
    if (said.question !== undefined) show(said.question);
    if (said.ready !== undefined) {
      counts = said.ready;
      refresh();
    }
  }
};
hear().finally(() => {
  isOver = true;
  refresh();
});
