// The disk of the spool, judged: is it one that keeps mail over a restart, does it really sync, and is there room? The facts are gathered
// by `disk-facts.ts`.

import type { DiskProblem } from '../../process/watch/disk-watch.ts';
import type { Mount } from './mount.ts';
import { error, type Finding, note, notSeen, warning } from './finding.ts';

export interface DiskFacts {
  readonly spool: string;
  /** Undefined where the system does not tell. */
  readonly mount: Mount | undefined;
  /** As Sluice itself reports it. */
  readonly space: DiskProblem | undefined;
  /** Inodes; undefined where the file system makes them as they are needed. */
  readonly inodes: { readonly all: number; readonly free: number } | undefined;
  readonly sync: SyncFacts;
  /** The running processes that cannot sync, because a library is loaded that does it for nothing. */
  readonly withoutSync: readonly { readonly pid: number; readonly library: string }[];
  readonly device: Device | undefined;
}

/** How long it takes until what was written is on stable storage. */
export type SyncFacts =
  | { readonly kind: 'measured'; readonly medianMs: number; readonly longestMs: number }
  /** @param isFault - the disk fails; otherwise this user may not write there */
  | { readonly kind: 'unwritable'; readonly isFault: boolean; readonly reason: string };

export interface Device {
  /** Its name in /sys/block. */
  readonly name: string;
  readonly isRotating: boolean;
  /** It keeps writes in a cache of its own until it is told to write them. */
  readonly hasWriteBackCache: boolean;
  /** It is made by a hypervisor. */
  readonly isVirtual: boolean;
}

/** Nothing that is told to flush its cache answers sooner: the system call and the file system's own work take this long. */
const noFlushMs = 0.02;
/** A platter turns 250 times a second at most; half a turn is 2 ms. */
const noPlatterMs = 1;
/** 40 commits a second, each for all mail that waits then. */
const slowMs = 25;
/** The spool needs few files: segments of many messages, and one for each large message. */
const fewInodes = 1_000;

/** What keeps its content in memory. */
const inMemory: ReadonlySet<string> = new Set(['tmpfs', 'ramfs', 'devtmpfs']);
const onNetwork =
  /^(?:nfs\d?|cifs|smb3?|9p|afs|ceph|glusterfs|lustre|fuse\.(?:sshfs|glusterfs|ceph|s3fs|rclone).*|virtiofs)$/u;

export function diskFindings(facts: DiskFacts): readonly Finding[] {
  const { spool, space, inodes, withoutSync } = facts;
  const found: Finding[] = [...mountFindings(facts)];
  if (space !== undefined) {
    const finding = space.level === 'critical' ? error : warning;
    found.push(
      finding('disk-space', space.text, `${space.advice} "du -xsh ${spool}" shows what the spool takes.`),
    );
  }
  if (inodes !== undefined && inodes.free < fewInodes)
    found.push(
      warning(
        'disk-inodes',
        `The file system of ${spool} has ${inodes.free} of ${inodes.all} inodes free: without any, new mail is refused although there is room.`,
        `"df -i ${spool}" shows them; remove small files there, or make the file system anew with more inodes (mkfs.ext4 -N)`,
      ),
    );
  for (const { pid, library } of withoutSync)
    found.push(
      error(
        'disk-sync-disabled',
        `The process ${pid} of Sluice runs with ${library}, which makes every sync do nothing: a power cut loses mail whose senders were told that it is safe.`,
        'Start Sluice without this library: take it out of LD_PRELOAD of its unit, or of /etc/ld.so.preload',
      ),
    );
  return [...found, ...syncFindings(facts)];
}

function mountFindings({ spool, mount }: DiskFacts): readonly Finding[] {
  if (mount === undefined) return [];
  const { point, type, options } = mount;
  const found: Finding[] = [];
  if (inMemory.has(type))
    found.push(
      error(
        'disk-memory',
        `The spool ${spool} is on ${point}, a ${type}: it is in memory, and all mail in it is gone after a restart of this host.`,
        'Set spool = "/var/spool/sluice" in the configuration, or to another folder on a disk; then restart Sluice',
      ),
    );
  if (onNetwork.test(type))
    found.push(
      warning(
        'disk-network',
        `The spool ${spool} is on ${point}, which is ${type}: mail stops whenever the server there does not answer, and only that server decides whether a sync means anything.`,
        'Put the spool on a disk of this host. If it has to stay, the server must export it with "sync", and this host mount it with "hard"',
      ),
    );
  if (type === 'overlay' || type === 'aufs')
    found.push(
      warning(
        'disk-container',
        `The spool ${spool} is in the layer of a container (${type}): mail in it is removed together with the container.`,
        `Mount a volume there: docker run -v sluice-spool:${spool} ..., or a volume in the manifest`,
      ),
    );
  if (options.includes('ro'))
    found.push(
      error(
        'disk-read-only',
        `${point}, the file system of the spool ${spool}, is mounted read-only: no mail can be taken or delivered.`,
        `dmesg | tail says whether an error of the disk did this; then: mount -o remount,rw ${point}`,
      ),
    );
  const lax = options.find((each) => /^(?:nobarrier|barrier=0|volatile|fsync=none)$/u.test(each));
  if (lax !== undefined)
    found.push(
      error(
        'disk-no-barrier',
        `${point}, the file system of the spool ${spool}, is mounted with "${lax}": a sync does not reach the disk, and a power cut loses mail whose senders were told that it is safe.`,
        `Take "${lax}" out of /etc/fstab, then: mount -o remount,barrier=1 ${point} (or unmount and mount it)`,
      ),
    );
  return found;
}

function syncFindings({ spool, sync, mount, device, withoutSync }: DiskFacts): readonly Finding[] {
  if (sync.kind === 'unwritable') {
    const text = `Whether the disk of ${spool} really syncs was not measured: ${sync.reason}.`;
    if (!sync.isFault)
      return [notSeen(text, 'Run "sluice doctor" as root, or as the user that runs Sluice.')];
    return [
      error(
        'disk-unwritable',
        `The disk of the spool ${spool} cannot be written: ${sync.reason}.`,
        'dmesg | tail and "mount" say what is wrong with it; Sluice goes on by itself as soon as it can write',
      ),
    ];
  }
  const { medianMs, longestMs } = sync;
  if (medianMs > slowMs)
    return [
      warning(
        'disk-sync-slow',
        `A sync of the disk of ${spool} takes ${timeText(medianMs)} (up to ${timeText(longestMs)}): Sluice can make mail safe ${Math.max(1, Math.floor(1000 / medianMs))} times a second, and each client waits that long for its answer.`,
        '"iostat -x 1" shows whether other programs use the disk; give the spool a disk of its own, best an SSD with protection against loss of power',
      ),
    ];
  // A file system in memory, or on the network, was reported as such; and of a library, the reason is known.
  const isLocal = mount !== undefined && !inMemory.has(mount.type) && !onNetwork.test(mount.type);
  if (!isLocal || withoutSync.length > 0) return [];
  if (medianMs < noFlushMs)
    return [
      error(
        'disk-sync-false',
        `A sync of the disk of ${spool} returns after ${timeText(medianMs)}: no disk stores anything in that time, so something on the way leaves it out, and a power cut loses mail whose senders were told that it is safe.`,
        'Look for "cache=unsafe" in the definition of the virtual machine, and for libeatmydata in LD_PRELOAD; if the disk has a cache with a battery, this is right',
      ),
    ];
  if (medianMs < noPlatterMs && device?.isRotating === true && device.hasWriteBackCache && !device.isVirtual)
    return [
      note(
        'disk-sync-quick',
        `A sync of the disk of ${spool} returns after ${timeText(medianMs)}, sooner than a disk that turns can write. It is safe only if a cache with a battery takes the writes.`,
        `hdparm -W /dev/${device.name} shows the cache of the disk; without a battery: hdparm -W0 /dev/${device.name}`,
      ),
    ];
  return [];
}

function timeText(ms: number): string {
  return ms < 1
    ? `${Math.max(1, Math.round(ms * 1000))} µs`
    : `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}
