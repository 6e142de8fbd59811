// The order of the stages of a listener.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../src/config/config.ts';
import { type StageParts, stages } from '../../src/settings/stages.ts';

/** Nobody is asked while stages are made. */
const parts = {
  relay: {},
  tables: { get: () => undefined },
  recipients: { tables: { get: () => undefined } },
  verification: {},
  configured: {},
} as unknown as StageParts;

function namesFor(text: string): readonly string[] {
  return stages(parseConfig(`hostname = "mx.example.org"\n${text}`, '/etc/sluice.toml'), parts).map(
    ({ stage }) => stage.name,
  );
}

const canonical = '[[table]]\nname = "t"\npath = "t.map"\n[[rewrite]]\nkind = "canonical"\ntable = "t"\n';
const users =
  '[[directory]]\nname = "u"\nkind = "users"\npath = "u.jsonl"\n[receive]\nauth = "offered"\n[verification]\nmode = "on"\n';
const recipients = '[[recipients]]\ndomain = ["example.com"]\ntable = "t"\n';

test('users may send from what is written; recipients are checked, and strangers rewritten, after all else', () => {
  assert.deepEqual(namesFor(`${canonical}where = "everywhere"\n${recipients}${users}`), [
    'sender-rights',
    'author-rights',
    'tenant',
    'rewriting',
    'rewriting-recipients',
    'relay',
    'recipients',
    'forged-results',
    'verification',
    'rewriting-incoming',
  ]);
});

test('a stage of tenants stands among the others, where it stands in the file', () => {
  const stage = (name: string, tenant = '') =>
    `[[stage]]\nname = "${name}"\nkind = "milter"\naddress = "unix:/run/${name}"\n${tenant}`;
  const text = `hostname = "mx.example.org"\n${stage('a')}${stage('b', 'tenant = ["shop", "news"]\n')}${stage('c')}`;
  const milters = { ...parts, configured: { placesOf: () => undefined } } as unknown as StageParts;
  assert.deepEqual(
    stages(parseConfig(text, '/etc/sluice.toml'), milters).map(({ stage: { name }, tenants }) => [
      name,
      tenants,
    ]),
    [
      ['tenant', undefined],
      ['relay', undefined],
      ['a', undefined],
      ['b', ['shop', 'news']],
      ['c', undefined],
    ],
  );
});

test('where nothing is rewritten, or nothing of strangers, there is no stage for it', () => {
  assert.deepEqual(namesFor(''), ['tenant', 'relay']);
  assert.deepEqual(namesFor(canonical), ['tenant', 'rewriting', 'relay']);
  assert.deepEqual(namesFor(`${canonical}where = "everywhere"\nof = ["envelope-recipient"]\n`), [
    'tenant',
    'rewriting',
    'rewriting-recipients',
    'relay',
  ]);
});

test('the queue of tenants is looked at where one has a quota', () => {
  const queue = { ...parts, queue: {} } as unknown as StageParts;
  const names = (text: string, given: StageParts): boolean =>
    stages(parseConfig(`hostname = "mx.example.org"\n${text}`, '/etc/sluice.toml'), given).some(
      ({ stage: { name } }) => name === 'queue-quota',
    );
  const tenant = '[[tenant]]\nname = "shop"\n';
  assert.equal(names(`[queue]\ntenant_max_size = "1GiB"\n`, queue), false);
  assert.equal(names(tenant, queue), false);
  assert.equal(names(`${tenant}queue_max_messages = 5\n`, queue), true);
  assert.equal(names(`[queue]\ntenant_max_messages = 5\n${tenant}`, queue), true);
  // Mail that a filter hands back is in the queue already.
  assert.equal(names(`${tenant}queue_max_messages = 5\n`, parts), false);
});
