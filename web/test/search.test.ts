import assert from 'node:assert/strict';
import {test} from 'node:test';

import {entriesOf, search} from '../src/search';

import {Host, idOf} from './host';

function shop() {
  const host = new Host();
  const web = host.add('web', 'container');
  host.add('webhook');
  host.wire(host.host, web);
  const ns = host.ns(web);
  ns.addresses.push({index: 2, address: '172.18.0.2', prefix: 16});
  ns.sockets.push(
      {
        family: 'inet',
        protocol: 'tcp',
        state: 'listen',
        local_port: 8080,
        owners: [{pid: 42, fd: 3}]
      },
      {family: 'inet', protocol: 'tcp', state: 'established', local_port: 8080, remote_port: 5000});
  host.data.snapshot.processes.push({pid: 42, comm: 'nginx', net: ns.id});
  host.data.snapshot.containers.push(
      {id: 'abc123', name: 'web', image: 'shop/web:1.4', runtime: 'docker', net: ns.id});
  return {
    web: idOf(web),
    find: (query: string) => search(entriesOf(host.data, host.index()), query)
  };
}

test('everything at hand is found', () => {
  const {web, find} = shop();
  for (const [query, sort] of Object.entries({
         '172.18.0.2': 'address',
         ':8080': 'port',
         '42': 'process',
         'nginx': 'process',
         'shop/web': 'image',
         '02:00:00:00:00:02': 'MAC',
         'abc1': 'container id',
         'ETH0': 'interface',
         '1001': 'inode'
       })) {
    const found = find(query).filter(entry => entry.sort === sort);
    assert.ok(found.some(entry => entry.target.ns === web), `${query}: no ${sort} in web`);
  }
});

test('the best answer is first', () => {
  const {find} = shop();
  assert.equal(find('to-web')[0]!.where, 'host');
  assert.deepEqual(
      find('web').slice(0, 1).map(entry => [entry.what, entry.sort]), [['web', 'namespace']]);
  assert.equal(find('hook')[0]!.what, 'webhook');
});

test('every word must be there, and nothing asks for nothing', () => {
  const {find} = shop();
  assert.deepEqual(find('eth0 web').map(entry => entry.sort), ['interface']);
  assert.deepEqual(find('eth0 nowhere'), []);
  assert.deepEqual(find('  '), []);
});
