// Other servers as a source of recipients: they are asked, and their answers kept. Promises: equal questions at one time are asked once; while nobody
// can be asked, who was known before is accepted for a time; others are told to come again.

import { tableKey } from '../../table/table-key.ts';
import type { LearnedRecipients } from '../../policy/backup/types.ts';
import {
  type AskedRecipient,
  exists,
  type RecipientAnswer,
  type RecipientSource,
} from '../../policy/recipients/recipient-source.ts';
import type { SourceReports } from '../../policy/recipients/source-reports.ts';
import { AnswerCache } from './answer-cache.ts';
import type { AskingPool } from './asking-pool.ts';
import type { AskOutcome, CacheSettings, FullMailbox, ServersSeen } from './call-ahead-types.ts';
import type { OpenDomains } from './open-domains.ts';
import { readOutcome } from './read-outcome.ts';

/** Operators are told for so long that a server refuses this host, when nobody asks it meanwhile. */
const refusedMs = 3_600_000;
/** Of what a server has said, in the log. */
const mostText = 300;

export interface CallAheadParts {
  readonly pool: Pick<AskingPool, 'ask' | 'close'>;
  readonly cache: CacheSettings;
  readonly fullMailbox: FullMailbox;
  readonly reports: Pick<SourceReports, 'failed' | 'worked' | 'close'>;
  /** What is remembered over restarts; undefined: nothing is. */
  readonly memory?: LearnedRecipients | undefined;
  /** Of whom nothing is known while nobody can be asked: told to come again, if not given. */
  readonly unlearned?: 'accept' | 'tempfail' | undefined;
  /** Finds domains of which every recipient is accepted; undefined: nobody looks for them. */
  readonly openDomains?: OpenDomains | undefined;
  readonly log: { info(text: string): void };
  readonly nowMs: () => number;
}

export class CallAhead implements RecipientSource {
  readonly #parts: CallAheadParts;
  readonly #cache: AnswerCache;
  readonly #asked = new Map<string, Promise<RecipientAnswer>>();

  constructor(parts: CallAheadParts) {
    this.#parts = parts;
    this.#cache = new AnswerCache(parts.cache);
  }

  find(recipient: AskedRecipient): RecipientAnswer | Promise<RecipientAnswer> {
    const key = tableKey(`${recipient.localPart}@${recipient.domain}`);
    const kept = this.#cache.get(key, this.#parts.nowMs());
    if (kept !== undefined) return kept;
    let asked = this.#asked.get(key);
    if (asked === undefined) {
      asked = this.#ask(key, recipient).finally(() => this.#asked.delete(key));
      this.#asked.set(key, asked);
    }
    return asked;
  }

  close(): void {
    this.#parts.pool.close();
    this.#parts.openDomains?.close();
    this.#parts.reports.close();
  }

  async #ask(key: string, { address, domain }: AskedRecipient): Promise<RecipientAnswer> {
    const { fullMailbox, nowMs, openDomains, pool, reports } = this.#parts;
    const outcome = await pool.ask(address);
    const answer = readOutcome(outcome, fullMailbox);
    if (answer.kind !== 'failing') {
      this.#cache.set(key, answer, nowMs());
      if (answer.kind !== 'refused') this.#parts.memory?.learn(key, answer.kind === 'exists');
      reports.worked();
      if (answer.kind === 'exists') openDomains?.seen(domain);
      return answer;
    }
    const reason = answer.reason.slice(0, mostText);
    const stale = this.#cache.stale(key, nowMs());
    if (isForNow(outcome)) {
      this.#parts.log.info(`${address} was answered with ${reason}`);
    } else {
      const servers = serversSeen(outcome);
      const isAccepting = this.#parts.unlearned === 'accept' && servers === 'down';
      const what =
        servers === 'there'
          ? 'Recipients cannot be asked for, though a server is there'
          : 'Recipients cannot be asked for';
      const effect = isAccepting
        ? 'Recipients are accepted meanwhile, but for those that were unknown lately.'
        : 'Recipients that were known lately are accepted, and others answered with temporary errors.';
      reports.failed(
        `${what}: ${reason}. ${effect}`,
        isOfRecipient(outcome) || isAccepting ? 'warning' : 'critical',
        servers === 'there' ? refusedMs : undefined,
      );
    }
    return stale ?? (await this.#fromMemory(key, outcome)) ?? answer;
  }

  /** What is known of a recipient while nobody can be asked; undefined: nothing. */
  async #fromMemory(key: string, outcome: AskOutcome): Promise<RecipientAnswer | undefined> {
    const { memory, unlearned } = this.#parts;
    if (memory === undefined) return undefined;
    const { kind } = await memory.learned(key);
    if (kind === 'learned') return exists;
    // A server that is there may refuse this host for ever: what is accepted now would be returned at once, to a sender who may be forged.
    const isDown = serversSeen(outcome) === 'down';
    return unlearned === 'accept' && isDown && kind === 'unlearned' ? exists : undefined;
  }
}

function serversSeen(outcome: AskOutcome): ServersSeen {
  return outcome.kind === 'unasked' ? outcome.servers : 'there';
}

/** The server answers, if not as it should: others may be asked for. */
function isOfRecipient(outcome: AskOutcome): boolean {
  return (
    outcome.kind === 'refused' && outcome.failure.kind === 'reply' && outcome.failure.reply.command === 'RCPT'
  );
}

/** The server has answered that it cannot tell of this recipient now, as one that greylists does. */
function isForNow(outcome: AskOutcome): boolean {
  if (outcome.kind !== 'refused' || outcome.failure.kind !== 'reply') return false;
  const { code, command } = outcome.failure.reply;
  return command === 'RCPT' && code < 500 && code !== 421;
}
