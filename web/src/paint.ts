import {type Camera, meets, type Rect} from './camera';
import {drawFar, FAR} from './far';
import type {Point} from './layout';
import {type Block, type Card, type CardKind, FONT, type Row, type Scene, SIZE, type Wire, type WireKind} from './scene';
import {clipped, type Measure} from './text';

// The map on a canvas. Each frame draws only what is in view, and of that only what can be seen at
// its size: from far off a card is a coloured plate, then it has a title, then all of its text.

export interface Colours {
  ground: string;
  dot: string;
  card: string;
  border: string;
  text: string;
  muted: string;
  accent: string;
  down: string;
  bar: string;
  group: string;
  flash: string;
  lit: string;
  kinds: Record<CardKind, string>;
  wires: Record<WireKind, string>;
}
// Colour is never the only sign: kinds of wires differ in their dashes, and one that is down is
// dotted, with a cross on it.
export const DASHES: Record<WireKind, number[]> = {
  veth: [],
  netkit: [10, 3],
  stack: [6, 4],
  served: [2, 3],
  bundle: []
};
const DOWN_DASH = [2, 5];
const DIM = 0.32;
// Wires in view from which they fade, and from which dashes, which nobody could follow, are left
// out.
const CROWD = 300;

export interface Drawn {
  wire: Wire;
  way: Point[];
  box: Rect
}
// What stays lit while the rest is dimmed.
export interface Lit {
  cards: ReadonlySet<string>;
  wires: ReadonlySet<string>;
  rows: ReadonlySet<string>
}
export interface Picture {
  scene: Scene;
  wires: readonly Drawn[];
  lit: Lit|null;
  visible: (card: Card) => boolean;
  selected: string;  // id of a card
  selectedRow: string;
  flashes: ReadonlyMap<string, number>;  // by card: how bright, 0 … 1
  marks: ReadonlySet<string>;            // cards that are different now
}

const measured = new Map<string, number>();
const pen =
    typeof document === 'undefined' ? null : document.createElement('canvas').getContext('2d');
export const measure: Measure = (text, font) => {
  const key = font + text;
  let width = measured.get(key);
  if (width === undefined) {
    if (pen) pen.font = font;
    width = pen ? pen.measureText(text).width : text.length * 6;
    if (measured.size > 50_000) measured.clear();
    measured.set(key, width);
  }
  return width;
};

const clips = new Map<string, string>();
function fitted(text: string, font: string, width: number): string {
  const key = `${font}${Math.round(width)} ${text}`;
  let cut = clips.get(key);
  if (cut === undefined) {
    cut = clipped(text, font, width, measure);
    if (clips.size > 50_000) clips.clear();
    clips.set(key, cut);
  }
  return cut;
}

// A way with its corners rounded, appended to a path.
export function trace(
    path: Path2D|CanvasRenderingContext2D, way: readonly Point[], radius: number): void {
  const [first] = way;
  if (!first) return;
  path.moveTo(first.x, first.y);
  for (let i = 1; i < way.length - 1; ++i) {
    const [before, at, after] = [way[i - 1]!, way[i]!, way[i + 1]!];
    const r = Math.min(
        radius, Math.hypot(at.x - before.x, at.y - before.y) / 2,
        Math.hypot(after.x - at.x, after.y - at.y) / 2);
    path.arcTo(at.x, at.y, after.x, after.y, r);
  }
  const last = way[way.length - 1]!;
  path.lineTo(last.x, last.y);
}

// The parts of a way that are in view: a wire may be a thousand times as long as that, and what is
// dashed costs by its length.
export function partsIn(way: readonly Point[], view: Rect): Point[][] {
  const parts: Point[][] = [];
  let part: Point[] = [];
  for (let i = 1; i < way.length; ++i) {
    const [a, b] = [way[i - 1]!, way[i]!];
    if (meets(
            {
              x: Math.min(a.x, b.x) - 10,
              y: Math.min(a.y, b.y) - 10,
              w: Math.abs(a.x - b.x) + 20,
              h: Math.abs(a.y - b.y) + 20
            },
            view)) {
      if (!part.length) part.push(a);
      part.push(b);
    } else if (part.length) {
      parts.push(part);
      part = [];
    }
  }
  if (part.length) parts.push(part);
  const clamp = (value: number, from: number, size: number) =>
      Math.min(from + 2 * size, Math.max(from - size, value));
  // What goes straight out of view ends not far outside of it.
  for (const each of parts) {
    each[0] = {x: clamp(each[0]!.x, view.x, view.w), y: clamp(each[0]!.y, view.y, view.h)};
    const last = each.length - 1;
    each[last] = {x: clamp(each[last]!.x, view.x, view.w), y: clamp(each[last]!.y, view.y, view.h)};
  }
  return parts;
}

// The point half way along.
export function middle(way: readonly Point[]): Point {
  let longest = 0;
  let found = way[0] ?? {x: 0, y: 0};
  for (let i = 1; i < way.length; ++i) {
    const [a, b] = [way[i - 1]!, way[i]!];
    const length = Math.hypot(b.x - a.x, b.y - a.y);
    if (length > longest) {
      longest = length;
      found = {x: (a.x + b.x) / 2, y: (a.y + b.y) / 2};
    }
  }
  return found;
}

// The wires of one kind that are in view.
interface Stroke {
  path: Path2D;
  sample: Wire;
  lit: boolean;
  count: number
}

const wireWidth = (wire: Wire): number => (wire.kind === 'bundle' ? 4 : 1.6);

export class Painter {
  constructor(private readonly context: CanvasRenderingContext2D, private colours: Colours) {}

  use(colours: Colours): void {
    this.colours = colours;
  }

  draw(picture: Picture, camera: Camera, ratio: number): void {
    const {context} = this;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.fillStyle = this.colours.ground;
    context.fillRect(0, 0, camera.width, camera.height);
    this.ground(camera);
    const scale = ratio * camera.zoom;
    context.setTransform(scale, 0, 0, scale, -camera.x * scale, -camera.y * scale);
    const view = camera.view();
    this.groups(picture, view, camera.zoom);
    for (const block of picture.scene.blocks.values())
      if (meets(block, view)) this.block(block, picture, camera.zoom);
    this.wires(picture, view, camera.zoom);
    const cards = [...picture.scene.cards.values()].filter(
        card => meets(card, view) && picture.visible(card));
    if (camera.zoom > FAR)
      for (const card of cards) this.card(card, picture, camera.zoom);
    else
      this.far(cards, picture, camera.zoom);
    context.globalAlpha = 1;
    this.ends(picture, camera);
  }

  private ground(camera: Camera): void {
    const step = 28 * camera.zoom;
    if (step < 14) return;
    const {context} = this;
    context.fillStyle = this.colours.dot;
    const x0 = ((-camera.x * camera.zoom) % step + step) % step;
    const y0 = ((-camera.y * camera.zoom) % step + step) % step;
    context.beginPath();
    for (let x = x0; x < camera.width; x += step)
      for (let y = y0; y < camera.height; y += step) context.rect(x, y, 1.2, 1.2);
    context.fill();
  }

  private plate(rect: Rect, radius: number): void {
    this.context.beginPath();
    this.context.roundRect(rect.x, rect.y, rect.w, rect.h, radius);
  }

  private groups(picture: Picture, view: Rect, zoom: number): void {
    const {context, colours} = this;
    for (const [name, rect] of groupRects(picture.scene, picture.visible)) {
      if (!meets(rect, view)) continue;
      this.plate(rect, 14);
      context.globalAlpha = 0.07;
      context.fillStyle = colours.group;
      context.fill();
      context.globalAlpha = 0.6;
      context.strokeStyle = colours.group;
      context.lineWidth = 1.2;
      context.setLineDash([4, 3]);
      context.stroke();
      context.setLineDash([]);
      context.globalAlpha = 1;
      const size = Math.max(14, Math.min(40, 11 / zoom));
      this.text(
          `▾ ${name}`, rect.x + 14, rect.y + 18, FONT.title.replace('13px', `${size}px`),
          colours.group, rect.w - 28);
    }
  }

  private block(block: Block, picture: Picture, zoom: number): void {
    const {context, colours} = this;
    context.globalAlpha = picture.lit && !picture.lit.cards.has(block.id) ? 0.3 : 1;
    this.plate(block, 12);
    context.fillStyle = colours.bar;
    context.fill();
    context.strokeStyle = colours.wires.bundle;
    context.lineWidth = 1.4;
    context.stroke();
    if (zoom * 13 > 5)
      this.text(
          `▾ ${block.title}`, block.x + SIZE.blockPad + 4, block.y + 15, FONT.title, colours.text,
          block.w - 30);
    this.dot({x: block.x, y: block.y + SIZE.title / 2}, colours.wires.bundle, true);
    context.globalAlpha = 1;
  }

  // One path for all wires of a kind: far cheaper than one for each.
  private wires(picture: Picture, view: Rect, zoom: number): void {
    const dim = new Map<string, Stroke>();
    const marks: Drawn[] = [];
    const [shownCard, hidden] = [picture.visible, picture.scene.cards];
    const gone = (id: string) => {
      const card = hidden.get(id);
      return card ? !shownCard(card) : false;
    };
    for (const drawn of picture.wires) {
      const {wire} = drawn;
      if (!meets(drawn.box, view) || gone(wire.a.card) || gone(wire.b.card)) continue;
      const lit = !picture.lit || picture.lit.wires.has(wire.id);
      const key = `${wire.kind} ${wire.up} ${lit}`;
      let entry = dim.get(key);
      if (!entry) dim.set(key, entry = {path: new Path2D(), sample: wire, lit, count: 0});
      ++entry.count;
      for (const part of zoom > 0.15 ? partsIn(drawn.way, view) : [drawn.way])
        trace(entry.path, part, zoom > 0.25 ? 8 : 0);
      if (zoom > FAR && lit && (!wire.up || (picture.lit && wire.label))) marks.push(drawn);
    }
    const entries = [...dim.values()].sort((a, b) => Number(a.lit) - Number(b.lit));
    for (const entry of entries) this.stroke(entry, picture.lit !== null, zoom);
    if (marks.length < CROWD)
      for (const drawn of marks) this.mark(drawn, picture.lit !== null);
  }

  private stroke({path, sample, lit, count}: Stroke, some: boolean, zoom: number): void {
    const {context, colours} = this;
    context.globalAlpha = lit ? Math.max(0.25, Math.min(1, CROWD / count)) : 0.12;
    context.strokeStyle = sample.up ? colours.wires[sample.kind] : colours.down;
    context.lineWidth = Math.max(wireWidth(sample) * (some && lit ? 1.7 : 1), 0.7 / zoom);
    context.setLineDash(
        zoom < 0.15 || count > CROWD ? [] :
            sample.up                ? DASHES[sample.kind] :
                                       DOWN_DASH);
    context.stroke(path);
    context.setLineDash([]);
    context.globalAlpha = 1;
  }

  // A cross on what is down and, where the wire is pointed at, what it says.
  private mark({wire, way}: Drawn, whole: boolean): void {
    const {context, colours} = this;
    const at = middle(way);
    const words = whole ? wire.label || (wire.up ? '' : 'down') : '';
    const text = [wire.up ? '' : '✕', words].filter(part => part).join(' ');
    const width = measure(text, FONT.badge) + 10;
    this.plate({x: at.x - width / 2, y: at.y - 8, w: width, h: 16}, 8);
    context.fillStyle = colours.card;
    context.fill();
    context.strokeStyle = wire.up ? colours.wires[wire.kind] : colours.down;
    context.lineWidth = 1;
    context.stroke();
    this.text(
        text, at.x - width / 2 + 5, at.y, FONT.badge, wire.up ? colours.text : colours.down, width);
  }

  private text(text: string, x: number, y: number, font: string, colour: string, width: number):
      void {
    const {context} = this;
    context.font = font;
    context.fillStyle = colour;
    context.textBaseline = 'middle';
    context.fillText(fitted(text, font, width), x, y);
  }

  private dot(at: Point, colour: string, up: boolean): void {
    const {context} = this;
    context.beginPath();
    context.arc(at.x, at.y, 4.2, 0, 2 * Math.PI);
    context.fillStyle = up ? colour : this.colours.card;
    context.fill();
    context.strokeStyle = up ? this.colours.card : colour;
    context.lineWidth = 1.5;
    context.stroke();
  }

  private far(cards: readonly Card[], picture: Picture, zoom: number): void {
    const isLit = (card: Card) => !picture.lit || picture.lit.cards.has(card.id);
    for (const lit of [false, true]) {
      this.context.globalAlpha = lit ? 1 : DIM;
      drawFar(this.context, this.colours, cards.filter(card => isLit(card) === lit), zoom, measure);
    }
    for (const card of cards) this.halo(card, picture, zoom);
  }

  private card(card: Card, picture: Picture, zoom: number): void {
    const {context, colours} = this;
    const dimmed = picture.lit !== null && !picture.lit.cards.has(card.id);
    context.globalAlpha = dimmed ? DIM : 1;
    const colour = colours.kinds[card.kind];
    this.plate(card, 8);
    context.fillStyle = colours.card;
    context.fill();
    context.strokeStyle = card.kind === 'host' ? colour : colours.border;
    context.lineWidth = card.kind === 'host' ? 2 : 1.2;
    if (card.kind === 'hidden') context.setLineDash([5, 4]);
    context.stroke();
    context.setLineDash([]);
    this.head(card, colour);
    this.body(card, picture);
    this.halo(card, picture, zoom);
  }

  private head(card: Card, colour: string): void {
    const {context, colours} = this;
    context.fillStyle = colour;
    context.beginPath();
    context.roundRect(card.x, card.y, card.w, 4, [8, 8, 0, 0]);
    context.fill();
    const width = measure(card.badge, FONT.badge) + 12;
    this.plate({x: card.x + card.w - width - 8, y: card.y + 10, w: width, h: 15}, 7.5);
    context.fill();
    this.text(
        card.badge, card.x + card.w - width - 2, card.y + 18, FONT.badge, colours.card, width);
    this.text(
        card.title, card.x + SIZE.pad, card.y + 18, FONT.title, colours.text,
        card.w - width - 8 - SIZE.pad - 6);
  }

  private body(card: Card, picture: Picture): void {
    const {colours} = this;
    const width = card.w - 2 * SIZE.pad;
    let y = card.y + SIZE.title + SIZE.line / 2 - 2;
    for (const line of card.lines) {
      this.text(line, card.x + SIZE.pad, y, FONT.text, colours.muted, width);
      y += SIZE.line;
    }
    const marked = [['◂', card.listens], ['⇥', card.published]] as const;
    for (const [mark, lines] of marked)
      for (const line of lines) {
        this.text(mark, card.x + SIZE.pad, y, FONT.text, colours.kinds.container, 12);
        this.text(line, card.x + SIZE.pad + 12, y, FONT.text, colours.text, width - 12);
        y += SIZE.line;
      }
    this.barLines(card);
    for (const row of card.rows) this.row(card, row, picture);
  }

  // What joins a bar with the ports beneath it.
  private barLines(card: Card): void {
    const {context, colours} = this;
    const x = card.x + SIZE.pad + 6;
    context.strokeStyle = colours.muted;
    context.lineWidth = 1;
    context.beginPath();
    let bar: Row|null = null;
    for (const row of card.rows) {
      if (row.bar)
        bar = row;
      else if (row.inBar && bar) {
        context.moveTo(x, card.y + bar.y + 8);
        context.lineTo(x, card.y + row.y);
        context.lineTo(x + 5, card.y + row.y);
      }
    }
    context.stroke();
  }

  private row(card: Card, row: Row, picture: Picture): void {
    const {context, colours} = this;
    const y = card.y + row.y;
    const x = card.x + SIZE.pad + (row.inBar ? SIZE.indent : 0) + (row.bar ? 6 : 0);
    const lit = picture.lit?.rows.has(`${card.id}/${row.id}`) ||
        (picture.selected === card.id && picture.selectedRow === row.id);
    if (row.bar || lit) {
      this.plate({x: card.x + SIZE.pad - 4, y: y - 9, w: card.w - 2 * SIZE.pad + 8, h: 18}, 5);
      context.fillStyle = lit ? colours.lit : colours.bar;
      context.fill();
    }
    const room = card.x + card.w - SIZE.pad - x - (row.up ? 0 : 34);
    const name = fitted(row.name, FONT.mono, room);
    this.text(name, x, y, FONT.mono, row.up ? colours.text : colours.down, room);
    const used = measure(name, FONT.mono) + SIZE.gap;
    if (room - used > 20) this.text(row.detail, x + used, y, FONT.text, colours.muted, room - used);
    if (!row.up)
      this.text('down', card.x + card.w - SIZE.pad - 30, y, FONT.badge, colours.down, 60);
  }

  // What is different now has a dashed ring and a sign at its corner.
  private difference(card: Card, zoom: number): void {
    const {context, colours} = this;
    const margin = 5 / Math.min(zoom, 1);
    this.plate(
        {x: card.x - margin, y: card.y - margin, w: card.w + 2 * margin, h: card.h + 2 * margin},
        12);
    context.lineWidth = 2.5 / Math.min(zoom, 1);
    context.strokeStyle = colours.flash;
    context.setLineDash([8 / zoom, 5 / zoom]);
    context.stroke();
    context.setLineDash([]);
    if (zoom < 0.3) return;
    this.plate({x: card.x - 12, y: card.y - 12, w: 22, h: 22}, 11);
    context.fillStyle = colours.flash;
    context.fill();
    this.text('≠', card.x - 6, card.y - 1, FONT.title, colours.card, 20);
  }

  // What is selected or has just changed has a ring around it.
  private halo(card: Card, picture: Picture, zoom: number): void {
    const {context, colours} = this;
    const flash = picture.flashes.get(card.id) ?? 0;
    const chosen = picture.selected === card.id;
    if (picture.marks.has(card.id)) this.difference(card, zoom);
    if (!flash && !chosen) return;
    const margin = 3 / Math.min(zoom, 1);
    this.plate(
        {x: card.x - margin, y: card.y - margin, w: card.w + 2 * margin, h: card.h + 2 * margin},
        10);
    context.lineWidth = 3 / Math.min(zoom, 1);
    context.globalAlpha = chosen ? 1 : flash;
    context.strokeStyle = chosen ? colours.accent : colours.flash;
    context.stroke();
    if (flash) {
      context.globalAlpha = flash * 0.2;
      context.fillStyle = colours.flash;
      context.fill();
    }
    context.globalAlpha = 1;
  }

  // The ends of wires, over the cards' edges.
  private ends(picture: Picture, camera: Camera): void {
    if (camera.zoom < 0.3) return;
    const view = camera.view();
    for (const {wire, way} of picture.wires) {
      for (const [at, end] of [[way[0], wire.a], [way[way.length - 1], wire.b]] as const) {
        if (!at || !meets({x: at.x - 5, y: at.y - 5, w: 10, h: 10}, view)) continue;
        const card = picture.scene.cards.get(end.card);
        if (card && !picture.visible(card)) continue;
        this.context.globalAlpha = picture.lit && !picture.lit.wires.has(wire.id) ? 0.2 : 1;
        const up = card?.rows.find(row => row.id === end.row)?.up ?? true;
        this.dot(at, up ? this.colours.wires[wire.kind] : this.colours.down, up);
      }
    }
    this.context.globalAlpha = 1;
  }
}

// The ground that each group stands on.
export function groupRects(scene: Scene, visible: (card: Card) => boolean): Map<string, Rect> {
  const rects = new Map<string, Rect>();
  for (const [name, ids] of scene.groups) {
    let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
    for (const id of ids) {
      const card = scene.cards.get(id);
      if (!card || !visible(card)) continue;
      const box = (card.block && scene.blocks.get(card.block)) || card;
      left = Math.min(left, box.x);
      top = Math.min(top, box.y);
      right = Math.max(right, box.x + box.w);
      bottom = Math.max(bottom, box.y + box.h);
    }
    if (left < right)
      rects.set(name, {x: left - 14, y: top - 34, w: right - left + 28, h: bottom - top + 48});
  }
  return rects;
}
