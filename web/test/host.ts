import {type Data, type GraphBox, type GraphWire, Index, type Link, type Namespace} from '../src/data';
import {makeScene, type Scene, type SceneOptions} from '../src/scene';

// Hosts to draw in tests, built by hand.

export const measure = (text: string): number => text.length * 6;

export class Host {
  readonly data: Data = {
    graph: {title: 'vm', first: ['n0'], boxes: [], wires: [], published: [], sources: []},
    snapshot:
        {host: {hostname: 'vm', kernel: '6.18'}, namespaces: [], processes: [], containers: []},
  };
  private ino = 1000;

  constructor() {
    this.add('host', 'host');
  }

  // A namespace with its card; gives the id of its box.
  add(title: string, style: GraphBox['style'] = 'plain'): GraphBox {
    const namespace = {dev: 4, ino: this.ino++};
    const ns: Namespace = {
      id: namespace,
      host: style === 'host',
      names: [{name: title, source: 'netns'}],
      links: [],
      addresses: [],
      routes: [],
      sockets: []
    };
    this.data.snapshot.namespaces.push(ns);
    const box: GraphBox = {
      id: `n${this.data.graph.boxes.length}`,
      title,
      lines: [],
      style,
      bars: [],
      ports: [],
      namespace,
      published: [],
      listens: [],
      holders: []
    };
    this.data.graph.boxes.push(box);
    return box;
  }

  ns(box: GraphBox): Namespace {
    return this.data.snapshot.namespaces.find(each => each.id.ino === box.namespace!.ino)!;
  }

  bar(box: GraphBox, name: string): GraphBox['bars'][number] {
    const bar = {self: this.port(box, name, 'bridge'), ports: []};
    box.ports.splice(box.ports.indexOf(bar.self), 1);
    box.bars.push(bar);
    return bar;
  }

  port(box: GraphBox, name: string, kind = 'veth'): GraphBox['ports'][number] {
    const links: Link[] = this.ns(box).links;
    const index = links.length + 2;
    links.push({index, name, kind, up: true, carrier: true, mac: `02:00:00:00:00:0${index}`});
    const port = {id: `p${index}`, name, detail: '', state: 'up' as const, index};
    box.ports.push(port);
    return port;
  }

  // A wire from a new port of one to a new port of the other.
  wire(from: GraphBox, to: GraphBox, bar?: GraphBox['bars'][number]): GraphWire {
    const here = this.port(from, `to-${to.title}`);
    if (bar) {
      from.ports.splice(from.ports.indexOf(here), 1);
      bar.ports.push(here);
    }
    const there = this.port(to, 'eth0');
    const wire: GraphWire = {
      from: {box: from.id, port: here.id},
      to: {box: to.id, port: there.id},
      style: 'wire'
    };
    this.data.graph.wires.push(wire);
    return wire;
  }

  index(): Index {
    return new Index(this.data.snapshot);
  }

  scene(options: Partial<SceneOptions> = {}): Scene {
    return makeScene(
        this.data.graph, this.index(),
        {grouping: 'none', showBare: false, folded: new Set(), kept: null, measure, ...options});
  }

  get host(): GraphBox {
    return this.data.graph.boxes[0]!;
  }
}

export const idOf = (box: GraphBox): string => `${box.namespace!.dev}:${box.namespace!.ino}`;
