// The chart: what is chosen by time, stacked by what the table is by; drawn by Bokeh.
const COLOURS = 8;
const LENGTHS = { day: 864e5, week: 7 * 864e5, month: 28 * 864e5 };
let drawn = null;
let drawing = Promise.resolve();
let bars = null;

// The columns of the chart: times in order, and the dearest names with what each has in each time.
function stacked(out) {
  const by = state.by === "time" ? null : state.by;
  const measure = MEASURES[state.measure];
  const times = new Map();
  const cells = data.cells;
  const ranks = (by ? summed(out, by, true) : []).sort((a, b) => measure.of(b) - measure.of(a));
  const alone = ranks.length > COLOURS ? COLOURS - 1 : COLOURS;
  const places = new Map(ranks.map((row, place) => [row.index, Math.min(place, alone)]));
  const names = by ? ranks.slice(0, alone).map(row => row.name) : [undefined];
  if (ranks.length > alone) names.push(undefined);
  for (let cell = 0; cell < data.size; cell++) {
    if (out[cell]) continue;
    const at = Date.parse(`${data.names.time[cells.time[cell]]}T00:00:00Z`);
    if (Number.isNaN(at)) continue;
    const column = times.get(at) ?? times.set(at, names.map(() => 0)).get(at);
    const values = { cost: cells.cost[cell], calls: cells.calls[cell], input: cells.input[cell], output: cells.output[cell] };
    column[by ? places.get(cells[by][cell]) : 0] += measure.of(values);
  }
  const order = [...times.keys()].sort((a, b) => a - b);
  return { by, names, others: ranks.length - alone, times: order, columns: order.map(at => times.get(at)) };
}

const label = (chart, place) => {
  const name = chart.names[place];
  return name !== undefined ? named(name) : chart.by ? `${whole.format(chart.others)} others` : "All";
};
const colour = (chart, place) =>
  chart.by && chart.names[place] === undefined ? `c${COLOURS - 1}` : `c${place}`;
const shades = new Map();

// A colour of the theme; it is told from the others by how it stands in a drawing.
function painted(name) {
  const shade = getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const parts = [1, 3, 5].map(at => parseInt(shade.slice(at, at + 2), 16));
  for (const spelled of [shade, `rgb(${parts.join(",")})`]) shades.set(spelled, name);
  return shade;
}

function showChart(out) {
  const chart = stacked(out);
  const measure = MEASURES[state.measure];
  const time = DIMENSIONS.at(-1);
  const dimension = DIMENSIONS.find(one => one.key === state.by);
  place("chart-title").textContent = `${measure.title} by ${time.one}${chart.by ? ` and ${dimension.one}` : ""}`;
  const sums = chart.columns.map(column => column.reduce((a, b) => a + b, 0));
  const top = sums.indexOf(Math.max(...sums));
  place("chart-told").textContent = sums.length
    ? `${sums.length} ${sums.length === 1 ? time.one : time.many}; most on ${said(chart.times[top])}: ${measure.show(sums[top])}. The tables below have all figures.`
    : "No calls.";
  showLegend(chart);
  bars = chart;
  // One after the other: each takes the place of the one before.
  drawing = drawing.then(() => draw(chart, measure)).catch(error => console.error(error));
}

function showLegend(chart) {
  const entries = chart.names.map((name, at) => {
    const dot = make("span", { class: "dot", "aria-hidden": "true" });
    dot.style.background = `var(--${colour(chart, at)})`;
    const what = make("span", { class: "what" }, label(chart, at));
    const inside = name === undefined
      ? make("span", { class: "entry" }, dot, what)
      : make("button", { type: "button", "data-key": `legend ${name}`, title: `Only ${named(name)}`, onclick: () => choose(chart.by, name) }, dot, what);
    return make("li", {}, inside);
  });
  place("legend").replaceChildren(...(chart.by ? entries : []));
}

function said(at) {
  const options = data.unit === "month" ? { year: "numeric", month: "long" } : { year: "numeric", month: "short", day: "numeric" };
  const text = new Date(at).toLocaleDateString("en", { ...options, timeZone: "UTC" });
  return data.unit === "week" ? `the week of ${text}` : text;
}

async function draw(chart, measure) {
  Bokeh.logger.set_level("error");
  const target = place("chart");
  const length = LENGTHS[data.unit];
  const [from, to] = chart.times.length ? [chart.times[0], chart.times.at(-1) + length] : [0, length];
  // One day alone is no wall.
  const pad = Math.max(length * 0.4, (9 * length - (to - from)) / 2);
  const figure = Bokeh.Plotting.figure({
    height: 300, sizing_mode: "stretch_width", x_axis_type: "datetime", toolbar_location: null, tools: "",
    x_range: new Bokeh.Range1d({ start: from - pad, end: to + pad }), min_border: 0, output_backend: "svg",
    background_fill_alpha: 0, border_fill_alpha: 0, outline_line_color: null,
  });
  const soft = painted("soft"), rule = painted("rule"), font = getComputedStyle(document.body).fontFamily;
  for (const axis of figure.axes) {
    Object.assign(axis, {
      axis_line_color: rule, major_tick_line_color: null, minor_tick_line_color: null,
      major_label_text_color: soft, major_label_text_font: font, major_label_text_font_size: "12px",
    });
  }
  figure.xaxes[0].formatter = new Bokeh.DatetimeTickFormatter({ hours: "%H:%M", days: "%b %e", months: "%b %Y", years: "%Y" });
  figure.yaxes[0].formatter.doFormat = ticks => ticks.map(tick => measure.show(tick));
  figure.yaxes[0].axis_line_color = null;
  figure.xgrids[0].visible = false;
  figure.ygrids[0].grid_line_color = rule;
  figure.y_range = new Bokeh.Range1d({ start: 0, end: Math.max(...chart.columns.map(column => column.reduce((a, b) => a + b, 0)), 1) * 1.05 });
  const below = chart.times.map(() => 0);
  chart.names.forEach((_, at) => {
    const bottom = [...below];
    chart.columns.forEach((column, n) => { below[n] += column[at]; });
    const source = new Bokeh.ColumnDataSource({ data: { x: chart.times.map(one => one + length / 2), bottom, top: [...below] } });
    figure.vbar({
      x: { field: "x" }, top: { field: "top" }, bottom: { field: "bottom" }, source, width: length * 0.82,
      fill_color: painted(colour(chart, at)), line_color: null,
    });
  });
  // Paper is narrower than the window for which it was drawn.
  target.style.setProperty("--shrink", Math.min(1, 640 / target.clientWidth));
  const before = drawn;
  target.replaceChildren();
  drawn = await Bokeh.Plotting.show(figure, target);
  before?.remove?.();
}

// Paper has colours of its own, and waits for no drawing: what is drawn asks for its colours by name.
function takeColoursByName(within = place("chart")) {
  for (const part of within.querySelectorAll("*")) {
    if (part.shadowRoot) takeColoursByName(part.shadowRoot);
    for (const what of ["fill", "stroke"]) {
      const name = shades.get(part.getAttribute(what));
      if (name) part.setAttribute(what, `var(--${name})`);
    }
  }
}
addEventListener("beforeprint", () => takeColoursByName());
matchMedia("print").addEventListener("change", () => takeColoursByName());

// What is below the pointer: a time, and the name whose bar is there.
function below(event) {
  const frame = drawn?.frame?.bbox;
  if (!frame || !bars?.times.length) return null;
  const box = place("chart").getBoundingClientRect();
  const x = drawn.frame.x_scale.invert(event.clientX - box.left);
  const y = drawn.frame.y_scale.invert(event.clientY - box.top);
  const length = LENGTHS[data.unit];
  const at = bars.times.findIndex(time => x >= time && x < time + length);
  if (at < 0) return null;
  let sum = 0;
  const name = bars.columns[at].findIndex(value => y >= sum && y < (sum += value));
  return { at, name };
}

function showTip(event) {
  const found = below(event);
  const tip = place("tip");
  tip.hidden = !found;
  place("chart").style.cursor = found ? "pointer" : "";
  if (!found) return;
  const { show } = MEASURES[state.measure];
  const values = bars.columns[found.at];
  const lines = values.map((value, at) => [value, at]).filter(([value]) => value).reverse().map(([value, at]) => {
    const dot = make("span", { class: "dot" });
    dot.style.background = `var(--${colour(bars, at)})`;
    return make("div", {}, dot, make("span", { class: "what" }, label(bars, at)), make("span", {}, show(value)));
  });
  const sum = values.reduce((a, b) => a + b, 0);
  tip.replaceChildren(make("b", {}, `${said(bars.times[found.at])}: ${show(sum)}`), ...(bars.by ? lines : []));
  const sheet = tip.offsetParent.getBoundingClientRect();
  const left = event.clientX - sheet.left + 16;
  tip.style.left = `${left + tip.offsetWidth > sheet.width ? left - tip.offsetWidth - 32 : left}px`;
  tip.style.top = `${Math.max(8, event.clientY - sheet.top - tip.offsetHeight / 2)}px`;
}

place("chart").addEventListener("pointermove", showTip);
place("chart").addEventListener("pointerleave", () => { place("tip").hidden = true; });
place("chart").addEventListener("click", event => {
  const found = below(event);
  if (!found) return;
  place("tip").hidden = true;
  const name = bars.names[found.name];
  if (bars.by && name !== undefined) choose(bars.by, name);
  else choose("time", data.names.time.find(one => Date.parse(`${one}T00:00:00Z`) === bars.times[found.at]));
});
