// How large boxes are, and where wires enter and leave them. Takes boxes (see model.py), returns them with a size, ports and
// the shapes that stand below them. WIDTHS holds the widths of signs in thousandths of the size of the font.
"use strict";

const GAP = 26;              // from one box to the next below it: room for an arrow
const LABEL = 19;            // a shape below a box, from the box to the end of the text
const SIDE = 12;             // from a wire to its shape's text, and between a text and the rim of its box
const HEAD = 30;             // the heading of an open block
const PAD = 18;              // between an open block's rim and what is in it
const STACK = 4;             // how far the card behind a block that is repeated looks out

const FONT = {title: 12.5, detail: 12.5, name: 10.5, shape: 11, heading: 12.5, network: 17, subtitle: 12, legend: 11};

function width(text, size, weight) {
  let units = 0;
  for (const sign of text) units += WIDTHS[weight || "regular"][sign] || 1000;
  return (units * size) / 1000;
}

// The size of a box that is closed.
function closed(box) {
  if (box.form === "border") return {w: 0, h: 0};
  if (box.form === "sign") return {w: 24, h: 24};
  const title = width(box.title, FONT.title, "bold");
  const detail = box.detail ? 7 + width(box.detail, FONT.detail) : 0;
  const name = width(box.name, FONT.name);
  const text = box.form === "block" ? Math.max(title, width(box.detail, FONT.name), name) : Math.max(title + detail, name);
  const below = (box.name ? 14 : 0) + (box.form === "block" && box.detail ? 14 : 0);
  const least = box.form === "input" || box.form === "output" ? 0 : 84;
  return {w: Math.max(least, Math.ceil(text) + 2 * SIDE), h: 28 + below};
}

// A box with its size, its ports (the middles of wires that enter and leave it) and, where it is open, its inside.
function measured(box, opened) {
  if (box.body && opened.has(box.id)) {
    const inner = place(box.body, opened);
    const heading = Math.ceil(width(box.name, FONT.name) + width(box.title, FONT.heading, "bold")) + 4 * SIDE;
    const w = Math.max(inner.w + 2 * PAD, heading);
    const left = (w - inner.w) / 2;
    const h = HEAD + inner.h;
    return {box, w, h, open: true, inner, left, ins: inner.ins.map(x => x + left), outs: inner.outs.map(x => x + left)};
  }
  const {w, h} = closed(box);
  const outs = spaced(w, box.shapes.length);
  const ins = box.form === "block" ? spaced(w, box.takes) : box.takes ? [w / 2] : [];
  return {box, w, h, open: false, ins, outs, skirt: box.times > 1 ? STACK : 0};
}

const spaced = (w, count) => Array.from({length: count}, (_, i) => (w * (2 * i + 1)) / (2 * count));

// The port at which a wire enters a box: all arms of a join meet at one.
const entrance = (item, wire) => (item.box.form === "block" ? wire.to[1] : 0);

// The shapes that stand below a box, beside the wires that leave it.
function labels(item, used) {
  if (item.open) return [];
  return item.box.shapes.flatMap((text, slot) =>
    item.box.news[slot] && used.has(slot) ? [{text, slot, w: width(text, FONT.shape)}] : []);
}

// The extents of a box with its shapes and the card behind it, from its own top left corner.
function extents(item) {
  const right = Math.max(item.w + (item.skirt || 0), ...item.labels.map(label => item.outs[label.slot] + 6 + label.w + 6));
  return {right, below: item.h + Math.max(item.skirt || 0, item.labels.length ? LABEL : 0)};
}
