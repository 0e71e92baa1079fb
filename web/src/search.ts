import {type Data, Index, keyOf} from './data';
import {natural} from './text';

// Search as one types: everything that somebody may have at hand, and where it leads.

export interface Target {
  ns: string;
  index?: number;
  pid?: number
}
export interface Entry {
  text: string;   // what is looked in, lower case
  what: string;   // as it is shown
  sort: string;   // namespace, address …
  where: string;  // title of the namespace
  target: Target;
}

const MOST = 40;

export function entriesOf(data: Data, index: Index): Entry[] {
  const entries: Entry[] = [];
  for (const box of data.graph.boxes) {
    if (!box.namespace) continue;
    const ns = keyOf(box.namespace);
    const where = box.title ?? '';
    const add = (what: string|undefined, sort: string, target: Partial<Target> = {}) => {
      if (what)
        entries.push({text: what.toLowerCase(), what, sort, where, target: {ns, ...target}});
    };
    add(where, 'namespace');
    add(String(box.namespace.ino), 'inode');
    addNamespace(index, ns, where, add);
  }
  return entries;
}

type Add = (what: string|undefined, sort: string, target?: Partial<Target>) => void;

function addNamespace(index: Index, key: string, title: string, add: Add): void {
  const ns = index.namespaces.get(key);
  for (const {name} of ns?.names ?? [])
    if (name !== title) add(name, 'name');
  for (const link of ns?.links ?? []) {
    add(link.name, 'interface', {index: link.index});
    if (link.mac && !/^[0:]+$/.test(link.mac)) add(link.mac, 'MAC', {index: link.index});
    for (const name of link.altnames ?? []) add(name, 'interface', {index: link.index});
    add(link.alias, 'alias', {index: link.index});
  }
  for (const {address, prefix, index: at} of ns?.addresses ?? [])
    if (address !== '127.0.0.1' && address !== '::1')
      add(`${address}/${prefix}`, 'address', {index: at});
  const ports = new Set<string>();
  for (const socket of ns?.sockets ?? []) {
    if (!socket.local_port || socket.remote_port || socket.state === 'established') continue;
    const text = `:${socket.local_port} ${socket.protocol ?? ''}`;
    if (!ports.has(text)) add(text, 'port', {pid: socket.owners?.[0]?.pid});
    ports.add(text);
  }
  for (const process of index.processesIn(key))
    add(`${process.comm ?? ''} (${process.pid})`, 'process', {pid: process.pid});
  for (const container of index.containersIn(key)) {
    if (container.name !== title) add(container.name, 'container');
    add(container.image, 'image');
    add(container.id, 'container id');
    for (const port of container.ports ?? [])
      add(`:${port.host_port} ${port.protocol ?? ''}`, 'published port');
  }
}

// How well the text answers: 0 exactly, 1 from its beginning, 2 a word of it, 3 somewhere; -1 not.
function rank(text: string, query: string): number {
  const at = text.indexOf(query);
  if (at < 0) return -1;
  if (at === 0) return text.length === query.length ? 0 : 1;
  return /[^a-z0-9]/.test(text[at - 1]!) ? 2 : 3;
}

// Of those that answer as well, namespaces before what is in them.
const order = (entry: Entry): number =>
    Number(entry.sort !== 'namespace') + Number(entry.target.index !== undefined);

// The entries that hold every word of the query, the best first.
export function search(entries: readonly Entry[], query: string): Entry[] {
  const words = query.toLowerCase().split(/\s+/).filter(word => word);
  if (!words.length) return [];
  const found: {entry: Entry; rank: number}[] = [];
  for (const entry of entries) {
    const first = rank(entry.text, words[0]!);
    const in_ = `${entry.text} ${entry.sort} ${entry.where.toLowerCase()}`;
    const best = first >= 0 ? first : in_.includes(words[0]!) ? 4 : -1;
    if (best < 0 || !words.slice(1).every(word => in_.includes(word))) continue;
    if (words.length === 1 && best === 4) continue;
    found.push({entry, rank: best});
  }
  found.sort(
      (a, b) => a.rank - b.rank || order(a.entry) - order(b.entry) ||
          a.entry.text.length - b.entry.text.length || natural(a.entry.text, b.entry.text));
  return found.slice(0, MOST).map(each => each.entry);
}
