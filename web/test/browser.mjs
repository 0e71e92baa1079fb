// Uses the page as somebody would, in a real browser, and looks at what comes of it.
// usage: browser.mjs STEPS SHOTS PAGE...     STEPS: one of those at the end; SHOTS: where pictures
// go tests/e2e/test_page.py makes the pages, and runs this.
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {createHash} from 'node:crypto';
import {mkdirSync, readFileSync} from 'node:fs';
import {createServer} from 'node:http';
import {chromium} from 'playwright-core';

const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-dev-shm-usage',
  '--disable-background-networking', '--disable-component-update', '--disable-sync'
];

const [, , steps, shots, ...pages] = process.argv;
mkdirSync(shots, {recursive: true});
const browser =
    await chromium.launch({executablePath: '/usr/bin/chromium', headless: true, args: FLAGS});
const complaints = [];

async function open(address, options = {}) {
  const context = await browser.newContext({viewport: {width: 1440, height: 860}, ...options});
  const page = await context.newPage();
  page.on('pageerror', error => complaints.push(`error: ${error.stack}`));
  page.on('console', message => {
    if (message.type() === 'error') complaints.push(`console: ${message.text()}`);
  });
  page.on('dialog', dialog => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', request => {
    const allowed = address.startsWith('file:') ?
        /^(file|blob|data):/ :
        new RegExp(`^(blob:|data:|${new URL(address).origin})`);
    if (!allowed.test(request.url())) complaints.push(`request: ${request.url()}`);
  });
  await page.goto(address);
  return page;
}

async function ready(page) {
  await page.waitForSelector('body[data-ready]', {timeout: 60_000});
  return page;
}

const openFile = async (file, options) => ready(await open(`file://${file}`, options));
const picture = (page, name) => page.screenshot({path: `${shots}/${name}.png`});
const panelTitle = page => page.locator('#panel h2').textContent();

// The cards as they stand: title → place.
const cards = page => page.evaluate(
    () => Object.fromEntries([...nsmap.scene().cards.values()].map(
        ({title, id, x, y, w, h}) => [title, {id, x, y, w, h}])));

// A point of a card on the screen.
const pointOf = (page, title, dx = 20, dy = 16) => page.evaluate(([title, dx, dy]) => {
  const card = [...nsmap.scene().cards.values()].find(each => each.title === title);
  const {left, top} = document.getElementById('canvas').getBoundingClientRect();
  const point = nsmap.map.camera.toScreen({x: card.x + dx, y: card.y + dy});
  return {x: point.x + left, y: point.y + top};
}, [title, dx, dy]);

async function clickCard(page, title) {
  const {x, y} = await pointOf(page, title);
  await page.mouse.click(x, y);
}

// What is drawn, as numbers that two looks share if and only if nothing changed.
const drawn = page => page.evaluate(async () => {
  await new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  const {width, height} = document.getElementById('canvas');
  const data =
      document.getElementById('canvas').getContext('2d').getImageData(0, 0, width, height).data;
  let [sum, dark] = [0, 0];
  for (let i = 0; i < data.length; i += 4) {
    sum = (sum * 31 + data[i] + data[i + 1] * 3 + data[i + 2] * 7) >>> 0;
    if (data[i] < 100) ++dark;
  }
  return {sum, dark: dark / (data.length / 4)};
});

// A saved page, opened from disk.
async function file(path) {
  const page = await openFile(path);
  const all = await cards(page);
  for (const title of ['host', 'host1', 'web', 'db', 'internet'])
    assert.ok(all[title], `no card ${title}`);
  assert.equal(all['spare'], undefined, 'a namespace with nothing but lo is not hidden');
  const places = Object.values(all);
  for (const a of places)
    for (const b of places)
      assert.ok(
          a === b || a.x >= b.x + b.w || b.x >= a.x + a.w || a.y >= b.y + b.h || b.y >= a.y + a.h,
          'a card on another');
  await picture(page, 'lab');

  // Search: / focuses, an address leads to its interface.
  await page.keyboard.press('/');
  await page.keyboard.type('172.17.0.3');
  assert.match(await page.locator('#answers li').first().textContent(), /172\.17\.0\.3\/16.*db/);
  await page.keyboard.press('Enter');
  assert.equal(await panelTitle(page), 'db');
  assert.ok(
      await page.locator('#panel details.interface[open] summary', {hasText: 'eth0'}).count(),
      'eth0 is not open');

  // From there through the wire to the other end.
  await page.locator('#panel details.interface[open] .link', {hasText: '@host1'}).first().click();
  assert.equal(await panelTitle(page), 'host1');
  await page.locator('#panel summary', {hasText: 'Routes'}).click();
  assert.match(await page.locator('#panel').textContent(), /203\.0\.113\.1/);
  await picture(page, 'panel');
  await page.keyboard.press('Escape');
  assert.ok(await page.locator('#panel').isHidden());

  // Click, hover: what is not connected is dimmed.
  await page.keyboard.press('0');
  await page.waitForTimeout(400);
  const before = await drawn(page);
  const web = await pointOf(page, 'web');
  await page.mouse.move(web.x, web.y);
  assert.notEqual((await drawn(page)).sum, before.sum, 'hover lights nothing');
  await picture(page, 'hover');
  await page.mouse.click(web.x, web.y);
  assert.equal(await panelTitle(page), 'web');

  // The port that leads here, to whose it is, and what that one masquerades.
  const published = page.locator('#panel details', {hasText: 'Published ports'});
  assert.match(
      await published.textContent(),
      /tcp \*:8080of host1web 172\.17\.0\.2:80.*dnat ip nat prerouting handle/);
  await published.locator('.link', {hasText: 'host1'}).click();
  assert.equal(await panelTitle(page), 'host1');
  await page.locator('#panel summary', {hasText: 'Leaves by another address'}).click();
  await page.locator('#panel th', {hasText: 'not out br0'}).waitFor();  // it is built when opened
  assert.match(
      await page.locator('#panel').textContent(),
      /172\.17\.0\.0\/16, not out br0.*the address of the interface/);
  await picture(page, 'published');
  await page.keyboard.press('Escape');
  await page.mouse.move(5, 500);

  await keyboard(page);
  await tables(page);
  await themes(page, path);
  await hiding(page);
}

async function keyboard(page) {
  await page.locator('#map').focus();
  await page.keyboard.press('ArrowRight');
  const first = await page.evaluate(() => nsmap.map.selected);
  assert.ok(first, 'an arrow chooses no card');
  await page.keyboard.press('Tab');
  assert.notEqual(await page.evaluate(() => nsmap.map.selected), first);
  assert.ok(await page.locator('#spoken').textContent(), 'nothing is said of the card');
  await page.keyboard.press('Enter');
  assert.ok(await page.locator('#panel').isVisible());
  await page.keyboard.press('Escape');
  await page.waitForTimeout(400);
  const zoom = () => page.evaluate(() => nsmap.map.camera.zoom);
  const was = await zoom();
  await page.keyboard.press('+');
  assert.ok(await zoom() > was);
  await page.keyboard.press('-');
  assert.ok(Math.abs(await zoom() - was) < 1e-6);
}

async function tables(page) {
  await page.keyboard.press('t');
  assert.equal(await page.locator('#tables table').count(), 3);
  assert.match(await page.locator('#tables').textContent(), /tcp \*:8080host1web 172\.17\.0\.2:80/);
  assert.ok(await page.locator('#tables th[scope="row"]', {hasText: /^web$/}).count());
  assert.match(await page.locator('#tables').textContent(), /172\.17\.0\.2\/16/);
  assert.ok(await page.locator('#map').isHidden());
  await picture(page, 'tables');
  await page.keyboard.press('t');
  assert.ok(await page.locator('#map').isVisible());
}

async function themes(page, path) {
  const light = await drawn(page);
  assert.ok(light.dark < 0.5);
  await page.locator('#theme').click();
  assert.ok((await drawn(page)).dark > 0.5, 'dark is not dark');
  await picture(page, 'dark');
  await page.locator('#theme').click();
  const dark = await openFile(path, {colorScheme: 'dark', reducedMotion: 'reduce'});
  assert.ok((await drawn(dark)).dark > 0.5, 'the system wants dark');
  await dark.close();
}

async function hiding(page) {
  const before = await cards(page);
  assert.match(await page.locator('#bare').textContent(), /show 1 /);
  await page.locator('#bare').click();
  const after = await cards(page);
  assert.ok(after['spare']);
  for (const [title, {x, y}] of Object.entries(before))
    assert.deepEqual([after[title].x, after[title].y], [x, y], `${title} moved`);
  await page.locator('#bare').click();
  await page.locator('#filters').click();
  await page.getByLabel('other namespaces').uncheck();
  assert.equal(
      await page.evaluate(() => [...nsmap.scene().cards.values()].filter(nsmap.map.visible).length),
      1);
  await page.getByLabel('other namespaces').check();
  await page.keyboard.press('Escape');
}

// Groups, folded by a click on their title and unfolded by one on their card.
async function groups(path) {
  const page = await openFile(path);
  await page.selectOption('#group', 'project');
  await page.waitForFunction(() => nsmap.scene().groups.size === 2);
  await page.waitForTimeout(300);
  const places = await cards(page);
  for (const a of Object.values(places))
    for (const b of Object.values(places))
      assert.ok(
          a === b || a.x >= b.x + b.w || b.x >= a.x + a.w || a.y >= b.y + b.h || b.y >= a.y + a.h,
          'a card on another');
  await picture(page, 'groups');
  const title = await pointOf(page, 'web', 10, -24);
  await page.mouse.click(title.x, title.y);
  const folded = await cards(page);
  assert.equal(folded['web'], undefined);
  assert.ok(folded['shop'], 'the group is no card');
  assert.ok(folded['internet']);
  await picture(page, 'folded');
  await clickCard(page, 'shop');
  assert.deepEqual(await cards(page), places, 'unfolded, it is as it was');
  await page.keyboard.press('/');
  await page.keyboard.type('shop');
  assert.match(await page.locator('#answers').textContent(), /shop\/web:1/);
  await page.keyboard.press('Escape');
  await page.locator('#filters').click();
  await page.getByLabel('Project or pod namespace').selectOption('shop');
  assert.deepEqual(
      await page.evaluate(
          () => [...nsmap.scene().cards.values()]
                    .filter(nsmap.map.visible)
                    .map(card => card.title)
                    .sort()),
      ['db', 'web']);
}

// Names that would do something if they could.
async function hostile(path) {
  const page = await openFile(path);
  const elements = await page.evaluate(
      () => document.querySelectorAll('img, iframe, object, embed, [onerror], [onload]').length);
  assert.equal(elements, 0, 'a name became an element');
  assert.equal(await page.evaluate(() => document.querySelectorAll('script').length), 2);
  await picture(page, 'hostile');
  await page.keyboard.press('t');
  assert.equal(await page.evaluate(() => document.querySelectorAll('img, [onerror]').length), 0);
  assert.ok(
      await page.locator('#tables', {hasText: '<img'}).count(), 'the name is not shown as it is');
  await page.keyboard.press('t');
  await page.keyboard.press('/');
  await page.keyboard.type('<img');
  await page.keyboard.press('Enter');
  for (let i = 0; i < 2; ++i) {
    await page.evaluate(() => {
      for (const details of document.querySelectorAll('#panel details')) details.open = true;
    });
    await page.waitForTimeout(200);
  }
  const text = await page.locator('#panel').textContent();
  assert.match(text, /<img src=x/);
  assert.doesNotMatch(text, /[\u202e\u0007]/, 'what turns text around was let through');
  assert.equal(await page.evaluate(() => document.querySelectorAll('img, [onerror]').length), 0);
  await picture(page, 'hostile-panel');
  assert.equal(await page.evaluate(() => window.pwned), undefined);
}

// Three hundred namespaces: smooth, and in a block.
async function many(path) {
  const page = await openFile(path);
  await picture(page, 'many');
  assert.ok(await page.evaluate(() => nsmap.scene().blocks.size) > 0);
  for (const zoom of [0, 0.45, 1]) {
    const {draw, frame} = await page.evaluate(async zoom => {
      const {map} = nsmap;
      map.fit();
      if (zoom) map.zoom(zoom / map.camera.zoom);
      map.frames.length = 0;
      const frames = [];
      let last = performance.now();
      for (let i = 0; i < 60; ++i) {
        map.camera.pan(2, 1);
        map.redraw();
        await new Promise(resolve => requestAnimationFrame(resolve));
        frames.push(performance.now() - last);
        last = performance.now();
      }
      const middle = list => [...list].sort((a, b) => a - b)[list.length >> 1];
      return {draw: middle(map.frames), frame: middle(frames)};
    }, zoom);
    console.log(
        `${zoom || 'all'}: drawing ${draw.toFixed(1)} ms, a frame each ${frame.toFixed(1)} ms`);
    assert.ok(draw < 16, `a frame takes ${draw} ms to draw`);
  }
  await page.locator('#map').focus();
  const id = await page.evaluate(() => [...nsmap.scene().blocks.keys()][0]);
  await page.evaluate(id => nsmap.map.hooks.fold(id), id);
  assert.equal(await page.evaluate(() => nsmap.scene().blocks.size), 0);
  await page.keyboard.press('/');
  await page.keyboard.type('node7');
  await page.keyboard.press('Enter');
  assert.equal(await panelTitle(page), 'node7', 'search does not unfold');
  assert.equal(await page.evaluate(() => nsmap.scene().blocks.size), 1);
}

// Served, and told of changes.

const PLACE = '<script type="application/json" id="nsmap-data">';

class Server {
  constructor(before, after, differences) {
    const text = readFileSync(before, 'utf8');
    const at = text.indexOf(PLACE) + PLACE.length;
    const end = text.indexOf('</script>', at);
    this.page = text.slice(0, at) + text.slice(end);
    const dataOf = file => {
      const all = readFileSync(file, 'utf8');
      const from = all.indexOf(PLACE) + PLACE.length;
      return JSON.parse(all.slice(from, all.indexOf('</script>', from)));
    };
    this.before = this.now = dataOf(before);
    this.after = dataOf(after);
    this.differences = JSON.parse(readFileSync(differences, 'utf8'));
    this.streams = new Set();
    this.asked = [];
    this.refuse = false;
    this.server = createServer((request, response) => this.answer(request, response));
  }

  listen() {
    return new Promise(
        resolve => this.server.listen(0, '127.0.0.1', () => resolve(this.server.address().port)));
  }

  // As nsmap serve sends it: only what is in the page runs.
  policy() {
    const hash = text => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
    const all = pattern => [...this.page.matchAll(pattern)].map(([, text]) => hash(text)).join(' ');
    return `default-src 'none'; script-src ${
               all(/<script type="module">([^]*?)<\/script>/g)}; style-src ${
               all(/<style>([^]*?)<\/style>/g)}; ` +
        `connect-src 'self'; worker-src blob:; base-uri 'none'; frame-ancestors 'none'; form-action 'none'`;
  }

  answer(request, response) {
    const {pathname, searchParams} = new URL(request.url, 'http://x');
    if (pathname === '/') {
      response.writeHead(
          200,
          {'Content-Type': 'text/html; charset=utf-8', 'Content-Security-Policy': this.policy()});
      return response.end(this.page);
    }
    this.asked.push([pathname, request.headers['last-event-id']]);
    if (this.refuse) return request.socket.destroy();
    if (request.headers.authorization !== 'Bearer secret') return response.writeHead(401).end();
    const json = value =>
        response.writeHead(200, {'Content-Type': 'application/json'}).end(JSON.stringify(value));
    const [, , , what, ino] = pathname.split('/');
    const {graph, snapshot} = searchParams.get('at') === 'old' ? this.before : this.now;
    if (what === 'graph') return json(graph);
    if (what === 'snapshot') return json(snapshot);
    if (what === 'namespaces') {
      const namespace = snapshot.namespaces.find(ns => String(ns.id.ino) === ino);
      const inside = each => each.net?.ino === namespace.id.ino;
      return json({
        title: '',
        namespace,
        processes: snapshot.processes.filter(inside),
        containers: snapshot.containers.filter(inside)
      });
    }
    if (what === 'history')
      return json([{time_ns: 1e18, id: 'old'}, {time_ns: 1.1e18, id: 'newer'}]);
    if (what === 'diff') return json(this.differences);
    if (what !== 'events') return response.writeHead(404).end();
    response.writeHead(200, {'Content-Type': 'text/event-stream'}).write(': hello\n\n');
    this.streams.add(response);
    return response.on('close', () => this.streams.delete(response));
  }

  send(event, id, data) {
    for (const stream of this.streams)
      stream.write(`event: ${event}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  drop() {
    for (const stream of this.streams) stream.destroy();
  }
  count(what) {
    return this.asked.filter(([path]) => path.startsWith(`/api/v1/${what}`)).length;
  }
}

async function live(before, after, differences) {
  const server = new Server(before, after, differences);
  const address = `http://127.0.0.1:${await server.listen()}/`;
  const page = await ready(await open(`${address}#token=secret`));
  assert.equal(await page.evaluate(() => location.hash), '', 'the token stays in the address');
  const status = wanted => page.waitForSelector(`#host[data-status="${wanted}"]`);
  await status('live');
  const first = await cards(page);
  assert.equal(first['late'], undefined);

  // A change: what is new is there and flashes, nothing else moves, and not all is fetched.
  await clickCard(page, 'host1');
  server.now = server.after;
  const touched = server.differences.flatMap(each => (each.after ? [each.after] : []));
  server.send(
      'change', '2', {number: 2, time_ns: 1, differences: server.differences, touched, gone: []});
  await page.waitForFunction(
      () => [...nsmap.scene().cards.values()].some(card => card.title === 'late'));
  const second = await cards(page);
  for (const [title, {x, y}] of Object.entries(first))
    assert.deepEqual([second[title].x, second[title].y], [x, y], `${title} moved`);
  assert.match(await page.locator('#news').textContent(), /late/);
  assert.ok(
      await page.evaluate(id => nsmap.map.flashes.has(id), second['late'].id), 'it does not flash');
  assert.equal(await panelTitle(page), 'host1', 'the panel is gone');
  assert.equal(server.count('snapshot'), 1);
  assert.equal(server.count('namespaces/'), new Set(touched.map(id => id.ino)).size);
  await picture(page, 'live');

  // The past, and back.
  const slide = value => page.locator('#time input').evaluate((slider, value) => {
    slider.value = String(value);
    slider.dispatchEvent(new Event('change'));
  }, value);
  await slide(0);
  await status('past');
  await page.waitForFunction(
      () => ![...nsmap.scene().cards.values()].some(card => card.title === 'late'));
  await page.waitForSelector('#differs:not([hidden])');
  assert.match(await page.locator('#differs').textContent(), /from then to now.*late/s);
  await slide(2);
  await status('live');
  await page.waitForFunction(
      () => [...nsmap.scene().cards.values()].some(card => card.title === 'late'));

  // The connection is lost and found.
  server.refuse = true;
  server.drop();
  await status('lost');
  server.refuse = false;
  await status('live');
  assert.equal(
      server.asked.filter(([path]) => path.endsWith('/events')).at(-1)[1], '2',
      'not from where it was');

  // Too slow: everything anew. Then what went is gone.
  server.send('reset', '5', {});
  await page.waitForFunction(() => true);
  for (let i = 0; i < 50 && server.count('snapshot') < 3; ++i) await page.waitForTimeout(50);
  assert.equal(server.count('snapshot'), 3);
  server.now = server.before;
  const late = server.after.graph.boxes.find(box => box.title === 'late').namespace;
  server.send('change', '6', {
    number: 6,
    differences: [{change: 'removed', subject: 'namespace', title: 'late', before: late}],
    touched: [],
    gone: [late]
  });
  await page.waitForFunction(
      () => ![...nsmap.scene().cards.values()].some(card => card.title === 'late'));

  // Without the token there is nothing to see, and the page says so.
  complaints.splice(
      0, complaints.length, ...complaints.filter(each => !/Failed to load resource/.test(each)));
  const stranger = await open(address);
  await stranger.waitForSelector('#host[data-status="lost"]');
  assert.match(await stranger.locator('#about').textContent(), /token/);
  complaints.splice(0, complaints.length, ...complaints.filter(each => !/401|ERR_/.test(each)));
  server.drop();
  server.server.close();
}

// The real server, on a host that changes.
async function served(address) {
  const page = await ready(await open(address));
  const live = () => page.waitForSelector('#host[data-status="live"]');
  await live();
  const has = (title, wanted) => page.waitForFunction(
      ([title, wanted]) => [...nsmap.scene().cards.values()].some(card => card.title === title) ===
          wanted,
      [title, wanted], {polling: 20});
  const timed = async (what, title, wanted, commands) => {
    const begin = Date.now();
    for (const command of commands) execFileSync('ip', command.split(' '));
    await has(title, wanted);
    console.log(`${what}: seen after ${Date.now() - begin} ms`);
  };

  await page.keyboard.press('/');
  await page.keyboard.type('172.17.0.3');
  await page.keyboard.press('Enter');
  assert.equal(await panelTitle(page), 'db');
  await page.keyboard.press('Escape');
  await clickCard(page, 'web');
  assert.equal(await panelTitle(page), 'web');
  await page.locator('#panel summary', {hasText: 'Routes'}).click();
  await picture(page, 'served');

  const slider = page.locator('#time input');
  const moments = async () => Number(await slider.getAttribute('max'));
  const slide = value => slider.evaluate((slider, value) => {
    slider.value = String(value);
    slider.dispatchEvent(new Event('change'));
  }, value);
  const first = await cards(page);
  await timed('a new namespace', 'fresh', true, [
    'netns add fresh', 'link add fresh0 type veth peer name eth0 netns fresh',
    'addr add 10.66.0.1/24 dev fresh0', 'link set fresh0 up', '-n fresh link set eth0 up'
  ]);
  const second = await cards(page);
  for (const [title, {x, y}] of Object.entries(first))
    assert.deepEqual([second[title].x, second[title].y], [x, y], `${title} moved`);
  await page.waitForTimeout(4000);  // saved every second
  await timed('its end', 'fresh', false, ['netns del fresh']);
  await page.waitForTimeout(8000);

  // Back to when it was there: something is chosen from the time line until it shows.
  execFileSync('ip', ['addr', 'add', '10.66.0.9/32', 'dev', 'lo']);
  await page.waitForTimeout(1500);
  let found = false;
  for (let at = await moments() - 1; at >= 0 && !found; --at) {
    await slide(at);
    await page.waitForSelector('#host[data-status="past"]');
    await page.waitForTimeout(500);
    found = Object.hasOwn(await cards(page), 'fresh');
  }
  assert.ok(found, `none of ${await moments()} moments has it`);
  assert.match(await page.locator('#differs').textContent(), /fresh.*removed/s);
  await picture(page, 'past');
  await slide(await moments());
  await live();
  await has('fresh', false);
}

try {
  await{file, groups, hostile, many, live, served}[steps](...pages);
  assert.deepEqual(complaints, []);
  console.log(`${steps}: ok`);
} catch (error) {
  console.error(error.stack ?? error, complaints);
  process.exitCode = 1;
} finally {
  await browser.close();
  process.exit();
}
