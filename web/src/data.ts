// What the page is given: view::Graph (src/view/graph.h) and the snapshot (docs/snapshot.md) as
// JSON. Empty strings and absent values are left out of it.

export interface NetnsId {
  dev: number;
  ino: number
}
export interface LinkRef {
  namespace: NetnsId;
  index: number
}

export interface GraphPort {
  id: string;
  name?: string;
  detail?: string;
  state: 'up'|'down';
  index: number;
}
export interface GraphBar {
  self: GraphPort;
  ports: GraphPort[]
}
export interface GraphHolder {
  what?: string;
  freed_by?: string
}
export type BoxStyle = 'host'|'container'|'plain'|'hidden'|'note';
export interface GraphBox {
  id: string;
  title?: string;
  lines: string[];
  style: BoxStyle;
  bars: GraphBar[];
  ports: GraphPort[];
  namespace?: NetnsId;
  published: string[];
  listens: string[];
  holders: GraphHolder[];
}
export interface GraphEnd {
  box?: string;
  port?: string
}
export type WireStyle = 'wire'|'stack'|'served'|'bundle';
export interface GraphWire {
  from: GraphEnd;
  to: GraphEnd;
  style: WireStyle;
  label?: string
}
export interface GraphTarget {
  what?: string;
  namespace?: NetnsId
}
// A port that leads elsewhere.
export interface GraphPublished {
  port?: string;
  namespace: NetnsId;
  service?: string;
  to: GraphTarget[];
  from?: string;
  how?: string;
}
// What leaves a namespace by another address.
export interface GraphSource {
  namespace: NetnsId;
  what?: string;
  to?: string;
  rule?: string;
}
export interface Graph {
  title?: string;
  first: string[];
  boxes: GraphBox[];
  wires: GraphWire[];
  published: GraphPublished[];
  sources: GraphSource[]
}

// Facts are shown as they come, so most need no more of a type than this.
export type Value = string|number|boolean|Value[]|{[key: string]: Value | undefined};
export type Facts = {
  [key: string]: Value|undefined
};

export interface Link {
  index: number;
  name?: string;
  kind?: string;
  alias?: string;
  altnames?: string[];
  mac?: string;
  mtu?: number;
  state?: string;
  up?: boolean;
  carrier?: boolean;
  master?: number;
  peer?: LinkRef;
  parent?: LinkRef;
  served_by?: {pid: number}[];
}
export interface Address {
  index: number;
  address: string;
  prefix: number;
  scope?: string
}
export interface RouteHop {
  gateway?: string;
  oif?: number;
  weight?: number
}
export interface Route {
  family: string;
  table: number;
  type?: string;
  dst?: string;
  src?: string;
  metric?: number;
  protocol?: string;
  prefsrc?: string;
  hops: RouteHop[];
  nexthop_id?: number;
}
export interface Socket {
  family: string;
  protocol?: string;
  state?: string;
  local?: string;
  local_port?: number;
  remote?: string;
  remote_port?: number;
  name?: string;
  inode?: number;
  owners?: {pid: number; fd: number}[];
}
export interface Namespace {
  id: NetnsId;
  ns_id?: number;
  cookie?: number;
  host?: boolean;
  names: {name?: string; source?: string; path?: string}[];
  owner_userns?: {ino: number; uid?: number};
  links: Link[];
  addresses: Address[];
  routes: Route[];
  rules?: Facts[];
  nexthops?: Facts[];
  neighbours?: (Facts&{index: number})[];
  fdb?: (Facts&{index: number})[];
  vlans?: (Facts&{index: number})[];
  nsids?: {nsid: number; namespace?: NetnsId}[];
  sockets: Socket[];
  sysctls?: {name?: string; value: number}[];
}
export interface Process {
  pid: number;
  parent?: number;
  uid?: number;
  comm?: string;
  command?: string;
  cgroup?: string;
  net?: NetnsId;
  container?: string;
  threads?: number;
  zombie?: boolean;
}
export interface Container {
  id?: string;
  name?: string;
  runtime?: string;
  image?: string;
  pid?: number;
  net?: NetnsId;
  user?: number;
  pod?: {name?: string; namespace?: string; uid?: string};
  sandbox?: boolean;
  network_mode?: string;
  labels?: {key?: string; value?: string}[];
  ports?: {protocol?: string; host_address?: string; host_port: number; container_port: number}[];
}
export interface Snapshot {
  host: {
    hostname?: string;
    kernel?: string;
    time_ns?: number;
    took_ns?: number;
    privileged?: boolean
  };
  diagnostics?: {source?: string; what?: string}[];
  namespaces: Namespace[];
  processes: Process[];
  containers: Container[];
}
export interface Data {
  graph: Graph;
  snapshot: Snapshot
}

// A row of `nsmap diff --json`.
export interface Difference {
  change: string;
  subject: string;
  what?: string;
  detail?: string;
  title?: string;
  fields?: {field?: string; before?: string; after?: string}[];
  before?: NetnsId;
  after?: NetnsId;
}

// A namespace's identity as a key. The kernel uses an inode again, but not within one snapshot.
export const keyOf = (id: NetnsId): string => `${id.dev}:${id.ino}`;

// Look-ups over one snapshot.
export class Index {
  readonly namespaces = new Map<string, Namespace>();
  readonly processes = new Map<number, Process>();
  private readonly processesBy = new Map<string, Process[]>();
  private readonly containersBy = new Map<string, Container[]>();
  private readonly linksBy = new Map<string, Map<number, Link>>();

  constructor(readonly snapshot: Snapshot) {
    for (const ns of snapshot.namespaces) this.namespaces.set(keyOf(ns.id), ns);
    for (const process of snapshot.processes) {
      this.processes.set(process.pid, process);
      if (process.net) push(this.processesBy, keyOf(process.net), process);
    }
    for (const container of snapshot.containers)
      if (container.net) push(this.containersBy, keyOf(container.net), container);
  }

  processesIn(key: string): Process[] {
    return this.processesBy.get(key) ?? [];
  }
  containersIn(key: string): Container[] {
    return this.containersBy.get(key) ?? [];
  }

  link(key: string, index: number): Link|undefined {
    let links = this.linksBy.get(key);
    if (!links) {
      links = new Map((this.namespaces.get(key)?.links ?? []).map(link => [link.index, link]));
      this.linksBy.set(key, links);
    }
    return links.get(index);
  }
}

export function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list)
    list.push(value);
  else
    map.set(key, [value]);
}
