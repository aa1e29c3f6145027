// The page as it is shown, its keys, its theme, and newer data where it is served.
const root = document.documentElement;

function show() {
  const focused = document.activeElement?.dataset?.key;
  const out = leftOut();
  const rows = new Map(DIMENSIONS.map(({ key }) => [key, summed(out, key)]));
  const all = summed(out, "", true)[0] ?? { ...empty(0), p50: null, p95: null };
  const outside = summed(out, "operation", true).find(row => row.name === null) ?? empty(0);
  showFigures(all, outside);
  showPath(all, rows);
  showTables(rows);
  showChart(out);
  if (focused && document.activeElement?.dataset?.key !== focused) {
    const same = document.querySelector(`[data-key="${CSS.escape(focused)}"]`);
    // What is gone or hidden now leads to where one goes on.
    (same?.offsetParent ? same : document.querySelector(`#panel-${state.by} .name`))?.focus({ preventScroll: true });
  }
}

function showAll(given) {
  data = prepared(given);
  showHead(summed(new Uint8Array(data.size), "", true)[0] ?? empty(0));
  showCards();
  show();
}

function setTheme(theme) {
  root.dataset.theme = theme;
  place("theme").textContent = theme === "dark" ? "Light" : "Dark";
  if (data) showChart(leftOut());
}
setTheme(matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
place("theme").addEventListener("click", () => setTheme(root.dataset.theme === "dark" ? "light" : "dark"));

function showMeasures() {
  place("measures").replaceChildren(...Object.entries(MEASURES).map(([key, { title }]) => make("button", {
    type: "button", "aria-pressed": String(state.measure === key), "data-key": `measure ${key}`,
    onclick: () => { state.measure = key; changed(); showMeasures(); },
  }, title)));
}

place("search").addEventListener("input", event => { state.search = event.target.value; show(); });
place("tabs").addEventListener("keydown", event => {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  const at = DIMENSIONS.findIndex(one => one.key === state.by);
  state.by = DIMENSIONS.at((at + step) % DIMENSIONS.length).key;
  changed();
  place(`tab-${state.by}`).focus();
});
place("help").addEventListener("click", () => place("keys").showModal());
place("close").addEventListener("click", () => place("keys").close());

function walk(step) {
  const names = [...document.querySelectorAll(`#panel-${state.by} .name`)];
  const at = names.indexOf(document.activeElement);
  names[at < 0 ? (step > 0 ? 0 : names.length - 1) : Math.min(Math.max(at + step, 0), names.length - 1)]?.focus();
}

const PRESSED = {
  j: () => walk(1),
  k: () => walk(-1),
  m: () => {
    const keys = Object.keys(MEASURES);
    state.measure = keys[(keys.indexOf(state.measure) + 1) % keys.length];
    changed();
    showMeasures();
  },
  "/": () => place("search").focus(),
  "?": () => place("keys").showModal(),
  Backspace: () => {
    const last = [...state.filters.keys()].at(-1);
    if (last !== undefined) { state.filters.delete(last); changed(); }
  },
};
addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey || place("keys").open) return;
  if (event.target.matches("input")) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const dimension = DIMENSIONS[Number(event.key) - 1];
  if (!PRESSED[event.key] && !dimension) return;
  event.preventDefault();
  if (dimension) { state.by = dimension.key; changed(); } else PRESSED[event.key]();
});
for (const moved of ["popstate", "hashchange"]) addEventListener(moved, () => { fromAddress(); showMeasures(); show(); });

// Where the page is served it asks for newer data, which the server has only if something was stored.
async function follow(address) {
  const told = place("live");
  let known = "";
  told.hidden = false;
  for (;;) {
    try {
      const answer = await fetch(address, { headers: known ? { "If-None-Match": known } : {}, cache: "no-store" });
      if (answer.status === 200) {
        const text = await answer.text();
        if (known) showAll(await unpacked(text));
        known = answer.headers.get("ETag") ?? "";
      }
      const isLost = answer.status !== 200 && answer.status !== 304;
      told.classList.toggle("is-lost", isLost);
      told.textContent = isLost ? "cannot be read" : "live";
    } catch {
      told.classList.add("is-lost");
      told.textContent = "stopped";
    }
    await new Promise(done => setTimeout(done, 3000));
  }
}

unpacked(place("data").textContent).then(given => {
  fromAddress();
  showMeasures();
  showAll(given);
  drawing.then(() => { document.body.dataset.ready = ""; });
  if (document.body.dataset.live) follow(document.body.dataset.live);
}).catch(error => {
  place("title").textContent = "This browser cannot show the page";
  place("lead").textContent = String(error);
});
