// Open files: what each running process may open, and the whole host, against the connections that are configured.

import { type Demand, capacityOf, demandOf, ownFiles } from '../../settings/capacity.ts';
import { openFilesIn, systemFacts } from '../../settings/system-facts.ts';
import type { RunningProcess } from '../../process/running/life-sign.ts';
import type { Check, Patient } from './check.ts';
import { error, type Finding, notSeen, warning } from './finding.ts';
import { hasProc, systemNumber, systemText } from './system-text.ts';

export interface OpenFileFacts {
  readonly demand: Demand;
  /** Of each running process that this user can see. */
  readonly running: readonly (RunningProcess & { readonly openFiles: number })[];
  /** What a Sluice would get that is started from here; undefined: one runs, and that does not matter. */
  readonly fromHere: number | undefined;
  /** fs.file-max, and how many files of these are open now. */
  readonly host: { readonly most: number; readonly open: number } | undefined;
  /** fs.nr_open, which no limit of a process can exceed. */
  readonly mostOfProcess: number | undefined;
  /** Why the limits of the running processes are not known; undefined: they are, or none runs. */
  readonly unseen: string | undefined;
}

export const openFiles: Check = {
  kind: 'files',
  subject: 'the limits of open files',
  look: async (patient) => openFileFindings(await openFileFacts(patient)),
};

export function openFileFindings(facts: OpenFileFacts): readonly Finding[] {
  const { demand, running, fromHere, unseen } = facts;
  const limits = [...new Set(running.map((each) => each.openFiles))];
  const shortages = [
    ...limits.map((openFiles) => ({ openFiles, where: '' })),
    ...(fromHere === undefined ? [] : [{ openFiles: fromHere, where: 'If Sluice is started from here: ' }]),
  ].flatMap(({ openFiles, where }) =>
    capacityOf(demand, { openFiles, ports: undefined }).shortages.map(({ message, advice }) =>
      warning('files-few', `${where}${message}.`, `${advice}.`),
    ),
  );
  const hidden =
    unseen === undefined
      ? []
      : [
          notSeen(
            `How many files the running processes may open is not known: ${unseen}.`,
            'Run "sluice doctor" as root, or as the user that runs Sluice.',
          ),
        ];
  // Several processes with the same shortage are one finding.
  const once = shortages.filter(({ what }, at) => shortages.findIndex((each) => each.what === what) === at);
  return [...once, ...hostFindings(facts), ...hidden];
}

function hostFindings({ demand, host, mostOfProcess, running }: OpenFileFacts): readonly Finding[] {
  const wanted = demand.deliverConnections + demand.receiveConnections;
  const found: Finding[] = [];
  if (host !== undefined) {
    const left = host.most - host.open;
    // Connections that are open already are among the open files.
    const isShort = running.length > 0 ? left < wanted / 10 : left < wanted;
    if (isShort)
      found.push(
        error(
          'files-host',
          `All programs of this host together may open ${host.most} files (fs.file-max), of which ${host.open} are open, and the configuration has ${wanted} connections.`,
          `sysctl -w fs.file-max=${roundUp(host.open + 2 * wanted)}, and the same line in a file of /etc/sysctl.d`,
        ),
      );
  }
  const processes = demand.singleProcess ? 1 : Math.max(1, demand.senders);
  const each = Math.ceil(demand.deliverConnections / processes);
  if (mostOfProcess !== undefined && each + ownFiles(mostOfProcess) > mostOfProcess)
    found.push(
      warning(
        'files-process',
        `No process of this host may open more than ${mostOfProcess} files (fs.nr_open), whatever its limit says, and each sender process would have ${each} connections.`,
        `sysctl -w fs.nr_open=${roundUp(2 * each)}, and the same line in a file of /etc/sysctl.d; or more senders in [processes]`,
      ),
    );
  return found;
}

/** To thousands, as people do. */
function roundUp(count: number): number {
  return Math.ceil(count / 1000) * 1000;
}

async function openFileFacts({ config, processes }: Patient): Promise<OpenFileFacts> {
  const roles = processes.kind === 'running' ? processes.roles : [];
  const read = await Promise.all(
    roles
      .filter(({ role }) => role === 'sender' || role === 'receiver')
      .map(async ({ role, pid }) => ({ role, pid, limits: await systemText(`/proc/${pid}/limits`) })),
  );
  const running = read.flatMap(({ limits, ...each }) =>
    limits === undefined ? [] : [{ ...each, openFiles: openFilesIn(limits) }],
  );
  const [open, , most] = ((await systemText('/proc/sys/fs/file-nr')) ?? '').trim().split(/\s+/u).map(Number);
  return {
    demand: demandOf(config),
    running,
    fromHere: processes.kind === 'stopped' ? systemFacts().openFiles : undefined,
    host: open === undefined || most === undefined ? undefined : { most, open },
    mostOfProcess: await systemNumber('/proc/sys/fs/nr_open'),
    // One process for everything has no sign of life, and tells of its own shortages.
    unseen: config.processes.singleProcess || !hasProc() ? undefined : whyUnseen(processes, running.length),
  };
}

function whyUnseen(processes: Patient['processes'], seen: number): string | undefined {
  if (processes.kind === 'hidden') return processes.reason;
  if (processes.kind === 'stopped' || seen > 0) return undefined;
  return 'no process of a sender or receiver can be seen from here';
}
