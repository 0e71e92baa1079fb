import {bounds, Camera, meets, type Rect} from './camera';
import {type Places, type Point, wayOf} from './layout';
import {type Colours, type Drawn, groupRects, type Lit, Painter, type Picture} from './paint';
import {type Card, type Row, type Scene, SIZE} from './scene';

// The map as one uses it: panned, zoomed, pointed at, walked through by keys.

export interface Hit {
  card?: Card;
  row?: Row;
  wire?: Drawn;
  fold?: string;  // id of a block or group whose title it is
}
export interface MapHooks {
  choose(card: Card|null, row?: Row): void;  // a click, or Enter
  at(card: Card): void;                      // the keys came to it
  fold(id: string): void;
}

const FLASH = 2600;  // ms
const CLICK = 5;     // pixels: what moves farther is a drag

export class MapView {
  readonly camera = new Camera();
  private readonly painter: Painter;
  private picture: Picture|null = null;
  private byCard = new Map<string, Drawn[]>();
  private hover: Hit|null = null;
  private asked = false;
  private flashes = new Map<string, number>();
  private marks: ReadonlySet<string> = new Set();
  private pointers = new Map<number, Point>();
  private dragged = 0;
  private flight = 0;  // counts the moves of the camera: a new one ends the one before
  visible: (card: Card) => boolean = () => true;
  covered: () => number = () => 0;  // pixels of its right side that something else is over
  frames: number[] = [];            // what drawing each took, ms; for those who measure

  constructor(
      private readonly place: HTMLElement, private readonly canvas: HTMLCanvasElement,
      colours: Colours, private readonly hooks: MapHooks) {
    this.painter = new Painter(canvas.getContext('2d', {alpha: false})!, colours);
    new ResizeObserver(() => this.resize()).observe(place);
    this.resize();
    this.listen();
  }

  use(colours: Colours): void {
    this.painter.use(colours);
    this.redraw();
  }

  show(scene: Scene, places: Places): void {
    const wires = scene.wires
                      .map(wire => {
                        const way = wayOf(scene, places, wire);
                        const box = bounds(way.map(({x, y}) => ({x: x - 4, y: y - 4, w: 8, h: 8})));
                        return {wire, way, box};
                      })
                      .filter(drawn => drawn.way.length);
    this.byCard.clear();
    for (const drawn of wires)
      for (const end of [drawn.wire.a, drawn.wire.b]) {
        const list = this.byCard.get(end.card);
        if (list)
          list.push(drawn);
        else
          this.byCard.set(end.card, [drawn]);
      }
    this.picture = {
      scene,
      wires,
      lit: null,
      visible: card => this.visible(card),
      selected: this.picture?.selected ?? '',
      selectedRow: this.picture?.selectedRow ?? '',
      flashes: new Map(),
      marks: this.marks
    };
    this.hover = null;
    this.redraw();
  }

  select(card: string, row = ''): void {
    if (!this.picture) return;
    this.picture.selected = card;
    this.picture.selectedRow = row;
    this.redraw();
  }

  get selected(): string {
    return this.picture?.selected ?? '';
  }

  // Lights the cards for a moment.
  flash(cards: Iterable<string>): void {
    for (const card of cards) this.flashes.set(card, performance.now());
    this.redraw();
  }

  // Marks these cards, and no others, as different from what they are now.
  mark(cards: Iterable<string>): void {
    this.marks = new Set(cards);
    if (this.picture) this.picture.marks = this.marks;
    this.redraw();
  }

  fit(animate = false): void {
    if (!this.picture) return;
    const {scene} = this.picture;
    const shown = [...scene.cards.values()].filter(this.visible);
    const rect =
        bounds([...shown, ...scene.blocks.values(), ...groupRects(scene, this.visible).values()]);
    this.fly(() => this.camera.fit(rect, this.covered()), animate);
  }

  // Brings a card into view, close enough to be read.
  reveal(id: string): void {
    const covered = this.covered();
    const card = this.picture?.scene.cards.get(id);
    if (!card) return;
    const view = this.camera.view();
    const free = {...view, w: view.w - covered / this.camera.zoom};
    const inside = card.x >= free.x && card.y >= free.y && card.x + card.w <= free.x + free.w &&
        card.y + Math.min(card.h, free.h) <= free.y + free.h;
    if (inside && this.camera.zoom > 0.5) return;
    this.fly(() => {
      if (this.camera.zoom < 0.7) this.camera.zoom = 0.9;
      this.camera.centre({
        x: card.x + card.w / 2 + covered / 2 / this.camera.zoom,
        y: card.y + Math.min(card.h / 2, 200)
      });
    }, true);
  }

  zoom(factor: number): void {
    ++this.flight;
    this.camera.zoomAt({x: this.camera.width / 2, y: this.camera.height / 2}, factor);
    this.redraw();
  }

  redraw(): void {
    if (this.asked) return;
    this.asked = true;
    requestAnimationFrame(() => {
      this.asked = false;
      this.draw();
    });
  }

  private calm(): boolean {
    return matchMedia('(prefers-reduced-motion: reduce)').matches;
  }

  private fly(move: () => void, animate: boolean): void {
    const {x, y, zoom} = this.camera;
    move();
    const to = {x: this.camera.x, y: this.camera.y, zoom: this.camera.zoom};
    const flight = ++this.flight;
    if (!animate || this.calm()) return this.redraw();
    const begin = performance.now();
    const step = () => {
      if (flight !== this.flight) return;
      const t = Math.min(1, (performance.now() - begin) / 260);
      const ease = 1 - (1 - t) ** 3;
      Object.assign(this.camera, {
        x: x + (to.x - x) * ease,
        y: y + (to.y - y) * ease,
        zoom: zoom + (to.zoom - zoom) * ease
      });
      this.redraw();
      if (t < 1) requestAnimationFrame(step);
    };
    step();
  }

  private resize(): void {
    const {clientWidth, clientHeight} = this.place;
    if (!clientWidth || !clientHeight) return;
    const ratio = devicePixelRatio;
    this.camera.width = clientWidth;
    this.camera.height = clientHeight;
    this.canvas.width = Math.round(clientWidth * ratio);
    this.canvas.height = Math.round(clientHeight * ratio);
    this.draw();
  }

  private draw(): void {
    if (!this.picture) return;
    const begin = performance.now();
    const calm = this.calm();
    const bright = new Map<string, number>();
    for (const [card, since] of this.flashes) {
      const left = 1 - (begin - since) / FLASH;
      if (left <= 0)
        this.flashes.delete(card);
      else
        bright.set(card, calm ? 0.8 : left * (0.65 + 0.35 * Math.cos((begin - since) / 160)));
    }
    this.painter.draw(
        {...this.picture, flashes: bright, lit: this.litBy(this.hover)}, this.camera,
        devicePixelRatio);
    if (this.flashes.size) {
      if (calm)
        setTimeout(() => this.redraw(), 200);
      else
        this.redraw();
    }
    this.frames.push(performance.now() - begin);
    if (this.frames.length > 600) this.frames.shift();
  }

  // Pointing.

  private litBy(hit: Hit|null): Lit|null {
    if (!hit || (!hit.card && !hit.wire) || !this.picture) return null;
    const {scene} = this.picture;
    const lit = {cards: new Set<string>(), wires: new Set<string>(), rows: new Set<string>()};
    if (hit.card) lit.cards.add(hit.card.id);
    for (const {wire} of hit.wire ? [hit.wire] : this.wiresAt(hit)) {
      lit.wires.add(wire.id);
      for (const end of [wire.a, wire.b]) {
        lit.cards.add(end.card);
        if (end.row) lit.rows.add(`${end.card}/${end.row}`);
        for (const member of scene.blocks.get(end.card)?.members ?? [])
          if (!hit.card?.block) lit.cards.add(member.id);
      }
    }
    return lit;
  }

  // The wires of a card or of a row; of a bar, those of its ports.
  private wiresAt({card, row}: Hit): Drawn[] {
    if (!card) return [];
    const all = this.byCard.get(card.block ?? card.id) ?? [];
    if (!row) return all;
    const rows = new Set([row.id]);
    if (row.bar)
      for (const each of card.rows.slice(card.rows.indexOf(row) + 1)) {
        if (!each.inBar) break;
        rows.add(each.id);
      }
    return all.filter(
        ({wire}) => [wire.a, wire.b].some(end => end.card === card.id && rows.has(end.row)));
  }

  hit(screen: Point): Hit|null {
    if (!this.picture) return null;
    const at = this.camera.toWorld(screen);
    const inside = ({x, y, w, h}: Rect) => at.x >= x && at.x <= x + w && at.y >= y && at.y <= y + h;
    const {scene} = this.picture;
    for (const card of scene.cards.values()) {
      if (!inside(card) || !this.visible(card)) continue;
      const row = this.camera.zoom > 0.35 ?
          card.rows.find(each => Math.abs(card.y + each.y - at.y) <= SIZE.row / 2) :
          undefined;
      return {card, row};
    }
    for (const block of scene.blocks.values())
      if (inside({...block, h: SIZE.blockHead})) return {fold: block.id};
    for (const [name, rect] of groupRects(scene, this.visible))
      if (inside({...rect, h: 30})) return {fold: `group:${name}`};
    return this.wireAt(at);
  }

  private wireAt(at: Point): Hit|null {
    const reach = 6 / this.camera.zoom;
    const near: Rect = {x: at.x - reach, y: at.y - reach, w: 2 * reach, h: 2 * reach};
    if (this.camera.zoom < 0.12) return null;
    for (const wire of this.picture!.wires) {
      if (!meets(wire.box, near)) continue;
      for (let i = 1; i < wire.way.length; ++i)
        if (meets(
                bounds([wire.way[i - 1]!, wire.way[i]!].map(({x, y}) => ({x, y, w: 0.1, h: 0.1}))),
                near))
          return {wire};
    }
    return null;
  }

  private point(event: {clientX: number; clientY: number}): Point {
    const {left, top} = this.canvas.getBoundingClientRect();
    return {x: event.clientX - left, y: event.clientY - top};
  }

  private listen(): void {
    const {canvas} = this;
    canvas.addEventListener('wheel', event => {
      event.preventDefault();
      ++this.flight;
      if (event.shiftKey)
        this.camera.pan(-event.deltaY - event.deltaX, 0);
      else
        this.camera.zoomAt(
            this.point(event),
            Math.exp(
                -event.deltaY *
                (event.deltaMode   ? 0.05 :
                     event.ctrlKey ? 0.01 :
                                     0.0016)));
      this.redraw();
    }, {passive: false});
    canvas.addEventListener('pointerdown', event => {
      ++this.flight;
      canvas.setPointerCapture(event.pointerId);
      if (!this.pointers.size) this.dragged = 0;
      this.pointers.set(event.pointerId, this.point(event));
    });
    canvas.addEventListener('pointermove', event => this.move(event));
    for (const end of ['pointerup', 'pointercancel'] as const)
      canvas.addEventListener(end, event => {
        const only = this.pointers.size === 1;
        if (this.pointers.delete(event.pointerId) && only && end === 'pointerup' &&
            this.dragged < CLICK)
          this.click(this.hit(this.point(event)));
      });
    canvas.addEventListener('pointerleave', () => this.setHover(null));
    canvas.addEventListener('dblclick', event => {
      this.camera.zoomAt(this.point(event), 1.6);
      this.redraw();
    });
    this.place.addEventListener('keydown', event => this.key(event));
  }

  private move(event: PointerEvent): void {
    const now = this.point(event);
    const before = this.pointers.get(event.pointerId);
    if (!before) return this.setHover(event.pointerType === 'touch' ? null : this.hit(now));
    this.pointers.set(event.pointerId, now);
    const [dx, dy] = [now.x - before.x, now.y - before.y];
    this.dragged += Math.abs(dx) + Math.abs(dy);
    const other = [...this.pointers].find(([id]) => id !== event.pointerId)?.[1];
    if (other) {
      // Two fingers: what is between them grows with the distance.
      const distance = (a: Point) => Math.max(1, Math.hypot(a.x - other.x, a.y - other.y));
      this.camera.zoomAt(
          {x: (now.x + other.x) / 2, y: (now.y + other.y) / 2}, distance(now) / distance(before));
      this.camera.pan(dx / 2, dy / 2);
    } else if (this.dragged >= CLICK) {
      this.camera.pan(dx, dy);
    }
    this.redraw();
  }

  private setHover(hit: Hit|null): void {
    const same = hit?.card === this.hover?.card && hit?.row === this.hover?.row &&
        hit?.wire === this.hover?.wire && hit?.fold === this.hover?.fold;
    if (same) return;
    this.hover = hit;
    this.canvas.style.cursor = hit ? 'pointer' : '';
    this.redraw();
  }

  private click(hit: Hit|null): void {
    if (hit?.fold)
      this.hooks.fold(hit.fold);
    else if (hit?.card?.kind === 'group')
      this.hooks.fold(hit.card.id);
    else if (hit?.wire) {
      const {a, b} = hit.wire.wire;
      const end = this.picture!.scene.cards.has(b.card) ? b : a;
      const card = this.picture!.scene.cards.get(end.card);
      if (card) this.hooks.choose(card, card.rows.find(row => row.id === end.row));
    } else
      this.hooks.choose(hit?.card ?? null, hit?.row?.index === undefined ? undefined : hit.row);
  }

  // Keys.

  private key(event: KeyboardEvent): void {
    const pan: Record<string, [number, number]> =
        {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]};
    const way = pan[event.key];
    const card = this.picture?.scene.cards.get(this.selected);
    if (way)
      this.walk(card, way);
    else if (event.key === 'Tab') {
      if (!this.step(card, event.shiftKey ? -1 : 1)) return;
    } else if (event.key === 'Enter' && card) {
      if (card.kind === 'group')
        this.hooks.fold(card.id);
      else
        this.hooks.choose(card);
    } else if (event.key === 'f' && card) {
      const id = card.block ?? (card.group && `group:${card.group}`);
      if (id) this.hooks.fold(id);
    } else
      return;
    event.preventDefault();
  }

  // In reading order: columns from the left.
  private ordered(): Card[] {
    return [...this.picture?.scene.cards.values() ?? []]
        .filter(this.visible)
        .sort((a, b) => a.x - b.x || a.y - b.y);
  }

  private arrive(card: Card): void {
    this.select(card.id);
    this.hover = {card};
    this.reveal(card.id);
    this.hooks.at(card);
  }

  private step(card: Card|undefined, by: number): boolean {
    const cards = this.ordered();
    const next = card ? cards[cards.indexOf(card) + by] : by > 0 ? cards[0] : undefined;
    if (next)
      this.arrive(next);
    else {
      this.hover = null;
      this.select('');
    }
    return next !== undefined;
  }

  private walk(card: Card|undefined, [dx, dy]: [number, number]): void {
    const cards = this.ordered();
    if (!card) {
      if (cards[0]) this.arrive(cards[0]);
      return;
    }
    const from = {x: card.x + card.w / 2, y: card.y + card.h / 2};
    let best: Card|undefined;
    let least = Infinity;
    for (const other of cards) {
      const [x, y] = [other.x + other.w / 2 - from.x, other.y + other.h / 2 - from.y];
      const along = x * dx + y * dy;
      const aside = Math.abs(x * dy) + Math.abs(y * dx);
      if (other === card || along <= 1 || aside > along * 3) continue;
      if (along + 2 * aside < least) [best, least] = [other, along + 2 * aside];
    }
    if (best) this.arrive(best);
  }
}
