// A piece of a body in which values branch and meet, laid out by ELK's layered algorithm: branches side by side, wires at
// right angles. Takes measured boxes and their wires, returns places and corners. Equal pieces are laid out once.
"use strict";

const OPTIONS = {
  "elk.algorithm": "layered",
  "elk.direction": "DOWN",
  "elk.edgeRouting": "ORTHOGONAL",
  "elk.padding": "[top=0,left=0,bottom=0,right=0]",
  "elk.randomSeed": "1",
  "elk.layered.considerModelOrder.strategy": "NODES_AND_EDGES",
  "elk.layered.mergeEdges": "true",
  "elk.layered.compaction.postCompaction.strategy": "LEFT",      // boxes follow those above them closely
  "elk.layered.nodePlacement.strategy": "BRANDES_KOEPF",
  "elk.spacing.nodeNode": "22",
  "elk.spacing.edgeNode": "16",
  "elk.spacing.edgeEdge": "12",
  "elk.layered.spacing.nodeNodeBetweenLayers": `${GAP}`,
  "elk.layered.spacing.edgeNodeBetweenLayers": "13",
  "elk.layered.spacing.edgeEdgeBetweenLayers": "10",
};

// Of two arms the longer goes straight on; three and more stand evenly about the middle.
const STRAIGHT = {"elk.layered.nodePlacement.bk.fixedAlignment": "LEFTDOWN"};
const EVEN = {"elk.layered.nodePlacement.bk.fixedAlignment": "BALANCED"};

const FIXED = {"elk.portConstraints": "FIXED_POS"};
const FIRST = {...FIXED, "elk.layered.layering.layerConstraint": "FIRST"};
const LAST = {...FIXED, "elk.layered.layering.layerConstraint": "LAST"};

const known = new Map();

// `part` are the boxes from the body's `start` on, `wires` those that end in it; what comes from above is one value.
function branched(part, start, wires) {
  const last = start + part.length - 1;
  const arms = new Set(wires.filter(wire => wire.to[0] === last && !wire.side).map(wire => wire.from.join()));
  const followed = inOrder(wires, start, arms.size > 2 ? new Set() : longest(wires, start, part.length));
  const order = [...new Set([...followed.map(wire => wire.to[0] - start), ...part.keys()])];
  const nodes = order.map(i => node(part[i], i));
  const edges = followed.map((wire, i) => ({
    id: `${i}`,
    sources: [wire.from[0] < start ? "above" : `${wire.from[0] - start}o${wire.from[1]}`],
    targets: [`${wire.to[0] - start}${wire.side ? `side${wire.door}` : `i${entrance(part[wire.to[0] - start], wire)}`}`],
  }));
  const isFed = wires.some(wire => wire.from[0] < start);
  if (isFed) {
    nodes.unshift({id: "in", width: 0, height: 0, ports: [port("above", 0, 0, "SOUTH")], layoutOptions: FIRST});
    for (const i of part.keys())                   // what takes nothing is held below what comes from above, by edges unseen
      if (begins(part[i].box)) edges.push({id: `held ${i}`, sources: ["above"], targets: [`${i}`]});
  }

  const made = once({id: "piece", layoutOptions: {...OPTIONS, ...(arms.size > 2 ? EVEN : STRAIGHT)}, children: nodes, edges});
  const at = new Map(made.children.map(child => [child.id, child]));
  const places = part.map((_, i) => at.get(`${i}`));
  const paths = new Map(followed.map((wire, i) => {
    const {startPoint, bendPoints, endPoint} = made.edges[i].sections[0];
    return [wire, [startPoint, ...(bendPoints || []), endPoint].map(({x, y}) => [x, y])];
  }));
  const bottom = Math.max(...part.map((item, i) => places[i].y + item.h));
  const exit = places[places.length - 1].x + axisOf(part[part.length - 1]);
  const given = followed.filter(wire => wire.from[0] < start).map(wire => paths.get(wire));
  const first = Math.min(...places.map(place => place.y));
  const entry = isFed ? above(at.get("in").x, exit, given, first) : places[0].x + axisOf(part[0]);
  return {entry, h: bottom, places, paths};
}

const axisOf = item => (item.outs.length ? item.outs[0] : item.ins[0]);

// Where what comes from above stands: over the end of the piece, where all of its `arms` turn aside above the `first` box.
function above(entry, exit, arms, first) {
  if (arms.some(points => points.length < 4 || points[1][1] > first)) return entry;
  for (const points of arms) points[0][0] = points[1][0] = exit;
  return exit;
}

function node(item, i) {
  const {right, below} = extents(item);
  const ports = [
    ...item.ins.map((x, slot) => port(`${i}i${slot}`, x, 0, "NORTH")),
    ...item.outs.map((x, slot) => port(`${i}o${slot}`, x, below, "SOUTH")),
    ...item.sides.map((y, door) => port(`${i}side${door}`, right, y, "EAST")),
  ];
  const layoutOptions = item.box.form === "border" ? (item.ins.length ? LAST : FIRST) : FIXED;
  return {id: `${i}`, width: right, height: below, ports, layoutOptions};
}

function port(id, x, y, side) {
  return {id, x, y, width: 0, height: 0, layoutOptions: {"elk.port.side": side}};
}

// The wires of the longest way to the last box. What comes from above has come further than what begins here.
function longest(wires, start, count) {
  const best = [];
  for (let i = 0; i < count; i++) {
    best[i] = {length: 0, wire: null};
    for (const wire of wires) {
      if (wire.to[0] !== start + i) continue;
      const length = wire.from[0] < start ? 2 : best[wire.from[0] - start].length + 1;
      if (length > best[i].length) best[i] = {length, wire};
    }
  }
  const found = new Set();
  for (let at = count - 1; at >= 0 && best[at].wire; at = best[at].wire.from[0] - start) found.add(best[at].wire);
  return found;
}

// Wires in the order in which a reader follows them, arm by arm, the `main` one first: ELK keeps to it from left to right.
function inOrder(wires, start, main) {
  const found = new Set();
  const sorted = [...wires.filter(wire => main.has(wire)), ...wires.filter(wire => !main.has(wire))];
  const follow = wire => {
    if (found.has(wire)) return;
    found.add(wire);
    sorted.filter(next => next.from[0] === wire.to[0]).forEach(follow);
  };
  sorted.filter(wire => wire.from[0] < start).forEach(follow);
  sorted.forEach(follow);
  return [...found];
}

function once(graph) {
  const key = JSON.stringify(graph);
  if (!known.has(key)) known.set(key, JSON.stringify(elk(graph)));
  return JSON.parse(known.get(key));
}

let worker = null;

// ELK, called and waited for: its worker runs in place, and what it puts off is done at once.
function elk(graph) {
  if (!worker) {
    const module = {exports: {}};
    elkModule(module, module.exports, action => action(), undefined, undefined, globalThis);
    worker = new module.exports.Worker();
    worker.onmessage = () => {};
    worker.postMessage({id: 0, cmd: "register", algorithms: ["layered"]});
  }
  let answer = null;
  worker.onmessage = message => { answer = message.data; };
  worker.postMessage({id: 1, cmd: "layout", graph, layoutOptions: {}, options: {}});
  if (answer.error) throw new Error(answer.error.message || String(answer.error));
  return answer.data;
}
