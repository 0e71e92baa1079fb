import assert from 'node:assert/strict';
import {test} from 'node:test';

import {clipped, counted, shown} from '../src/text';

test('what cannot be seen is spelled out', () => {
  assert.equal(shown('a\u001b[2Jb'), 'a\\x1b[2Jb');
  assert.equal(shown('x\u202egnp.exe'), 'x\\u{202e}gnp.exe');
  assert.equal(
      shown('a\u0000\n\u007f\u0085\u2028\u200b\ufeff'),
      'a\\x00\\x0a\\x7f\\x85\\u{2028}\\u{200b}\\u{feff}');
  assert.equal(shown('größe 網路 <img>'), 'größe 網路 <img>');
});

test('long text is cut before it is looked at', () => {
  const text = shown('A'.repeat(10_000), 50);
  assert.equal(text.length, 50);
  assert.ok(text.endsWith('…'));
  assert.equal(shown(undefined), '');
});

test('text is clipped to what fits', () => {
  const measure = (each: string) => each.length * 10;
  assert.equal(clipped('abc', '', 30, measure), 'abc');
  assert.equal(clipped('abcdef', '', 40, measure), 'abc…');
  assert.equal(clipped('abcdef', '', 5, measure), '…');
});

test('numbers are counted in words', () => {
  assert.equal(counted(1, 'wire'), '1 wire');
  assert.equal(counted(1200, 'wire'), '1,200 wires');
  assert.equal(counted(2, 'process', 'processes'), '2 processes');
});
