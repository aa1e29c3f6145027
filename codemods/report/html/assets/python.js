// Colours for lines of Python: a line at a time, when it comes into view.

const KEYWORDS = new Set((
  "and as assert async await break case class continue def del elif else except False finally for " +
  "from global if import in is lambda match None nonlocal not or pass raise return True try while " +
  "with yield"
).split(" "));
const TOKEN = new RegExp([
  "(?<c>#.*)",
  "(?<open>[rRbBuUfFtT]{0,2}(?:\"\"\"|'''))",
  "(?<s>[rRbBuUfFtT]{0,2}(?:\"(?:[^\"\\\\]|\\\\.)*\"?|'(?:[^'\\\\]|\\\\.)*'?))",
  "(?<f>@[\\w.]+)",
  "(?<n>\\d[\\w.]*)",
  "(?<word>[\\p{L}_][\\p{L}\\p{N}_]*)",
  "(?<rest>\\s+|.)",
].join("|"), "yu");

/** Return [pieces, quotes]: pieces are [class, text], quotes those of a text that is still open. */
function painted(line, quotes) {
  const pieces = [];
  let at = 0;
  let named = false;
  if (quotes) {
    at = closing(line, 0, quotes);
    if (at < 0) return [[["s", line]], quotes];
    pieces.push(["s", line.slice(0, at)]);
  }
  while (at < line.length) {
    TOKEN.lastIndex = at;
    const found = TOKEN.exec(line);
    if (!found) break;
    const groups = found.groups;
    let [kind, text] = ["", found[0]];
    if (groups.open) {
      const opened = groups.open.slice(-3);
      const end = closing(line, at + groups.open.length, opened);
      pieces.push(["s", end < 0 ? line.slice(at) : line.slice(at, end)]);
      if (end < 0) return [pieces, opened];
      at = end;
      continue;
    }
    if (groups.word) {
      kind = KEYWORDS.has(text) ? "k" : named ? "f" : "";
      named = text === "def" || text === "class";
    } else {
      kind = groups.c ? "c" : groups.s ? "s" : groups.n ? "n" : groups.f ? "f" : "";
    }
    pieces.push([kind, text]);
    at += text.length;
  }
  if (at < line.length) pieces.push(["", line.slice(at)]);
  return [pieces, ""];
}

/** Return where the text that began with *quotes* ends, from *start* on; -1 if it goes on. */
function closing(line, start, quotes) {
  for (let at = start; at < line.length; at += 1) {
    if (line[at] === "\\") at += 1;
    else if (line.startsWith(quotes, at)) return at + 3;
  }
  return -1;
}
