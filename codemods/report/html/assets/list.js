// The list of files: heads are made as the list is scrolled, bodies when they are opened.

const data = JSON.parse(document.getElementById("data").textContent);
const files = data.files;
const byPath = new Map(files.map((file, at) => [file.p, at]));
const KINDS = {
  proven: data.written ? "rewritten" : "to rewrite",
  assumed: data.written ? "rewritten on an assumption" : "rest on an assumption",
  unsafe: data.written ? "rewritten unsafely" : "unsafe",
  refusal: "need a person",
  finding: "findings",
  failure: "failed",
  skipped: "skipped",
};
const ONE = {
  finding: "finding", refusal: "needs a person", assumed: data.written ? KINDS.assumed : "rests on an assumption",
};
const CHUNK = 60;

const list = document.getElementById("files");
const opened = new Set();
const narrow = matchMedia("(max-width: 1100px)");
let wantsBeside = true;
let allOpen = false;
let view = files.map((file, at) => ({ at, items: file.t }));
let here = -1;

function isBeside() {
  return wantsBeside && !narrow.matches;
}

function named(kind, count) {
  return (count === 1 && ONE[kind]) || KINDS[kind];
}

function badge(kind) {
  return make("span", { class: "badge" }, make("span", { class: `dot is-${kind}` }), named(kind, 1));
}

/** Return the element of *item*: what was found, why it is so, and the lines around it. */
function itemOf(file, item) {
  const line = make("p", { class: "line" }, badge(item.k));
  if (item.v) line.append(make("span", { class: "code" }, item.v));
  if (item.c) {
    const rule = data.rules[item.c];
    line.append(make("span", { class: "code", title: rule ? `${rule[0]}: ${rule[1]}` : undefined }, item.c));
  }
  line.append(make("span", { class: "message" }, item.m));
  if (item.n) {
    const place = item.q ? `cell ${item.q}, line ${item.n[0]}` : `line ${item.n[0]}`;
    line.append(make("a", { class: "place", href: addressOf(file, "L", item.n[0]) }, place));
  }
  if (item.b && !item.q) {
    line.append(make("a", { class: "place", href: addressOf(file, "L", item.b) }, `blocked by line ${item.b}`));
  }
  const said = (item.s || []).map(([label, text]) =>
    make("div", {}, make("dt", {}, label), make("dd", {}, text)));
  const made = make("div", { class: "item" }, line);
  if (said.length) made.append(make("dl", { class: "said" }, said));
  if (item.x) made.append(excerptOf(file, item.x, item.n[0], item.b));
  if (item.y) made.append(excerptOf(file, item.y, item.n[0], item.b));
  return made;
}

/** Return what the body of *file* shows, in the order of its lines. */
function partsOf(file, items) {
  const hunks = (file.h || []).map((hunk) => {
    const stop = hunk[0] + hunk[4].filter((line) => line[0] === " " || line[0] === "-").length;
    return { line: hunk[0], stop, hunk, items: [] };
  });
  const parts = [];
  for (const item of items) {
    const line = item.n && !item.q ? item.n[0] : 0;
    const home = item.x ? undefined : hunks.find((one) => one.line <= line && line < one.stop);
    if (home) home.items.push(item);
    else parts.push({ line: item.x ? line : 0, items: [item] });
  }
  return [...parts, ...hunks].sort((a, b) => a.line - b.line);
}

function bodyOf(entry) {
  const file = files[entry.at];
  const body = make("div", { class: "body", id: `body-${entry.at}` });
  if (file.o) body.append(make("p", { class: "owners" }, `owned by ${file.o.join(", ")}`));
  for (const part of partsOf(file, entry.items)) {
    body.append(...part.items.map((item) => itemOf(file, item)));
    if (part.hunk) body.append(tableOf(file, part.hunk, isBeside()));
  }
  return body;
}

function headOf(entry) {
  const file = files[entry.at];
  const slash = file.p.lastIndexOf("/") + 1;
  const counts = new Map();
  for (const item of entry.items) counts.set(item.k, (counts.get(item.k) || 0) + 1);
  const marks = [...counts].map(([kind, count]) => make("span", {},
    make("span", { class: `dot is-${kind}`, title: KINDS[kind] }), `${count} ${named(kind, count)}`));
  return make("button", {
    type: "button", class: "head", "aria-expanded": "false", "aria-controls": `body-${entry.at}`,
  },
  make("span", { class: "turn", "aria-hidden": "true" }),
  make("span", { class: "path" }, make("span", { class: "folder" }, file.p.slice(0, slash)), file.p.slice(slash)),
  make("span", { class: "marks" }, marks));
}

function cardOf(entry, index) {
  const card = make("section", { class: "file" }, make("h3", {}, headOf(entry)));
  card.dataset.index = index;
  if (allOpen || opened.has(entry.at)) open(card, entry);
  return card;
}

function open(card, entry) {
  if (card.classList.contains("is-open")) return;
  opened.add(entry.at);
  card.append(bodyOf(entry));
  card.classList.add("is-open");
  card.querySelector(".head").setAttribute("aria-expanded", "true");
}

function shut(card, entry) {
  opened.delete(entry.at);
  card.querySelector(".body")?.remove();
  card.classList.remove("is-open");
  card.querySelector(".head").setAttribute("aria-expanded", "false");
}

function toggle(card) {
  const entry = view[card.dataset.index];
  if (card.classList.contains("is-open")) shut(card, entry);
  else open(card, entry);
}

/** Make heads until there are *count* of them, as many as there are files at most. */
function extend(count) {
  const first = list.childElementCount;
  const last = Math.min(count, view.length);
  const made = [];
  for (let at = first; at < last; at += 1) made.push(cardOf(view[at], at));
  list.append(...made);
}

/** Show the list anew: what is filtered, or how, has changed. */
function showList() {
  list.replaceChildren();
  here = -1;
  extend(CHUNK);
  if (!view.length) list.append(make("p", { class: "none-found" }, files.length ? "Nothing is like that." : "Nothing is left to do."));
  watch();
}

const more = document.getElementById("more");
const watcher = new IntersectionObserver((seen) => {
  if (!seen.some((one) => one.isIntersecting) || list.childElementCount >= view.length) return;
  extend(list.childElementCount + CHUNK);
  watch();
}, { rootMargin: "1500px" });

function watch() {
  watcher.unobserve(more);
  if (list.childElementCount < view.length) watcher.observe(more);
}

/** Show the bodies anew that are open, after the layout of lines has changed. */
function showBodies() {
  for (const card of list.querySelectorAll(".file.is-open")) {
    const entry = view[card.dataset.index];
    card.querySelector(".body").replaceWith(bodyOf(entry));
  }
}

function moveTo(index) {
  if (!view.length) return;
  list.children[here]?.classList.remove("is-here");
  here = Math.max(0, Math.min(index, view.length - 1));
  extend(here + CHUNK);
  const card = list.children[here];
  card.classList.add("is-here");
  card.querySelector(".head").focus({ preventScroll: true });
  card.scrollIntoView({ block: "nearest" });
}

list.addEventListener("click", (event) => {
  const head = event.target.closest(".head");
  if (!head) return;
  const card = head.closest(".file");
  toggle(card);
  list.children[here]?.classList.remove("is-here");
  here = Number(card.dataset.index);
});
