// Asks other servers by ETRN for the mail that waits there (RFC 1985): at the start, in intervals, and when an operator says so. Promises: a server that
// cannot be asked is asked again, ever more rarely; nothing is asked before this server takes mail, which comes at once.

import type { EtrnReply } from '../../deliver/errand/types.ts';
import type { Timer, Timers } from '../../io/timers.ts';
import type { Logger } from '../../log/logger.ts';
import type { RoutePlan } from '../../route/types.ts';
import type { AskedServer } from '../../settings/etrn.ts';
import type { Troubles } from '../../stats/troubles.ts';
import { formatDuration } from '../../values/duration.ts';
import type { RunErrandCounted } from './counted-errands.ts';

const firstAgainMs = 1_000;
const lastAgainMs = 30 * 60_000;
/** After so many failures in a row an operator is told. */
const failuresUntilTrouble = 5;

export interface EtrnRequestsParts {
  readonly timers: Timers;
  readonly log: Pick<Logger, 'info' | 'warn' | 'debug'>;
  readonly troubles: Pick<Troubles, 'raise' | 'clear'>;
  /** The plan of a server; it never rejects. */
  readonly resolve: (key: string) => Promise<RoutePlan>;
  /** It never rejects. */
  readonly run: RunErrandCounted;
  /** Does this server take mail? */
  readonly isReceiving: () => boolean;
}

/** What became of asking one server. */
export type AskedOutcome =
  | { readonly kind: 'answered'; readonly replies: readonly EtrnReply[] }
  /** @property isLasting - asking again would not help */
  | { readonly kind: 'failed'; readonly reason: string; readonly isLasting: boolean };

interface Watched {
  readonly server: AskedServer;
  timer: Timer | undefined;
  failures: number;
}

export class EtrnRequests {
  readonly #parts: EtrnRequestsParts;
  /** By all that is configured of them. */
  readonly #watched = new Map<string, Watched>();
  #isStopped = false;

  constructor(parts: EtrnRequestsParts) {
    this.#parts = parts;
  }

  /** Those that are configured now: new ones are asked, and those that are not there any more are forgotten. */
  configure(servers: readonly AskedServer[]): void {
    if (this.#isStopped) return;
    const wanted = new Map(servers.map((server) => [JSON.stringify(server), server]));
    for (const [id, watched] of this.#watched) if (!wanted.has(id)) this.#forget(id, watched);
    for (const [id, server] of wanted) {
      if (this.#watched.has(id)) continue;
      const watched: Watched = { server, timer: undefined, failures: 0 };
      this.#watched.set(id, watched);
      if (server.atStart) void this.#attend(watched);
      else this.#await(watched, server.everyMs);
    }
  }

  /** Asks one server, for whom an operator waits. It never rejects. */
  async ask(key: string, nodes: readonly string[]): Promise<AskedOutcome> {
    const plan = await this.#parts.resolve(key);
    if (plan.kind !== 'relay') return { kind: 'failed', reason: plan.text, isLasting: false };
    const domain = plan.addresses[0]?.host ?? '';
    const outcome = await this.#parts.run({ key, domain, plan, etrn: nodes });
    if (outcome.kind === 'answered') return { kind: 'answered', replies: outcome.replies ?? [] };
    return { kind: 'failed', reason: outcome.reason, isLasting: outcome.isLasting === true };
  }

  /** An operator has asked a configured server. */
  answered(key: string, outcome: AskedOutcome): void {
    for (const watched of this.#watched.values())
      if (watched.server.key === key) this.#tell(watched, outcome);
  }

  stop(): void {
    this.#isStopped = true;
    for (const [id, watched] of this.#watched) this.#forget(id, watched);
  }

  async #attend(watched: Watched): Promise<void> {
    const { key, nodes } = watched.server;
    if (!this.#parts.isReceiving()) {
      this.#await(watched, firstAgainMs);
      return;
    }
    const outcome = await this.ask(key, nodes);
    if (!this.#isCurrent(watched)) return;
    this.#tell(watched, outcome);
    const isDone = outcome.kind === 'answered' ? !outcome.replies.some(isForNow) : outcome.isLasting;
    if (isDone) {
      this.#await(watched, watched.server.everyMs);
      return;
    }
    const againMs = Math.min(lastAgainMs, firstAgainMs * 2 ** Math.min(watched.failures, 20));
    watched.failures++;
    this.#await(watched, againMs);
  }

  #tell(watched: Watched, outcome: AskedOutcome): void {
    const { log, troubles } = this.#parts;
    const { name, nodes } = watched.server;
    const refusals = outcome.kind === 'answered' ? outcome.replies.filter(({ code }) => code >= 400) : [];
    const [refused] = refusals;
    const problem =
      outcome.kind === 'failed'
        ? outcome.reason
        : refused && `it answered ETRN ${refused.node} with ${refused.text}`;
    if (outcome.kind === 'answered')
      for (const { node, text } of outcome.replies) log.info(`ETRN ${node}: ${name} answered ${text}`);
    if (problem === undefined) {
      watched.failures = 0;
      troubles.clear(`etrn:${subjectOf(watched.server)}`);
      return;
    }
    const isLasting = outcome.kind === 'failed' ? outcome.isLasting : !refusals.every(isForNow);
    if (outcome.kind === 'failed') log.info(`ETRN: ${name} could not be asked: ${problem}`);
    if (!isLasting && watched.failures < failuresUntilTrouble) return;
    troubles.raise(
      `etrn:${subjectOf(watched.server)}`,
      'warning',
      `${name} could not be asked for the mail that waits there for ${nodes.join(', ')}: ${problem}.`,
      isLasting
        ? 'Look whether that server takes ETRN from this one, and for these domains; then say "sluice queue etrn".'
        : `It is asked again by itself, every ${formatDuration(lastAgainMs)} at last; "sluice queue etrn" asks now.`,
    );
  }

  #await(watched: Watched, afterMs: number | undefined): void {
    if (afterMs === undefined || !this.#isCurrent(watched)) return;
    watched.timer = this.#parts.timers.setTimeout(() => void this.#attend(watched), afterMs).unref();
  }

  #isCurrent(watched: Watched): boolean {
    return this.#watched.get(JSON.stringify(watched.server)) === watched;
  }

  #forget(id: string, { server, timer }: Watched): void {
    this.#parts.timers.clear(timer);
    this.#parts.troubles.clear(`etrn:${subjectOf(server)}`);
    this.#watched.delete(id);
  }
}

/** RFC 5321 4.2.1: the server may agree later; 458, when it was asked a moment ago (RFC 1985 5.3). 459 says that it never will. */
function isForNow({ code }: EtrnReply): boolean {
  return code >= 400 && code < 500 && code !== 459;
}

/** What a trouble is about: one server may be asked by several tables. */
function subjectOf({ name, nodes }: AskedServer): string {
  return `${name} for ${nodes.join(', ')}`;
}
