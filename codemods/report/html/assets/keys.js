// Keys, addresses of lines, colours, paper; and the beginning.

const root = document.documentElement;
const dialog = document.getElementById("keys");
const layout = document.getElementById("layout");
const theme = document.getElementById("theme");
const all = document.getElementById("all");
const prefers = matchMedia("(prefers-color-scheme: dark)");

function setTheme(dark) {
  root.dataset.theme = dark ? "dark" : "light";
  theme.textContent = dark ? "Light" : "Dark";
}

function setLayout(beside) {
  wantsBeside = beside;
  layout.setAttribute("aria-pressed", String(beside));
  showBodies();
}

function setAll(isOpen) {
  allOpen = isOpen;
  all.textContent = isOpen ? "Collapse all" : "Expand all";
  if (!isOpen) opened.clear();
  showList();
}

theme.addEventListener("click", () => setTheme(root.dataset.theme !== "dark"));
prefers.addEventListener("change", () => setTheme(prefers.matches));
layout.addEventListener("click", () => setLayout(!wantsBeside));
narrow.addEventListener("change", showBodies);
all.addEventListener("click", () => setAll(!allOpen));
document.getElementById("help").addEventListener("click", () => dialog.showModal());
document.getElementById("close").addEventListener("click", () => dialog.close());

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || dialog.open) return;
  const typing = event.target instanceof HTMLInputElement && event.target.type === "search";
  if (typing && event.key !== "Escape") return;
  const actions = {
    j: () => moveTo(here + 1),
    k: () => moveTo(here < 0 ? 0 : here - 1),
    e: () => { if (list.children[here]) toggle(list.children[here]); },
    E: () => setAll(!allOpen),
    s: () => setLayout(!wantsBeside),
    "/": () => search.focus(),
    "?": () => dialog.showModal(),
    Escape: () => { if (typing) search.blur(); },
  };
  const action = actions[event.key];
  if (!action) return;
  event.preventDefault();
  action();
});

/** Show the line that the address names: its file is opened, whatever was filtered. */
function follow() {
  const text = location.hash.slice(1);
  if (!text) return;
  let address = text;
  try {
    address = decodeURIComponent(text);
  } catch {
    return; // it is no address of this page
  }
  const found = /^(.*?)(?::([LR]\d+))?$/s.exec(address);
  const at = byPath.get(found[1]);
  if (at === undefined) return;
  let index = view.findIndex((entry) => entry.at === at);
  if (index < 0) {
    showEverything();
    index = view.findIndex((entry) => entry.at === at);
  }
  extend(index + CHUNK);
  const card = list.children[index];
  open(card, view[index]);
  moveTo(index);
  for (const old of document.querySelectorAll(".is-target")) old.classList.remove("is-target");
  const cell = found[2] && card.querySelector(`td[data-at="${found[2]}"]`);
  if (!cell) return;
  let marked = cell;
  do {
    marked.classList.add("is-target");
    marked = marked.nextElementSibling;
  } while (marked && !marked.classList.contains("no"));
  cell.scrollIntoView({ block: "center" });
}
addEventListener("hashchange", follow);

let before = null;
addEventListener("beforeprint", () => {
  before = { allOpen, wantsBeside };
  wantsBeside = false;
  allOpen = true;
  list.replaceChildren();
  extend(view.length);
});
addEventListener("afterprint", () => {
  ({ allOpen, wantsBeside } = before);
  if (!allOpen) opened.clear();
  showList();
});

function showSummary() {
  const rewrites = ["proven", "assumed", "unsafe"].reduce((sum, kind) => sum + (kinds.get(kind) || 0), 0);
  const sites = rewrites + (kinds.get("refusal") || 0);
  const [kicker, title] = data.linted
    ? ["lint", counted(kinds.get("finding") || 0, "finding")]
    : [data.migrated ? "migration" : "report", sites ? `${rewrites.toLocaleString("en")} of ${counted(sites, "place")} ` +
        (data.written ? (rewrites === 1 ? "is rewritten" : "are rewritten") : "can be rewritten") : "Nothing is left to do"];
  document.getElementById("kicker").textContent = `ai-usage ${data.version} ${kicker}`.replace("  ", " ");
  document.getElementById("title").textContent = title;
  document.getElementById("lead").textContent = data.summary;
  document.title = `${title} - ai-usage`;
  const bar = document.getElementById("progress");
  const legend = document.getElementById("legend");
  for (const [kind, count] of outcomes) {
    const part = make("span", { class: `is-${kind}` });
    part.style.flexGrow = count;
    bar.append(part);
    legend.append(make("li", {}, make("span", { class: `dot is-${kind}` }), make("b", {}, count.toLocaleString("en")), named(kind, count)));
  }
  const notes = document.getElementById("notes");
  const said = [...data.runtimes.map((why) => `The rewrites assume that contexts do what the guide says: ${why}.`), ...data.warnings];
  notes.append(...said.map((text) => make("p", {}, text)));
  notes.hidden = !said.length;
}

setTheme(prefers.matches);
document.getElementById("filters").open = !matchMedia("(max-width: 900px)").matches;
showSummary();
showFacets();
filter();
follow();
root.dataset.ready = "true";
