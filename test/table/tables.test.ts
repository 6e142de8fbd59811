// The tables of a process: which are open, when their files are looked at, and what a reload changes.

import assert from 'node:assert/strict';
import { renameSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import type { Timer, Timers } from '../../src/io/timers.ts';
import { Troubles } from '../../src/stats/troubles.ts';
import { buildCdb, textForms } from '../../src/table/build-cdb.ts';
import type { FileSettings, Table } from '../../src/table/table.ts';
import { openTable } from '../../src/table/open-table.ts';
import { Tables } from '../../src/table/tables.ts';
import { type TemporaryFolder, temporaryFolder } from '../temporary-folder.ts';

/** Timers of which only the interval is used; `ring` lets it pass. */
class OneInterval implements Timers {
  #act: (() => void) | undefined;
  readonly nowMs = (): number => 0;
  setTimeout(): Timer {
    return assert.fail('nothing waits');
  }
  setInterval(act: () => void): Timer {
    this.#act = act;
    const timer = { unref: () => timer };
    return timer;
  }
  clear(timer: Timer | undefined): void {
    if (timer !== undefined) this.#act = undefined;
  }
  setImmediate(act: () => void): void {
    setImmediate(act);
  }
  get isRunning(): boolean {
    return this.#act !== undefined;
  }
  ring(): void {
    this.#act?.();
  }
}

interface World {
  readonly folder: TemporaryFolder;
  readonly timers: OneInterval;
  readonly troubles: Troubles;
  readonly tables: Tables;
  /** Looks at all files, as if nobody had written to them for a minute. */
  readonly look: () => Promise<void>;
  readonly list: (name: string, keys: readonly string[]) => FileSettings;
}

function world(t: TestContext): World {
  const folder = temporaryFolder(t, 'tables');
  const timers = new OneInterval();
  const troubles = new Troubles();
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const tables = new Tables({ log, troubles, timers, date: () => Date.now() + 60_000 }, openTable);
  folder.atEnd(() => tables.close());
  return {
    folder,
    timers,
    troubles,
    tables,
    look: async () => {
      await tables.settled();
      timers.ring();
      await tables.settled();
    },
    list: (name, keys) => {
      const path = `${folder.path}/${name}.list`;
      writeFileSync(path, keys.map((key) => `${key}\n`).join(''));
      return { name, kind: 'list', path };
    },
  };
}

async function kindOf(table: Table | undefined, key: string): Promise<string | undefined> {
  return (await table?.lookup([key]))?.[0]?.kind;
}

test('without tables nothing runs', (t) => {
  const { tables, timers } = world(t);
  tables.configure([]);
  assert.equal(timers.isRunning, false);
  assert.equal(tables.get('users'), undefined);
});

test('files are read in the background, and again when they change', async (t) => {
  const { tables, list, look } = world(t);
  tables.configure([list('users', ['joe'])]);
  assert.equal(await kindOf(tables.get('users'), 'joe'), 'found');
  list('users', ['jane']);
  assert.equal(await kindOf(tables.get('users'), 'joe'), 'found');
  await look();
  assert.equal(await kindOf(tables.get('users'), 'joe'), 'absent');
});

test('a table that a session holds follows a reload to another file', async (t) => {
  const { tables, list } = world(t);
  tables.configure([list('users', ['joe'])]);
  const held = tables.get('users');
  assert.equal(await kindOf(held, 'joe'), 'found');
  tables.configure([{ ...list('others', ['jane']), name: 'users' }]);
  assert.equal(await kindOf(held, 'joe'), 'absent');
  assert.equal(await kindOf(held, 'jane'), 'found');
});

test('a table that a reload takes away fails for those who hold it, and its trouble ends', async (t) => {
  const { tables, troubles, timers } = world(t);
  tables.configure([{ name: 'users', kind: 'list', path: '/nonexistent/users.list' }]);
  await tables.settled();
  assert.equal(troubles.list.length, 1);
  const held = tables.get('users');
  tables.configure([]);
  assert.equal(await kindOf(held, 'joe'), 'failing');
  assert.equal(tables.get('users'), undefined);
  assert.deepEqual(troubles.list, []);
  assert.equal(timers.isRunning, false);
});

test('a reload that changes nothing reads nothing anew', async (t) => {
  const { tables, list } = world(t);
  const settings = list('users', ['joe']);
  tables.configure([settings]);
  assert.equal(await kindOf(tables.get('users'), 'joe'), 'found');
  tables.configure([{ ...settings }]);
  assert.ok(!(tables.get('users')?.lookup(['joe']) instanceof Promise), 'it answers at once');
});

test('a table that fails does not keep others from being read', async (t) => {
  const { tables, list } = world(t);
  tables.configure([{ name: 'a', kind: 'cdb', path: '/nonexistent/a.cdb' }, list('b', ['joe'])]);
  assert.equal(await kindOf(tables.get('a'), 'joe'), 'failing');
  assert.equal(await kindOf(tables.get('b'), 'joe'), 'found');
});

/** Writes version `round` of a table, in which each key has the round as its value, and puts it in place. */
type Write = (path: string, round: number) => Promise<void>;

const keys = Array.from({ length: 50 }, (_, index) => `user${index}`);

function textOf(round: number): string {
  return keys.map((key) => `${key} round ${round}\n`).join('');
}

const writers: readonly (readonly [FileSettings['kind'], Write])[] = [
  [
    'key-value',
    (path, round) => {
      writeFileSync(`${path}.new`, textOf(round));
      renameSync(`${path}.new`, path);
      return Promise.resolve();
    },
  ],
  [
    'cdb',
    async (path, round) => {
      writeFileSync(`${path}.text`, textOf(round));
      await buildCdb(path, `${path}.text`, textForms['key-value']);
    },
  ],
];

for (const [kind, write] of writers) {
  test(`${kind}: while versions are swapped, each call is answered from one of them, and never fails`, async (t) => {
    const { folder, tables, look } = world(t);
    const path = `${folder.path}/users`;
    await write(path, 0);
    tables.configure([{ name: 'users', kind, path }]);
    const table = tables.get('users');
    let isOver = false;
    let calls = 0;
    let latest = 0;
    const asking = (async () => {
      for (; !isOver; calls++) {
        const answers = (await table?.lookup(keys)) ?? [];
        const [first] = answers;
        assert.ok(first?.kind === 'found');
        for (const answer of answers) assert.deepEqual(answer, first);
        const round = Number(first.values[0]?.slice('round '.length));
        assert.ok(round >= latest, 'no earlier version comes back');
        latest = round;
        await new Promise(setImmediate);
      }
    })();
    for (let round = 1; round <= 100; round++) {
      await write(path, round);
      await look();
    }
    isOver = true;
    await asking;
    assert.ok(calls > 0);
    assert.deepEqual(await table?.lookup(['user7']), [{ kind: 'found', values: ['round 100'] }]);
  });
}
