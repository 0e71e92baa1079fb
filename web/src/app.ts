import {type Data, type Difference, Index, keyOf, type NetnsId} from './data';
import {byId, element} from './dom';
import {elkLayout} from './elk';
import {Filters} from './filters';
import {Finder} from './finder';
import {layOut, type Places, settle} from './layout';
import {MapView} from './map';
import {measure} from './paint';
import {Panel, spokenCard} from './panel';
import {type Card, type Grouping, makeScene, type Scene} from './scene';
import {entriesOf, type Target} from './search';
import type {Hooks, Moment} from './source';
import {tablesOf} from './tables';
import {counted, shown} from './text';
import {beginTheme, coloursNow, toggleTheme} from './theme';

// What the page shows, and what is done when something is pressed.

const GROUPINGS: Record<Grouping, string> = {
  none: 'nothing',
  project: 'compose project',
  pod: 'pod namespace',
  user: 'user'
};
const NEWS = {
  most: 5,
  stay: 9000
};  // how many lines, and how long each, ms

const DRAGGED = 150;      // ms for which the time line rests before its moment is fetched
const DIFFERENCES = 200;  // lines, at most

const momentText =
    ({time_ns, changes}: Moment) => [new Date(time_ns / 1e6).toLocaleString(), shown(changes, 80)]
                                        .filter(part => part)
                                        .join(' · ');

// The namespaces that differences are about.
const keysOf = (differences: readonly Difference[]) => differences.flatMap(
    each => [each.after, each.before].filter((id): id is NetnsId => id !== undefined).map(keyOf));

function differenceText(difference: Difference): string {
  const fields = (difference.fields ?? [])
                     .slice(0, 2)
                     .map(
                         ({field, before, after}) => `${shown(field, 30)} ${
                             shown(before ?? 'none', 30)} → ${shown(after ?? 'none', 30)}`)
                     .join(', ');
  const what = [difference.title, difference.subject, difference.what, difference.change]
                   .filter(part => part)
                   .map(part => shown(part, 60))
                   .join(' ');
  return fields ? `${what}: ${fields}` : what;
}

export class App implements Hooks {
  private data: Data|null = null;
  private index: Index|null = null;
  private scene: Scene|null = null;
  private places: Places|null = null;
  private panel: Panel|null = null;
  private blocks: Map<string, string>|null = null;  // by card, as it was decided with the layout
  private target: Target|null = null;
  private grouping: Grouping = 'none';
  private showBare = false;
  private readonly folded = new Set<string>();
  private laying = 0;
  private moments: readonly Moment[] = [];
  private moment: Moment|null = null;  // the one that is shown; null: now
  private readonly map: MapView;
  private readonly finder: Finder;
  private readonly filters: Filters;

  constructor() {
    beginTheme(() => this.map.use(coloursNow()));
    this.map = new MapView(byId('map'), byId<HTMLCanvasElement>('canvas'), coloursNow(), {
      choose: (card, row) =>
          (card ? this.go({ns: card.id, index: row?.index}, false) : this.close()),
      at: card => this.speak(card),
      fold: id => this.fold(id),
    });
    this.finder = new Finder(entry => this.go(entry.target), () => byId('map').focus());
    this.filters = new Filters(byId('filters'), byId('filter-box'), () => this.filtered());
    this.map.covered = () => byId('panel').offsetWidth;
    this.map.visible = card => this.filters.wants(card);
    this.controls();
    document.addEventListener('keydown', event => this.key(event));
    // For tests and for those who measure.
    Object.assign(
        window, {nsmap: {map: this.map, scene: () => this.scene, places: () => this.places}});
  }

  // From the source.

  take(data: Data, news: readonly Difference[]): void {
    this.data = data;
    this.index = new Index(data.snapshot);
    this.panel = new Panel(data, this.index, target => this.go(target));
    this.finder.entries = entriesOf(data, this.index);
    this.about();
    this.filters.take(this.index);
    if (this.places)
      this.rebuild();
    else if (!this.laying)
      void this.layOut();
    this.flash(news);
    if (this.target) this.fillPanel();
    this.fillTables();
  }

  status(kind: string, text: string): void {
    const about = byId('about');
    about.dataset['status'] = kind;
    about.dataset['what'] = text;
    this.about();
  }

  history(moments: readonly Moment[], show: (moment: Moment|null) => void): void {
    this.moments = moments;
    const time = byId('time');
    time.hidden = moments.length === 0;
    const slider = time.querySelector('input') ?? this.timeLine(show);
    slider.max = String(moments.length);
    const at = moments.findIndex(each => each.id === this.moment?.id);
    slider.value = String(at < 0 ? moments.length : at);
  }

  private timeLine(show: (moment: Moment|null) => void): HTMLInputElement {
    const text = element('output', {}, 'now');
    const slider = element('input', {type: 'range', aria: {label: 'Moment'}});
    let wait = 0;
    const choose = (patience: number) => {
      const moment = this.moment = this.moments[Number(slider.value)] ?? null;
      text.textContent = moment ? momentText(moment) : 'now';
      slider.setAttribute('aria-valuetext', text.textContent);
      clearTimeout(wait);
      wait = window.setTimeout(() => show(moment), patience);
    };
    slider.addEventListener('input', () => choose(DRAGGED));
    slider.addEventListener('change', () => choose(0));
    byId('time').replaceChildren(
        element('label', {}, 'Time ', slider), text, element('details', {id: 'differs'}));
    return slider;
  }

  differs(differences: readonly Difference[]|null): void {
    this.map.mark(differences ? keysOf(differences) : []);
    const place = byId('differs');
    place.hidden = !differences;
    if (!differences) return;
    const lines = differences.slice(0, DIFFERENCES)
                      .map(each => element('li', {class: each.change}, differenceText(each)));
    if (differences.length > DIFFERENCES)
      lines.push(element('li', {}, `and ${differences.length - DIFFERENCES} more`));
    const count = differences.length ? counted(differences.length, 'change') : 'no change';
    place.replaceChildren(
        element('summary', {}, `≠ ${count} from then to now`), element('ul', {}, ...lines));
  }

  // The scene.

  private makeScene(): Scene {
    return makeScene(this.data!.graph, this.index!, {
      grouping: this.grouping,
      showBare: this.showBare,
      folded: this.folded,
      kept: this.blocks,
      measure,
    });
  }

  private async layOut(): Promise<void> {
    const turn = ++this.laying;
    const wait = window.setTimeout(() => {
      byId('wait').hidden = false;
    }, 300);
    this.blocks = null;
    const scene = this.makeScene();
    const {width, height} = this.map.camera;
    const places = await layOut(scene, Math.max(0.6, width / height), elkLayout);
    clearTimeout(wait);
    if (turn !== this.laying) return;
    byId('wait').hidden = true;
    this.laying = 0;
    this.blocks = new Map([...scene.cards.values()].map(card => [card.id, card.block ?? '']));
    this.places = places;
    this.rebuild();
    this.map.fit();
    document.body.dataset['ready'] = 'yes';
  }

  // What is shown now, at the places there are.
  private rebuild(): void {
    const scene = this.makeScene();
    settle(scene, this.places!);
    this.scene = scene;
    this.blocks ??= new Map();
    for (const card of scene.cards.values())
      if (card.kind !== 'group') this.blocks.set(card.id, card.block ?? '');
    this.map.show(scene, this.places!);
    const bare = byId('bare');
    bare.hidden = scene.bare === 0;
    bare.textContent =
        `${this.showBare ? 'hide' : 'show'} ${scene.bare.toLocaleString('en')} with only lo`;
    bare.setAttribute('aria-pressed', String(this.showBare));
    this.legend();
  }

  private fold(id: string): void {
    if (!this.folded.delete(id)) this.folded.add(id);
    this.rebuild();
  }

  private filtered(): void {
    this.map.redraw();
    this.fillTables();
  }

  private flash(news: readonly Difference[]): void {
    if (!news.length) return;
    this.map.flash(keysOf(news));
    const list = byId('news');
    for (const each of news.slice(0, NEWS.most)) {
      const item = element('li', {class: each.change}, differenceText(each));
      list.append(item);
      setTimeout(() => item.remove(), NEWS.stay);
    }
    if (news.length > NEWS.most) {
      const item = element('li', {}, `and ${counted(news.length - NEWS.most, 'more change')}`);
      list.append(item);
      setTimeout(() => item.remove(), NEWS.stay);
    }
    while (list.children.length > NEWS.most + 1) list.firstElementChild!.remove();
  }

  // The panel and the tables.

  private go(target: Target, focus = true): void {
    const key = target.ns;
    const box =
        this.data?.graph.boxes.find(each => each.namespace && keyOf(each.namespace) === key);
    const bare = box && !box.bars.length && !box.ports.length && box.style !== 'host';
    if (bare && !this.showBare) this.toggleBare();
    const hiding =
        [...this.folded].find(id => !this.scene?.cards.has(key) && this.unfolds(id, key));
    if (hiding) this.fold(hiding);
    this.target = target;
    this.fillPanel();
    const row = target.index === undefined ? '' : `p${target.index}`;
    this.map.select(key, row);
    this.map.reveal(key);
    if (focus) byId('panel').querySelector('h2')?.focus();
  }

  private unfolds(id: string, key: string): boolean {
    this.folded.delete(id);
    const inside = this.makeScene().cards.has(key);
    this.folded.add(id);
    return inside;
  }

  private fillPanel(): void {
    const place = byId('panel');
    const content = this.target && this.panel?.show(this.target, () => this.close());
    place.hidden = !content;
    if (!content) return;
    const scroll = place.scrollTop;
    const open = new Set([...place.querySelectorAll('details[open] > summary')].map(
        each => each.firstChild?.textContent));
    const again = place.dataset['target'] === JSON.stringify(this.target);
    place.replaceChildren(content);
    if (again) {
      for (const details of place.querySelectorAll('details'))
        if (open.has(details.querySelector('summary')?.firstChild?.textContent))
          details.open = true;
      place.scrollTop = scroll;
    } else {
      place.scrollTop = 0;
      place.querySelector('details.interface[open]')?.scrollIntoView({block: 'center'});
    }
    place.dataset['target'] = JSON.stringify(this.target);
  }

  private close(): void {
    this.target = null;
    byId('panel').hidden = true;
    this.map.select('');
    if (!byId('map').hidden) byId('map').focus();
  }

  private fillTables(): void {
    const place = byId('tables');
    if (place.hidden || !this.data || !this.index) return;
    place.replaceChildren(tablesOf(this.data, this.index, target => this.go(target), key => {
      const card = this.scene?.cards.get(key);
      return card ? this.filters.wants(card) : true;
    }));
  }

  private toggleTables(): void {
    const [tables, map] = [byId('tables'), byId('map')];
    tables.hidden = !tables.hidden;
    map.hidden = !tables.hidden;
    byId('view').textContent = tables.hidden ? 'Table' : 'Map';
    byId('view').setAttribute('aria-pressed', String(!tables.hidden));
    this.fillTables();
    (tables.hidden ? map : tables).focus();
  }

  private toggleBare(): void {
    this.showBare = !this.showBare;
    this.rebuild();
  }

  // Around it.

  private about(): void {
    const about = byId('about');
    const {status = '', what = ''} = about.dataset;
    if (this.data) {
      const {host, namespaces, containers} = this.data.snapshot;
      byId('host').textContent = shown(host.hostname ?? 'nsmap', 60);
      document.title = `${shown(host.hostname ?? '', 60)} · nsmap`;
      about.textContent = [
        host.kernel ? `Linux ${shown(host.kernel, 40)}` : '',
        counted(namespaces.length, 'namespace'),
        containers.length ? counted(containers.length, 'container') : '', what
      ].filter(part => part).join(' · ');
    } else
      about.textContent = what;
    byId('host').dataset['status'] = status;
  }

  private legend(): void {
    const scene = this.scene!;
    const kinds = new Set(scene.wires.map(wire => wire.kind));
    const words: Record<string, string> = {
      veth: 'veth',
      netkit: 'netkit',
      stack: 'stands on',
      served: 'served by',
      bundle: 'many wires'
    };
    const items = Object.entries(words)
                      .filter(([kind]) => kinds.has(kind as never))
                      .map(([kind, text]) => element('li', {class: `wire ${kind}`}, text));
    if (scene.wires.some(wire => !wire.up))
      items.push(element('li', {class: 'wire is-down'}, 'down'));
    byId('legend').replaceChildren(...items);
  }

  private speak(card: Card): void {
    const box =
        this.data?.graph.boxes.find(each => each.namespace && keyOf(each.namespace) === card.id);
    byId('spoken').textContent = box ? spokenCard(box) : card.title;
  }

  private controls(): void {
    const group = byId<HTMLSelectElement>('group');
    group.append(
        ...Object.entries(GROUPINGS).map(([value, text]) => element('option', {value}, text)));
    group.addEventListener('change', () => {
      this.grouping = group.value as Grouping;
      this.folded.clear();
      void this.layOut();
    });
    byId('bare').addEventListener('click', () => this.toggleBare());
    byId('view').addEventListener('click', () => this.toggleTables());
    byId('theme').addEventListener('click', () => {
      toggleTheme();
      this.map.use(coloursNow());
    });
    const acts: Record<string, () => void> = {
      in : () => this.map.zoom(1.3),
      out: () => this.map.zoom(1 / 1.3),
      fit: () => this.map.fit(true),
      tidy: () => void this.layOut(),
    };
    byId('zoom').addEventListener('click', event => {
      const act = (event.target as HTMLElement).closest('button')?.dataset['zoom'];
      if (act) acts[act]?.();
    });
  }

  private key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = (event.target as HTMLElement).closest('input, select, textarea') !== null;
    if (event.key === 'Escape') {
      if (!byId('filter-box').hidden)
        this.filters.close();
      else
        this.close();
      return;
    }
    const acts: Record<string, () => void> = {
      '/': () => this.finder.focus(),
      't': () => this.toggleTables(),
      '+': () => this.map.zoom(1.3),
      '=': () => this.map.zoom(1.3),
      '-': () => this.map.zoom(1 / 1.3),
      '0': () => this.map.fit(true),
    };
    const act = typing ? undefined : acts[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }
}
