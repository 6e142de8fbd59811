// The disk of the spool, as `sluice doctor` judges it, and the mount that a path is on.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DiskFacts, diskFindings } from '../../../src/cli/doctor/disk.ts';
import { mountOf } from '../../../src/cli/doctor/mount.ts';

const healthy: DiskFacts = {
  spool: '/var/spool/sluice',
  mount: { point: '/var', type: 'ext4', options: ['rw', 'relatime'], device: '8:1' },
  space: undefined,
  inodes: { all: 1_000_000, free: 900_000 },
  sync: { kind: 'measured', medianMs: 0.8, longestMs: 3 },
  withoutSync: [],
  device: { name: 'sda', isRotating: false, hasWriteBackCache: true, isVirtual: false },
};
const mounted = (type: string, ...options: string[]): Partial<DiskFacts> => ({
  mount: { point: '/var', type, options: ['rw', ...options], device: '8:1' },
});
const synced = (medianMs: number): DiskFacts['sync'] => ({
  kind: 'measured',
  medianMs,
  longestMs: medianMs * 2,
});
const platter = { name: 'sda', isRotating: true, hasWriteBackCache: true, isVirtual: false };

const cases: readonly (readonly [name: string, change: Partial<DiskFacts>, codes: readonly string[]])[] = [
  ['a healthy disk', {}, []],
  [
    'a disk of which the system tells nothing',
    { mount: undefined, device: undefined, inodes: undefined },
    [],
  ],
  [
    'tmpfs, where no speed of a sync is remarkable',
    { ...mounted('tmpfs'), sync: synced(0.001) },
    ['disk-memory'],
  ],
  ['ramfs', mounted('ramfs'), ['disk-memory']],
  ['NFS', mounted('nfs4'), ['disk-network']],
  ['sshfs', mounted('fuse.sshfs'), ['disk-network']],
  ['a FUSE file system of this host', mounted('fuse.zfs'), []],
  ['the layer of a container', mounted('overlay'), ['disk-container']],
  [
    'the layer of a container that never syncs',
    mounted('overlay', 'volatile'),
    ['disk-container', 'disk-no-barrier'],
  ],
  ['ext4 without barriers', mounted('ext4', 'barrier=0'), ['disk-no-barrier']],
  ['xfs without barriers', mounted('xfs', 'nobarrier'), ['disk-no-barrier']],
  [
    'read-only',
    {
      mount: { point: '/var', type: 'ext4', options: ['ro'], device: '8:1' },
      sync: { kind: 'unwritable', isFault: true, reason: 'EROFS: read-only file system' },
    },
    ['disk-read-only', 'disk-unwritable'],
  ],
  ['a full disk', { space: { level: 'critical', text: 'Full.', advice: 'Make room.' } }, ['disk-space']],
  ['few inodes', { inodes: { all: 1_000_000, free: 999 } }, ['disk-inodes']],
  ['a sync that nothing can be as fast as', { sync: synced(0.004) }, ['disk-sync-false']],
  ['an SSD with protection against loss of power', { sync: synced(0.03) }, []],
  ['a sync that no platter can be as fast as', { sync: synced(0.2), device: platter }, ['disk-sync-quick']],
  [
    'the same, of a disk that writes through',
    { sync: synced(0.2), device: { ...platter, hasWriteBackCache: false } },
    [],
  ],
  ['the same, of a virtual machine', { sync: synced(0.2), device: { ...platter, isVirtual: true } }, []],
  ['a platter', { sync: synced(8), device: platter }, []],
  ['a slow disk', { sync: synced(40) }, ['disk-sync-slow']],
  [
    'a library without sync, which explains the speed',
    { sync: synced(0.001), withoutSync: [{ pid: 7, library: '/usr/lib/libeatmydata.so' }] },
    ['disk-sync-disabled'],
  ],
  ['a user who may not write', { sync: { kind: 'unwritable', isFault: false, reason: 'no' } }, ['not-seen']],
];

for (const [name, change, codes] of cases) {
  test(name, () => {
    assert.deepEqual(
      diskFindings({ ...healthy, ...change }).map(({ code }) => code),
      codes,
    );
  });
}

test('a slow sync is told in syncs a second', () => {
  const [found] = diskFindings({ ...healthy, sync: synced(40) });
  assert.match(
    found?.what ?? '',
    /takes 40 ms \(up to 80 ms\): Sluice can make mail safe 25 times a second/u,
  );
});

const mountinfo = [
  '22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro',
  '30 22 0:25 / /var rw,nosuid - tmpfs tmpfs rw,size=100k',
  '31 30 8:17 / /var/spool\\040new rw - xfs /dev/sdb1 rw,nobarrier',
  '32 30 0:40 / /var/mail ro,noatime shared:7 master:2 - nfs4 host:/x rw,vers=4.2',
  '33 32 8:33 /sub /var/mail rw - btrfs /dev/sdc1 rw',
  '',
].join('\n');
const mounts: readonly (readonly [path: string, point: string, type: string])[] = [
  ['/home/x', '/', 'ext4'],
  ['/variable', '/', 'ext4'],
  ['/var', '/var', 'tmpfs'],
  ['/var/spool new/sluice', '/var/spool new', 'xfs'],
  // The later one covers the earlier one.
  ['/var/mail/spool', '/var/mail', 'btrfs'],
];
for (const [path, point, type] of mounts) {
  test(`${path} is on ${point}`, () => {
    const found = mountOf(mountinfo, path);
    assert.equal(found?.point, point);
    assert.equal(found?.type, type);
  });
}

test('the options of a mount are its own and those of its file system', () => {
  assert.deepEqual(mountOf(mountinfo, '/var/spool new')?.options, ['rw', 'nobarrier']);
});
