// Where boxes stand and how wires run. Takes a body (see model.py) and the set of open blocks, returns the same boxes with
// places and the wires with corners, all in pixels from the body's own top left corner. Knows no colours and no page.
//
// A body is cut where one value alone flows from what is above to what is below. Such pieces stand below one another on one
// axis; a piece of several boxes is laid out by ELK (pieces.js).
"use strict";

// Boxes and wires of a body, with a box of no size for every value that crosses its border.
function bordered(body) {
  const border = (slot, takes) => ({form: "border", id: "", shapes: takes ? [] : [""], news: [false], takes});
  const boxes = [
    ...Array.from({length: body.takes}, (_, slot) => border(slot, 0)),
    ...body.boxes,
    ...Array.from({length: body.leaves}, (_, slot) => border(slot, 1)),
  ];
  const from = ([box, slot]) => (box < 0 ? [slot, 0] : [box + body.takes, slot]);
  const to = ([box, slot]) => (box < 0 ? [body.takes + body.boxes.length + slot, 0] : [box + body.takes, slot]);
  return {boxes, wires: body.wires.map(([a, b, shape]) => ({from: from(a), to: to(b), shape}))};
}

// The last index of each piece: after it one value alone, its last box's own, is still wanted.
function cuts(count, wires) {
  const last = new Map();
  for (const {from, to} of wires) last.set(from.join(), Math.max(last.get(from.join()) || 0, to[0]));
  const found = [];
  const live = new Map();
  for (let i = 0; i < count; i++) {
    for (const [key, end] of last) if (+key.split(",")[0] === i) live.set(key, end);
    for (const [key, end] of live) if (end <= i) live.delete(key);
    const owners = [...live.keys()].map(key => +key.split(",")[0]);
    if (owners.length === 0 || (owners.length === 1 && owners[0] === i)) found.push(i);
  }
  if (found[found.length - 1] !== count - 1) found.push(count - 1);
  return found;
}

// The layout of a body: its size, where wires cross its border, its boxes, its wires.
function place(body, opened) {
  const {boxes, wires} = bordered(body);
  const items = boxes.map((box, i) => {
    const item = measured(box, opened);
    item.labels = labels(item, new Set(wires.filter(w => w.from[0] === i).map(w => w.from[1])));
    return item;
  });
  const above = ancestors(boxes.length, wires);
  for (const wire of wires) wire.side = isShortcut(wire, boxes, wires, above);
  items.forEach((item, i) => { item.sides = doors(item, wires.filter(wire => wire.side && wire.to[0] === i)); });

  const paths = new Map();
  let top = 0, start = 0, entering = null;
  for (const end of cuts(boxes.length, wires)) {
    const inside = wires.filter(w => w.from[0] >= start && w.to[0] <= end);
    const given = wires.filter(w => w.from[0] < start && w.to[0] >= start && w.to[0] <= end);
    const part = items.slice(start, end + 1);
    const piece = part.length === 1 && given.length < 2 ? stacked(part[0], given) : branched(part, start, [...given, ...inside]);
    const gap = entering ? gapBetween(entering, part[0], part.length === 1) : 0;
    const axis = entering && given.length ? entering.x + entering.outs[given[0].from[1]] : 0;
    const dx = axis - piece.entry, dy = top + gap;
    part.forEach((item, i) => { item.x = piece.places[i].x + dx; item.y = piece.places[i].y + dy; });
    for (const [wire, points] of piece.paths) paths.set(wire, points.map(([x, y]) => [x + dx, y + dy]));
    top = dy + piece.h;
    entering = items[end];
    start = end + 1;
  }
  for (const wire of wires) {
    const [a, b] = [items[wire.from[0]], items[wire.to[0]]];
    const between = paths.get(wire) || [];
    const first = [a.x + a.outs[wire.from[1]], a.y + a.h + (a.skirt || 0)];
    const final = wire.side ? [b.x + b.w, b.y + b.sides[wire.door]] : [b.x + b.ins[entrance(b, wire)], b.y];
    wire.points = tidy([first, ...between, final]);
    wire.arrow = b.box.form !== "border";
  }
  return framed(body, items, wires);
}

// How far a piece stands below the box before it; ELK leaves room for an arrow by itself.
function gapBetween(a, b, alone) {
  const shape = a.labels.length ? LABEL - 8 : 0;
  const arrow = !alone ? 0 : b.box.form === "border" ? 12 : GAP - 4;
  return arrow + shape + (a.skirt || 0);
}

function stacked(item, given) {
  const entry = given.length ? item.ins[entrance(item, given[0])] : item.w / 2;
  return {entry, h: item.h, places: [{x: 0, y: 0}], paths: new Map()};
}

// Which boxes each box depends on.
function ancestors(count, wires) {
  const above = Array.from({length: count}, () => new Set());
  for (let i = 0; i < count; i++)
    for (const wire of wires)
      if (wire.to[0] === i) {
        above[i].add(wire.from[0]);
        for (const other of above[wire.from[0]]) above[i].add(other);
      }
  return above;
}

// Where shortcuts enter a box at its side: each value has a door of its own. What comes from furthest above has the lowest
// one, so that its way around the others crosses none.
function doors(item, shortcuts) {
  const sorted = [...shortcuts].sort((a, b) => b.from[0] - a.from[0] || b.from[1] - a.from[1]);
  const values = [...new Set(sorted.map(wire => wire.from.join()))];
  for (const wire of shortcuts) wire.door = values.indexOf(wire.from.join());
  return values.map((_, i) => (item.h * (i + 1)) / (values.length + 1));
}

// A value that also leads to another arm of the same join comes in from the side: so a residual looks like one. A learned
// value does so too: what it is joined with goes straight on.
function isShortcut(wire, boxes, wires, above) {
  const box = boxes[wire.to[0]];
  if (box.form === "border" || box.body || box.takes < 2) return false;
  const others = wires.filter(other => other.to[0] === wire.to[0] && other.from[0] !== wire.from[0]).map(other => other.from[0]);
  return others.some(other => above[other].has(wire.from[0]) || (begins(boxes[wire.from[0]]) && !begins(boxes[other])));
}

// Whether a box takes nothing and is no end of the body.
const begins = box => box.form === "layer" && box.takes === 0;

// Corners without doubles and without points on the way of a straight line.
function tidy(points) {
  const found = [];
  for (const [x, y] of points) {
    const p = [Math.round(x * 10) / 10, Math.round(y * 10) / 10];
    const n = found.length;
    if (n && same(found[n - 1], p)) continue;
    if (n > 1 && (straight(found[n - 2], found[n - 1], p, 0) || straight(found[n - 2], found[n - 1], p, 1))) found.pop();
    found.push(p);
  }
  return found;
}

const same = (a, b) => Math.abs(a[0] - b[0]) < 0.2 && Math.abs(a[1] - b[1]) < 0.2;
const straight = (a, b, c, axis) => Math.abs(a[axis] - b[axis]) < 0.2 && Math.abs(b[axis] - c[axis]) < 0.2;

// Everything moved so that it begins at 0, 0, and the size of it all.
function framed(body, items, wires) {
  const xs = [], ys = [];
  for (const item of items) {
    const {right, below} = extents(item);
    xs.push(item.x, item.x + right);
    ys.push(item.y, item.y + (item.box.form === "border" ? 0 : below));
  }
  for (const wire of wires) for (const [x, y] of wire.points) { xs.push(x); ys.push(y); }
  const left = Math.min(...xs), top = Math.min(...ys);
  for (const item of items) { item.x -= left; item.y -= top; }
  for (const wire of wires) wire.points = wire.points.map(([x, y]) => [x - left, y - top]);
  return {
    w: Math.max(...xs) - left,
    h: Math.max(...ys) - top,
    ins: items.slice(0, body.takes).map(item => item.x),
    outs: items.slice(items.length - body.leaves).map(item => item.x),
    items: items.filter(item => item.box.form !== "border"),
    wires,
  };
}
