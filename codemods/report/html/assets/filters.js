// What is shown of the files: by outcome, rule, folder and owner, and by words.

const facets = document.getElementById("facets");
const search = document.getElementById("search");
const reset = document.getElementById("reset");
const chosen = { kind: new Set(), code: new Set(), folder: new Set(), owner: new Set() };
const NOBODY = "nobody";
let words = [];

function folderOf(file) {
  const parts = file.p.split("/").slice(0, -1).slice(0, 2);
  return parts.length ? `${parts.join("/")}/` : "./";
}

function ownersOf(file) {
  return file.o || [NOBODY];
}

/** Return the text that words are looked for in. */
function textOfItem(file, item) {
  if (item.text === undefined) {
    const said = (item.s || []).map(([label, text]) => `${label} ${text}`).join(" ");
    const rule = data.rules[item.c];
    item.text = `${file.p} ${item.c} ${rule ? rule[0] : ""} ${item.m} ${said}`.toLowerCase();
  }
  return item.text;
}

function accepts(set, value) {
  return !set.size || set.has(value);
}

/** Return the items of *file* that the filters leave. */
function left(file) {
  if (!accepts(chosen.folder, folderOf(file))) return [];
  if (chosen.owner.size && !ownersOf(file).some((owner) => chosen.owner.has(owner))) return [];
  return file.t.filter((item) => accepts(chosen.kind, item.k) && accepts(chosen.code, item.c) &&
    words.every((word) => textOfItem(file, item).includes(word)));
}

function filter() {
  view = [];
  let places = 0;
  files.forEach((file, at) => {
    const items = left(file);
    if (items.length) view.push({ at, items });
    places += items.length;
  });
  const isAll = view.length === files.length && places === total;
  const shown = `${counted(view.length, "file")}, ${counted(places, "place")}`;
  document.getElementById("count").textContent = isAll ? shown : `${shown}, of ${counted(files.length, "file")}`;
  reset.hidden = !words.length && !Object.values(chosen).some((set) => set.size);
  showList();
}

function counted(number, noun) {
  return `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
}

function facet(title, name, counts, label) {
  const group = make("fieldset", {}, make("legend", {}, title));
  for (const [value, count] of counts) {
    const box = make("input", { type: "checkbox", name, value });
    group.append(make("label", {}, box, make("span", { class: "name" }, label(value)),
      make("span", { class: "number" }, count.toLocaleString("en"))));
  }
  return group;
}

function countOf(values) {
  const counts = new Map();
  for (const value of values) counts.set(value, (counts.get(value) || 0) + 1);
  return counts;
}

function byName(counts) {
  return [...counts].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

const items = files.flatMap((file) => file.t);
const total = items.length;
const kinds = countOf(items.map((item) => item.k));
const outcomes = Object.keys(KINDS).filter((kind) => kinds.has(kind)).map((kind) => [kind, kinds.get(kind)]);

function showFacets() {
  const codes = byName(countOf(items.map((item) => item.c).filter(Boolean)));
  const folders = byName(countOf(files.map(folderOf)));
  const owners = countOf(files.flatMap(ownersOf));
  facets.append(facet("Outcome", "kind", outcomes, (kind) => KINDS[kind]));
  if (codes.length) {
    facets.append(facet("Rule", "code", codes, (code) => (data.rules[code] ? `${code} ${data.rules[code][0]}` : code)));
  }
  if (folders.length > 1) facets.append(facet("Folder", "folder", folders, (folder) => folder));
  if (owners.size > 1 || !owners.has(NOBODY)) {
    const sorted = [...owners].sort(([, a], [, b]) => b - a);
    if (files.length) facets.append(facet("Owner", "owner", sorted, (owner) => owner));
  }
}

facets.addEventListener("change", (event) => {
  const { name, value, checked } = event.target;
  if (checked) chosen[name].add(value);
  else chosen[name].delete(value);
  filter();
});
facets.addEventListener("submit", (event) => event.preventDefault());

let waiting = 0;
search.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    filter();
  }, 120);
});

function showEverything() {
  for (const set of Object.values(chosen)) set.clear();
  facets.reset();
  search.value = "";
  words = [];
  filter();
}
reset.addEventListener("click", showEverything);
