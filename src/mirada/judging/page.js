// Shows one picture after the other and sends each mark before it moves on.
import { WORDS } from "./words.js";

const part = (id) => document.getElementById(id);
const { judge, queries } = await (await fetch("state")).json();
const cards = queries.flatMap((query, at) =>
  query.images.map((image, number) => ({ query, at, image, number, grade: query.grades[image] ?? null })),
);
const broken = new Set();
const past = []; // marks of this visit: the card, and the grade that it had before
let words = WORDS[navigator.language.slice(0, 2)] ?? WORDS.en;
let here = null; // the card on show; null when all is judged
let isSeen = false; // its picture is on the screen: only then it can be marked
let isBusy = false;

const isOpen = (card) => card.grade === null && !broken.has(card.image);
const nextOpen = (from) => [...cards.slice(from), ...cards.slice(0, from)].find(isOpen) ?? null;
const address = (card) => `pictures/${card.image}`;

function show(card, said = "") {
  const isNew = card && here?.query !== card.query;
  here = card;
  isSeen = false;
  showWords(isNew);
  showPicture();
  if (card) said += ` ${isNew ? words.newQuery(card.query.text) : ""} ${words.picture(card.number + 1)}.`;
  part("said").textContent = (card ? said : `${said} ${words.allDone}`).trim();
}

function showWords(isNew = false) {
  const judged = cards.filter((card) => card.grade !== null).length;
  document.documentElement.lang = words === WORDS.es ? "es" : "en";
  part("place").textContent = here ? words.place(here.at + 1, queries.length) : "";
  part("query").textContent = here ? here.query.text : cards.length ? words.allDone : words.nothing;
  part("query").classList.toggle("words", Boolean(here));
  document.title = `${here ? here.query.text : words.allDone} · mirada`;
  part("count").textContent = words.count(judged, cards.length);
  part("progress").max = cards.length || 1;
  part("progress").value = judged;
  part("judge").textContent = words.judge(judge);
  part("picture").alt = here ? words.picture(here.number + 1) : "";
  [part("language").lang, part("language").textContent] = words.other;
  if (isNew) restart(part("query"), "fresh");
  showButtons();
  showPool();
  showNote();
}

function showButtons() {
  part("grades").setAttribute("aria-label", words.gradesName);
  for (const button of part("grades").children) {
    const [name, meaning] = words.grades[button.dataset.grade];
    button.querySelector("b").textContent = name;
    button.querySelector("small").textContent = meaning;
    button.setAttribute("aria-pressed", here?.grade === Number(button.dataset.grade));
    button.setAttribute("aria-disabled", !isSeen);
  }
  for (const button of part("steps").children) {
    button.querySelector("span").textContent = words.steps[button.dataset.step];
  }
}

function showPool() {
  const own = cards.filter((card) => card.query === here?.query);
  part("among").textContent = here ? words.among(here.number + 1, own.length) : "";
  part("pool").replaceChildren(
    ...own.map((card) => {
      const button = document.createElement("button");
      button.type = "button";
      button.tabIndex = -1; // the arrow keys lead there with fewer strokes
      button.textContent = card.grade ?? "·";
      button.dataset.grade = card.grade ?? "";
      button.ariaLabel = `${words.picture(card.number + 1)}, ${words.grades[card.grade]?.[0] ?? words.unjudged}`;
      if (card === here) button.setAttribute("aria-current", "true");
      button.addEventListener("click", () => show(card));
      const item = document.createElement("li");
      item.append(button);
      return item;
    }),
  );
}

function showNote() {
  const text = !here ? words.stop(broken.size) : broken.has(here.image) ? words.broken : "";
  part("note").textContent = text;
  part("note").hidden = !text;
}

// The former picture goes at once: a mark must never fall on one that is not seen.
async function showPicture() {
  const card = here;
  part("picture").hidden = true;
  if (!card) return;
  const fresh = new Image();
  fresh.id = "picture";
  fresh.alt = words.picture(card.number + 1);
  fresh.src = address(card);
  try {
    await fresh.decode();
    broken.delete(card.image);
  } catch {
    broken.add(card.image);
  }
  if (card !== here) return;
  isSeen = !broken.has(card.image);
  if (isSeen) part("picture").replaceWith(fresh);
  showButtons();
  showNote();
  if (!isSeen) part("said").textContent = words.broken;
  preload(card);
}

function preload(card) {
  const from = cards.indexOf(card) + 1;
  for (const one of cards.slice(from).filter(isOpen).slice(0, 3)) new Image().src = address(one);
}

async function keep(card, grade) {
  const told = { query: card.query.id, image: card.image, grade };
  const headers = { "Content-Type": "application/json" };
  try {
    const answer = await fetch("marks", { method: "POST", headers, body: JSON.stringify(told) });
    if (!answer.ok) return trouble(words.refused((await answer.json()).detail));
  } catch {
    return trouble(words.lost);
  }
  trouble("");
  card.grade = grade;
  return true;
}

function trouble(text) {
  part("trouble").textContent = text;
  part("trouble").hidden = !text;
  return false;
}

async function mark(grade) {
  const card = here;
  if (!card) return;
  if (!isSeen) return void (part("said").textContent = broken.has(card.image) ? words.broken : words.loading);
  const before = card.grade;
  if (!(await keep(card, grade))) return;
  past.push({ card, before });
  show(nextOpen(cards.indexOf(card)), `${words.grades[grade][0]}.`);
}

async function undo() {
  const last = past.at(-1);
  if (!last || !(await keep(last.card, last.before))) return;
  past.pop();
  show(last.card, words.undone);
}

const STEPS = {
  back: () => show(cards[here ? Math.max(0, cards.indexOf(here) - 1) : cards.length - 1] ?? null),
  on: () => here && show(cards[Math.min(cards.length - 1, cards.indexOf(here) + 1)]),
  unjudged: () => show(nextOpen(here ? cards.indexOf(here) + 1 : 0)),
  undo,
};
const KEYS = { ArrowLeft: "back", ArrowRight: "on", n: "unjudged", u: "undo", Backspace: "undo" };

// One thing at a time: what is pressed while a mark is being kept is not for the next picture.
async function once(act) {
  if (isBusy) return;
  isBusy = true;
  try {
    await act();
  } finally {
    isBusy = false;
  }
}

function restart(node, animation) {
  node.classList.remove(animation);
  void node.offsetWidth;
  node.classList.add(animation);
}

document.addEventListener("keydown", (event) => {
  const withControl = event.ctrlKey || event.metaKey;
  if (event.repeat || event.altKey || (withControl && event.key !== "z")) return;
  const step = withControl ? "undo" : KEYS[event.key.length > 1 ? event.key : event.key.toLowerCase()];
  const isGrade = !withControl && ["0", "1", "2"].includes(event.key);
  if (!step && !isGrade) return;
  event.preventDefault();
  once(isGrade ? () => mark(Number(event.key)) : STEPS[step]);
});
part("grades").addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button) once(() => mark(Number(button.dataset.grade)));
});
part("steps").addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button) once(STEPS[button.dataset.step]);
});
part("language").addEventListener("click", () => {
  words = WORDS[words.other[0]];
  showWords();
});
show(nextOpen(0));
