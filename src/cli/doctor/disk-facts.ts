// Gathers the facts about the disk of the spool. It writes a small file there, syncs it some times, and removes it.

import { open, realpath, stat, statfs, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { diskProblem } from '../../process/watch/disk-watch.ts';
import { systemErrorText } from '../../spool/spool-error.ts';
import type { Check, Patient } from './check.ts';
import { type Device, type DiskFacts, diskFindings, type SyncFacts } from './disk.ts';
import { error, type Finding } from './finding.ts';
import { mountOf } from './mount.ts';
import { systemNumber, systemText } from './system-text.ts';

export const disk: Check = {
  kind: 'disk',
  subject: 'the disk of the spool',
  look: async (patient) => [...diskFindings(await diskFacts(patient)), ...(await queueDisks(patient))],
};

/** Odd, so that the median is one of them. The first may do more than the others, such as make room. */
const syncs = 15;
const writtenBytes = 4096;

/** Of queues beside the default one: what is not there, and each other disk. Those that are stopped are not touched. */
async function queueDisks(patient: Patient): Promise<readonly Finding[]> {
  const { config } = patient;
  const seen = new Set([(await stat(await existing(config.spool))).dev]);
  const found: Finding[] = [];
  for (const { name, path, reserve = config.queue.reserve, stopped } of config.queues) {
    if (stopped === true) continue;
    const folder = await existing(path);
    // The folder for all queues that name none is made with them.
    const isOurs = dirname(path) === join(dirname(config.spool), 'queues');
    if (folder !== path && folder !== dirname(path) && !isOurs) {
      found.push(
        error(
          'disk-queue-folder',
          `The folder ${path} of the queue ${name} cannot be made, because ${dirname(path)} is not there.`,
          `Mount its disk, or mkdir -p ${dirname(path)}`,
        ),
      );
      continue;
    }
    const { dev } = await stat(folder);
    if (seen.has(dev)) continue;
    seen.add(dev);
    const own = { ...config, spool: path, queue: { ...config.queue, reserve } };
    found.push(...diskFindings(await diskFacts({ ...patient, config: own })));
  }
  return found;
}

async function diskFacts({ config, processes }: Patient): Promise<DiskFacts> {
  const { spool } = config;
  const folder = await existing(spool);
  const { bavail, bsize, files, ffree } = await statfs(folder);
  const mountinfo = await systemText('/proc/self/mountinfo');
  const mount = mountinfo === undefined ? undefined : mountOf(mountinfo, await realpath(folder));
  return {
    spool,
    mount,
    space: diskProblem(bavail * bsize, config),
    inodes: files === 0 ? undefined : { all: files, free: ffree },
    sync: await measureSync(folder),
    withoutSync: processes.kind === 'running' ? await withoutSync(processes.roles.map(({ pid }) => pid)) : [],
    device: mount === undefined ? undefined : await deviceOf(mount.device),
  };
}

/** The folder itself, or the nearest above it: a spool that is made there is on the same disk. */
async function existing(folder: string): Promise<string> {
  for (let at = folder; ; at = dirname(at)) {
    try {
      await stat(at);
      return at;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || dirname(at) === at) throw error;
    }
  }
}

/** Appends and syncs as the spool does. */
async function measureSync(folder: string): Promise<SyncFacts> {
  const path = join(folder, `probe.doctor-${process.pid}`);
  const times: number[] = [];
  try {
    // Not `w`: root must not follow a link that another user put here.
    const file = await open(path, 'wx', 0o600);
    try {
      const piece = Buffer.alloc(writtenBytes, 'sluice\n');
      for (let at = 0; at < syncs; at++) {
        await file.write(piece, 0, piece.length, at * piece.length);
        const start = performance.now();
        await file.datasync();
        times.push(performance.now() - start);
      }
    } finally {
      await file.close();
      await unlink(path);
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const isFault = code !== 'EACCES' && code !== 'EPERM';
    return {
      kind: 'unwritable',
      isFault,
      reason: isFault ? systemErrorText(error) : `this user may not write in ${folder}`,
    };
  }
  const sorted = times.slice(1).toSorted((a, b) => a - b);
  return { kind: 'measured', medianMs: sorted[(syncs - 1) >> 1] ?? 0, longestMs: sorted.at(-1) ?? 0 };
}

/** Libraries by which syncs do nothing, in the processes whose memory map this user may read. */
async function withoutSync(pids: readonly number[]): Promise<DiskFacts['withoutSync']> {
  const maps = await Promise.all(
    pids.map(async (pid) => ({ pid, text: await systemText(`/proc/${pid}/maps`) })),
  );
  return maps.flatMap(({ pid, text = '' }) => {
    const library = /\S*\/(?:libeatmydata|libnosync|nosync)\S*\.so\S*/u.exec(text)?.[0];
    return library === undefined ? [] : [{ pid, library }];
  });
}

/** The disk of a partition, by /sys. Undefined for what is no block device. */
async function deviceOf(device: string): Promise<Device | undefined> {
  let path: string;
  try {
    path = await realpath(`/sys/dev/block/${device}`);
  } catch {
    return undefined;
  }
  // The queue belongs to the disk, which is one folder above its partition.
  for (const at of [path, dirname(path)]) {
    const rotational = await systemNumber(`${at}/queue/rotational`);
    if (rotational === undefined) continue;
    const cache = await systemText(`${at}/queue/write_cache`);
    const model = `${(await systemText(`${at}/device/vendor`)) ?? ''} ${(await systemText(`${at}/device/model`)) ?? ''}`;
    return {
      name: at.split('/').at(-1) ?? '',
      isRotating: rotational === 1,
      hasWriteBackCache: cache?.trim() === 'write back',
      isVirtual: /\/virtio\d|\/vbd-|\/xen/u.test(at) || /QEMU|VMware|Virtual|VBOX|Msft/iu.test(model),
    };
  }
  return undefined;
}
