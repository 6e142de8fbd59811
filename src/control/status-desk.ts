// Answers `status`: what the manager says, and the troubles of all processes. When the manager does not answer, that
// is told at once, with everything that is known without it: the moment it is stopped is when people ask.

import { version } from '../config/version.ts';
import type { ReportedTrouble } from '../stats/trouble-board.ts';
import type { ManagerStatus, StatusAnswer, StatusQuestion } from './control-protocol.ts';
import type { QueueSource } from './queue-source.ts';

/** A manager that takes no request for this long is told to be silent; the longest turns of its loop take 0.3 s. */
const silentAfterMs = 1_000;

type MissingRole = NonNullable<ManagerStatus['missing']>[number];

/** What does not happen without any process of a role. */
const withoutAny: Readonly<Record<MissingRole, string>> = {
  sender: 'nothing is delivered',
  receiver: 'no client can connect',
};

/** What the desk needs of the control process. */
export interface StatusSources {
  readonly manager: Pick<QueueSource, 'status' | 'ping'>;
  /** What is wrong in all processes, as far as it is known here. */
  readonly troubles: () => readonly ReportedTrouble[];
}

export class StatusDesk {
  readonly #sources: StatusSources;
  #silentSinceMs: number | undefined;
  readonly #missingSinceMs = new Map<MissingRole, number>();

  constructor(sources: StatusSources) {
    this.#sources = sources;
  }

  async answer(question: StatusQuestion): Promise<StatusAnswer> {
    const { manager } = this.#sources;
    if (!(await answersSoon(manager.ping()))) return this.#withoutManager();
    try {
      const asked = manager.status(question);
      asked.catch(() => undefined); // told below, or too late to matter
      // A long answer is waited for as long as the manager lives.
      while (!(await answersSoon(asked, true))) {
        if (!(await answersSoon(manager.ping()))) return this.#withoutManager();
      }
      const status = await asked;
      this.#silentSinceMs = undefined;
      const known = this.#sources.troubles();
      return { kind: 'complete', ...status, troubles: [...this.#missing(status, known), ...known] };
    } catch (error) {
      // It may have ended while it was answering; anything else is a mistake that must show.
      if (await answersSoon(manager.ping())) throw error;
      return this.#withoutManager();
    }
  }

  /** What the numbers say by themselves, where the supervisor has not said it: it may be what is stopped. */
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
        text: `No ${role} process runs: ${withoutAny[role]}.`,
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

/**
 * Whether it resolves before the manager counts as silent.
 * @param orFails - an error is an answer, too
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
