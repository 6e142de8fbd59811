// Makes a client wait for its answers that names many recipients, or recipients that are refused: guessing and sending to lists gets slow. Promises:
// there is a most of clients that wait, and beyond it nobody does; a test keeps nobody waiting.

import { isNamedByRule } from '../audience.ts';
import { ConfiguredStage, type ConfiguredStageValues } from '../configured-stage.ts';
import { type Answer, goOn, type MailFacts, type RcptFacts, type SessionFacts } from '../stage.ts';
import type { StageTally } from '../stage-tally.ts';
import type { DelayState } from './delay-states.ts';

export interface TarpitParts extends ConfiguredStageValues {
  /** Recipients of a message that are answered at once; undefined: any number. */
  readonly freeRecipients: number | undefined;
  /** Refused recipients of a session before answers wait; undefined: any number. */
  readonly freeRefusals: number | undefined;
  readonly delayMs: number;
  readonly state: DelayState;
  readonly tally: Pick<StageTally, 'answered' | 'wouldHave'>;
  /** It only counts whom it would have delayed. */
  readonly isTest: boolean;
}

/** Longer than that, clients may have given up (RFC 5321 4.5.3.2: five minutes for MAIL and RCPT). */
const longestMs = 120_000;
const slackMs = 30_000;

/** What is counted of a session. */
interface Counts {
  refused: number;
  recipients: number;
}

export class TarpitStage extends ConfiguredStage {
  readonly #parts: TarpitParts;
  readonly #counts = new WeakMap<SessionFacts, Counts>();

  constructor(parts: TarpitParts) {
    super(parts, longestMs + slackMs);
    this.#parts = parts;
  }

  mail(facts: MailFacts): Answer {
    const counts = this.#counts.get(facts);
    if (counts === undefined) return goOn;
    counts.recipients = 0;
    return this.#answer(facts, counts);
  }

  rcpt(facts: RcptFacts): Answer {
    const counts = this.#countsOf(facts);
    counts.recipients++;
    return this.#answer(facts, counts);
  }

  data(facts: MailFacts): Answer {
    const counts = this.#counts.get(facts);
    if (counts === undefined) return goOn;
    // The end of a list of recipients is no recipient: only refusals count here.
    return this.#answer(facts, { refused: counts.refused, recipients: 0 });
  }

  recipientRefused(facts: RcptFacts): void {
    this.#countsOf(facts).refused++;
  }

  sessionEnded(facts: SessionFacts): void {
    this.#counts.delete(facts);
    this.#parts.state.delays.end(facts);
  }

  #answer(facts: MailFacts, { refused, recipients }: Counts): Answer {
    const { freeRefusals = Infinity, freeRecipients = Infinity, delayMs } = this.#parts;
    const { rule } = facts.client;
    const ofRule = numberIn(rule?.variables, 'TARPITCOUNT');
    // Whom a rule names is not slowed, unless it says so.
    if (ofRule === undefined && isNamedByRule(rule)) return goOn;
    // qmail: TARPITCOUNT=0 is for no tarpit.
    const most = ofRule === undefined ? freeRecipients : ofRule === 0 ? Infinity : ofRule;
    if (ofRule === 0 || (recipients <= most && refused <= freeRefusals)) return goOn;
    const seconds = numberIn(rule?.variables, 'TARPITDELAY');
    return this.#delay(facts, Math.min(seconds === undefined ? delayMs : seconds * 1000, longestMs));
  }

  #delay(facts: MailFacts, ms: number): Answer {
    const { state, tally, isTest } = this.#parts;
    if (facts.isTrial || ms === 0) return goOn;
    if (isTest) {
      tally.wouldHave('delayed');
      return goOn;
    }
    const wait = state.delays.wait(facts, ms);
    tally.answered(wait === undefined ? 'undelayed' : 'delayed');
    return wait === undefined ? goOn : wait.then(() => goOn);
  }

  #countsOf(facts: SessionFacts): Counts {
    let counts = this.#counts.get(facts);
    if (counts === undefined) this.#counts.set(facts, (counts = { refused: 0, recipients: 0 }));
    return counts;
  }
}

function numberIn(variables: Readonly<Record<string, string>> | undefined, name: string): number | undefined {
  const text = variables?.[name];
  return text !== undefined && /^\d{1,6}$/u.test(text) ? Number(text) : undefined;
}
