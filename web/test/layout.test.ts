import ELK from 'elkjs/lib/elk.bundled.js';
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {boxesOf, layOut, type Places, settle, wayOf} from '../src/layout';
import {endPoint, type Scene} from '../src/scene';
import {Host, idOf} from './host';

const engine = async (graph: Parameters<Parameters<typeof layOut>[2]>[0]) =>
    await new ELK().layout(graph);

function assertApart(scene: Scene): void {
  const boxes = boxesOf(scene);
  for (const a of boxes)
    for (const b of boxes)
      if (a !== b)
        assert.ok(
            a.x >= b.x + b.w || b.x >= a.x + a.w || a.y >= b.y + b.h || b.y >= a.y + a.h,
            `${a.id} is on ${b.id}`);
}

function network(): {host: Host; router: ReturnType<Host['add']>} {
  const host = new Host();
  const bar = host.bar(host.host, 'br0');
  const router = host.add('router');
  host.wire(host.host, router, bar);
  for (let i = 0; i < 3; ++i) host.wire(router, host.add(`client${i}`));
  for (let i = 0; i < 12; ++i) host.wire(host.host, host.add(`leaf${i}`), bar);
  host.add('alone');
  return {host, router};
}

async function laidOut(host: Host): Promise<{scene: Scene; places: Places}> {
  const scene = host.scene();
  const places = await layOut(scene, 1.6, engine);
  settle(scene, places);
  return {scene, places};
}

test('nothing stands on anything else, and the host is where one begins', async () => {
  const {host} = network();
  const {scene} = await laidOut(host);
  assertApart(scene);
  const left = Math.min(...boxesOf(scene).map(box => box.x));
  assert.equal(scene.cards.get(idOf(host.host))!.x, left);
});

test('wires begin and end at their rows', async () => {
  const {scene, places} = await laidOut(network().host);
  for (const wire of scene.wires) {
    const way = wayOf(scene, places, wire);
    for (const [at, end] of [[way[0]!, wire.a], [way[way.length - 1]!, wire.b]] as const) {
      const points = (['W', 'E'] as const).map(side => endPoint(scene, end, side)!);
      assert.ok(
          points.some(point => Math.abs(point.x - at.x) < 1 && Math.abs(point.y - at.y) < 1),
          wire.id);
    }
  }
});

test('what is new finds a free place, and what was there stays', async () => {
  const {host, router} = network();
  const {scene: before, places} = await laidOut(host);
  host.wire(router, host.add('late'));
  host.add('spare');
  const kept = new Map([...before.cards.values()].map(card => [card.id, card.block ?? '']));
  const after = host.scene({kept, showBare: true});
  settle(after, places);
  assertApart(after);
  for (const card of before.cards.values()) {
    const now = after.cards.get(card.id)!;
    // The router has grown; nothing moved.
    assert.deepEqual([now.x, now.y], [card.x, card.y], card.title);
  }
  const late = [...after.cards.values()].find(card => card.title === 'late')!;
  assert.ok(late.x > after.cards.get(idOf(router))!.x);
});

test('a wire whose end moved is led anew', async () => {
  const {host} = network();
  const {scene, places} = await laidOut(host);
  const wire = scene.wires.find(each => each.kind === 'veth')!;
  scene.cards.get(wire.b.card)!.y += 500;
  const way = wayOf(scene, places, wire);
  const end = endPoint(scene, wire.b, 'W')!;
  assert.deepEqual(way[way.length - 1], end);
  for (let i = 1; i < way.length; ++i)
    assert.ok(way[i]!.x === way[i - 1]!.x || way[i]!.y === way[i - 1]!.y, 'no slanting line');
});

test('without elkjs there is a map too', async () => {
  const {host} = network();
  const scene = host.scene();
  const warn = console.warn;
  console.warn = () => {};
  const places = await layOut(scene, 1.6, () => Promise.reject(new Error('none')));
  console.warn = warn;
  settle(scene, places);
  assertApart(scene);
});

test('a mesh that layers would blow up is laid out at once', async () => {
  const host = new Host();
  const boxes = Array.from({length: 200}, (_, i) => host.add(`ns${i}`));
  for (let i = 0; i < 1000; ++i) host.wire(boxes[(i * 7) % 200]!, boxes[(i * 13 + 5) % 200]!);
  const scene = host.scene();
  const places = await layOut(scene, 1.6, () => assert.fail('elkjs was asked'));
  settle(scene, places);
  assertApart(scene);
});
