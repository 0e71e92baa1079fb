import {type Container, type Data, type Difference, type Graph, keyOf, type Namespace, type NetnsId, type Process, type Snapshot} from './data';
import {eventsOf, type StreamEvent} from './sse';

// Where the data comes from: the page itself, or whoever served it, who then tells of every change.

export interface Moment {
  time_ns: number;
  id: number|string;
  changes?: string  // since the moment before, in short
}
export interface Hooks {
  take(data: Data, news: readonly Difference[]): void;
  status(kind: 'file'|'live'|'past'|'lost', text: string): void;
  history(moments: readonly Moment[], show: (moment: Moment|null) => void): void;
  // What is different from what is shown, which is past, to the present; null: the present is
  // shown.
  differs(differences: readonly Difference[]|null): void;
}

interface Change {
  number: number;
  time_ns?: number;
  differences?: Difference[];
  touched?: NetnsId[];
  gone?: NetnsId[];
}
interface Shown {
  namespace: Namespace;
  processes?: Process[];
  containers?: Container[]
}

// From so many namespaces that changed at once, everything is fetched anew.
const MANY = 24;
const GATHER = 250;   // ms in which changes are taken together
const RELIST = 5000;  // ms after which a change may have made a new moment
const PATIENCE = {
  first: 500,
  most: 15_000
};  // ms between attempts to connect

export function start(hooks: Hooks): void {
  const held = document.getElementById('nsmap-data')?.textContent?.trim();
  if (held) {
    const data = JSON.parse(held) as Data;
    const time = data.snapshot.host.time_ns;
    hooks.status(
        'file', time ? `snapshot of ${new Date(time / 1e6).toLocaleString()}` : 'snapshot');
    hooks.take(data, []);
  } else {
    void new Api(hooks).run();
  }
}

// The token comes behind the address's # and does not stay there.
function token(): string {
  const found = /(?:^#|&)token=([^&]*)/.exec(location.hash)?.[1];
  try {
    if (found) {
      sessionStorage.setItem('nsmap-token', decodeURIComponent(found));
      history.replaceState(null, '', location.pathname + location.search);
    }
    return sessionStorage.getItem('nsmap-token') ?? '';
  } catch {
    return found ?? '';
  }
}

// A namespace as it is now, in place of what was there.
export function replaceNamespace(snapshot: Snapshot, shown: Shown): void {
  const key = keyOf(shown.namespace.id);
  const at = snapshot.namespaces.findIndex(ns => keyOf(ns.id) === key);
  if (at >= 0)
    snapshot.namespaces[at] = shown.namespace;
  else
    snapshot.namespaces.push(shown.namespace);
  const elsewhere = (each: {net?: NetnsId}) => !each.net || keyOf(each.net) !== key;
  if (shown.processes) {
    const pids = new Set(shown.processes.map(each => each.pid));
    snapshot.processes = [
      ...snapshot.processes.filter(each => elsewhere(each) && !pids.has(each.pid)),
      ...shown.processes
    ];
  }
  if (shown.containers)
    snapshot.containers = [...snapshot.containers.filter(elsewhere), ...shown.containers];
}

class Refused extends Error {}

const sleep = (ms: number) => new Promise(resolve => setTimeout(resolve, ms));

class Api {
  private readonly token = token();
  private data: Data|null = null;
  private last = '';  // id of the last event
  private pending: Change[] = [];
  private all = false;  // everything is to be fetched anew
  private busy = false;
  private past = false;  // what is shown is not the present
  private turn = 0;      // counts what was chosen on the time line
  private listed = 0;    // when the moments were, in ms; 0: the server keeps none

  constructor(private readonly hooks: Hooks) {}

  async run(): Promise<void> {
    void this.offerHistory();
    for (let wait = PATIENCE.first;;) {
      try {
        await this.follow(() => {
          wait = PATIENCE.first;
        });
        throw new Error('the connection ended');
      } catch (error) {
        if (error instanceof Refused) return this.hooks.status('lost', error.message);
        this.hooks.status('lost', `not connected; trying again in ${Math.ceil(wait / 1000)} s`);
      }
      await sleep(wait);
      wait = Math.min(wait * 2, PATIENCE.most);
    }
  }

  // The stream first, then the state: so nothing falls between them.
  private async follow(connected: () => void): Promise<void> {
    const response = await this.ask('events', this.last ? {'Last-Event-ID': this.last} : {});
    connected();
    if (!this.last || !this.data) await this.fetchAll([]);
    this.live();
    for await (const event of eventsOf(response.body!)) this.handle(event);
  }

  private live(): void {
    if (!this.past) this.hooks.status('live', 'live');
  }

  private async ask(what: string, headers: Record<string, string> = {}): Promise<Response> {
    const authorization: Record<string, string> =
        this.token ? {Authorization: `Bearer ${this.token}`} : {};
    const response = await fetch(
        `api/v1/${what}`,
        {headers: {...authorization, ...headers}, cache: 'no-store', credentials: 'omit'});
    if (response.status === 401 || response.status === 403)
      throw new Refused('refused: open the address that nsmap serve printed, token and all');
    if (!response.ok) throw new Error(`${what}: ${response.status}`);
    return response;
  }

  private async get<T>(what: string): Promise<T> {
    return await (await this.ask(what)).json() as T;
  }

  private handle({event, id, data}: StreamEvent): void {
    if (id) this.last = id;
    if (event === 'reset')
      this.all = true;
    else if (event === 'change')
      this.pending.push(JSON.parse(data) as Change);
    else
      return;
    if (!this.busy) void this.update();
  }

  private async update(): Promise<void> {
    this.busy = true;
    try {
      while (this.all || this.pending.length) {
        await sleep(GATHER);
        const changes = this.pending.splice(0);
        const all = this.all;
        this.all = false;
        await this.apply(changes, all);
      }
    } catch (error) {
      this.all = true;
      const again = () => {
        if (!this.busy) void this.update();
      };
      if (!(error instanceof Refused)) setTimeout(again, PATIENCE.first);
    } finally {
      this.busy = false;
    }
  }

  private async apply(changes: readonly Change[], all: boolean): Promise<void> {
    const news = changes.flatMap(each => each.differences ?? []);
    const touched = new Map<string, NetnsId>();
    const gone = new Set<string>();
    for (const change of changes) {
      for (const id of change.touched ?? []) touched.set(keyOf(id), id);
      for (const id of change.gone ?? []) gone.add(keyOf(id));
    }
    for (const key of gone) touched.delete(key);
    const hidden = [...touched.values()].some(id => id.dev === 0);
    if (all || !this.data || hidden || touched.size > MANY) return this.fetchAll(news);
    const [graph, ...shown] = await Promise.all([
      news.length || gone.size ? this.get<Graph>('graph') : this.data.graph,
      ...[...touched.values()].map(id => this.get<Shown|Shown[]|Namespace>(`namespaces/${id.ino}`)),
    ]);
    const snapshot = {
      ...this.data.snapshot,
      namespaces: this.data.snapshot.namespaces.filter(ns => !gone.has(keyOf(ns.id)))
    };
    for (const each of shown) {
      const one = Array.isArray(each) ? each[0]! : each;
      replaceNamespace(snapshot, 'namespace' in one ? one : {namespace: one});
    }
    const time_ns = changes[changes.length - 1]?.time_ns;
    if (time_ns) snapshot.host = {...snapshot.host, time_ns};
    this.give({graph, snapshot}, news);
  }

  private async fetchAll(news: readonly Difference[]): Promise<void> {
    const [graph, snapshot] =
        await Promise.all([this.get<Graph>('graph'), this.get<Snapshot>('snapshot')]);
    this.give({graph, snapshot}, news);
  }

  private give(data: Data, news: readonly Difference[]): void {
    this.data = data;
    if (!this.past) this.hooks.take(data, news);
    if (this.listed && Date.now() - this.listed > RELIST) void this.offerHistory();
  }

  // A time line, where the server keeps what was.
  private async offerHistory(): Promise<void> {
    try {
      const moments = await this.get<Moment[]>('history');
      this.listed = Date.now();
      this.hooks.history(moments, moment => void this.show(moment));
    } catch {
      this.listed = 0;
    }
  }

  private async show(moment: Moment|null): Promise<void> {
    const turn = ++this.turn;
    this.past = moment !== null;
    if (!moment) {
      this.hooks.differs(null);
      this.live();
      if (this.data) this.hooks.take(this.data, []);
      return;
    }
    const id = encodeURIComponent(moment.id);
    try {
      const [graph, snapshot, differences] = await Promise.all([
        this.get<Graph>(`graph?at=${id}`), this.get<Snapshot>(`snapshot?at=${id}`),
        this.get<Difference[]>(`diff?before=${id}`)
      ]);
      if (turn !== this.turn) return;  // another was chosen meanwhile
      this.hooks.status('past', `as of ${new Date(moment.time_ns / 1e6).toLocaleString()}`);
      this.hooks.take({graph, snapshot}, []);
      this.hooks.differs(differences);
    } catch (error) {
      if (turn === this.turn)
        this.hooks.status('past', `that moment could not be fetched: ${String(error)}`);
    }
  }
}
