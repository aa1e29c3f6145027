// The data, what is chosen of them, and their sums.
const DIMENSIONS = [
  { key: "operation", one: "operation", many: "operations", title: "Operation" },
  { key: "model", one: "model", many: "models", title: "Model" },
  { key: "job", one: "job", many: "jobs", title: "Job" },
  { key: "user", one: "user", many: "users", title: "User" },
  { key: "environment", one: "environment", many: "environments", title: "Environment" },
  { key: "time", one: "day", many: "days", title: "Day" },
];
const MEASURES = {
  cost: { title: "Cost", of: row => row.cost, show: money },
  calls: { title: "Calls", of: row => row.calls, show: value => whole.format(value) },
  tokens: { title: "Tokens", of: row => row.input + row.output, show: value => short.format(value) },
};
const SUMS = ["calls", "failed", "unpriced", "input", "output", "cached", "cost", "declared", "real"];
let data = null;
const state = { filters: new Map(), by: "operation", measure: "cost", sort: {}, shown: {}, search: "" };

async function unpacked(text) {
  const bytes = Uint8Array.from(atob(text.trim()), sign => sign.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

// What is made once of new data: which cached tokens saved how much, and what a time is called.
function prepared(given) {
  const rates = given.names.model.map(name => given.cache[name] ?? 0);
  const { model, cached, calls } = given.cells;
  given.cells.saved = cached.map((tokens, cell) => tokens * rates[model[cell]]);
  given.size = calls.length;
  const time = DIMENSIONS.at(-1);
  time.one = given.unit;
  time.many = `${given.unit}s`;
  time.title = given.unit[0].toUpperCase() + given.unit.slice(1);
  return given;
}

const empty = index => ({
  index, calls: 0, failed: 0, unpriced: 0, input: 0, output: 0, cached: 0, cost: 0, declared: 0, real: 0,
  saved: 0, took: [],
});

// For each cell the bits of the dimensions whose filter leaves it out.
function leftOut() {
  const out = new Uint8Array(data.size);
  DIMENSIONS.forEach(({ key }, bit) => {
    if (!state.filters.has(key)) return;
    const wanted = data.names[key].indexOf(state.filters.get(key));
    data.cells[key].forEach((index, cell) => { if (index !== wanted) out[cell] |= 1 << bit; });
  });
  return out;
}

// The sums by a dimension, whose own filter counts only where it is asked for; by none: of all.
function summed(out, key, own = false) {
  const bit = DIMENSIONS.findIndex(one => one.key === key);
  const mask = own || bit < 0 ? 0xff : 0xff & ~(1 << bit);
  const groups = key ? data.cells[key] : null;
  const rows = new Map();
  const row = index => rows.get(index) ?? rows.set(index, empty(index)).get(index);
  const { cells } = data;
  for (let cell = 0; cell < data.size; cell++) {
    if (out[cell] & mask) continue;
    const sums = row(groups ? groups[cell] : 0);
    for (const name of SUMS) sums[name] += cells[name][cell];
    sums.saved += cells.saved[cell];
  }
  const [at = [], ms = [], times = []] = data.took;
  for (let n = 0; n < at.length; n++) {
    if (!(out[at[n]] & mask)) row(groups ? groups[at[n]] : 0).took.push([ms[n], times[n]]);
  }
  for (const sums of rows.values()) {
    [sums.p50, sums.p95] = ranked(sums.took);
    sums.name = groups ? data.names[key][sums.index] : null;
  }
  return [...rows.values()];
}

// In what time half and 19 of 20 calls ended: the middle of the step in which that call is.
function ranked(took) {
  if (!took.length) return [null, null];
  took.sort((a, b) => a[0] - b[0]);
  const number = took.reduce((sum, [, times]) => sum + times, 0);
  return [0.5, 0.95].map(part => {
    let place = Math.ceil(number * part - 1e-9);
    const [ms] = took.find(([, times]) => (place -= times) <= 0);
    const step = ms < 200 ? 1 : ms < 2000 ? 10 : ms < 20000 ? 100 : 1000;
    return step === 1 ? ms : ms + step / 2;
  });
}

// What is chosen is in the address, so that going back takes it back.
function toAddress() {
  const told = new URLSearchParams();
  for (const [key, name] of state.filters) told.set(key, name === null ? NONE : name.startsWith("(") || name.startsWith("\\") ? `\\${name}` : name);
  if (state.by !== "operation") told.set("by", state.by);
  if (state.measure !== "cost") told.set("measure", state.measure);
  return told.size ? `#${told}` : "";
}

function fromAddress() {
  const told = new URLSearchParams(location.hash.slice(1));
  state.filters = new Map();
  for (const [key, name] of told) {
    if (DIMENSIONS.some(one => one.key === key)) {
      state.filters.set(key, name === NONE ? null : name.startsWith("\\") ? name.slice(1) : name);
    }
  }
  state.by = DIMENSIONS.some(one => one.key === told.get("by")) ? told.get("by") : "operation";
  state.measure = told.get("measure") in MEASURES ? told.get("measure") : "cost";
}
