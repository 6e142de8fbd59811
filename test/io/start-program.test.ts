// Both ways to start a program: real programs, and what they see of their surroundings.

import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { mostInputBytes, posixSpawn, type SpawnRequest } from '../../src/io/posix-spawn.ts';
import {
  type ProgramEvents,
  startByNode,
  type StartedProgram,
  startLightly,
} from '../../src/io/start-program.ts';
import { MessageChannel } from 'node:worker_threads';
import { temporaryFolder } from '../temporary-folder.ts';

type Way = (
  request: SpawnRequest,
  events: ProgramEvents,
) => Promise<StartedProgram | string> | StartedProgram | string;

const system = await posixSpawn();

const ways: readonly (readonly [string, Way])[] = [
  ['by Node', startByNode],
  ...(system === undefined
    ? []
    : [
        [
          'lightly',
          (request: SpawnRequest, events: ProgramEvents) => startLightly(system, request, events),
        ] as const,
      ]),
];

interface Result {
  readonly pid: number;
  readonly code: number | null;
  readonly printed: string;
  readonly complained: string;
  /** In their order, equal ones once. */
  readonly events: readonly string[];
}

async function run(way: Way, request: Partial<SpawnRequest> & { readonly program: string }): Promise<Result> {
  const printed: Buffer[] = [];
  const complained: Buffer[] = [];
  const events = new Set<string>();
  let code: number | null | undefined;
  const closed = Promise.withResolvers<undefined>();
  // What waits for a signal does not keep Node running by itself, and an open port does.
  const { port1 } = new MessageChannel();
  port1.on('message', () => undefined);
  const started = await way(
    { args: [], environment: {}, folder: undefined, input3: undefined, wantsComplaints: true, ...request },
    {
      output: (piece) => void (printed.push(piece), events.add('output')),
      complaint: (piece) => void (complained.push(piece), events.add('complaint')),
      exited: (status) => void ((code = status), events.add('exited')),
      closed: () => closed.resolve(undefined),
    },
  );
  assert.ok(typeof started !== 'string', String(started));
  await closed.promise;
  port1.close();
  assert.ok(code !== undefined);
  return {
    pid: started.pid,
    code,
    printed: Buffer.concat(printed).toString('latin1'),
    complained: Buffer.concat(complained).toString('latin1'),
    events: [...events],
  };
}

const shell = (script: string) => ({ program: '/bin/sh', args: ['-c', script] });

function script(t: TestContext, text: string, mode = 0o755): string {
  const path = join(temporaryFolder(t, 'start-program').path, 'program');
  writeFileSync(path, text, { mode });
  return path;
}

test('this system has the light way', { skip: process.platform !== 'linux' }, () => {
  assert.notEqual(system, undefined);
});

for (const [name, way] of ways) {
  test(`${name}: a program has the environment that it is given, and no other`, async () => {
    const environment = { PATH: '/usr/bin:/bin', EMPTY: '', UMLAUT: 'käse', LINES: 'a\nb', 'ODD-NAME': '1' };
    const { printed } = await run(way, { program: '/usr/bin/env', args: ['-0'], environment });
    const seen = Buffer.from(printed, 'latin1').toString('utf8').split('\0').slice(0, -1);
    assert.deepEqual(
      seen.toSorted(),
      Object.entries(environment)
        .map(([key, value]) => `${key}=${value}`)
        .toSorted(),
    );
  });

  test(`${name}: arguments come as they are`, async () => {
    const args = ['', 'a b', '$HOME', 'é', 'x'.repeat(20_000)];
    const { printed } = await run(way, { program: '/usr/bin/printf', args: ['%s|', ...args] });
    assert.equal(Buffer.from(printed, 'latin1').toString('utf8'), args.map((each) => `${each}|`).join(''));
  });

  test(`${name}: it runs in its folder, from which its path is read`, async (t) => {
    const path = script(t, '#!/bin/sh\npwd -P\n');
    const request = { program: `./${basename(path)}`, folder: dirname(path) };
    assert.equal((await run(way, request)).printed, `${dirname(path)}\n`);
  });

  test(`${name}: it reads nothing`, async () => {
    assert.equal((await run(way, { program: '/bin/cat' })).printed, '');
  });

  test(
    `${name}: no signal is blocked or ignored, and its group is its own`,
    { skip: process.platform !== 'linux' },
    async () => {
      const status = await run(way, {
        program: '/bin/grep',
        args: ['-E', '^Sig(Blk|Ign)', '/proc/self/status'],
      });
      const [blocked = '', ignored = ''] = status.printed.matchAll(/\t(\w+)\n/g).map(([, mask]) => mask);
      assert.equal(Number(`0x${blocked}`), 0);
      // Beyond the first 31 are those that a C library has for itself.
      assert.equal(BigInt(`0x${ignored}`) & 0x7fff_ffffn, 0n);
      const stat = await run(way, { program: '/bin/cat', args: ['/proc/self/stat'] });
      assert.equal(Number(stat.printed.split(') ')[1]?.split(' ')[2]), stat.pid);
    },
  );

  test(`${name}: it reads its input from descriptor 3`, async () => {
    const input3 = Buffer.from('name\0secret\0');
    assert.equal((await run(way, { ...shell('cat <&3; cat'), input3 })).printed, 'name\0secret\0');
    const most = Buffer.alloc(mostInputBytes, 'x');
    assert.equal((await run(way, { ...shell('cat <&3'), input3: most })).printed, most.toString());
    assert.equal((await run(way, { ...shell('exit 4'), input3: most })).code, 4);
  });

  for (const [text, code] of [
    ['exit 0', 0],
    ['exit 3', 3],
    ['exit 255', 255],
    ['kill -9 $$', null],
    ['kill -TERM $$', null],
  ] as const) {
    test(`${name}: ${text}`, async () => {
      assert.equal((await run(way, shell(text))).code, code);
    });
  }

  test(`${name}: all that it writes comes, from both of its outputs`, async () => {
    const { printed, complained, events } = await run(
      way,
      shell('head -c 300000 /dev/zero | tr "\\0" x; head -c 200000 /dev/zero | tr "\\0" y >&2'),
    );
    assert.equal(printed, 'x'.repeat(300_000));
    assert.equal(complained, 'y'.repeat(200_000));
    assert.ok(events.includes('exited'));
  });

  test(`${name}: what it leaves running keeps its output open`, async () => {
    const { printed, events } = await run(way, shell('(read -r line < /dev/null; echo later) & echo first'));
    assert.deepEqual(printed.split('\n').toSorted(), ['', 'first', 'later']);
    assert.ok(events.includes('exited'));
  });

  test(`${name}: what cannot be started has the name of an error`, async (t) => {
    const nothing: ProgramEvents = {
      output: () => assert.fail('it has run'),
      complaint: () => assert.fail('it has run'),
      exited: () => assert.fail('it has run'),
      closed: () => assert.fail('it has run'),
    };
    const folder = temporaryFolder(t, 'start-program').path;
    mkdirSync(join(folder, 'folder'));
    const all = { args: [], environment: {}, folder: undefined, input3: undefined, wantsComplaints: true };
    for (const [program, code] of [
      [join(folder, 'none'), 'ENOENT'],
      [join(folder, 'folder'), 'EACCES'],
      [script(t, '#!/bin/sh\n', 0o644), 'EACCES'],
      [script(t, '#!/does/not/exist\n'), 'ENOENT'],
    ] as const) {
      assert.equal(await way({ ...all, program }, nothing), code, program);
    }
    const huge = { ...all, program: '/bin/true', environment: { A: 'x'.repeat(10_000_000) } };
    assert.equal(await way(huge, nothing), 'E2BIG');
    assert.match(String(await way({ ...all, program: '/bin/true', args: ['a\0b'] }, nothing)), /INVAL/);
  });

  test(`${name}: nothing is left of many programs`, { skip: process.platform !== 'linux' }, async () => {
    await run(way, shell('true'));
    const files = (): number => readdirSync('/proc/self/fd').length;
    const before = files();
    const texts = ['true', 'echo a', 'echo a >&2; exit 1', 'sleep 0.05; echo b', 'kill -9 $$'];
    const results = await Promise.all(
      Array.from({ length: 50 }, (_, index) => run(way, shell(texts[index % texts.length] ?? ''))),
    );
    assert.deepEqual(
      results.map(({ code, printed }) => `${code}${printed}`),
      Array.from({ length: 50 }, (_, index) => ['0', '0a\n', '1', '0b\n', 'null'][index % 5]),
    );
    assert.equal(files(), before);
  });

  test(
    `${name}: a program that is forgotten leaves no zombie`,
    { skip: process.platform !== 'linux' },
    async () => {
      const started = await way(
        {
          ...shell('echo; exec sleep 600'),
          environment: { PATH: '/usr/bin:/bin' },
          folder: undefined,
          input3: undefined,
          wantsComplaints: true,
        },
        {
          output: () => assert.fail('it has run'),
          complaint: () => assert.fail('it has run'),
          exited: () => assert.fail('told'),
          closed: () => assert.fail('told'),
        },
      );
      assert.ok(typeof started !== 'string');
      started.forget();
      process.kill(-started.pid, 'SIGKILL');
      await run(way, shell('true'));
      // Its end is told to this process in the same way as that of the other: what is gone has been waited for.
      while (isThere(started.pid)) await run(way, shell('true'));
    },
  );
}

test('lightly: a program has three descriptors', { skip: system === undefined }, async () => {
  const [, way] = ways.at(-1) ?? assert.fail();
  const { printed } = await run(way, shell('ls -l /proc/$$/fd'));
  assert.deepEqual(
    [...printed.matchAll(/ (\d+) -> (\w+|\/dev\/null)/g)].map(([, fd, what]) => `${fd} ${what}`),
    ['0 /dev/null', '1 pipe', '2 pipe'],
  );
});

test('a script without an interpreter is no program', { skip: system === undefined }, async (t) => {
  const request = {
    program: script(t, 'echo a\n'),
    args: [],
    environment: {},
    folder: undefined,
    input3: undefined,
    wantsComplaints: true,
  };
  assert.ok(system !== undefined);
  assert.equal(system.spawn(request), 'ENOEXEC');
});

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
