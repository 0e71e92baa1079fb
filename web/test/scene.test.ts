import assert from 'node:assert/strict';
import {test} from 'node:test';

import {Host, idOf} from './host';

// A bridge on the host and so many namespaces on it.
function star(count: number): Host {
  const host = new Host();
  const bar = host.bar(host.host, 'br0');
  for (let i = 0; i < count; ++i) host.wire(host.host, host.add(`node${i}`), bar);
  return host;
}

test('a card for each namespace, a wire for each wire', () => {
  const scene = star(3).scene();
  assert.equal(scene.cards.size, 4);
  assert.equal(scene.wires.length, 3);
  assert.ok(scene.wires.every(wire => wire.kind === 'veth' && wire.up));
  const host = [...scene.cards.values()][0]!;
  assert.deepEqual(host.rows.map(row => [row.name, row.bar, row.inBar]), [
    ['br0', true, false], ['to-node0', false, true], ['to-node1', false, true],
    ['to-node2', false, true]
  ]);
});

test('namespaces with nothing but lo are counted, and shown when asked for', () => {
  const host = star(1);
  host.add('bare');
  assert.equal(host.scene().cards.size, 2);
  assert.equal(host.scene().bare, 1);
  assert.equal(host.scene({showBare: true}).cards.size, 3);
});

test('many leaves of a bridge become a block with one wire', () => {
  const scene = star(20).scene();
  assert.equal(scene.blocks.size, 1);
  const [block] = scene.blocks.values();
  assert.equal(block!.title, '20 namespaces on br0 @host');
  assert.deepEqual(block!.members.slice(0, 3).map(card => card.title), ['node0', 'node1', 'node2']);
  assert.deepEqual(scene.wires.map(wire => wire.kind), ['bundle']);
  const host = [...scene.cards.values()][0]!;
  assert.deepEqual(host.rows.map(row => row.name), ['br0', '20 ports']);
  for (const card of block!.members)
    assert.ok(
        card.x >= block!.x && card.y > block!.y && card.x + card.w <= block!.x + block!.w &&
        card.y + card.h <= block!.y + block!.h);
});

test('leaves with several wires to the same card are leaves too', () => {
  const host = new Host();
  const bars = ['br0', 'br1'].map(name => host.bar(host.host, name));
  for (let i = 0; i < 12; ++i) {
    const node = host.add(`node${i}`);
    for (const bar of bars) host.wire(host.host, node, bar);
  }
  const scene = host.scene();
  assert.equal(scene.blocks.size, 1);
  assert.equal(scene.wires.length, 2);
  assert.deepEqual(
      [...scene.cards.values()][0]!.rows.map(row => row.name),
      ['br0', '12 ports', 'br1', '12 ports']);
});

test('what stands alone stays so when more come, and a block takes them', () => {
  const kept = (scene: ReturnType<Host['scene']>) =>
      new Map([...scene.cards.values()].map(card => [card.id, card.block ?? '']));
  const few = star(8);
  const before = few.scene();
  few.wire(few.host, few.add('late'), few.host.bars[0]);
  assert.equal(few.scene({kept: kept(before)}).blocks.size, 0);
  assert.equal(few.scene().blocks.size, 1);
  const many = star(9);
  const block = many.scene();
  many.wire(many.host, many.add('late'), many.host.bars[0]);
  assert.equal([...many.scene({kept: kept(block)}).blocks.values()][0]!.members.length, 10);
});

test('a folded block is a card with its wire', () => {
  const host = star(20);
  const id = [...host.scene().blocks.keys()][0]!;
  const scene = host.scene({folded: new Set([id])});
  assert.equal(scene.blocks.size, 0);
  assert.deepEqual([...scene.cards.values()].map(card => card.kind), ['host', 'group']);
  assert.equal(scene.wires.length, 1);
  assert.equal(scene.wires[0]!.b.card, id);
});

test('compose projects group, and fold with their wires', () => {
  const host = new Host();
  const boxes = ['web', 'db', 'other'].map(name => host.add(name, 'container'));
  for (const box of boxes) host.wire(host.host, box);
  for (const box of boxes.slice(0, 2))
    host.data.snapshot.containers.push({
      id: box.title,
      name: box.title,
      net: box.namespace,
      labels: [{key: 'com.docker.compose.project', value: 'shop'}]
    });
  const open = host.scene({grouping: 'project'});
  assert.deepEqual([...open.groups], [['shop', boxes.slice(0, 2).map(idOf)]]);
  const folded = host.scene({grouping: 'project', folded: new Set(['group:shop'])});
  assert.deepEqual(
      [...folded.cards.keys()].sort(), [idOf(host.host), idOf(boxes[2]!), 'group:shop'].sort());
  assert.equal(folded.wires.filter(wire => wire.b.card === 'group:shop').length, 2);
});

test('hostile names stay names', () => {
  const host = new Host();
  const evil = '</script><img src=x onerror=alert(1)>\u202e\u0007' +
      'A'.repeat(10_000);
  const box = host.add(evil);
  host.wire(host.host, box);
  for (const card of host.scene().cards.values()) {
    assert.ok(card.w <= 330);
    assert.doesNotMatch(card.title + card.rows.map(row => row.name).join(''), /[\u202e\u0007]/);
    assert.ok(card.title.length <= 100);
  }
});

test('a port that is down takes its wire along', () => {
  const host = star(2);
  host.host.bars[0]!.ports[0]!.state = 'down';
  assert.deepEqual(host.scene().wires.map(wire => wire.up), [false, true]);
});
