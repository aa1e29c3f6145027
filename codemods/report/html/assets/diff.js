// Elements for lines: hunks of a diff, side by side or unified, and excerpts.

/** Make an element with *attributes* and *children*; a text among them stays a text. */
function make(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value === true) made.setAttribute(key, "");
    else if (value !== false && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children.flat());
  return made;
}

function addressOf(file, side, line) {
  const path = file.p.split("/").map(encodeURIComponent).join("/");
  return `#${path}${line ? `:${side}${line}` : ""}`;
}

/** Return the lines of *hunk* with sign, text, numbers before and behind, and coloured pieces. */
function linesOf(file, hunk) {
  let [before, behind, oldQuotes, newQuotes] = hunk;
  const made = [];
  for (const raw of hunk[4]) {
    const line = { sign: raw[0], text: raw.slice(1) };
    if (line.sign === "\\") {
      made.push({ sign: "\\", text: raw.slice(2), pieces: [["meta", raw.slice(2)]] });
      continue;
    }
    if (line.sign !== "+") line.before = before++;
    if (line.sign !== "-") line.behind = behind++;
    if (file.l === "python") {
      const open = line.sign === "-" ? oldQuotes : newQuotes;
      const [pieces, rest] = painted(line.text, open);
      line.pieces = pieces;
      if (line.sign !== "+") oldQuotes = line.sign === "-" ? rest : painted(line.text, oldQuotes)[1];
      if (line.sign !== "-") newQuotes = rest;
    } else {
      line.pieces = [["", line.text]];
    }
    made.push(line);
  }
  return made;
}

/** Put each line that goes beside one that comes, as far as there are both. */
function paired(lines) {
  const rows = [];
  let at = 0;
  while (at < lines.length) {
    if (lines[at].sign === " " || lines[at].sign === "\\") {
      rows.push([lines[at], lines[at]]);
      at += 1;
      continue;
    }
    const gone = [];
    const come = [];
    for (; at < lines.length && "-+\\".includes(lines[at].sign); at += 1) {
      const line = lines[at];
      if (line.sign === "-" || (line.sign === "\\" && !come.length)) gone.push(line);
      else come.push(line);
    }
    for (const [left, right] of aligned(gone, come)) {
      if (left && right) markWords(left, right);
      rows.push([left, right]);
    }
  }
  return rows;
}

/** Return *gone* and *come* in pairs: first lines that differ in their indentation alone. */
function aligned(gone, come) {
  const rows = [];
  let [left, right] = [0, 0];
  for (const [i, j] of [...anchors(gone, come), [gone.length, come.length]]) {
    while (left < i || right < j) {
      rows.push([left < i ? gone[left++] : undefined, right < j ? come[right++] : undefined]);
    }
    if (i < gone.length) rows.push([gone[left++], come[right++]]);
  }
  return rows;
}

/** Return the places of a longest common sequence of lines, indentation aside. */
function anchors(gone, come) {
  const [n, m] = [gone.length, come.length];
  if (n * m > 40_000) return [];
  const same = (i, j) => gone[i].text.trim() === come[j].text.trim() && gone[i].text.trim() !== "";
  const length = Array.from({ length: n + 1 }, () => new Uint16Array(m + 1));
  for (let i = n - 1; i >= 0; i -= 1) {
    for (let j = m - 1; j >= 0; j -= 1) {
      length[i][j] = same(i, j) ? length[i + 1][j + 1] + 1 : Math.max(length[i + 1][j], length[i][j + 1]);
    }
  }
  const found = [];
  for (let i = 0, j = 0; i < n && j < m;) {
    if (same(i, j)) found.push([i++, j++]);
    else if (length[i + 1][j] >= length[i][j + 1]) i += 1;
    else j += 1;
  }
  return found;
}

/** Mark what differs in two lines that are alike. */
function markWords(gone, come) {
  const [a, b] = [gone.text, come.text];
  const least = Math.min(a.length, b.length);
  let head = 0;
  while (head < least && a[head] === b[head]) head += 1;
  let tail = 0;
  while (tail < least - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail += 1;
  const blank = a.length - a.trimStart().length;
  if (Math.min(head, blank) + tail + Math.max(head - blank, 0) < Math.max(a.length, b.length) * 0.4) return;
  gone.words = [head, a.length - tail];
  come.words = [head, b.length - tail];
}

/** Return the coloured text of *line* as nodes. */
function textOf(line) {
  const nodes = [];
  const [from, to] = line.words || [0, 0];
  let at = 0;
  for (const [kind, text] of line.pieces) {
    for (const [start, stop, marked] of [[at, from, false], [from, to, true], [to, Infinity, false]]) {
      const part = text.slice(Math.max(start, at) - at, Math.max(Math.min(stop, at + text.length) - at, 0));
      if (!part || start > at + text.length) continue;
      const classes = [kind, marked ? "w" : ""].filter(Boolean).join(" ");
      nodes.push(classes ? make("span", { class: classes }, part) : part);
    }
    at += text.length;
  }
  return nodes;
}

function numberCell(file, side, number, kind) {
  const cell = make("td", { class: `no ${kind}` });
  if (number) {
    const name = `${side === "L" ? "line before" : "line"} ${number}`;
    cell.append(make("a", { href: addressOf(file, side, number), "aria-label": name }, String(number)));
    cell.dataset.at = side + number;
  }
  return cell;
}

const KIND = { "-": "del", "+": "add", " ": "", "\\": "meta" };

function sideOf(file, line, side) {
  if (!line) return [0, 1, 2].map((at) => make("td", { class: ["no none", "sign none", "none"][at] }));
  const kind = KIND[line.sign];
  const number = side === "L" ? line.before : line.behind;
  return [
    numberCell(file, side, number, kind),
    make("td", { class: `sign ${kind}` }, line.sign.trim().replace("\\", "")),
    make("td", { class: `text ${kind}` }, textOf(line)),
  ];
}

function rowOf(file, line) {
  const kind = KIND[line.sign];
  return make("tr", {},
    numberCell(file, "L", line.before, kind),
    numberCell(file, "R", line.behind, kind),
    make("td", { class: `sign ${kind}` }, line.sign.trim().replace("\\", "")),
    make("td", { class: `text ${kind}` }, textOf(line)));
}

/** Return the table of a hunk; *beside* has what was and what is in two columns. */
function tableOf(file, hunk, beside) {
  const lines = linesOf(file, hunk);
  const pairs = paired(lines);
  const rows = beside
    ? pairs.map(([gone, come]) => make("tr", {}, sideOf(file, gone, "L"), sideOf(file, come, "R")))
    : lines.map((line) => rowOf(file, line));
  return make("div", { class: "lines" }, make("table", {}, make("tbody", {}, rows)));
}

/** Return the table of the lines around a place, that is of line *first*, and of what blocks it. */
function excerptOf(file, piece, first, block) {
  const rows = linesOf(file, piece).map((line) => make("tr",
    { class: line.before === first ? "is-place" : line.before === block ? "is-block" : undefined },
    numberCell(file, "L", line.before, ""),
    make("td", { class: "text" }, textOf(line))));
  return make("div", { class: "lines" }, make("table", {}, make("tbody", {}, rows)));
}
