// Elements, and numbers as people read them.
const NONE = "(none)";
const place = id => document.getElementById(id);

function make(tag, given = {}, ...inside) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "onclick") element.addEventListener("click", value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...inside.filter(one => one !== null && one !== undefined));
  return element;
}

const whole = new Intl.NumberFormat("en");
const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const cents = new Intl.NumberFormat("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const few = new Intl.NumberFormat("en", { maximumSignificantDigits: 2 });

// Dollars, of billionths.  What is not nothing never looks like it.
function money(billionths) {
  const dollars = billionths / 1e9;
  const sign = dollars < 0 ? "−" : "";
  const amount = Math.abs(dollars);
  if (amount === 0) return "$0";
  if (amount >= 1e6) return `${sign}$${short.format(amount)}`;
  return sign + "$" + (amount >= 0.1 ? cents.format(amount) : few.format(amount));
}

function percent(part, whole) {
  if (!whole || part === null) return "";
  const value = part / whole * 100;
  return value > 0 && value < 0.1 ? "<0.1%" : `${value.toFixed(value >= 99.95 || value === 0 ? 0 : 1)}%`;
}

function seconds(ms) {
  if (ms === null) return "";
  return ms < 1000 ? `${Math.round(ms)} ms` : ms < 60000 ? `${(ms / 1000).toFixed(ms < 10000 ? 1 : 0)} s` : `${(ms / 60000).toFixed(1)} min`;
}

const named = name => name === null ? NONE : name === "" ? "(empty)" : name;
