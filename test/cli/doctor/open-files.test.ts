// Open files against the configured connections, as `sluice doctor` judges them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type OpenFileFacts, openFileFindings } from '../../../src/cli/doctor/open-files.ts';

const enough: OpenFileFacts = {
  demand: {
    singleProcess: false,
    senders: 2,
    receivers: 1,
    deliverConnections: 10_000,
    unanswered: 1_000,
    receiveConnections: 1_000,
    sources: [],
    questions: { maxInFlight: 100, hangingMs: 250, maxHanging: 100 },
  },
  running: [
    { role: 'sender', pid: 11, openFiles: 65_536 },
    { role: 'sender', pid: 12, openFiles: 65_536 },
    { role: 'receiver', pid: 13, openFiles: 65_536 },
  ],
  fromHere: undefined,
  host: { most: 1_000_000, open: 5_000 },
  mostOfProcess: 1_048_576,
  unseen: undefined,
};

const told = (change: Partial<OpenFileFacts>): (readonly [string, string])[] =>
  openFileFindings({ ...enough, ...change }).map(({ code, what, mend }) => [code, `${what} ${mend}`]);

const cases: readonly {
  readonly name: string;
  readonly change: Partial<OpenFileFacts>;
  readonly expect: readonly (readonly [code: string, text: RegExp])[];
}[] = [
  { name: 'enough for all', change: {}, expect: [] },
  {
    name: 'a running process with too few, told once for all of them',
    change: { running: enough.running.map(({ role, pid }) => ({ role, pid, openFiles: 4096 })) },
    expect: [
      ['files-few', /^deliver\.max_connections is 10000, but each of the 2 sender .*LimitNOFILE=6000/u],
    ],
  },
  {
    name: 'a running process has enough, and the caller would not',
    change: { fromHere: undefined },
    expect: [],
  },
  {
    name: 'a start from here would get too few',
    change: { running: [], fromHere: 1024 },
    expect: [
      ['files-few', /^If Sluice is started from here: deliver\.max_connections is 10000/u],
      ['files-few', /^If Sluice is started from here: receive\.max_connections is 1000/u],
    ],
  },
  {
    name: 'the host has too few left before a start',
    change: { running: [], fromHere: 65_536, host: { most: 12_000, open: 5_000 } },
    expect: [
      ['files-host', /12000 files \(fs\.file-max\), of which 5000 are open.*sysctl -w fs\.file-max=27000/u],
    ],
  },
  {
    name: 'the open files of the running Sluice are among those of the host',
    change: { host: { most: 17_000, open: 15_000 } },
    expect: [],
  },
  {
    name: 'the kernel bounds every process',
    change: { mostOfProcess: 4096 },
    expect: [['files-process', /more than 4096 files.*fs\.nr_open=10000/u]],
  },
  { name: 'a system that tells nothing', change: { host: undefined, mostOfProcess: undefined }, expect: [] },
  {
    name: 'processes that this user may not see',
    change: { running: [], unseen: 'this user may not look into /var/spool/sluice' },
    expect: [['not-seen', /is not known: this user may not look into .* as root/u]],
  },
];

for (const { name, change, expect } of cases) {
  test(name, () => {
    const found = told(change);
    assert.deepEqual(
      found.map(([code]) => code),
      expect.map(([code]) => code),
    );
    for (const [at, [, text]] of expect.entries()) assert.match(found[at]?.[1] ?? '', text);
  });
}
