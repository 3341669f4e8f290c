// The page: keeps which blocks are open and which box is chosen, and draws again when that changes. The picture, the spec's
// text and the facts speak of one another by the ids of boxes.
"use strict";

const DATA = JSON.parse(document.getElementById("data").textContent);
const at = id => document.getElementById(id);
const parents = new Map();                  // the block that each box is in
const holders = new Map();                  // "file:line" -> the boxes that stem from it
const order = [];                           // every box, each before those in it

let opened = new Set(DATA.opened);
let chosen = null;
let scale = 1;
let size = {width: 1, height: 1};

(function walk(body, parent) {
  for (const box of body.boxes) {
    order.push(box);
    parents.set(box.id, parent);
    const place = DATA.boxes[box.id].place;
    for (let line = place ? place[1] : 1; place && line <= place[3]; line++) {
      const key = `${place[0]}:${line}`;
      holders.set(key, [...(holders.get(key) || []), box.id]);
    }
    if (box.body) walk(box.body, box.id);
  }
})(DATA.picture.body, null);

const boxes = new Map(order.map(box => [box.id, box]));
const element = id => at("picture").querySelector(`[data-id="${id}"]`);

// The box itself, or the closed block that hides it.
function seen(id) {
  let found = id;
  for (let up = parents.get(id); up; up = parents.get(up)) if (!opened.has(up)) found = up;
  return found;
}

function draw() {
  const made = drawn(DATA.picture, [...opened]);
  size = made;
  at("picture").innerHTML = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${made.width} ${made.height}" role="img">` +
    `<rect class="paper" width="100%" height="100%"/>${made.elements}</svg>`;
  for (const group of at("picture").querySelectorAll(".box")) {
    group.setAttribute("tabindex", "0");
    if (boxes.get(group.dataset.id).body) group.setAttribute("aria-expanded", opened.has(group.dataset.id));
  }
  zoom(scale);
  mark();
}

function zoom(to) {
  scale = Math.min(4, Math.max(0.05, to));
  const svg = at("picture").querySelector("svg");
  svg.setAttribute("width", size.width * scale);
  svg.setAttribute("height", size.height * scale);
}

// A change of what is open leaves the box that was clicked where it is on the screen.
function toggle(id) {
  const before = element(id).getBoundingClientRect();
  if (opened.has(id)) opened.delete(id); else opened.add(id);
  draw();
  const after = element(id).getBoundingClientRect();
  at("picture").scrollBy(after.left + after.width / 2 - before.left - before.width / 2, after.top - before.top);
}

function choose(id, move) {
  chosen = id;
  tell(DATA.boxes[id]);
  mark();
  const place = DATA.boxes[id].place;
  if (place) rowOf(place[0], place[1]).scrollIntoView({block: "nearest"});
  if (move) element(seen(id)).scrollIntoView({block: "center", inline: "center"});
}

// Everything that is in is opened, so that a box is seen.
function reveal(id) {
  for (let up = parents.get(id); up; up = parents.get(up)) opened.add(up);
  draw();
  choose(id, true);
}

// The chosen box, and the words of the spec that it stems from.
function mark() {
  for (const old of at("picture").querySelectorAll(".chosen")) old.classList.remove("chosen");
  for (const old of at("text").querySelectorAll(".l.chosen")) { old.classList.remove("chosen"); old.querySelector("code").innerHTML = old.plain; }
  if (chosen === null) return;
  element(seen(chosen)).classList.add("chosen");
  const place = DATA.boxes[chosen].place;
  if (place) for (let number = place[1]; number <= place[3]; number++) {
    const row = rowOf(place[0], number);
    const first = number === place[1] ? place[2] - 1 : 0;
    const last = number === place[3] ? place[4] - 1 : Infinity;
    row.classList.add("chosen");
    row.querySelector("code").innerHTML = coloured(row.text, first, last);
  }
  light(chosen);
}

function light(id) {
  dark();
  if (id === null) return;
  const place = DATA.boxes[id].place;
  if (place) for (let number = place[1]; number <= place[3]; number++) rowOf(place[0], number).classList.add("lit");
}

// The boxes that stem from a line.
function lightBoxes(row) {
  for (const id of (row && holders.get(row.dataset.line)) || []) element(seen(id)).classList.add("lit");
}

function dark() {
  for (const old of document.querySelectorAll(".lit")) old.classList.remove("lit");
}

const rowOf = (file, number) => at("text").querySelector(`[data-line="${file}:${number}"]`);

function tell(box) {
  const pairs = box.facts.map(([word, fact]) => `<dt>${escaped(word)}</dt><dd>${escaped(fact)}</dd>`).join("");
  at("facts").innerHTML = `<h2>${escaped(box.call)}</h2>${box.doc ? `<p>${escaped(box.doc)}</p>` : ""}<dl>${pairs}</dl>`;
}

const WORDS = /(#.*$)|("(?:[^"\\]|\\.)*")|\b(network|block|fn|from|import|input|output|where|expect|shared|inline|repeat|for|in|if|else|with|and|or|not|true|false|none)\b|\b(\d[\d_]*(?:\.\d+)?)\b/g;

// A line of the spec in colours, the characters from `first` to `last` marked.
function coloured(text, first, last) {
  const kinds = new Array(text.length).fill("");
  for (const found of text.matchAll(WORDS)) {
    const kind = ["c", "s", "k", "n"][[1, 2, 3, 4].findIndex(group => found[group] !== undefined)];
    kinds.fill(kind, found.index, found.index + found[0].length);
  }
  const until = Math.min(last, text.length);
  const marked = until > first ? `<mark>${tinted(text, kinds, first, until)}</mark>` : "";
  return tinted(text, kinds, 0, first) + marked + tinted(text, kinds, Math.max(first, until), text.length);
}

function tinted(text, kinds, start, stop) {
  let result = "";
  for (let i = start; i < stop; ) {
    let end = i + 1;
    while (end < stop && kinds[end] === kinds[i]) end++;
    const word = escaped(text.slice(i, end));
    result += kinds[i] ? `<span class="${kinds[i]}">${word}</span>` : word;
    i = end;
  }
  return result;
}

function write() {
  at("text").innerHTML = DATA.texts.map(({name}, file) => `<h2>${escaped(name)}</h2><div data-file="${file}"></div>`).join("");
  DATA.texts.forEach(({text}, file) => {
    const home = at("text").querySelector(`[data-file="${file}"]`);
    text.replace(/\n$/, "").split(/\r?\n/).forEach((words, i) => {
      const row = document.createElement("div");
      row.className = holders.has(`${file}:${i + 1}`) ? "l has" : "l";
      row.dataset.line = `${file}:${i + 1}`;
      row.text = words;
      row.plain = coloured(words, 0, 0);
      row.innerHTML = `<b>${i + 1}</b><code>${row.plain}</code>`;
      home.append(row);
    });
  });
}

function find(words) {
  const parts = words.toLowerCase().split(/\s+/).filter(Boolean);
  const found = parts.length ? order.filter(box => {
    const {paths, call} = DATA.boxes[box.id];
    const text = `${paths.join(" ")} ${call}`.toLowerCase();
    return parts.every(part => text.includes(part));
  }) : [];
  at("found").hidden = !parts.length;
  at("found").innerHTML = found.slice(0, 100).map((box, i) => {
    const {paths, call} = DATA.boxes[box.id];
    return `<li data-id="${box.id}"${i ? "" : ' class="at"'}>${escaped(paths[0])}<span>${escaped(call)}</span></li>`;
  }).join("") + (found.length > 100 ? `<em>${found.length - 100} more</em>` : "") + (found.length ? "" : "<em>nothing found</em>");
}

function step(by) {
  const items = [...at("found").querySelectorAll("li")];
  const now = items.findIndex(item => item.classList.contains("at"));
  if (!items.length) return;
  if (now >= 0) items[now].classList.remove("at");
  const next = items[(now + by + items.length) % items.length];
  next.classList.add("at");
  next.scrollIntoView({block: "nearest"});
}

function take(item) {
  if (!item) return;
  at("found").hidden = true;
  reveal(item.dataset.id);
}

at("picture").addEventListener("click", event => {
  const group = event.target.closest(".box");
  if (!group) return;
  act(group.dataset.id, event.target.classList.contains("frame"));
});

// A closed block opens, an open one is folded by its heading, anything tells its facts.
function act(id, isGround) {
  const box = boxes.get(id);
  if (box.body && !isGround) toggle(id);
  choose(id, false);
}

at("picture").addEventListener("keydown", event => {
  const group = event.target.closest(".box");
  if (!group || (event.key !== "Enter" && event.key !== " ")) return;
  event.preventDefault();
  act(group.dataset.id, false);
  element(group.dataset.id).focus({preventScroll: true});
});

at("picture").addEventListener("mouseover", event => {
  const group = event.target.closest(".box");
  light(group ? group.dataset.id : chosen);
});
at("picture").addEventListener("mouseleave", () => light(chosen));

at("picture").addEventListener("wheel", event => {
  if (!event.ctrlKey) return;
  event.preventDefault();
  zoom(scale * Math.exp(-event.deltaY / 300));
}, {passive: false});

at("text").addEventListener("mouseover", event => {
  light(chosen);
  lightBoxes(event.target.closest(".l"));
});
at("text").addEventListener("mouseleave", () => light(chosen));
at("text").addEventListener("click", event => {
  const row = event.target.closest(".l.has");
  if (!row) return;
  const ids = holders.get(row.dataset.line);
  const shown = ids.find(id => seen(id) === id && boxes.get(id).form !== "block") || ids.find(id => seen(id) === id) || ids[0];
  choose(shown, true);
  lightBoxes(row);
});

at("search").addEventListener("input", event => find(event.target.value));
at("search").addEventListener("focus", event => find(event.target.value));
at("search").addEventListener("keydown", event => {
  if (event.key === "ArrowDown") step(1);
  else if (event.key === "ArrowUp") step(-1);
  else if (event.key === "Enter") take(at("found").querySelector(".at"));
  else if (event.key === "Escape") { at("found").hidden = true; event.target.blur(); }
  else return;
  event.preventDefault();
});
at("found").addEventListener("mousedown", event => { event.preventDefault(); take(event.target.closest("li")); });
at("search").addEventListener("blur", () => { at("found").hidden = true; });

at("fold").addEventListener("click", () => { opened = new Set(); draw(); });
at("open").addEventListener("click", () => {
  const next = order.filter(box => box.body && !opened.has(box.id) && (parents.get(box.id) === null || opened.has(parents.get(box.id))));
  for (const box of next) opened.add(box.id);
  draw();
});
at("larger").addEventListener("click", () => zoom(scale * 1.25));
at("smaller").addEventListener("click", () => zoom(scale / 1.25));
at("whole").addEventListener("click", () => {
  const room = at("picture").getBoundingClientRect();
  zoom(Math.min(1, (room.width - 20) / size.width, (room.height - 20) / size.height));
});
at("theme").addEventListener("click", () => { document.body.className = document.body.className === "dark" ? "light" : "dark"; });

const system = matchMedia("(prefers-color-scheme: dark)");
document.body.className = DATA.look === "auto" ? (system.matches ? "dark" : "light") : DATA.look;
if (DATA.look === "auto") system.addEventListener("change", () => { document.body.className = system.matches ? "dark" : "light"; });

document.addEventListener("keydown", event => {
  if (event.key === "/" && document.activeElement !== at("search")) { event.preventDefault(); at("search").focus(); }
});

write();
draw();
tell(DATA.network);
at("facts").insertAdjacentHTML("beforeend", "<p>A click opens a block, and its heading folds it again. Ctrl and the wheel zoom.</p>");
