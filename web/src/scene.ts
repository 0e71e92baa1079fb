import {type BoxStyle, type Graph, type GraphBox, type GraphEnd, type GraphPort, type GraphWire, Index, keyOf, push} from './data';
import {counted, type Measure, natural, shown} from './text';

// What is to be drawn: cards for namespaces, rows on them for interfaces, wires between rows. Where
// a card stands is the business of layout.ts; sizes are in the world's units, pixels at zoom 1.

export const FONT = {
  title: '600 13px system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif',
  text: '11px system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif',
  mono: '11px ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace',
  badge: '600 10px system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif',
};
export const SIZE = {
  pad: 10,
  title: 30,
  line: 15,
  row: 20,
  indent: 14,
  gap: 8,
  least: 150,
  most: 330,
  blockHead: 28,
  blockPad: 12,
  cellGap: 10,
};
const MOST_LISTENS = 3;
// From this many namespaces with nothing but wires to the same bridges, they stand as a block.
const BLOCK_FROM = 9;
const MOST_LEAF_ROWS = 6;

export interface Row {
  id: string;
  index?: number;
  name: string;
  detail: string;
  up: boolean;
  bar: boolean;
  inBar: boolean;
  wired: boolean;
  y: number;  // its middle, from the card's top
}
export type CardKind = Exclude<BoxStyle, 'note'>|'group';
export interface Card {
  id: string;
  kind: CardKind;
  title: string;
  badge: string;
  lines: string[];
  listens: string[];
  published: string[];
  rows: Row[];
  bare: boolean;
  down: boolean;
  group: string;
  block?: string;
  x: number;
  y: number;
  w: number;
  h: number;
}
export type WireKind = 'veth'|'netkit'|'stack'|'served'|'bundle';
export interface End {
  card: string;
  row: string
}  // row '': the card itself
export interface Wire {
  id: string;
  a: End;
  b: End;
  kind: WireKind;
  up: boolean;
  label: string;
}
// Many namespaces with one wire each to the same bar, in rows and columns, with one wire for all.
export interface Block {
  id: string;
  title: string;
  group: string;
  members: Card[];
  x: number;
  y: number;
  w: number;
  h: number;
}
export interface Scene {
  cards: Map<string, Card>;
  blocks: Map<string, Block>;
  wires: Wire[];
  first: Set<string>;             // to stand where a reader begins
  groups: Map<string, string[]>;  // by name, ids of cards; those not folded
  bare: number;                   // namespaces with nothing but lo
}

export type Grouping = 'none'|'project'|'pod'|'user';
export interface SceneOptions {
  grouping: Grouping;
  showBare: boolean;
  folded: ReadonlySet<string>;
  // Blocks there are already, and whose; null: decided anew.
  kept: ReadonlyMap<string, string>|null;
  measure: Measure;
}

const label = (labels: {key?: string; value?: string}[]|undefined, ...keys: string[]): string =>
    labels?.find(each => keys.includes(each.key ?? ''))?.value ?? '';

// The group that a namespace belongs to; empty: none.
export function groupOf(index: Index, key: string, grouping: Grouping): string {
  const containers = index.containersIn(key);
  const first = (told: (container: typeof containers[number]) => string) =>
      containers.map(told).find(name => name) ?? '';
  switch (grouping) {
    case 'none':
      return '';
    case 'project':
      return first(
          each => label(each.labels, 'com.docker.compose.project', 'io.podman.compose.project'));
    case 'pod':
      return first(each => each.pod?.namespace ?? '');
    case 'user': {
      const uid = index.namespaces.get(key)?.owner_userns?.uid ??
          containers.find(each => each.user !== undefined)?.user;
      return uid === undefined ? '' : `uid ${uid}`;
    }
  }
}

function badgeOf(box: GraphBox, index: Index, key: string): string {
  if (box.style !== 'container')
    return {host: 'host', plain: 'netns', hidden: 'hidden', note: ''}[box.style];
  const containers = index.containersIn(key);
  return containers.some(each => each.pod) ? 'pod' :
                                             shown(containers[0]?.runtime ?? 'container', 16);
}

function rowOf(port: GraphPort, bar: boolean, inBar: boolean): Row {
  return {
    id: port.id,
    index: port.index,
    name: shown(port.name, 64),
    detail: shown(port.detail, 120),
    up: port.state === 'up',
    bar,
    inBar,
    wired: false,
    y: 0
  };
}

function cardOf(box: GraphBox, index: Index, grouping: Grouping): Card|null {
  if (!box.namespace || box.style === 'note') return null;
  const id = keyOf(box.namespace);
  const rows = box.bars.flatMap(
      bar => [rowOf(bar.self, true, false), ...bar.ports.map(port => rowOf(port, false, true))]);
  rows.push(...box.ports.map(port => rowOf(port, false, false)));
  // Docker's resolver answers in every container: it tells nothing of this one.
  const told = box.listens.filter(each => !each.includes(' 127.0.0.11:'));
  const listens = told.slice(0, MOST_LISTENS).map(each => shown(each, 80));
  if (told.length > MOST_LISTENS) listens.push(`+${told.length - MOST_LISTENS} more`);
  const published = box.published.map(each => shown(each, 80));
  return {
    id,
    kind: box.style,
    title: shown(box.title, 80),
    badge: badgeOf(box, index, id),
    lines: box.lines.map(line => shown(line, 120)),
    listens,
    published,
    rows,
    bare: rows.length === 0 && box.style !== 'host',
    down: rows.some(row => !row.up),
    group: groupOf(index, id, grouping),
    x: 0,
    y: 0,
    w: 0,
    h: 0
  };
}

function wireKind(wire: GraphWire, index: Index, a: End): WireKind {
  if (wire.style !== 'wire') return wire.style;
  return index.link(a.card, Number(a.row.slice(1)))?.kind === 'netkit' ? 'netkit' : 'veth';
}

const endText = (end: End): string => `${end.card}/${end.row}`;

function rowAt(cards: ReadonlyMap<string, Card>, end: End): Row|undefined {
  return cards.get(end.card)?.rows.find(row => row.id === end.row);
}

function wiresOf(graph: Graph, index: Index, cards: ReadonlyMap<string, Card>): Wire[] {
  const keys = new Map(graph.boxes.map(box => [box.id, box.namespace ? keyOf(box.namespace) : '']));
  const endOf = (end: GraphEnd): End =>
      ({card: keys.get(end.box ?? '') ?? '', row: end.port ?? ''});
  const rows = new Map<string, Row>();
  for (const card of cards.values())
    for (const row of card.rows) rows.set(`${card.id}/${row.id}`, row);
  const wires: Wire[] = [];
  for (const each of graph.wires) {
    const [a, b] = [endOf(each.from), endOf(each.to)];
    if (!cards.has(a.card) || !cards.has(b.card)) continue;
    const ends = [a, b].map(end => rows.get(endText(end)));
    for (const row of ends)
      if (row) row.wired = true;
    wires.push({
      id: `${endText(a)}|${endText(b)}|${each.style}`,
      a,
      b,
      kind: wireKind(each, index, a),
      up: ends.every(row => row?.up ?? true),
      label: shown(each.label, 40)
    });
  }
  return wires;
}

// Blocks.

// The other ends of a card's wires: their cards, and their rows.
interface Ends {
  far: Set<string>;
  rows: Set<string>;
}

// For each card whose wires all lead to one other: that one and the bars they hang on, as a key.
function leaves(cards: ReadonlyMap<string, Card>, wires: readonly Wire[]): Map<string, string> {
  const ends = new Map<string, Ends>();
  for (const wire of wires)
    for (const [here, there] of [[wire.a, wire.b], [wire.b, wire.a]] as const) {
      let end = ends.get(here.card);
      if (!end) ends.set(here.card, end = {far: new Set(), rows: new Set()});
      // What stands on another's interface, or is served by it, is no end of a wire.
      end.far.add(wire.kind === 'veth' || wire.kind === 'netkit' ? there.card : '');
      end.rows.add(there.row);
    }
  const found = new Map<string, string>();
  for (const [id, {far: [first, ...others], rows}] of ends) {
    const [card, far] = [cards.get(id), cards.get(first ?? '')];
    if (!card || !far || others.length || card.kind === 'host' || card.rows.length > MOST_LEAF_ROWS)
      continue;
    // Of two that are each nothing but the other's end, neither hangs on the other.
    if (far.kind !== 'host' && (ends.get(far.id)?.far.size ?? 0) < 2) continue;
    const bars = new Set([...rows].map(row => barOf(far, row)));
    found.set(id, `block:${far.id}/${[...bars].sort().join('+')}/${card.group}`);
  }
  return found;
}

function barOf(card: Card, row: string): string {
  const at = card.rows.findIndex(each => each.id === row);
  if (!card.rows[at]?.inBar) return '';
  for (let i = at; i >= 0; --i)
    if (card.rows[i]!.bar) return card.rows[i]!.id;
  return '';
}

function chooseBlocks(
    hang: Map<string, string>, kept: ReadonlyMap<string, string>|null): Map<string, string[]> {
  const blocks = new Map<string, string[]>();
  for (const [card, block] of hang) {
    // What stands alone goes on standing alone, and a block goes on taking what is new.
    if (kept && kept.get(card) === '') continue;
    push(blocks, block, card);
  }
  const known = new Set(kept?.values());
  for (const [block, members] of blocks)
    if (members.length < BLOCK_FROM && !known.has(block)) blocks.delete(block);
  return blocks;
}

// Takes the leaves' rows off the bar's card, puts one for them all in their place, and gives the
// wire that is drawn for theirs.
function gatherBar(
    block: string, count: number, far: Card, bar: string, wires: readonly Wire[]): Wire {
  const here = wires.map(wire => (wire.a.card === far.id ? wire.a.row : wire.b.row));
  const gone = new Set(here.filter(row => barOf(far, row) === bar));
  const lost = far.rows.filter(row => gone.has(row.id));
  const id = `${block}#${bar}`;
  const row: Row = {
    id,
    name: counted(gone.size, bar ? 'port' : 'interface'),
    detail: `to ${counted(count, 'namespace')}`,
    up: lost.some(each => each.up),
    bar: false,
    inBar: bar !== '',
    wired: true,
    y: 0
  };
  far.rows.splice(far.rows.indexOf(lost[0]!), 1, row);
  far.rows = far.rows.filter(each => !gone.has(each.id));
  return {
    id: `${id}|bundle`,
    a: {card: far.id, row: id},
    b: {card: block, row: ''},
    kind: 'bundle',
    up: row.up,
    label: counted(gone.size, 'wire')
  };
}

function makeBlocks(cards: Map<string, Card>, wires: Wire[], kept: SceneOptions['kept']):
    {blocks: Map<string, Block>; wires: Wire[]} {
  const blocks = new Map<string, Block>();
  const chosen = chooseBlocks(leaves(cards, wires), kept);
  const blockOf =
      new Map([...chosen].flatMap(([id, members]) => members.map(card => [card, id] as const)));
  const mine = new Map<string, Wire[]>();
  const left: Wire[] = [];
  for (const wire of wires) {
    const id = blockOf.get(wire.a.card) ?? blockOf.get(wire.b.card);
    if (id)
      push(mine, id, wire);
    else
      left.push(wire);
  }
  for (const [id, members] of chosen) {
    const [, owner = '', bars = ''] = /^block:([^/]*)\/([^/]*)\//.exec(id) ?? [];
    const far = cards.get(owner)!;
    const names =
        bars.split('+').map(bar => far.rows.find(row => row.id === bar)?.name).filter(name => name);
    for (const bar of bars.split('+'))
      left.push(gatherBar(id, members.length, far, bar, mine.get(id)!));
    const title = `${counted(members.length, 'namespace')} on ${
        names.length ? `${names.join(', ')} @` : ''}${far.title}`;
    const sorted = members.map(each => cards.get(each)!).sort((a, b) => natural(a.title, b.title));
    for (const card of sorted) card.block = id;
    blocks.set(id, {id, title, group: sorted[0]!.group, members: sorted, x: 0, y: 0, w: 0, h: 0});
  }
  return {blocks, wires: left};
}

// Folding.

function foldedCard(id: string, title: string, members: readonly Card[]): Card {
  const down = members.filter(card => card.down).length;
  const kinds = new Map<string, number>();
  for (const card of members) kinds.set(card.badge, (kinds.get(card.badge) ?? 0) + 1);
  const lines = [[...kinds].map(([badge, count]) => `${count} ${badge}`).join(' · ')];
  if (down) lines.push(`${down} with something down`);
  return {
    id,
    kind: 'group',
    title,
    badge: 'folded',
    lines,
    listens: [],
    published: [],
    rows: [],
    bare: false,
    down: down > 0,
    group: '',
    x: 0,
    y: 0,
    w: 0,
    h: 0
  };
}

function fold(scene: Scene, id: string, title: string, members: readonly Card[]): void {
  const inside = new Set(members.map(card => card.id));
  for (const block of scene.blocks.values())
    if (block.members.some(card => inside.has(card.id))) {
      inside.add(block.id);
      scene.blocks.delete(block.id);
    }
  for (const card of inside) scene.cards.delete(card);
  scene.cards.set(id, foldedCard(id, title, members));
  const moved = (end: End): End => (inside.has(end.card) ? {card: id, row: ''} : end);
  const wires = new Map<string, Wire>();
  for (const wire of scene.wires) {
    const [a, b] = [moved(wire.a), moved(wire.b)];
    if (a === wire.a && b === wire.b)
      wires.set(wire.id, wire);
    else if (a.card !== b.card) {
      const key = `${endText(a)}|${endText(b)}|${wire.kind}`;
      const old = wires.get(key);
      wires.set(key, {...wire, id: key, a, b, up: wire.up && (old?.up ?? true)});
    }
  }
  scene.wires = [...wires.values()];
}

// Sizes.

function size(card: Card, measure: Measure): void {
  const {pad, title, line, row, indent, gap} = SIZE;
  const widths = [
    measure(card.title, FONT.title) + measure(card.badge, FONT.badge) + 14 + gap,
    ...card.lines.map(text => measure(text, FONT.text)),
    ...[...card.listens, ...card.published].map(text => measure(text, FONT.text) + 12),
    ...card.rows.map(
        each => (each.inBar ? indent : 0) + measure(each.name, FONT.mono) + gap +
            measure(each.detail, FONT.text) + (each.bar ? 8 : 0) + (each.up ? 0 : 36)),
  ];
  card.w = Math.ceil(Math.min(SIZE.most, Math.max(SIZE.least, Math.max(...widths) + 2 * pad + 8)));
  let y = title + line * (card.lines.length + card.listens.length + card.published.length);
  if (card.rows.length) y += 4;
  for (const each of card.rows) {
    each.y = y + row / 2;
    y += row;
  }
  card.h = Math.ceil(y + (card.rows.length ? 6 : 4));
}

// Puts the members in rows and columns, from the block's own corner.
function arrange(block: Block): void {
  const {blockHead, blockPad, cellGap} = SIZE;
  const w = Math.max(...block.members.map(card => card.w));
  const h = Math.max(...block.members.map(card => card.h));
  const columns = Math.max(1, Math.round(Math.sqrt(block.members.length * 1.3 * h / w)));
  block.members.forEach((card, i) => {
    card.w = w;
    card.h = h;
    card.x = block.x + blockPad + (i % columns) * (w + cellGap);
    card.y = block.y + blockHead + Math.floor(i / columns) * (h + cellGap);
  });
  block.w = 2 * blockPad + columns * (w + cellGap) - cellGap;
  block.h =
      blockHead + Math.ceil(block.members.length / columns) * (h + cellGap) - cellGap + blockPad;
}

// Puts a block and what is in it somewhere.
export function moveBlock(block: Block, x: number, y: number): void {
  for (const card of block.members) {
    card.x += x - block.x;
    card.y += y - block.y;
  }
  block.x = x;
  block.y = y;
}

// What is drawn, as it is asked for.
export function makeScene(graph: Graph, index: Index, options: SceneOptions): Scene {
  const every = graph.boxes.map(box => cardOf(box, index, options.grouping))
                    .filter((card): card is Card => card !== null);
  const cards =
      new Map(every.filter(card => options.showBare || !card.bare).map(card => [card.id, card]));
  const boxes =
      new Map(graph.boxes.map(box => [box.id, box.namespace ? keyOf(box.namespace) : '']));
  const {blocks, wires} = makeBlocks(cards, wiresOf(graph, index, cards), options.kept);
  const scene: Scene = {
    cards,
    blocks,
    wires,
    groups: new Map(),
    bare: every.filter(card => card.bare).length,
    first: new Set(graph.first.map(id => boxes.get(id) ?? '')),
  };
  const groups = new Map<string, Card[]>();
  for (const card of cards.values())
    if (card.group) push(groups, card.group, card);
  for (const [name, members] of groups) {
    const id = `group:${name}`;
    if (options.folded.has(id))
      fold(scene, id, shown(name, 60), members);
    else
      scene.groups.set(name, members.map(card => card.id));
  }
  for (const block of [...blocks.values()])
    if (options.folded.has(block.id)) fold(scene, block.id, block.title, block.members);
  for (const card of scene.cards.values()) size(card, options.measure);
  for (const block of scene.blocks.values()) arrange(block);
  return scene;
}

// A point's side of its card, on the world's plane.
export function endPoint(scene: Scene, end: End, side: 'W'|'E'): {x: number; y: number}|null {
  const card = scene.cards.get(end.card);
  const box = card ?? scene.blocks.get(end.card);
  if (!box) return null;
  const row = card && end.row ? rowAt(scene.cards, end) : undefined;
  return {x: box.x + (side === 'E' ? box.w : 0), y: box.y + (row ? row.y : SIZE.title / 2)};
}
