// Under which conditions the kernel writes no core, as `sluice doctor` judges them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coreFindings, type CoreFacts, type CoreProcess } from '../../../src/cli/doctor/cores.ts';
import { crashFindings } from '../../../src/cli/doctor/crash.ts';
import { parseCorePattern } from '../../../src/crash/core-pattern.ts';
import type { CrashRecord } from '../../../src/crash/crash-record.ts';

const mib = 1_048_576;

const sender: CoreProcess = {
  role: 'sender',
  pid: 17,
  coreLimit: 1024 * mib,
  fileLimit: Infinity,
  memoryBytes: 60 * mib,
  dataBytes: 600 * mib,
  isDumpable: true,
  isFilterFull: true,
};

const fine: CoreFacts = {
  processes: [sender],
  pattern: parseCorePattern('core', true),
  patternText: 'core',
  suidDumpable: 0,
  dropsRoot: false,
  isContainer: false,
  hasSeveral: false,
  program: undefined,
  folder: {
    path: '/spool/crash/new-sender',
    isThere: true,
    isReadOnly: false,
    closedTo: [],
    freeBytes: 9e9,
  },
  isProgramReadable: true,
  programPath: '/usr/bin/node',
  maxSize: 1024 * mib,
};

function withPattern(text: string, usesPid = false): Pick<CoreFacts, 'pattern' | 'patternText'> {
  return { pattern: parseCorePattern(text, usesPid), patternText: text };
}

const folder = fine.folder as NonNullable<CoreFacts['folder']>;
const there = { isThere: true, stores: true };

const cases: readonly {
  readonly name: string;
  readonly change: Partial<CoreFacts>;
  readonly expect: readonly (readonly [code: string, text: RegExp])[];
}[] = [
  { name: 'all is well', change: {}, expect: [] },
  {
    name: 'an empty pattern',
    change: { ...withPattern(''), folder: undefined },
    expect: [['crash-core-nowhere', /sysctl -w kernel\.core_pattern=/u]],
  },
  {
    name: 'systemd-coredump that stores nothing',
    change: {
      ...withPattern('|/usr/lib/systemd/systemd-coredump %P'),
      folder: undefined,
      program: { isThere: true, stores: false },
    },
    expect: [['crash-core-discarded', /Storage=external/u]],
  },
  {
    name: 'apport',
    change: {
      ...withPattern('|/usr/share/apport/apport %p'),
      folder: undefined,
      program: { isThere: true, stores: false },
    },
    expect: [['crash-core-discarded', /disable --now apport/u]],
  },
  {
    name: 'systemd-coredump that stores',
    change: { ...withPattern('|/usr/lib/systemd/systemd-coredump %P'), folder: undefined, program: there },
    expect: [['crash-core-piped', /coredumpctl list/u]],
  },
  {
    name: 'a program that is not there',
    change: { ...withPattern('|/opt/catch'), folder: undefined, program: { isThere: false, stores: true } },
    expect: [['crash-core-program', /\/opt\/catch, which is not there/u]],
  },
  {
    name: 'a program of the host, in a container',
    change: {
      ...withPattern('|/opt/catch'),
      folder: undefined,
      isContainer: true,
      program: { isThere: false, stores: true },
    },
    expect: [['crash-core-host', /of the host/u]],
  },
  {
    name: 'one name for all, in one folder',
    change: withPattern('/var/crash/core'),
    expect: [['crash-core-overwritten', /core_uses_pid=1/u]],
  },
  {
    name: 'one name for each role, whose folders are apart',
    change: withPattern('core'),
    expect: [],
  },
  {
    name: 'one name for several senders',
    change: { ...withPattern('core'), hasSeveral: true },
    expect: [['crash-core-overwritten', /"core"/u]],
  },
  {
    name: 'no cores by the limit, told once for several',
    change: {
      processes: [
        { ...sender, coreLimit: 0 },
        { ...sender, role: 'receiver', coreLimit: 0 },
      ],
    },
    expect: [['crash-core-limit', /of the sender, receiver processes is 0B.*LimitCORE=infinity/u]],
  },
  {
    name: 'a core that is larger than max_size',
    change: { processes: [{ ...sender, coreLimit: 32 * mib }], maxSize: 32 * mib },
    expect: [['crash-core-limit', /60MiB in memory.*max_size in \[crash\]/u]],
  },
  {
    name: 'a limit that a program does not need',
    change: {
      ...withPattern('|/opt/catch'),
      folder: undefined,
      program: there,
      processes: [{ ...sender, coreLimit: 0 }],
    },
    expect: [['crash-core-piped', /\/opt\/catch/u]],
  },
  {
    name: 'a limit for files',
    change: { processes: [{ ...sender, fileLimit: 100 * mib }] },
    expect: [['crash-core-file-limit', /LimitFSIZE=infinity/u]],
  },
  {
    name: 'a filter',
    change: { processes: [{ ...sender, isFilterFull: false }] },
    expect: [['crash-core-filter', /coredump_filter/u]],
  },
  {
    name: 'processes that were root once',
    change: { processes: [{ ...sender, isDumpable: false }] },
    expect: [['crash-core-dumpable', /fs\.suid_dumpable=2/u]],
  },
  {
    name: 'a Sluice that would drop root',
    change: { processes: [], dropsRoot: true },
    expect: [['crash-core-dumpable', /was root once/u]],
  },
  {
    name: 'processes that were root once, and a relative pattern',
    change: { processes: [{ ...sender, isDumpable: false }], suidDumpable: 2 },
    expect: [['crash-core-relative', /absolute/u]],
  },
  {
    name: 'processes that were root once, and an absolute pattern',
    change: {
      ...withPattern('/var/crash/core.%p'),
      processes: [{ ...sender, isDumpable: false }],
      suidDumpable: 2,
    },
    expect: [],
  },
  {
    name: 'a program that its user may not read, and nothing else for that reason',
    change: { processes: [{ ...sender, isDumpable: false }], isProgramReadable: false },
    expect: [['crash-core-unreadable', /chmod a\+r \/usr\/bin\/node/u]],
  },
  {
    name: 'no folder',
    change: { folder: { ...folder, isThere: false } },
    expect: [['crash-core-folder', /mkdir -m 1777/u]],
  },
  {
    name: 'a folder that is read-only',
    change: { folder: { ...folder, isReadOnly: true } },
    expect: [['crash-core-read-only', /ReadWritePaths=/u]],
  },
  {
    name: 'a folder that is closed',
    change: { folder: { ...folder, closedTo: ['the user bin'] } },
    expect: [['crash-core-closed', /the user bin may not/u]],
  },
  {
    name: 'a disk without room',
    change: { folder: { ...folder, freeBytes: 10 * mib } },
    expect: [['crash-core-space', /10MiB free.*60MiB/u]],
  },
];

for (const { name, change, expect } of cases) {
  test(`cores: ${name}`, () => {
    const found = coreFindings({ ...fine, ...change });
    assert.deepEqual(
      found.map(({ code }) => code),
      expect.map(([code]) => code),
    );
    for (const [index, [, text]] of expect.entries())
      assert.match(`${found[index]?.what} ${found[index]?.mend}`, text);
  });
}

test('crashes of the last seven days are a warning, older ones are not', () => {
  const nowMs = Date.parse('2026-03-20T12:00:00.000Z');
  const ago = (days: number): { readonly name: string; readonly record: CrashRecord } => ({
    name: `crash${days}`,
    record: {
      version: 1,
      process: 'sender',
      index: 0,
      pid: 17,
      endedAt: new Date(nowMs - days * 86_400_000).toISOString(),
      kind: 'signal',
      words: 'It ended by SIGSEGV.',
      inHand: [],
      steps: [],
      setAside: [],
    },
  });
  assert.deepEqual(crashFindings([ago(8)], nowMs), []);
  const [one] = crashFindings([ago(1), ago(8)], nowMs);
  assert.deepEqual([one?.code, one?.severity], ['crash-recent', 'warning']);
  assert.match(
    one?.what ?? '',
    /^A process has crashed .* the sender at 2026-03-19T12:00:00\.000Z: It ended/u,
  );
  assert.match(crashFindings([ago(1), ago(2)], nowMs)[0]?.what ?? '', /^Processes have crashed 2 times/u);
});
