// A laid-out body as SVG text. Takes what layout.js returns, returns elements whose classes say what they are; colours are
// the style sheet's. Texts carry the length that they were measured at, so that no other font makes them leave their box.
"use strict";

const ROUND = 7;             // of boxes, and of the corners of wires
const MARGIN = 20;

const escaped = text => text.replace(/[&<>"]/g, sign => ({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"})[sign]);
const n = value => `${Math.round(value * 10) / 10}`;

function label(text, x, y, size, kind, weight, anchor) {
  if (!text) return "";
  const at = anchor ? ` text-anchor="${anchor}"` : "";
  return `<text class="${kind}" x="${n(x)}" y="${n(y)}"${at} textLength="${n(width(text, size, weight))}" ` +
    `lengthAdjust="spacingAndGlyphs">${escaped(text)}</text>`;
}

function rect(kind, x, y, w, h, round) {
  return `<rect class="${kind}" x="${n(x)}" y="${n(y)}" width="${n(w)}" height="${n(h)}" rx="${round}"/>`;
}

// Two texts on one line, in the middle of a box.
function line(x, y, title, detail) {
  const first = width(title, FONT.title, "bold");
  const second = detail ? width(detail, FONT.detail) + 7 : 0;
  const left = x - (first + second) / 2;
  return label(title, left, y, FONT.title, "title", "bold") + label(detail, left + first + 7, y, FONT.detail, "detail");
}

function drawnBox(item, dx, dy) {
  const {box, w, h} = item;
  const x = item.x + dx, y = item.y + dy, middle = x + w / 2;
  const parts = [];
  if (item.open) {
    parts.push(rect("frame", x, y, w, h, ROUND + 3));
    parts.push(`<path class="head" d="M${n(x)} ${n(y + HEAD)}v${n(ROUND + 3 - HEAD)}a${ROUND + 3} ${ROUND + 3} 0 0 1 ` +
      `${ROUND + 3} ${-ROUND - 3}h${n(w - 2 * ROUND - 6)}a${ROUND + 3} ${ROUND + 3} 0 0 1 ${ROUND + 3} ${ROUND + 3}` +
      `v${n(HEAD - ROUND - 3)}z"/>`);
    parts.push(label(box.title, x + SIDE, y + 19.5, FONT.heading, "title", "bold"));
    parts.push(label(box.name, x + w - SIDE, y + 19, FONT.name, "name", "regular", "end"));
  } else if (box.form === "sign") {
    parts.push(`<circle class="shape" cx="${n(middle)}" cy="${n(y + h / 2)}" r="${n(h / 2)}"/>`);
    const arm = 5.5, slant = box.title === "×" ? ` transform="rotate(45 ${n(middle)} ${n(y + h / 2)})"` : "";
    const upright = box.title === "−" ? "" : `M${n(middle)} ${n(y + h / 2 - arm)}v${2 * arm}`;
    parts.push(`<path class="sign" d="M${n(middle - arm)} ${n(y + h / 2)}h${2 * arm}${upright}"${slant}/>`);
  } else {
    const round = box.form === "input" || box.form === "output" ? h / 2 : ROUND;
    if (box.body && box.times > 1) parts.push(rect("shape behind", x + STACK, y + STACK, w, h, round));
    parts.push(rect("shape", x, y, w, h, round));
    let base = y + 18.5;
    if (box.name) { parts.push(label(box.name, middle, base - 2.5, FONT.name, "name", "regular", "middle")); base += 14; }
    if (box.form === "block") {
      parts.push(label(box.title, middle, base, FONT.title, "title", "bold", "middle"));
      parts.push(label(box.detail, middle, base + 14, FONT.name, "name", "regular", "middle"));
    } else parts.push(line(middle, base, box.title, box.detail));
  }
  for (const told of item.labels)
    parts.push(label(told.text, x + item.outs[told.slot] + 6, y + h + (item.skirt || 0) + 14, FONT.shape, "told"));
  const opens = box.body ? (item.open ? " open" : " closed") : "";
  return `<g class="box ${box.kind}${opens}" data-id="${box.id}"><title>${escaped(box.tip)}</title>${parts.join("")}</g>`;
}

// A wire: straight lines, with round corners.
function drawnWire(wire, dx, dy) {
  const points = wire.points.map(([x, y]) => [x + dx, y + dy]);
  const last = points.length - 1;
  const ahead = wire.arrow ? direction(points[last - 1], points[last]) : [0, 0];
  const tip = points[last];
  points[last] = [tip[0] - ahead[0] * 5, tip[1] - ahead[1] * 5];
  let d = `M${n(points[0][0])} ${n(points[0][1])}`;
  for (let i = 1; i < last; i++) {
    const [before, at, after] = [points[i - 1], points[i], points[i + 1]];
    const r = Math.min(ROUND, distance(before, at) / 2, distance(at, after) / 2);
    const a = direction(before, at), b = direction(at, after);
    d += `L${n(at[0] - a[0] * r)} ${n(at[1] - a[1] * r)}Q${n(at[0])} ${n(at[1])} ${n(at[0] + b[0] * r)} ${n(at[1] + b[1] * r)}`;
  }
  d += `L${n(points[last][0])} ${n(points[last][1])}`;
  const wings = [[-6, -3.4], [-6, 3.4]].map(([along, across]) =>
    `${n(tip[0] + ahead[0] * along - ahead[1] * across)} ${n(tip[1] + ahead[1] * along + ahead[0] * across)}`);
  const arrow = wire.arrow ? `<path class="arrow" d="M${n(tip[0])} ${n(tip[1])}L${wings[0]}L${wings[1]}z"/>` : "";
  return `<g class="wire"><title>${escaped(wire.shape)}</title><path class="line" d="${d}"/>${arrow}</g>`;
}

const distance = (a, b) => Math.abs(a[0] - b[0]) + Math.abs(a[1] - b[1]);
const direction = (a, b) => { const l = Math.hypot(b[0] - a[0], b[1] - a[1]) || 1; return [(b[0] - a[0]) / l, (b[1] - a[1]) / l]; };

// A body, with what is in its open boxes, at a place.
function drawnBody(laid, dx, dy) {
  const boxes = laid.items.map(item => drawnBox(item, dx, dy) +
    (item.open ? drawnBody(item.inner, item.x + dx + item.left, item.y + dy + HEAD) : ""));
  return boxes.join("\n") + "\n" + laid.wires.map(wire => drawnWire(wire, dx, dy)).join("\n");
}

// The kinds of the boxes that are seen.
function seenKinds(laid, found) {
  for (const item of laid.items) {
    if (item.open) seenKinds(item.inner, found);
    else found.add(item.box.kind);
  }
  return found;
}

function legend(laid, words, x, y, room) {
  const seen = seenKinds(laid, new Set());
  const parts = [];
  let left = x, top = y;
  for (const [kind, word] of Object.entries(words)) {
    if (!seen.has(kind)) continue;
    const w = 18 + width(word, FONT.legend) + 16;
    if (left > x && left + w > x + room) { left = x; top += 20; }
    parts.push(`<g class="${kind}">${rect("shape", left, top - 9.5, 12, 12, 3)}</g>` +
      label(word, left + 18, top + 0.5, FONT.legend, "told"));
    left += w;
  }
  return {text: parts.join("\n"), bottom: top};
}

// The whole picture: its size, and the elements in it.
function drawn(picture, opened) {
  const laid = place(picture.body, new Set(opened));
  const words = Math.max(width(picture.name, FONT.network, "bold"), width(picture.subtitle, FONT.subtitle));
  const inner = Math.max(laid.w, words, 280);
  const key = legend(laid, picture.legend, MARGIN, MARGIN + 56, inner);
  const top = key.bottom + 28;
  const head = label(picture.name, MARGIN, MARGIN + 14, FONT.network, "network", "bold") +
    label(picture.subtitle, MARGIN, MARGIN + 33, FONT.subtitle, "subtitle");
  return {
    width: Math.ceil(inner + 2 * MARGIN),
    height: Math.ceil(top + laid.h + MARGIN),
    elements: `${head}\n${key.text}\n${drawnBody(laid, MARGIN + (inner - laid.w) / 2, top)}`,
  };
}
