import {type Container, type Data, type Facts, type GraphBox, type GraphPublished, type GraphSource, Index, keyOf, type Link, type LinkRef, type Namespace, type NetnsId, type Process, push, type Route, type Socket, type Value} from './data';
import {element, table} from './dom';
import type {Target} from './search';
import {counted, shown} from './text';

// Everything about one namespace or process, each thing that names another leading to it.

type Go = (target: Target) => void;
type Content = Node|string|number|null;

const spaced = (name: string): string => name.replaceAll('_', ' ');

export class Panel {
  private readonly titles = new Map<string, string>();
  private readonly boxes = new Map<string, GraphBox>();
  private readonly published = new Map<string, GraphPublished[]>();  // of both ends
  private readonly sources = new Map<string, GraphSource[]>();

  constructor(data: Data, private readonly index: Index, private readonly go: Go) {
    for (const box of data.graph.boxes)
      if (box.namespace) {
        this.titles.set(keyOf(box.namespace), box.title ?? '');
        this.boxes.set(keyOf(box.namespace), box);
      }
    for (const port of data.graph.published) {
      const into = port.to.flatMap(each => each.namespace ? [keyOf(each.namespace)] : []);
      for (const key of new Set([keyOf(port.namespace), ...into])) push(this.published, key, port);
    }
    for (const source of data.graph.sources) push(this.sources, keyOf(source.namespace), source);
  }

  // What is to be shown of the target; null: it is not there any more.
  show(target: Target, close: () => void): Node|null {
    const closing = element(
        'button', {
          type: 'button',
          class: 'close',
          title: 'Close (Esc)',
          aria: {label: 'Close'},
          on: {click: close}
        },
        '×');
    const process = target.pid === undefined ? undefined : this.index.processes.get(target.pid);
    if (process) return element('div', {}, closing, ...this.process(process));
    const ns = this.index.namespaces.get(target.ns);
    return ns ? element('div', {}, closing, ...this.namespace(ns, target.index)) : null;
  }

  title(key: string): string {
    return this.titles.get(key) ?? key;
  }

  // Links.

  private link(text: string, target: Target): HTMLElement {
    return element(
        'button', {type: 'button', class: 'link', on: {click: () => this.go(target)}}, text);
  }
  private toNamespace(id: NetnsId): HTMLElement {
    return this.link(this.title(keyOf(id)), {ns: keyOf(id)});
  }
  private toLink(ref: LinkRef, here = ''): HTMLElement {
    const key = keyOf(ref.namespace);
    const name = this.index.link(key, ref.index)?.name ?? `if${ref.index}`;
    return this.link(
        key === here ? name : `${name} @${this.title(key)}`, {ns: key, index: ref.index});
  }
  private device(key: string, index: number|undefined): Content {
    return index === undefined ? '' : this.toLink({namespace: this.idOf(key), index}, key);
  }
  private toProcess(pid: number): HTMLElement {
    const process = this.index.processes.get(pid);
    const text = `${process?.comm ?? 'pid'} (${pid})`;
    return process ? this.link(text, {ns: process.net ? keyOf(process.net) : '', pid}) :
                     element('span', {}, text);
  }
  private idOf(key: string): NetnsId {
    return this.index.namespaces.get(key)!.id;
  }

  // Sections.

  // Built when it is opened: some are long.
  private section(title: string, count: number, build: () => Node, open = false): Node|null {
    if (!count) return null;
    const details = element(
        'details', {open},
        element('summary', {}, title, ' ', element('small', {}, count.toLocaleString('en'))));
    let built = false;
    const fill = () => {
      if (built || !details.open) return;
      built = true;
      details.append(build());
    };
    details.addEventListener('toggle', fill);
    fill();
    return details;
  }

  private facts(pairs: readonly(readonly[string, Content|undefined])[]): HTMLElement {
    const list = element('dl');
    for (const [name, value] of pairs)
      if (value !== undefined && value !== null && value !== '')
        list.append(element('dt', {}, name), element('dd', {}, value));
    return list;
  }

  private every(facts: Facts, but: ReadonlySet<string> = new Set()): HTMLElement {
    return this.facts(
        Object.entries(facts)
            .filter(([name]) => !but.has(name))
            .map(
                ([name, value]) => [spaced(name), value === undefined ? '' : this.value(value)] as
                    const));
  }

  private value(value: Value): Content {
    if (Array.isArray(value))
      return value.length ?
          value.map(each => (typeof each === 'object' ? JSON.stringify(each) : String(each)))
              .join(', ') :
          '';
    if (typeof value === 'object') {
      const inside = this.every(value);
      if (Object.keys(value).length <= 4) return Object.keys(value).length ? inside : '';
      return element(
          'details', {class: 'inner'},
          element('summary', {}, counted(Object.keys(value).length, 'value')), inside);
    }
    return typeof value === 'boolean' ? (value ? 'yes' : 'no') : String(value);
  }

  private namespace(ns: Namespace, link: number|undefined): (Node|null)[] {
    const key = keyOf(ns.id);
    const box = this.boxes.get(key);
    const processes = this.index.processesIn(key);
    const containers = this.index.containersIn(key);
    const holders = box?.holders ?? [];
    const sockets = ns.sockets.filter(each => each.family === 'inet' || each.family === 'inet6');
    const others = ns.sockets.length - sockets.length;
    return [
      element('h2', {tabindex: '-1'}, shown(box?.title ?? key, 120)),
      element('p', {class: 'lines'}, ...(box?.lines ?? []).map(line => element('span', {}, line))),
      this.identity(ns),
      this.section(
          'Containers', containers.length,
          () => element('div', {}, ...containers.map(each => this.container(each))), true),
      this.section(
          'Interfaces', ns.links.length,
          () => element(
              'div', {}, ...ns.links.map(each => this.linkDetails(ns, each, each.index === link))),
          true),
      this.section(
          'Listens on', box?.listens.length ?? 0,
          () => element('ul', {}, ...box!.listens.map(each => element('li', {}, each))), true),
      this.section(
          'Published ports', this.published.get(key)?.length ?? 0,
          () => this.ports(key, this.published.get(key)!),
          (this.published.get(key)?.length ?? 0) <= 12),
      this.section(
          'Leaves by another address', this.sources.get(key)?.length ?? 0,
          () => table(
              ['What', 'Becomes', 'By'],
              this.sources.get(key)!.map(
                  each =>
                      [each.what ?? '', each.to ?? 'the address of the interface',
                       each.rule ?? '']))),
      this.section(
          'Kept alive by', holders.length,
          () => table(
              ['By', 'Freed by'], holders.map(each => [each.what ?? '', each.freed_by ?? ''])),
          holders.length < 12),
      this.section(
          'Processes', processes.length,
          () => table(
              ['Process', 'Command'],
              processes.map(each => [this.toProcess(each.pid), each.command ?? ''])),
          processes.length < 12),
      this.section('Routes', ns.routes.length, () => this.routes(key, ns.routes)),
      this.section('Rules', ns.rules?.length ?? 0, () => this.rules(ns.rules!)),
      this.section(
          'Neighbours', ns.neighbours?.length ?? 0,
          () => table(
              ['Address', 'MAC', 'Interface', 'State'],
              ns.neighbours!.map(
                  each =>
                      [String(each['address'] ?? ''), String(each['mac'] ?? ''),
                       this.device(key, each.index), String(each['state'] ?? '')]))),
      this.section('Sockets', sockets.length, () => this.sockets(sockets)),
      this.section(
          'Other sockets', others,
          () => this.sockets(ns.sockets.filter(each => !sockets.includes(each)))),
      this.section(
          'Forwarding database', ns.fdb?.length ?? 0,
          () => table(
              ['MAC', 'Interface', 'VLAN', 'State'],
              ns.fdb!.map(
                  each =>
                      [String(each['mac'] ?? ''), this.device(key, each.index),
                       String(each['vlan'] ?? ''), String(each['state'] ?? '')]))),
      this.section(
          'VLANs', ns.vlans?.length ?? 0,
          () => table(
              ['Interface', 'First', 'Last', 'PVID', 'Untagged'],
              ns.vlans!.map(
                  each =>
                      [this.device(key, each.index),
                       ...['first', 'last', 'pvid', 'untagged'].map(
                           name => this.value(each[name] ?? ''))]))),
      this.section(
          'Nexthops', ns.nexthops?.length ?? 0,
          () => element('div', {}, ...ns.nexthops!.map(each => this.every(each)))),
      this.section(
          'Namespace numbers', ns.nsids?.length ?? 0,
          () => table(
              ['Number', 'Namespace'],
              ns.nsids!.map(
                  each =>
                      [each.nsid,
                       each.namespace ? this.toNamespace(each.namespace) : 'not known']))),
      this.section(
          'Settings', ns.sysctls?.length ?? 0,
          () =>
              table(['Setting', 'Value'], ns.sysctls!.map(each => [each.name ?? '', each.value]))),
    ];
  }

  // Of one end: whose port it is goes without saying where it is its own.
  private ports(key: string, ports: readonly GraphPublished[]): HTMLElement {
    const target = (each: GraphPublished['to'][number]): Node => element(
        'div', {},
        each.namespace && keyOf(each.namespace) !== key ?
            this.link(each.what ?? '', {ns: keyOf(each.namespace)}) :
            each.what);
    return table(
        ['Port', 'Leads to'],
        ports.map(
            each =>
                [element(
                     'div', {}, each.port,
                     keyOf(each.namespace) === key ?
                         null :
                         element('div', {}, 'of ', this.toNamespace(each.namespace)),
                     each.service ? element('div', {}, each.service) : null),
                 element(
                     'div', {}, ...each.to.map(target),
                     element('div', {}, element('small', {}, `from ${each.from ?? ''}`)),
                     element('div', {}, element('small', {}, each.how ?? '')))]),
        50);
  }

  private identity(ns: Namespace): HTMLElement {
    const owner = ns.owner_userns;
    return this.facts([
      [
        'inode',
        ns.id.dev ? `net:[${ns.id.ino}], device ${ns.id.dev}` : 'hidden: only a wire proves it'
      ],
      ['id', ns.ns_id],
      ['cookie', ns.cookie === ns.ns_id ? undefined : ns.cookie],
      [
        'names',
        ns.names.map(each => each.path ?? `${each.name ?? ''} (${each.source ?? ''})`).join(', ')
      ],
      [
        'owner',
        owner &&
            `user namespace ${owner.ino}${
                owner.uid === undefined ? '' : `, made by uid ${owner.uid}`}`
      ],
    ]);
  }

  private container(each: Container): HTMLElement {
    return this.facts([
      ['name', each.name],
      ['runtime', each.runtime],
      ['image', each.image],
      ['id', each.id],
      ['pod', each.pod && `${each.pod.namespace ?? ''}/${each.pod.name ?? ''}`],
      ['process', each.pid === undefined ? '' : this.toProcess(each.pid)],
      ['user', each.user],
      ['network', each.network_mode],
      [
        'published',
        (each.ports ?? [])
            .map(
                port => `${port.host_address ?? '*'}:${port.host_port}→${port.container_port}/${
                    port.protocol ?? ''}`)
            .join(', ')
      ],
      [
        'labels',
        this.value(
            Object.fromEntries((each.labels ?? []).map(one => [one.key ?? '', one.value ?? ''])))
      ],
    ]);
  }

  private farEnd(link: Link, here: string): string {
    const ref = link.peer ?? link.parent;
    if (!ref?.index) return '';
    const key = keyOf(ref.namespace);
    const name = shown(this.index.link(key, ref.index)?.name ?? `if${ref.index}`, 40);
    return `${link.peer ? '⇄' : 'on'} ${name}${
        key === here ? '' : ` @${shown(this.title(key), 60)}`}`;
  }

  private linkDetails(ns: Namespace, link: Link, open: boolean): HTMLElement {
    const key = keyOf(ns.id);
    const addresses = ns.addresses.filter(each => each.index === link.index);
    const up = link.up && (link.carrier || link.state === 'unknown');
    const told = new Set([
      'index', 'name', 'kind', 'up', 'carrier', 'state', 'master', 'peer', 'parent', 'served_by',
      'link', 'link_nsid'
    ]);
    const details = element(
        'details', {class: 'interface', open, data: {index: String(link.index)}},
        element(
            'summary', {}, element('code', {}, link.name ?? ''), ' ',
            element(
                'small', {},
                [
                  link.kind,
                  addresses.map(each => `${each.address}/${each.prefix}`).slice(0, 2).join(' '),
                  this.farEnd(link, key)
                ].filter(each => each)
                    .join(' · ')),
            up ? null : element('em', {class: 'down'}, link.up ? 'no carrier' : 'down')));
    details.append(
        this.facts([
          ['other end', link.peer && this.toLink(link.peer, key)],
          [
            'stands on',
            link.parent &&
                (link.parent.index ? this.toLink(link.parent, key) :
                                     this.toNamespace(link.parent.namespace))
          ],
          ['port of', this.device(key, link.master)],
          [
            'served by',
            link.served_by?.length ?
                element('span', {}, ...link.served_by.map(each => this.toProcess(each.pid))) :
                ''
          ],
          ['addresses', addresses.map(each => `${each.address}/${each.prefix}`).join(', ')],
          ['state', spaced(link.state ?? '')],
        ]),
        this.every(link as unknown as Facts, told));
    return details;
  }

  private routes(key: string, routes: readonly Route[]): HTMLElement {
    const hop = (route: Route): Content => element(
        'span', {},
        ...route.hops.flatMap(
            (each, i) =>
                [i ? ', ' : null, each.gateway ? `via ${each.gateway} ` : null,
                 this.device(key, each.oif)]));
    const rows = [...routes].sort((a, b) => Number(a.table === 255) - Number(b.table === 255));
    return table(
        ['To', 'By', 'Table', 'Type', 'From'],
        rows.map(
            each =>
                [/\/0$/.test(each.dst ?? '/0') ?
                     `default ${each.family === 'inet6' ? '(v6)' : ''}` :
                     each.dst!,
                 hop(each), {254: 'main', 255: 'local'}[each.table] ?? each.table, each.type ?? '',
                 each.prefsrc ?? '']));
  }

  private rules(rules: readonly Facts[]): HTMLElement {
    const told = new Set(['family', 'priority', 'action', 'table', 'protocol']);
    return table(
        ['Priority', 'Family', 'When', 'Then'],
        rules.map(
            each =>
                [Number(each['priority'] ?? 0), String(each['family'] ?? ''),
                 Object.entries(each)
                         .filter(
                             ([name, value]) => !told.has(name) && value !== false && value !== 0)
                         .map(
                             ([name, value]) => `${spaced(name)} ${
                                 typeof value === 'object' ? JSON.stringify(value) :
                                                             String(value)}`)
                         .join(' ') ||
                     'always',
                 `${String(each['action'] ?? '')} ${
                     each['action'] === 'table' ? String(each['table'] ?? '') : ''}`]));
  }

  private sockets(sockets: readonly Socket[]): HTMLElement {
    const end = (address: string|undefined, port: number|undefined): string => {
      if (!address && !port) return '';
      const host = !address || address === '0.0.0.0' || address === '::' ? '*' : address;
      return `${host.includes(':') ? `[${host}]` : host}:${port || '*'}`;
    };
    return table(
        ['Protocol', 'Local', 'Remote', 'State', 'Process'],
        sockets.map(
            each =>
                [each.protocol ?? each.family, each.name ?? end(each.local, each.local_port),
                 end(each.remote, each.remote_port), spaced(each.state ?? ''),
                 element(
                     'span', {},
                     ...(each.owners ?? []).slice(0, 3).map(owner => this.toProcess(owner.pid)))]));
  }

  private process(process: Process): (Node|null)[] {
    const told = new Set(['pid', 'comm', 'command', 'net', 'parent']);
    return [
      element('h2', {tabindex: '-1'}, `${process.comm ?? ''} (${process.pid})`),
      element('p', {class: 'lines'}, element('span', {}, process.command ?? '')),
      this.facts([
        ['namespace', process.net ? this.toNamespace(process.net) : 'could not be read'],
        ['parent', process.parent ? this.toProcess(process.parent) : ''],
      ]),
      this.every(process as unknown as Facts, told),
    ];
  }
}

// A card, in words, for who hears the page.
export function spokenCard(box: GraphBox): string {
  const count = box.ports.length + box.bars.reduce((sum, bar) => sum + 1 + bar.ports.length, 0);
  return [
    shown(box.title), box.style === 'plain' ? 'namespace' : box.style,
    ...box.lines.map(line => shown(line)), counted(count, 'interface'),
    box.listens.length ?
        `listens on ${box.listens.slice(0, 5).map(each => shown(each)).join(', ')}` :
        '',
    ...box.published.map(each => shown(each))
  ].filter(part => part)
      .join(', ');
}
