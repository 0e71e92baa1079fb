import assert from 'node:assert/strict';
import {test} from 'node:test';

import {EventParser} from '../src/sse';

const STREAM =
    ': hello\n\nevent: change\nid: 7\ndata: {"a":\ndata: 1}\n\r\nevent: reset\r\ndata\r\n\r\nid: 9\ndata:x\n\n';
const EVENTS = [
  {event: 'change', id: '7', data: '{"a":\n1}'},
  {event: 'reset', id: '7', data: ''},
  {event: 'message', id: '9', data: 'x'},
];

test('a stream is the same however it is cut', () => {
  for (let size = 1; size <= STREAM.length; ++size) {
    const parser = new EventParser();
    const found = [];
    for (let at = 0; at < STREAM.length; at += size)
      found.push(...parser.take(STREAM.slice(at, at + size)));
    assert.deepEqual(found, EVENTS, `in pieces of ${size}`);
  }
});

test('an event that is not whole is none yet', () => {
  const parser = new EventParser();
  assert.deepEqual(parser.take('event: change\ndata: 1\n'), []);
  assert.deepEqual(parser.take('\n'), [{event: 'change', id: '', data: '1'}]);
});
