// Operators' questions about sending limits.

import type {
  SenderAnswer,
  SenderQuestion,
  SendingAnswer,
  SendingQuestion,
  SendingReset,
  ShownSendingUse,
} from '../control/operations/sending.ts';
import { domainOf } from '../address/domain.ts';
import type { Config } from '../config/config.ts';
import type { DatedClock } from '../io/steady-clock.ts';
import type { Logger } from '../log/logger.ts';
import type { SendingCounts, SendingUse } from '../policy/sending/sending-counts.ts';
import { Tenants } from '../policy/tenants.ts';
import { loginListeners } from '../settings/listeners.ts';
import { tableKey } from '../table/table-key.ts';

export interface SendingAnswersParts {
  readonly counts: SendingCounts;
  readonly config: () => Config;
  readonly clock: Pick<DatedClock, 'nowMs' | 'shownOf'>;
  readonly log: Pick<Logger, 'info'>;
  /** Has the counts stored soon. */
  readonly changed: () => void;
}

export class SendingAnswers {
  readonly #parts: SendingAnswersParts;

  constructor(parts: SendingAnswersParts) {
    this.#parts = parts;
  }

  /** The limits that are used most come first. */
  list({ most }: SendingQuestion): SendingAnswer {
    const { counts, clock } = this.#parts;
    const nowMs = clock.nowMs();
    let uses: SendingUse[] = [];
    let total = 0;
    for (const use of counts.uses(nowMs)) {
      if (use.used === 0) continue;
      total++;
      uses.push(use);
      if (uses.length >= 2 * most + 1_000) uses = mostUsed(uses, most);
    }
    return { uses: mostUsed(uses, most).map((use) => this.#shown(use, nowMs)), total };
  }

  /** @returns whether anything was counted */
  reset({ kind, key, by }: SendingReset): boolean {
    const { counts, log, changed } = this.#parts;
    const name = kind === 'user' ? tableKey(key) : key;
    const wasUsed = counts.reset(kind, name);
    changed();
    const who = by === '' ? '' : ` (${by})`;
    if (wasUsed)
      log.info(`an operator${who} has forgotten what was counted by sending limits of ${kind} ${name}`);
    return wasUsed;
  }

  /** What holds for a user who has logged in. */
  explain({ user, sender }: SenderQuestion): SenderAnswer {
    const { counts, clock, config } = this.#parts;
    const inForce = config();
    const nowMs = clock.nowMs();
    const tenant = new Tenants(inForce.tenant).of('', sender, user)?.name ?? '';
    const senderDomain = sender === '' ? '' : domainOf(sender);
    const uses = counts.usesFor({ user, client: '', tenant, senderDomain, recipients: 1 }, nowMs);
    return {
      tenant,
      senders: inForce.login.senders,
      listeners: loginListeners(inForce),
      uses: uses.map((use) => this.#shown(use, nowMs)),
    };
  }

  #shown({ freeAtMs, ...use }: SendingUse, nowMs: number): ShownSendingUse {
    return { ...use, freeAt: freeAtMs <= nowMs ? undefined : this.#parts.clock.shownOf(freeAtMs) };
  }
}

function mostUsed(uses: SendingUse[], most: number): SendingUse[] {
  const part = ({ used, rate }: SendingUse): number => used / rate.count;
  return uses.sort((one, other) => part(other) - part(one)).slice(0, most);
}
