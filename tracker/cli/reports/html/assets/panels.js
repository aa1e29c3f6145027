// What is said above the tables, and what needs a look below them.
function figure(title, value, note, tone) {
  return make("div", {}, make("dt", {}, title), make("dd", {},
    make("div", { class: `value ${tone ?? ""}` }, value), make("div", { class: "note" }, note)));
}

const counted = number => `${whole.format(number)} ${number === 1 ? "call" : "calls"}`;

function showFigures(all, outside) {
  const saved = all.real + all.declared;
  const rate = all.calls ? all.failed / all.calls : 0;
  place("figures").replaceChildren(
    figure("Cost", money(all.cost), all.calls > all.unpriced ? `${money(all.cost / (all.calls - all.unpriced))} a call` : ""),
    figure("Calls", whole.format(all.calls), `${short.format(all.input + all.output)} tokens`),
    figure("Failed", percent(all.failed, all.calls) || "0%", counted(all.failed), rate > 0.02 ? "is-bad" : ""),
    figure("Latency, half of calls", seconds(all.p50) || "–", all.p95 === null ? "none was told" : `95 of 100 in ${seconds(all.p95)}`),
    figure("From the cache", percent(all.cached, all.input) || "0%", `of the input; saved ${money(all.saved)}`),
    figure("Saved by batches", money(saved), `${money(all.real)} real, ${money(all.declared)} declared`),
    figure("Without a price", whole.format(all.unpriced), "calls, not in the cost", all.unpriced ? "is-fair" : ""),
    figure("Outside of contexts", whole.format(outside.calls), `calls, ${money(outside.cost)}`, outside.calls ? "is-fair" : ""),
  );
}

function showHead(all) {
  const times = data.names.time.filter(Boolean).sort();
  const asked = data.selection.map(([name, value]) => `${name} ${value}`).join(", ");
  const sampled = data.sampled > 1 ? ` Latencies are those of one call in ${whole.format(Math.round(data.sampled))}.` : "";
  const kept = data.kept ? ` Of each kind the ${data.kept} dearest names are told apart.` : "";
  place("title").textContent = all.calls ? `${money(all.cost)} for ${counted(all.calls)}` : "Nothing was recorded";
  place("kicker").textContent = "ai-usage";
  place("lead").textContent = (times.length ? `${times[0]} to ${times.at(-1)} (UTC), from ${data.place}` : `From ${data.place}`) + (asked ? `; only ${asked}` : "") + `.${kept}${sampled}`;
  document.title = `${place("title").textContent} - ai-usage`;
  place("foot").textContent = `Made ${data.made.replace("T", " ").replace(/\+00:00$/, "")} UTC. Costs are in US dollars, by the price lists at the time of each call; “declared” batch savings are those of blocks whose calls were not seen to go through a batch API, which providers bill in full.`;
}

function showPath(all, rows) {
  const chips = [...state.filters].map(([key, name]) => make("li", {}, make("button", {
    type: "button", "data-key": `chip ${key}`,
    onclick: () => { state.filters.delete(key); changed(); },
  }, make("span", { class: "of" }, key === "time" ? DIMENSIONS.at(-1).one : key), make("span", { class: "what" }, named(name)), make("span", { class: "unseen" }, "remove this filter"), make("span", { "aria-hidden": "true" }, "×"))));
  if (chips.length > 1) {
    chips.push(make("li", {}, make("button", { type: "button", class: "all", "data-key": "chip", onclick: () => { state.filters.clear(); changed(); } }, "Show everything")));
  }
  place("chips").replaceChildren(...chips);
  const dimension = DIMENSIONS.find(one => one.key === state.by);
  const number = rows.get(state.by).length;
  place("count").textContent = `${whole.format(number)} ${number === 1 ? dimension.one : dimension.many}, ${counted(all.calls)}, ${money(all.cost)}`;
}

const CARDS = [
  {
    key: "unpriced", title: "Calls without a price", none: "Every call has a price.",
    told: () => ["They are not in the cost. Where no list has a price, write one into a TOML file, name it with ", make("code", {}, "AI_USAGE_PRICES"), ", and run ", make("code", {}, "ai-usage reprice"), "."],
    head: ["Provider", "Model", "Why", "Endpoint", "Calls", "", "Last"], money: false,
  },
  {
    key: "outside", title: "Calls outside of all contexts", none: "Every call was made in a context.",
    told: () => ["Nobody can say what they were for. Put ", make("code", {}, "ai_usage_context"), " around them."],
    head: ["Place", "Model", "Calls", "Cost", "Last"], money: true,
  },
  {
    key: "failed", title: "Calls that failed", none: "No call failed.",
    told: () => ["After the client's own retries."],
    head: ["Failure", "Model", "Calls", "Cost", "Last"], money: true,
  },
];

function showCards() {
  place("cards").replaceChildren(...CARDS.map(({ key, title, none, told, head, money: hasCost }) => {
    const rows = data.attention[key];
    const texts = head.length - 3;
    const cells = row => row.map((value, at) => {
      if (at < texts) return make("td", { class: value === null ? "text none" : "text" }, value === null ? (key === "unpriced" ? "" : "unknown") : value);
      if (at === texts) return make("td", { class: "number" }, whole.format(value));
      if (at === texts + 1) return hasCost ? make("td", { class: "number" }, money(value / 1000)) : null;
      return make("td", { class: "number" }, (value ?? "").replace("T", " "));
    });
    const columns = head.map((name, at) => at === texts + 1 && !hasCost ? null : make("th", { scope: "col", class: at < texts ? "text" : undefined }, name));
    return make("section", { class: "card", "aria-labelledby": `card-${key}` }, make("h3", { id: `card-${key}` }, rows.length ? title : none),
      rows.length ? make("p", {}, ...told()) : null,
      rows.length ? make("table", {}, make("thead", {}, make("tr", {}, ...columns)), make("tbody", {}, ...rows.map(row => make("tr", {}, ...cells(row))))) : null);
  }));
}
