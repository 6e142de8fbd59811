// What the supervisor keeps of a process that crashed: it gives each process of a role a trail, and when one ends that should not have,
// it takes the trail, Node's report and the core, and writes a record for `sluice doctor --crash`. Messages that were in hand again and
// again it has the manager hold. It never keeps a process from being started again: what cannot be kept is told in the log and in a trouble.

import { join } from 'node:path';
import type { SetAsideMessage } from '../../channel/messages.ts';
import type { Config, CrashConfig } from '../../config/config.ts';
import { crashName, makeCrashFolder, newFolderOf, writeRecord } from '../../crash/crash-folder.ts';
import { bounded, type CrashRecord } from '../../crash/crash-record.ts';
import { readCrashes } from '../../crash/read-crashes.ts';
import { type EndedProcess, hasCrashed, makeRecord } from '../../crash/make-record.ts';
import { newReportPath } from '../../crash/node-report.ts';
import { pruneCrashes } from '../../crash/prune-crashes.ts';
import type { ReadTrail } from '../../crash/read-trail.ts';
import { setAsideReason, suspects } from '../../crash/suspects.ts';
import { takeCore } from '../../crash/take-core.ts';
import { type TakenReport, takeReport, wordsOf } from '../../crash/take-report.ts';
import { TrailFile } from '../../crash/trail-file.ts';
import type { Logger } from '../../log/logger.ts';
import type { Troubles } from '../../stats/troubles.ts';
import type { RoleUsers } from '../privileges/role-users.ts';
import { giveFolder } from '../privileges/safe-owner.ts';
import type { RoleName } from '../role.ts';
import { type Child, type Crash, tell } from './child.ts';

const roles = [
  'manager',
  'receiver',
  'sender',
  'keys',
  'control',
  'pop3',
] as const satisfies readonly RoleName[];

/** Crashes one after the other, with no start between them, whose records tell when a process ran again; of a role that cannot start there are many. */
const mostEarlier = 10;

/** Beats between two looks at what is too old or too large. */
const pruneBeats = 60;

/** How a process ended. */
export interface ProcessEnd {
  readonly pid: number;
  readonly serial: number;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface CrashDeskParts {
  readonly users: RoleUsers | undefined;
  readonly log: Pick<Logger, 'warn'>;
  readonly troubles: Troubles;
  /** The roles that there are now. */
  readonly children: readonly Child[];
}

export class CrashDesk {
  #config: CrashConfig;
  readonly #parts: CrashDeskParts;
  readonly #trails = new Map<number, TrailFile>();
  /** The crashes that are kept, the newest first: a disk that is slow must hold up no process. */
  #records: readonly CrashRecord[] = [];
  /** Messages to hold, which no manager knows yet. */
  readonly #holdLater: SetAsideMessage[] = [];
  #isReady = false;
  #isPruning = false;
  #beats = 0;

  constructor({ crash }: Pick<Config, 'crash'>, parts: CrashDeskParts) {
    this.#config = crash;
    this.#parts = parts;
  }

  /** Makes the folders. The roles write into those of their own only; none may read what is kept. */
  prepare(): void {
    const { folder } = this.#config;
    const { users, troubles } = this.#parts;
    try {
      makeCrashFolder(folder, roles);
      if (users !== undefined) giveFolders(folder, users);
      this.#records = readCrashes(folder).map(({ record }) => record);
      this.#isReady = true;
      troubles.clear('crash:folder');
      this.#prune();
    } catch (error) {
      troubles.raise(
        'crash:folder',
        'warning',
        `The folder ${folder} cannot be used (${wordsOf(error)}), so nothing would be kept of a process that crashes.`,
        'Set folder in [crash] to a folder that Sluice may write, and restart Sluice.',
      );
    }
  }

  configure({ crash }: Pick<Config, 'crash'>): void {
    this.#config = crash;
  }

  /** To be called once a second: what is kept grows old, and programs that a role starts may leave cores, too. */
  beat(): void {
    if (++this.#beats % pruneBeats === 0) this.#prune();
  }

  /** The largest core that the system may write of a process that is about to start; 0: none is wanted. */
  get coreBytes(): number {
    return this.#config.cores && this.#isReady ? this.#config.maxSize : 0;
  }

  /** The file of the trail for a process that is about to start; undefined: it goes without one. */
  newTrail(serial: number): number | undefined {
    const file = TrailFile.make();
    if (file !== undefined) this.#trails.set(serial, file);
    return file?.fd;
  }

  /** The system has started no process for this trail. */
  notStarted(serial: number): void {
    this.#takeTrail(serial);
  }

  /** Tells a manager that was just started what is held, and what is to be held. */
  tellManager(manager: Child): void {
    const held = this.#holdLater.splice(0);
    const ids = new Set(held.map(({ queueId }) => queueId));
    const known = this.#records
      .flatMap((record) => setAsideBy(record, this.#config.setAsideAfter))
      .filter(({ queueId }) => !ids.has(queueId));
    if (known.length > 0) tell(manager, { kind: 'setAside', messages: known, areKnown: true });
    if (held.length > 0) tell(manager, { kind: 'setAside', messages: held, areKnown: false });
  }

  /**
   * A process has ended. The manager hears of messages to hold now, before it hears that their process has ended; all that needs
   * the disk comes later.
   * @param isAsked - it was asked to end
   */
  ended(child: Child, end: ProcessEnd, isAsked: boolean): void {
    const trail = this.#takeTrail(end.serial);
    const ended = endedProcess(child, end);
    if (!hasCrashed(ended, isAsked)) return;
    const record = makeRecord(ended, trail, undefined);
    const setAside = suspects(record, this.#records, this.#config.setAsideAfter);
    const crash = {
      name: crashName(record),
      record: { ...record, setAside: [...setAside] },
      atMs: performance.now(),
      earlier: takeEarlier(child),
    };
    this.#records = [crash.record, ...this.#records].slice(0, this.#config.keep);
    this.#hold(setAsideBy(crash.record, this.#config.setAsideAfter));
    child.crash = crash;
    setImmediate(() => this.#keep(crash, ended, trail));
  }

  /** Another process of the role has started. */
  runsAgain(child: Child): void {
    const { crash } = child;
    child.crash = undefined;
    if (crash === undefined) return;
    for (const each of [...crash.earlier, crash]) {
      each.record = { ...each.record, restartedAfterMs: Math.round(performance.now() - each.atMs) };
      this.#store(each);
    }
  }

  #hold(messages: readonly SetAsideMessage[]): void {
    if (messages.length === 0) return;
    const manager = this.#parts.children.find(({ name }) => name === 'manager');
    if (manager?.process === undefined) this.#holdLater.push(...messages);
    else tell(manager, { kind: 'setAside', messages, areKnown: false });
  }

  #keep(crash: Crash, ended: EndedProcess, trail: ReadTrail): void {
    const { folder, addresses } = this.#config;
    const { name, record } = crash;
    const file = `${name}.report.json`;
    const report: TakenReport = this.#isReady
      ? takeReport(newReportPath(folder, ended.process, ended.pid), join(folder, file), addresses)
      : { kind: 'refused', reason: `the folder ${folder} cannot be used` };
    crash.record = {
      ...makeRecord(ended, trail, report),
      ...(report.kind === 'taken' && { report: file }),
      ...this.#takeCore(name, ended),
      setAside: record.setAside,
    };
    this.#store(crash);
  }

  /** Where the core is, or why there is none; nothing where none was asked for. */
  #takeCore(
    name: string,
    { process: role, pid, signal, startedAtMs = 0 }: EndedProcess,
  ): Partial<CrashRecord> {
    const { cores, folder } = this.#config;
    if (!cores || !this.#isReady) return {};
    if (signal === null || signal === 'SIGKILL')
      return {
        coreMissing: `the system writes none of a process that ends ${signal === null ? 'by itself' : 'by SIGKILL'}`,
      };
    const workingFolder = newFolderOf(folder, role);
    const core = takeCore({ pid, workingFolder, to: join(folder, `${name}.core`), startedAtMs });
    if (core.kind === 'missing') return { coreMissing: bounded(core.reason, 1000) };
    return { core: bounded(core.path, 4096), coreBytes: core.bytes };
  }

  #store({ name, record }: Crash): void {
    if (!this.#isReady) return;
    const { folder } = this.#config;
    try {
      writeRecord(folder, name, record);
      this.#prune();
    } catch (error) {
      this.#parts.log.warn(`what is known of a crash could not be kept in ${folder}: ${wordsOf(error)}`);
    }
  }

  /** One at a time: a disk may hang. What fails is tried again at a later beat. */
  #prune(): void {
    if (!this.#isReady || this.#isPruning) return;
    this.#isPruning = true;
    pruneCrashes(this.#config.folder, this.#config, Date.now())
      .catch(() => undefined)
      .finally(() => {
        this.#isPruning = false;
      });
  }

  #takeTrail(serial: number): ReadTrail {
    const file = this.#trails.get(serial);
    this.#trails.delete(serial);
    const trail = file?.read() ?? { steps: [], inHand: [] };
    file?.close();
    return trail;
  }
}

function giveFolders(folder: string, { of }: RoleUsers): void {
  giveFolder(folder, { uid: 0, gid: 0, mode: 0o711 });
  for (const role of roles) {
    const { uid, gid } = of[role];
    giveFolder(newFolderOf(folder, role), { uid, gid, mode: 0o700 });
  }
}

/** The messages that a crash has set aside, each with its reason. */
function setAsideBy(record: CrashRecord, after: number): readonly SetAsideMessage[] {
  return record.setAside.map((queueId) => ({ queueId, reason: setAsideReason(record, after) }));
}

/** The crashes after which no process has started: that which was to follow may crash before. */
function takeEarlier({ crash }: Child): readonly Crash[] {
  if (crash === undefined) return [];
  const earlier = [...crash.earlier, crash].slice(-mostEarlier);
  crash.earlier = [];
  return earlier;
}

function endedProcess(child: Child, { pid, code, signal }: ProcessEnd): EndedProcess {
  return {
    process: child.name,
    index: child.index,
    pid,
    startedAtMs: performance.timeOrigin + child.startedAtMs,
    endedAtMs: Date.now(),
    exitCode: code,
    signal,
    failure: child.failure,
    stall: child.stall,
  };
}
