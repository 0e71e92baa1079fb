import type {ElkNode} from 'elkjs/lib/elk-api';
import {push} from './data';
import {elkGraph, readNodes, readRoutes} from './elk_graph';
import {type Block, type Card, type End, endPoint, moveBlock, type Scene, type Wire} from './scene';

// Where cards and blocks stand. They are laid out once, by elkjs; when the scene changes after
// that, what stays keeps its place and what is new finds a free one near what it is wired to.

export interface Point {
  x: number;
  y: number
}
export type Side = 'W'|'E';
export type Box = Card|Block;

export interface Places {
  at: Map<string, Point>;
  sides: Map<string, Side>;      // by end: where the wires of a row leave the card
  routes: Map<string, Point[]>;  // by wire, from one end to the other
}

export const SPACE = {
  node: 22,
  layer: 80,
  component: 48,
  group: 34
};
const PATIENCE = 15_000;  // ms
// More wires than that, and more than so many for each box: in layers they would take more room
// than all that they join.
const DENSE = {
  wires: 900,
  each: 1.5
};

export const sideKey = (end: End): string => `${end.card}/${end.row}`;

export function boxesOf(scene: Scene): Box[] {
  return [...scene.blocks.values(), ...[...scene.cards.values()].filter(card => !card.block)];
}

// How far each box is from where a reader begins, over wires.
export function depths(scene: Scene): Map<string, number> {
  const near = new Map<string, string[]>();
  for (const wire of scene.wires) {
    push(near, wire.a.card, wire.b.card);
    push(near, wire.b.card, wire.a.card);
  }
  const boxes = boxesOf(scene);
  const degree = (box: Box) => near.get(box.id)?.length ?? 0;
  const isHost = (box: Box) => 'kind' in box && box.kind === 'host';
  const roots = [...boxes].sort(
      (a, b) => Number(isHost(b)) - Number(isHost(a)) ||
          Number(scene.first.has(b.id)) - Number(scene.first.has(a.id)) || degree(b) - degree(a));
  const depth = new Map<string, number>();
  for (const root of roots) {
    if (depth.has(root.id)) continue;
    depth.set(root.id, 0);
    for (const queue = [root.id]; queue.length;) {
      const id = queue.shift()!;
      for (const next of near.get(id) ?? [])
        if (!depth.has(next)) {
          depth.set(next, depth.get(id)! + 1);
          queue.push(next);
        }
    }
  }
  return depth;
}

// The side of each row that has wires: towards what is farther from the beginning, to the right.
function chooseSides(scene: Scene, depth: ReadonlyMap<string, number>): Map<string, Side> {
  const votes = new Map<string, number>();
  for (const wire of scene.wires) {
    const forward = depth.get(wire.a.card)! <= depth.get(wire.b.card)!;
    for (const [end, east] of [[wire.a, forward], [wire.b, !forward]] as const)
      votes.set(sideKey(end), (votes.get(sideKey(end)) ?? 0) + (east ? 1 : -1));
  }
  return new Map([...votes].map(([key, vote]) => [key, vote >= 0 ? 'E' : 'W']));
}

// In columns by their distance from the beginning, neighbours near each other: what is done where
// elkjs cannot, or would take too long.
export function columns(
    scene: Scene, depth: ReadonlyMap<string, number>, aspect: number): Map<string, Point> {
  const boxes = inOrder(scene, depth);
  const area = boxes.reduce((sum, box) => sum + (box.w + SPACE.layer) * (box.h + SPACE.node), 0);
  const tall = Math.max(Math.sqrt(area / aspect), ...boxes.map(box => box.h));
  const at = new Map<string, Point>();
  let [x, y, wide, level] = [0, 0, 0, 0];
  for (const box of boxes) {
    if (y > 0 && (y + box.h > tall || depth.get(box.id) !== level)) {
      x += wide + SPACE.layer;
      y = wide = 0;
    }
    level = depth.get(box.id)!;
    at.set(box.id, {x, y});
    y += box.h + SPACE.node;
    wide = Math.max(wide, box.w);
  }
  return at;
}

// By depth and, within one, by where on average their neighbours are in the depth before.
function inOrder(scene: Scene, depth: ReadonlyMap<string, number>): Box[] {
  const near = new Map<string, string[]>();
  for (const {a, b} of scene.wires) {
    if (depth.get(a.card)! < depth.get(b.card)!) push(near, b.card, a.card);
    if (depth.get(b.card)! < depth.get(a.card)!) push(near, a.card, b.card);
  }
  const levels = new Map<number, Box[]>();
  for (const box of boxesOf(scene)) push(levels, depth.get(box.id)!, box);
  const order = new Map<string, number>();
  const ordered: Box[] = [];
  for (const level of [...levels.keys()].sort((a, b) => a - b)) {
    const boxes = levels.get(level)!;
    const middle = new Map(boxes.map((box, i) => {
      const at = (near.get(box.id) ?? []).map(id => order.get(id) ?? 0);
      return [box.id, at.length ? at.reduce((sum, each) => sum + each, 0) / at.length : i];
    }));
    boxes.sort((a, b) => middle.get(a.id)! - middle.get(b.id)!);
    boxes.forEach((box, i) => order.set(box.id, i / boxes.length));
    ordered.push(...boxes);
  }
  return ordered;
}

export type Engine = (graph: ElkNode, patience: number) => Promise<ElkNode>;

// Lays all of it out anew. `aspect`: width over height of where it will be seen.
export async function layOut(scene: Scene, aspect: number, engine: Engine): Promise<Places> {
  for (const block of scene.blocks.values()) moveBlock(block, 0, 0);
  for (const card of scene.cards.values())
    if (!card.block) card.x = card.y = 0;
  const depth = depths(scene);
  const sides = chooseSides(scene, depth);
  const fallback = (): Places =>
      ({at: columns(scene, depth, aspect), sides: new Map(), routes: new Map()});
  if (scene.wires.length > DENSE.wires && scene.wires.length > DENSE.each * boxesOf(scene).length)
    return fallback();
  try {
    const done = await engine(elkGraph(scene, depth, sides, aspect), PATIENCE);
    const at = new Map<string, Point>();
    readNodes(done, {x: 0, y: 0}, at);
    return {at, sides, routes: readRoutes(done.edges ?? [], at)};
  } catch (error) {
    console.warn('layout:', error);
    return fallback();
  }
}

// What is new.

const overlaps = (a: Box, b: Box): boolean => a.x < b.x + b.w + SPACE.node &&
    b.x < a.x + a.w + SPACE.node && a.y < b.y + b.h + SPACE.node && b.y < a.y + a.h + SPACE.node;

function put(box: Box, x: number, y: number): void {
  if ('members' in box)
    moveBlock(box, x, y);
  else
    [box.x, box.y] = [x, y];
}

// Down from where it is to the first place where nothing else stands.
function slide(box: Box, standing: readonly Box[]): void {
  for (let hit: Box|undefined;
       (hit = standing.find(other => other !== box && overlaps(box, other)));)
    put(box, box.x, hit.y + hit.h + SPACE.node + 1);
}

// Cards that have grown push what is below them down, and nothing else.
function pushDown(standing: readonly Box[]): void {
  const sorted = [...standing].sort((a, b) => a.y - b.y);
  sorted.forEach((box, i) => {
    for (const below of sorted.slice(i + 1)) {
      if (below.y > box.y + box.h) break;
      if (box.x < below.x + below.w && below.x < box.x + box.w && below.y >= box.y &&
          below.y < box.y + box.h)
        put(below, below.x, box.y + box.h + SPACE.node);
    }
  });
}

function placeBeside(
    box: Box, anchor: Box, wire: Wire, scene: Scene, standing: readonly Box[]): void {
  const end = wire.a.card === anchor.id ? wire.a : wire.b;
  const point = endPoint(scene, end, 'E');
  put(box, anchor.x + anchor.w + SPACE.layer, (point?.y ?? anchor.y) - Math.min(box.h / 2, 30));
  slide(box, standing);
}

// Gives every box its place: what has one keeps it.
export function settle(scene: Scene, places: Places): void {
  const boxes = boxesOf(scene);
  const standing: Box[] = [];
  const fresh: Box[] = [];
  for (const box of boxes) {
    const point = places.at.get(box.id);
    if (point) put(box, point.x, point.y);
    (point ? standing : fresh).push(box);
  }
  pushDown(standing);
  const wires = new Map<string, Wire[]>();
  for (const wire of scene.wires)
    for (const end of [wire.a, wire.b]) push(wires, end.card, wire);
  const find = new Map(standing.map(box => [box.id, box]));
  const alone: Box[] = [];
  for (const box of fresh) {
    const wire = wires.get(box.id)?.find(each => find.has(each.a.card) || find.has(each.b.card));
    const anchor = wire && (find.get(wire.a.card) ?? find.get(wire.b.card));
    if (!wire || !anchor) {
      alone.push(box);
      continue;
    }
    placeBeside(box, anchor, wire, scene, standing);
    standing.push(box);
    find.set(box.id, box);
  }
  flow(alone, standing);
  for (const box of boxes) places.at.set(box.id, {x: box.x, y: box.y});
}

// In rows beneath all the others.
function flow(alone: readonly Box[], standing: readonly Box[]): void {
  const left = Math.min(0, ...standing.map(box => box.x));
  const right = Math.max(left + 1200, ...standing.map(box => box.x + box.w));
  let [x, y, high] =
      [left, Math.max(0, ...standing.map(box => box.y + box.h + SPACE.component)), 0];
  for (const box of alone) {
    if (x > left && x + box.w > right) {
      x = left;
      y += high + SPACE.node;
      high = 0;
    }
    put(box, x, y);
    x += box.w + SPACE.node;
    high = Math.max(high, box.h);
  }
}

// Wires.

const same = (a: Point, b: Point): boolean => Math.abs(a.x - b.x) < 1 && Math.abs(a.y - b.y) < 1;

// Three segments, or five where the way goes back around. `lane` keeps wires of one place apart.
function straight(a: Point, aSide: Side, b: Point, bSide: Side, lane: number): Point[] {
  const stub = 18 + lane;
  const ax = a.x + (aSide === 'E' ? stub : -stub);
  const bx = b.x + (bSide === 'E' ? stub : -stub);
  if (aSide === bSide) {
    const x = aSide === 'E' ? Math.max(ax, bx) : Math.min(ax, bx);
    return [a, {x, y: a.y}, {x, y: b.y}, b];
  }
  if (aSide === 'E' ? ax <= bx : bx <= ax) {
    const x = (ax + bx) / 2 + (Math.abs(bx - ax) > 30 ? lane : 0);
    return [a, {x, y: a.y}, {x, y: b.y}, b];
  }
  const y = (a.y + b.y) / 2;
  return [a, {x: ax, y: a.y}, {x: ax, y}, {x: bx, y}, {x: bx, y: b.y}, b];
}

function sideOf(scene: Scene, places: Places, end: End, other: End): Side {
  const known = places.sides.get(sideKey(end));
  if (known) return known;
  const [here, there] =
      [end, other].map(each => scene.cards.get(each.card) ?? scene.blocks.get(each.card));
  if (!here || !there) return 'E';
  return there.x + there.w / 2 >= here.x + here.w / 2 ? 'E' : 'W';
}

// The way a wire goes now: as elkjs led it, as long as its ends are where they were.
export function wayOf(scene: Scene, places: Places, wire: Wire): Point[] {
  const [aSide, bSide] =
      [sideOf(scene, places, wire.a, wire.b), sideOf(scene, places, wire.b, wire.a)];
  const a = endPoint(scene, wire.a, aSide);
  const b = endPoint(scene, wire.b, bSide);
  if (!a || !b) return [];
  const route = places.routes.get(wire.id);
  if (route) {
    const [first, last] = [route[0]!, route[route.length - 1]!];
    if (same(first, a) && same(last, b)) return route;
    if (same(first, b) && same(last, a)) return [...route].reverse();
  }
  const lane = [...wire.id].reduce((sum, each) => sum + each.charCodeAt(0), 0) % 5 * 3;
  return straight(a, aSide, b, bSide, lane);
}
