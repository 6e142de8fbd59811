// The record of taps: a line at the start and for each change, and none for what did not change.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { TapAudit } from '../../../src/policy/taps/tap-audit.ts';
import { parseTapFile } from '../../../src/policy/taps/tap-file.ts';
import { TapRules } from '../../../src/policy/taps/tap-rules.ts';

function audit() {
  const told: unknown[] = [];
  const events = { happened: (name: string, fields: object) => told.push([name, defined(fields)]) };
  return { told, audit: new TapAudit(events as never) };
}

function defined(fields: object): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

const origin = { file: '/etc/sluice.toml', owner: 7, modifiedAtMs: 0 };
const where = { file: '/etc/sluice.toml', owner: 7, modified: '1970-01-01T00:00:00.000Z' };

test('taps of the configuration have a line at the start, and later where they differ', () => {
  const { told, audit: kept } = audit();
  kept.configured(
    new Map([
      ['a', 'match="x"'],
      ['b', 'match="y"'],
    ]),
    origin,
  );
  assert.deepEqual(told.splice(0), [
    ['tapsChanged', { how: 'start', tap: 'a', ...where, added: ['match="x"'] }],
    ['tapsChanged', { how: 'start', tap: 'b', ...where, added: ['match="y"'] }],
  ]);
  kept.configured(
    new Map([
      ['a', 'match="x"'],
      ['b', 'match="y"'],
    ]),
    origin,
  );
  assert.deepEqual(told, []);
  kept.configured(
    new Map([
      ['b', 'match="z"'],
      ['c', 'match="w"'],
    ]),
    origin,
  );
  assert.deepEqual(told, [
    ['tapsChanged', { how: 'reload', tap: 'a', ...where, removed: ['match="x"'] }],
    ['tapsChanged', { how: 'reload', tap: 'b', ...where, added: ['match="z"'], removed: ['match="y"'] }],
    ['tapsChanged', { how: 'reload', tap: 'c', ...where, added: ['match="w"'] }],
  ]);
});

test('a file has its number of taps and its digest, and at a change the lines that differ', () => {
  const { told, audit: kept } = audit();
  const read = (text: string, before?: string) => {
    const rules = (of: string) => new TapRules(parseTapFile(of));
    kept.fileRead('/taps', {
      content: rules(text),
      before: before === undefined ? undefined : rules(before),
      text,
      modifiedAtMs: 0,
      owner: 7,
    });
    return told.splice(0);
  };
  const digest = (text: string) => createHash('sha256').update(text).digest('hex');
  const file = { file: '/taps', owner: 7, modified: '1970-01-01T00:00:00.000Z' };
  const first = 'F:joe@:a@x.example\n# a comment\nT:ann@:a@x.example\n';
  assert.deepEqual(read(first), [
    ['tapsChanged', { how: 'start', ...file, lines: 2, digest: digest(first) }],
  ]);
  // Ann has moved, Joe is there twice now, and Bob is new.
  const second = 'T:ann@:a@x.example\nF:joe@:a@x.example\nF:joe@:a@x.example\nbob@:b@x.example\n';
  assert.deepEqual(read(second, first), [
    [
      'tapsChanged',
      {
        how: 'file',
        ...file,
        lines: 4,
        digest: digest(second),
        added: ['F:joe@:a@x.example', 'bob@:b@x.example'],
      },
    ],
  ]);
  const many = Array.from({ length: 60 }, (_, at) => `F:user${at}@:a@x.example\n`).join('');
  const [[, fields]] = read(many, second) as [[string, Record<string, unknown>]];
  assert.equal((fields['added'] as string[]).length, 50);
  assert.equal(fields['moreAdded'], 10);
  assert.equal((fields['removed'] as string[]).length, 4);
  assert.equal(fields['moreRemoved'], undefined);
});
