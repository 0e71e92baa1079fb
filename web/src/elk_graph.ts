import type {ElkExtendedEdge, ElkNode} from 'elkjs/lib/elk-api';
import {push} from './data';
import {type Box, boxesOf, type Point, type Side, sideKey, SPACE} from './layout';
import {type End, endPoint, type Scene} from './scene';

// A scene as elkjs wants it, and what elkjs answers.

// With more wires than that, elkjs is asked to be quick.
const THOROUGH_WIRES = 600;

interface Port {
  x: number;
  y: number;
  side: Side;
}

// The ports of each box, by their ids.
class Ports {
  private readonly byBox = new Map<string, Map<string, Port>>();

  constructor(private readonly scene: Scene, private readonly sides: ReadonlyMap<string, Side>) {}

  // The id of the port at which a wire ends.
  at(end: End): string {
    const side = this.sides.get(sideKey(end)) ?? 'E';
    const point = endPoint(this.scene, end, side)!;
    const box = this.scene.cards.get(end.card) ?? this.scene.blocks.get(end.card)!;
    const id = sideKey(end);
    const ports = this.byBox.get(box.id) ?? new Map<string, Port>();
    ports.set(id, {x: point.x - box.x, y: point.y - box.y, side});
    this.byBox.set(box.id, ports);
    return id;
  }

  node(box: Box): ElkNode {
    const isHost = 'kind' in box && box.kind === 'host';
    const ports = [...this.byBox.get(box.id) ?? []].map(([id, {x, y, side}]) => {
      const layoutOptions = {'elk.port.side': side === 'E' ? 'EAST' : 'WEST'};
      return {id, x, y, width: 0, height: 0, layoutOptions};
    });
    const layoutOptions = {
      'elk.alignment': 'LEFT',
      'elk.portConstraints': 'FIXED_POS',
      // Of parts that no wire joins, those with the most come first.
      'elk.priority': String(isHost ? 100 : Number(this.scene.first.has(box.id)) * 10),
    };
    return {id: box.id, width: box.w, height: box.h, ports, layoutOptions};
  }
}

interface Level {
  count: number;
  high: number;
  wide: number;
}

// A layer that would be far higher than the picture is wide is broken in several; 0: none is.
function layerBound(scene: Scene, depth: ReadonlyMap<string, number>, aspect: number): number {
  const levels = new Map<number, Level>();
  for (const box of boxesOf(scene)) {
    const at = depth.get(box.id)!;
    const {count, high, wide} = levels.get(at) ?? {count: 0, high: 0, wide: 0};
    const level = {count: count + 1, high: high + box.h + SPACE.node, wide: Math.max(wide, box.w)};
    levels.set(at, level);
  }
  const all = [...levels.values()];
  const wide = all.reduce((sum, level) => sum + level.wide + SPACE.layer, 0);
  const tallest = all.reduce((a, b) => (a.high > b.high ? a : b), {count: 0, high: 0, wide: 0});
  // As many columns of it as make the picture about as wide as the place for it.
  const columns = Math.round(Math.sqrt(tallest.high * aspect / wide));
  return columns > 1 && tallest.count > 5 ? Math.ceil(tallest.count / columns) : 0;
}

function optionsFor(
    wires: number, bound: number, grouped: boolean, aspect: number): Record<string, string> {
  const options: Record<string, string> = {
    'elk.algorithm': 'layered',
    'elk.direction': 'RIGHT',
    'elk.edgeRouting': 'ORTHOGONAL',
    // Parts that no wire joins are packed side by side; that cannot be done across groups.
    'elk.hierarchyHandling': grouped ? 'INCLUDE_CHILDREN' : 'SEPARATE_CHILDREN',
    'elk.aspectRatio': String(aspect),
    'elk.spacing.nodeNode': String(SPACE.node),
    'elk.spacing.componentComponent': String(SPACE.component),
    'elk.spacing.edgeNode': '16',
    'elk.spacing.edgeEdge': '9',
    'elk.layered.spacing.nodeNodeBetweenLayers': String(SPACE.layer),
    'elk.layered.spacing.edgeEdgeBetweenLayers': '9',
    'elk.layered.spacing.edgeNodeBetweenLayers': '20',
  };
  const thorough = wires <= THOROUGH_WIRES;
  options['elk.layered.nodePlacement.strategy'] = thorough ? 'NETWORK_SIMPLEX' : 'LINEAR_SEGMENTS';
  options['elk.layered.thoroughness'] = thorough ? '12' : '2';
  options['elk.layered.crossingMinimization.greedySwitch.type'] = thorough ? 'TWO_SIDED' : 'OFF';
  if (bound) {
    options['elk.layered.layering.strategy'] = 'COFFMAN_GRAHAM';
    options['elk.layered.layering.coffmanGraham.layerBound'] = String(bound);
  }
  return options;
}

export function elkGraph(
    scene: Scene, depth: ReadonlyMap<string, number>, sides: ReadonlyMap<string, Side>,
    aspect: number): ElkNode {
  const ports = new Ports(scene, sides);
  const edges: ElkExtendedEdge[] = scene.wires.map(({id, a, b}) => {
    const [from, to] = depth.get(a.card)! <= depth.get(b.card)!? [a, b] : [b, a];
    return {id, sources: [ports.at(from)], targets: [ports.at(to)]};
  });
  const groups = new Map<string, ElkNode[]>();
  const children: ElkNode[] = [];
  for (const box of boxesOf(scene)) {
    if (scene.groups.has(box.group))
      push(groups, box.group, ports.node(box));
    else
      children.push(ports.node(box));
  }
  const layoutOptions = {'elk.padding': `[top=${SPACE.group + 8},left=18,bottom=18,right=18]`};
  for (const [name, nodes] of groups)
    children.push({id: `group:${name}`, children: nodes, layoutOptions});
  const bound = groups.size ? 0 : layerBound(scene, depth, aspect);
  const options = optionsFor(edges.length, bound, groups.size > 0, aspect);
  return {id: 'root', children, edges, layoutOptions: options};
}

// Elk tells where a node is in its parent.
export function readNodes(node: ElkNode, from: Point, at: Map<string, Point>): void {
  for (const child of node.children ?? []) {
    const point = {x: from.x + (child.x ?? 0), y: from.y + (child.y ?? 0)};
    at.set(child.id, point);
    readNodes(child, point, at);
  }
}

// … and where an edge is in the node that holds both its ends.
export function readRoutes(
    edges: readonly(ElkExtendedEdge & {container?: string})[],
    at: ReadonlyMap<string, Point>): Map<string, Point[]> {
  const routes = new Map<string, Point[]>();
  for (const edge of edges) {
    const section = edge.sections?.[0];
    const from = at.get(edge.container ?? '') ?? {x: 0, y: 0};
    if (section)
      routes.set(edge.id, [
        section.startPoint, ...section.bendPoints ?? [], section.endPoint
      ].map(({x, y}) => ({x: x + from.x, y: y + from.y})));
  }
  return routes;
}
