import assert from 'node:assert/strict';
import {test} from 'node:test';

import {bounds, Camera} from '../src/camera';
import {partsIn} from '../src/paint';
import {replaceNamespace} from '../src/source';

import {Host} from './host';

test('a namespace is replaced with what is in it', () => {
  const host = new Host();
  const web = host.add('web');
  const id = web.namespace!;
  const {snapshot} = host.data;
  snapshot.processes = [{pid: 1}, {pid: 7, net: id}, {pid: 8, net: id}];
  snapshot.containers = [{id: 'a', net: id}, {id: 'b'}];
  const fresh = {...host.ns(web), cookie: 5};
  replaceNamespace(
      snapshot,
      {namespace: fresh, processes: [{pid: 8, net: id}, {pid: 9, net: id}], containers: []});
  assert.equal(snapshot.namespaces.length, 2);
  assert.equal(host.ns(web).cookie, 5);
  assert.deepEqual(snapshot.processes.map(each => each.pid), [1, 8, 9]);
  assert.deepEqual(snapshot.containers.map(each => each.id), ['b']);
});

test('the camera zooms about a point and fits a rectangle', () => {
  const camera = new Camera();
  [camera.width, camera.height] = [800, 600];
  camera.fit({x: 100, y: 100, w: 4000, h: 1000});
  const corners = [{x: 100, y: 100}, {x: 4100, y: 1100}].map(point => camera.toScreen(point));
  for (const {x, y} of corners) assert.ok(x >= 0 && x <= 800 && y >= 0 && y <= 600);
  const before = camera.toWorld({x: 300, y: 200});
  camera.zoomAt({x: 300, y: 200}, 1.7);
  const after = camera.toWorld({x: 300, y: 200});
  assert.ok(Math.abs(before.x - after.x) < 1e-6 && Math.abs(before.y - after.y) < 1e-6);
});

test('only what is in view of a wire is drawn', () => {
  const view = {x: 0, y: 0, w: 100, h: 100};
  const way = [{x: -9000, y: 50}, {x: 50, y: 50}, {x: 50, y: 9000}, {x: 700, y: 9000}];
  const parts = partsIn(way, view);
  assert.equal(parts.length, 1);
  const box = bounds(parts[0]!.map(({x, y}) => ({x, y, w: 0, h: 0})));
  assert.ok(box.w <= 400 && box.h <= 400);
  assert.deepEqual(partsIn([{x: 900, y: 0}, {x: 900, y: 90}], view), []);
});
