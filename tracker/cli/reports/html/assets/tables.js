// The tables: one for each dimension, of which one is shown; a row leads to the next.
const FIRST = 15;
const COLUMNS = [
  { key: "name", title: row => row.title, sort: row => named(row.name), show: null },
  { key: "cost", title: "Cost", sort: row => row.cost, show: row => row.unpriced === row.calls ? "unknown" : money(row.cost) },
  { key: "share", title: "Share", sort: row => row.cost, show: null },
  { key: "calls", title: "Calls", sort: row => row.calls, show: row => whole.format(row.calls) },
  { key: "failed", title: "Failed", sort: row => row.failed / row.calls, show: row => row.failed ? percent(row.failed, row.calls) : "" },
  { key: "tokens", title: "Tokens", sort: row => row.input + row.output, show: row => short.format(row.input + row.output) },
  { key: "cached", title: "Cached", sort: row => row.input ? row.cached / row.input : -1, show: row => row.cached ? percent(row.cached, row.input) : "" },
  { key: "p50", title: "p50", hint: "half of the calls took no longer", sort: row => row.p50 ?? -1, show: row => seconds(row.p50) },
  { key: "p95", title: "p95", hint: "95 of 100 calls took no longer", sort: row => row.p95 ?? -1, show: row => seconds(row.p95) },
];

function choose(key, name) {
  if (state.filters.has(key) && state.filters.get(key) === name) state.filters.delete(key);
  else {
    state.filters.set(key, name);
    // To what is still open, in the order of the tabs.
    const open = DIMENSIONS.filter(one => !state.filters.has(one.key) && data.names[one.key].length > 1);
    if (state.by === key && open.length) state.by = (open.find(one => DIMENSIONS.indexOf(one) > DIMENSIONS.findIndex(d => d.key === key)) ?? open[0]).key;
  }
  state.search = place("search").value = "";
  changed();
}

// A change that can be taken back with the browser's own button.
function changed() {
  history.pushState(null, "", toAddress() || location.pathname + location.search);
  show();
}

function sorted(rows, dimension) {
  const { key = dimension.key === "time" ? "name" : "cost", up = dimension.key === "time" } = state.sort[dimension.key] ?? {};
  const { sort } = COLUMNS.find(column => column.key === key);
  const order = (a, b) => {
    const [x, y] = [sort(a), sort(b)];
    return typeof x === "string" ? x.localeCompare(y, "en", { numeric: true }) : x - y;
  };
  return { key, up, rows: rows.sort((a, b) => (up ? order(a, b) : order(b, a)) || b.calls - a.calls || order.length && named(a.name).localeCompare(named(b.name))) };
}

function showTabs(rows) {
  place("tabs").replaceChildren(...DIMENSIONS.map(({ key, title }) => make("button", {
    type: "button", role: "tab", id: `tab-${key}`, "aria-controls": `panel-${key}`, "data-key": `tab ${key}`,
    "aria-selected": String(state.by === key), tabindex: state.by === key ? "0" : "-1",
    onclick: () => { state.by = key; state.search = place("search").value = ""; changed(); },
  }, title, " ", make("span", { class: "many" }, whole.format(rows.get(key).length)))));
}

function showTables(rows) {
  showTabs(rows);
  place("panels").replaceChildren(...DIMENSIONS.map(dimension => panel(dimension, rows.get(dimension.key))));
}

function panel(dimension, all) {
  const isShown = state.by === dimension.key;
  const words = isShown ? state.search.toLowerCase().split(/\s+/).filter(Boolean) : [];
  const found = all.filter(row => words.every(word => named(row.name).toLowerCase().includes(word)));
  const { key, up, rows } = sorted(found, dimension);
  const most = state.shown[dimension.key] ?? FIRST;
  const head = COLUMNS.map(column => make("th", { scope: "col", "aria-sort": column.key === key ? (up ? "ascending" : "descending") : undefined },
    make("button", {
      type: "button", "data-key": `sort ${dimension.key} ${column.key}`, title: column.hint,
      onclick: () => {
        state.sort[dimension.key] = { key: column.key, up: column.key === key ? !up : column.key === "name" };
        show();
      },
    }, column.key === "name" ? dimension.title : column.title)));
  const whole_ = all.reduce((sum, row) => sum + row.cost, 0);
  const largest = Math.max(...all.map(row => row.cost), 1);
  const body = rows.slice(0, most).map(row => line(dimension, row, whole_, largest));
  const left = rows.length - most;
  return make("div", { class: "panel", role: "tabpanel", id: `panel-${dimension.key}`, "aria-labelledby": `tab-${dimension.key}`, hidden: !isShown },
    make("h3", {}, `By ${dimension.one}`),
    rows.length ? make("table", {}, make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...body)) : make("p", { class: "empty" }, words.length ? "No name is like that." : "No calls."),
    left > 0 ? make("p", { class: "rest" }, `${whole.format(most)} of ${whole.format(rows.length)}`) : null,
    left > 0 ? make("button", {
      type: "button", class: "more", "data-key": `more ${dimension.key}`,
      onclick: () => { state.shown[dimension.key] = most + 200; show(); },
    }, `Show ${left > 200 ? "200 more" : "all"} of ${whole.format(rows.length)}`) : null);
}

function line(dimension, row, all, largest) {
  const isChosen = state.filters.has(dimension.key) && state.filters.get(dimension.key) === row.name;
  const cells = COLUMNS.map(column => {
    if (column.key === "name") {
      return make("td", { class: row.name === null ? "none" : undefined }, make("button", {
        type: "button", class: "name", title: named(row.name), "aria-pressed": isChosen ? "true" : undefined,
        "data-key": `row ${dimension.key} ${row.name}`, onclick: () => choose(dimension.key, row.name),
      }, named(row.name)));
    }
    if (column.key === "share") {
      const bar = make("i", { "aria-hidden": "true" });
      bar.style.setProperty("--part", `${row.cost / largest * 100}%`);
      return make("td", { class: "part" }, make("span", { class: "meter" }, bar, make("span", {}, percent(row.cost, all))));
    }
    const warns = column.key === "failed" && row.failed / row.calls > 0.02 ? "is-bad" : undefined;
    return make("td", { class: warns }, column.show(row));
  });
  return make("tr", { class: isChosen ? "is-chosen" : undefined }, ...cells);
}
