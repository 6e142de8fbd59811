// Answers `status` with the manager's numbers and the troubles of all processes. When the manager does not answer, the answer
// comes all the same, with what is known without it: people ask when something has stopped.

import { version } from '../config/version.ts';
import type { ReportedTrouble } from '../stats/trouble-board.ts';
import type { CertificateFacts } from '../tls/certificate-facts.ts';
import type { ManagerStatus, Status, StatusAnswer, StatusQuestion } from './operations/status.ts';
import type { Asker } from './operations/operation.ts';
import type { ManagerSet } from './operations/sets.ts';

/** A manager that answers no ping for this long is reported as silent; the longest turns of its event loop take 0.3 s. */
const silentAfterMs = 1_000;

type MissingRole = NonNullable<ManagerStatus['missing']>[number];

/** The consequence when no process of a role runs. */
const consequenceOfMissing: Readonly<Record<MissingRole, string>> = {
  sender: 'nothing is delivered',
  receiver: 'no client can connect',
};

/** Where the desk gets its answers. */
export interface StatusSources {
  /** Asks the manager. */
  readonly ask: Asker<Pick<ManagerSet, 'status' | 'ping'>>;
  /** The troubles of all processes, as far as they are known here. */
  readonly troubles: () => readonly ReportedTrouble[];
  /** The certificates that receivers serve; none is known before the supervisor has told. */
  readonly served?: () => readonly CertificateFacts[];
}

export class StatusDesk {
  readonly #sources: StatusSources;
  #silentSinceMs: number | undefined;
  readonly #missingSinceMs = new Map<MissingRole, number>();

  constructor(sources: StatusSources) {
    this.#sources = sources;
  }

  async answer(question: StatusQuestion): Promise<StatusAnswer> {
    const { ask } = this.#sources;
    if (!(await answersSoon(ask('ping', {})))) return this.#withoutManager();
    try {
      const asked = ask('status', question);
      asked.catch(() => undefined); // handled below; of no use when the manager is silent
      // Wait for a long answer as long as the manager answers pings.
      while (!(await answersSoon(asked, true))) {
        if (!(await answersSoon(ask('ping', {})))) return this.#withoutManager();
      }
      const status = await asked;
      this.#silentSinceMs = undefined;
      const known = this.#sources.troubles();
      const troubles = [...this.#missing(status, known), ...known];
      return { kind: 'complete', ...status, troubles, ...certificatesOf(this.#sources.served?.() ?? []) };
    } catch (error) {
      // The manager may have ended while it was answering. Any other error is a fault that must be reported.
      if (await answersSoon(ask('ping', {}))) throw error;
      return this.#withoutManager();
    }
  }

  /** Missing roles, by the manager's numbers. The supervisor reports them first, unless it is itself stopped. */
  #missing({ missing = [], nowMs }: ManagerStatus, known: readonly ReportedTrouble[]): ReportedTrouble[] {
    for (const role of this.#missingSinceMs.keys()) {
      if (!missing.includes(role)) this.#missingSinceMs.delete(role);
    }
    return missing.flatMap((role) => {
      const sinceMs = this.#missingSinceMs.get(role) ?? nowMs;
      this.#missingSinceMs.set(role, sinceMs);
      if (known.some(({ key }) => key.startsWith(`role:${role}`))) return [];
      const trouble: ReportedTrouble = {
        key: `role:${role}`,
        level: 'critical',
        text: `No ${role} process runs: ${consequenceOfMissing[role]}.`,
        advice:
          'Look at the log for what it said. If none is started again, restart Sluice; no mail is lost by that.',
        sinceMs,
        processes: ['control'],
      };
      return [trouble];
    });
  }

  #withoutManager(): StatusAnswer {
    const nowMs = Date.now();
    this.#silentSinceMs ??= nowMs;
    const known = this.#sources.troubles();
    const isExplained = known.some(({ key }) => key === 'role:manager');
    const silent: ReportedTrouble = {
      key: 'role:manager',
      level: 'critical',
      text: 'The manager does not answer: it is starting, busy, or stopped. Mail is taken, but not delivered.',
      advice: 'Ask again in a moment. If this goes on, look at the log for what the manager said.',
      sinceMs: this.#silentSinceMs,
      processes: ['control'],
    };
    return {
      kind: 'without-manager',
      version,
      nowMs,
      troubles: isExplained ? known : [silent, ...known],
    };
  }
}

/** The certificates in short: `sluice tls` has the rest. */
function certificatesOf(served: readonly CertificateFacts[]): Pick<Status, 'certificates'> {
  if (served.length === 0) return {};
  return {
    certificates: {
      count: served.length,
      isSelfSigned: served.every(({ file }) => file === ''),
      firstEndMs: Math.min(...served.map(({ untilMs }) => untilMs)),
    },
  };
}

/**
 * Whether it resolves before the manager counts as silent.
 * @param orFails - a rejection counts as an answer, too
 */
async function answersSoon(answer: Promise<unknown>, orFails = false): Promise<boolean> {
  const silent = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => silent.resolve(false), silentAfterMs);
  try {
    return await Promise.race([
      answer.then(
        () => true,
        () => orFails,
      ),
      silent.promise,
    ]);
  } finally {
    clearTimeout(timer);
  }
}
