// Counts for all receivers what is handed in, because one place alone can count exactly, and keeps the counts over a restart, in the spool's
// folder. Promises: receivers are answered in the order of their questions; a restart forgets at most what was counted in the last second.

import { join } from 'node:path';
import { z } from 'zod';
import type { Charge, Charged, Release } from '../channel/sending-messages.ts';
import type { Config } from '../config/config.ts';
import type { DatedClock } from '../io/steady-clock.ts';
import type { Timers } from '../io/timers.ts';
import type { Logger } from '../log/logger.ts';
import { SendingCounts } from '../policy/sending/sending-counts.ts';
import type { Again, ChargeAnswer, HandIn, SendingCharge } from '../policy/sending/types.ts';
import { sendingRules } from '../settings/sending-rules.ts';
import type { FileLayer } from '../spool/file-layer.ts';
import { SendingAnswers } from './sending-answers.ts';
import { StateFile } from './state-file.ts';
import { StateSaver } from './state-saver.ts';
import { sendingSchema } from './state-schemas.ts';

const savedEveryMs = 1_000;

export interface SendingDeskParts {
  readonly files: FileLayer;
  readonly timers: Timers;
  readonly log: Logger;
  readonly clock: Pick<DatedClock, 'nowMs' | 'shownOf'>;
}

export class SendingDesk {
  readonly answers: SendingAnswers;
  readonly #counts: SendingCounts;
  readonly #clock: SendingDeskParts['clock'];
  readonly #saver: StateSaver;
  readonly #openedAtMs: number;
  #config: Config;

  private constructor(
    config: Config,
    { timers, log, clock }: SendingDeskParts,
    file: StateFile,
    counts: SendingCounts,
  ) {
    this.#config = config;
    this.#counts = counts;
    this.#clock = clock;
    this.#openedAtMs = clock.nowMs();
    this.#saver = new StateSaver({
      file,
      timers,
      log,
      what: 'the counts of sending limits',
      intervalMs: savedEveryMs,
      content: () => ({ version: 2, sending: counts.save(clock.nowMs()) }),
    });
    this.answers = new SendingAnswers({
      counts,
      config: () => this.#config,
      clock,
      log,
      changed: () => this.#saver.touched(),
    });
  }

  /** Reads what was counted before; without a file that can be read, counts begin afresh. */
  static async open(config: Config, parts: SendingDeskParts): Promise<SendingDesk> {
    const { files, log, clock } = parts;
    const file = new StateFile(join(config.spool, 'sending.json'), { files });
    const counts = new SendingCounts(sendingRules(config));
    try {
      const found = await file.read();
      if (found !== undefined) counts.restore(sendingSchema.parse(found).sending, clock.nowMs());
    } catch (error) {
      const reason = error instanceof z.ZodError ? 'it is not what Sluice writes' : String(error);
      log.warn(`the counts of sending limits begin afresh: ${file.path} cannot be read: ${reason}`);
    }
    return new SendingDesk(config, parts, file, counts);
  }

  /** Puts other limits in force. What was counted stays. */
  configure(config: Config): void {
    this.#config = config;
    this.#counts.configure(sendingRules(config));
  }

  /** Takes a message of a receiver. */
  take(message: Charge | Release, post: (answer: Charged) => void): void {
    if (message.kind === 'charge' && message.isTrial === true) {
      post({ kind: 'charged', id: message.id, answer: this.#tryCharge(message.handIn) });
      return;
    }
    this.#saver.touched();
    if (message.kind === 'release') this.#release(message.charge);
    else post({ kind: 'charged', id: message.id, answer: this.#charge(message.handIn) });
  }

  /** Resolves when the counts are on stable storage, or could not be written. */
  close(): Promise<void> {
    return this.#saver.close();
  }

  /**
   * What an earlier manager has counted may have been forgotten. To take it back then would take back another message, and the limit would be
   * exceeded; so it goes on counting.
   */
  #release(charge: SendingCharge): void {
    if (charge.atMs >= this.#openedAtMs) this.#counts.release(charge);
  }

  /** Nothing comes between the count and its end, so nobody notices it. */
  #tryCharge(handIn: HandIn): ChargeAnswer {
    const answer = this.#charge(handIn);
    if (answer.kind !== 'counted') return answer;
    this.#counts.release(answer.charge);
    return { ...answer, isTrial: true };
  }

  #charge(handIn: HandIn): ChargeAnswer {
    const nowMs = this.#clock.nowMs();
    const answer = this.#counts.charge(handIn, nowMs);
    if (answer.kind === 'exceeded') {
      const { limit, againAtMs } = answer;
      return { kind: 'exceeded', limit, again: this.#again(againAtMs, nowMs) };
    }
    const { charge, paces: limit } = answer;
    const { turnMs: ms } = charge;
    const turn = limit === undefined ? undefined : { ms, at: this.#clock.shownOf(ms), limit };
    return { kind: 'counted', charge, turn };
  }

  #again(atMs: number | undefined, nowMs: number): Again | undefined {
    return atMs === undefined ? undefined : { at: this.#clock.shownOf(atMs), inMs: atMs - nowMs };
  }
}
