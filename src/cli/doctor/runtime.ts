// The runtime: the Node that runs Sluice, and the environment of its processes.

import { readFileSync } from 'node:fs';
import { readlink } from 'node:fs/promises';
import type { Check, Patient } from './check.ts';
import { error, type Finding, note, notSeen, warning } from './finding.ts';
import { hasProc, systemText } from './system-text.ts';

export interface RuntimeFacts {
  /** Version of the Node that runs this command, which is chosen as that of Sluice is. */
  readonly node: string;
  /** The version that Sluice is tested with. */
  readonly tested: string | undefined;
  readonly running: readonly RunningFacts[];
  /** The system tells of processes in /proc. */
  readonly hasProc: boolean;
}

export interface RunningFacts {
  readonly pid: number;
  /** The file of its program was replaced or removed since it was started. */
  readonly isReplaced: boolean;
  /** Undefined: this user may not see it. */
  readonly environment: Environment | undefined;
}

/** What counts of the environment of a process; undefined where a variable is not set. */
export interface Environment {
  /** UV_THREADPOOL_SIZE. */
  readonly threads: string | undefined;
  /** NODE_OPTIONS. */
  readonly options: string | undefined;
}

/** libuv's own number, with which Sluice is tested. */
const usualThreads = 4;

export const runtime: Check = {
  kind: 'runtime',
  subject: 'the runtime',
  look: async (patient) => runtimeFindings(await runtimeFacts(patient)),
};

export function runtimeFindings({
  node,
  tested,
  running,
  hasProc: isLinux,
}: RuntimeFacts): readonly Finding[] {
  const found: Finding[] = [];
  if (tested !== undefined && isOlder(node, tested))
    found.push(
      warning(
        'runtime-old',
        `Sluice runs on Node ${node}, and is tested with ${tested}: later versions have corrected faults, some of them in security.`,
        'npm install -g sluice brings its own Node; or update that of the system',
      ),
    );
  const replaced = running.filter(({ isReplaced }) => isReplaced);
  if (replaced.length > 0)
    found.push(
      warning(
        'runtime-replaced',
        `The Node of the running Sluice was replaced since it was started (process ${replaced.map(({ pid }) => pid).join(', ')}): a process that is started again would be of another version.`,
        'systemctl restart sluice',
      ),
    );
  const [first] = running;
  if (first === undefined) return found;
  if (first.environment !== undefined) return [...found, ...environmentFindings(first.environment)];
  if (!isLinux)
    return [
      ...found,
      note(
        'runtime-no-proc',
        'This system has no /proc: the limits, the memory and the environment of the running processes were not looked at.',
        '"sluice status" has what the running Sluice itself reports',
      ),
    ];
  return [
    ...found,
    notSeen(
      'The environment of the running processes was not looked at: this user may not.',
      'Run "sluice doctor" as root.',
    ),
  ];
}

function environmentFindings({ threads, options = '' }: Environment): readonly Finding[] {
  const found: Finding[] = [];
  if (threads !== undefined && Number(threads) < usualThreads)
    found.push(
      warning(
        'runtime-threads',
        `UV_THREADPOOL_SIZE is ${threads} for the running Sluice: a disk that hangs holds all threads for files, and nothing else goes on. The usual number is ${usualThreads}.`,
        'Take UV_THREADPOOL_SIZE out of the environment of Sluice, then: systemctl restart sluice',
      ),
    );
  const inspect = /--inspect\S*/u.exec(options)?.[0];
  if (inspect !== undefined)
    found.push(
      error(
        'runtime-inspect',
        `NODE_OPTIONS of the running Sluice has ${inspect}: who reaches that port can read all mail and run anything as its user.`,
        'Take it out of NODE_OPTIONS, then: systemctl restart sluice',
      ),
    );
  return found;
}

/** By numbers: `26.9.0` is older than `26.10.0`. */
function isOlder(version: string, other: string): boolean {
  const [a, b] = [version, other].map((text) => text.split('.').map(Number));
  for (const [at, part] of (b ?? []).entries()) {
    const own = a?.[at] ?? 0;
    if (own !== part) return own < part;
  }
  return false;
}

async function runtimeFacts({ processes }: Patient): Promise<RuntimeFacts> {
  const pids = processes.kind === 'running' ? processes.roles.map(({ pid }) => pid) : [];
  return {
    node: process.versions.node,
    tested: testedVersion(),
    running: await Promise.all(pids.map(runningFacts)),
    hasProc: hasProc(),
  };
}

/** Three folders up, both in src and in dist. */
const packageFile = new URL('../../../package.json', import.meta.url);

function testedVersion(): string | undefined {
  const { optionalDependencies = {} } = JSON.parse(readFileSync(packageFile, 'utf8')) as {
    readonly optionalDependencies?: Readonly<Record<string, string>>;
  };
  return Object.entries(optionalDependencies).find(([name]) => name.startsWith('node-'))?.[1];
}

async function runningFacts(pid: number): Promise<RunningFacts> {
  const environment = await systemText(`/proc/${pid}/environ`);
  return {
    pid,
    isReplaced: (await programOf(pid)).endsWith(' (deleted)'),
    environment: environment === undefined ? undefined : parseEnvironment(environment),
  };
}

async function programOf(pid: number): Promise<string> {
  try {
    return await readlink(`/proc/${pid}/exe`);
  } catch {
    return ''; // of another user
  }
}

/** @param text - variables with a NUL after each (proc_pid_environ(5)) */
export function parseEnvironment(text: string): Environment {
  return {
    threads: /(?:^|\0)UV_THREADPOOL_SIZE=([^\0]*)/u.exec(text)?.[1],
    options: /(?:^|\0)NODE_OPTIONS=([^\0]*)/u.exec(text)?.[1],
  };
}
