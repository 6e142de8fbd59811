// Options of plugins: what an administrator may write, and what is said about what cannot be used.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  count,
  duration,
  list,
  number,
  rate,
  readOptions,
  size,
  table,
  text,
  yesOrNo,
} from '../../src/plugin/options.ts';

const readers = {
  url: text(),
  wait: duration('5m'),
  limit: count(10),
  share: number(0.5),
  largest: size('1MB'),
  strict: yesOrNo(false),
  domains: list([]),
  pace: rate('100/hour'),
  zones: table(number(), { 'list.example': 1 }),
};

test('options that are not given have the values that the plugin names', () => {
  assert.deepEqual(readOptions({ url: 'http://127.0.0.1/' }, readers), {
    url: 'http://127.0.0.1/',
    wait: 300_000,
    limit: 10,
    share: 0.5,
    largest: 1_000_000,
    strict: false,
    domains: [],
    pace: { count: 100, perMs: 3_600_000 },
    zones: new Map([['list.example', 1]]),
  });
});

test('options are read as they are written', () => {
  const given = {
    url: '',
    wait: '1h30m',
    limit: 0,
    share: -1.5,
    largest: '2KB',
    strict: true,
    domains: ['a.example'],
    zones: { b: 2 },
    pace: '3/s',
  };
  const { wait, zones, largest, pace, ...rest } = readOptions(given, readers);
  assert.deepEqual([wait, largest, pace.count, [...zones]], [5_400_000, 2000, 3, [['b', 2]]]);
  assert.deepEqual(rest, { url: '', limit: 0, share: -1.5, strict: true, domains: ['a.example'] });
});

const faults: readonly (readonly [options: Record<string, unknown>, message: RegExp])[] = [
  [{}, /^option url: it has to be given$/u],
  [{ url: 7 }, /^option url: it is no text$/u],
  [{ url: 'x', wait: 300 }, /^option wait: it is no text$/u],
  [
    { url: 'x', wait: '5 minutes' },
    /^option wait: "5 minutes" is not a duration; write a number and a unit/u,
  ],
  [{ url: 'x', limit: -1 }, /^option limit: it is no whole number from 0 on$/u],
  [{ url: 'x', share: '1' }, /^option share: it is no number$/u],
  [{ url: 'x', share: Infinity }, /^option share: it is no number$/u],
  [{ url: 'x', strict: 'yes' }, /^option strict: it is neither true nor false$/u],
  [{ url: 'x', domains: 'a.example' }, /^option domains: it is no list of texts$/u],
  [{ url: 'x', domains: [1] }, /^option domains: it is no list of texts$/u],
  [{ url: 'x', zones: [] }, /^option zones: it is no table$/u],
  [{ url: 'x', zones: { b: 'c' } }, /^option zones: b: it is no number$/u],
  [{ url: 'x', wiat: '5m' }, /^option wiat: this plugin has no such option; did you mean wait\?$/u],
  [{ url: 'x', toString: 1 }, /^option toString: this plugin has no such option$/u],
];
for (const [options, message] of faults) {
  test(`${JSON.stringify(options)} is refused`, () => {
    assert.throws(() => readOptions(options, readers), { code: 'PLUGIN_OPTIONS', message });
  });
}
