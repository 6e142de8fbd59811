// Looks whether a client speaks before its greeting, which no mail server does (RFC 5321 4.3.1), and makes those that are not known wait for it: who
// has no patience goes, or speaks. Promises: a client that has passed once does not wait again for a time; a test keeps nobody waiting.

import { nextTurn, type Timers } from '../../io/timers.ts';
import type { NetworkSet } from '../../values/network-set.ts';
import { markEdits, tooManyForged } from '../defences/mark-field.ts';
import { ConfiguredStage, type ConfiguredStageValues } from '../configured-stage.ts';
import {
  type Answer,
  type ConnectFacts,
  goOn,
  type HeadersFacts,
  type Point,
  type SessionFacts,
  type Verdict,
} from '../stage.ts';
import type { StageTally } from '../stage-tally.ts';
import type { DelayState } from './delay-states.ts';

export type EarlyAction = 'mark' | 'tempfail' | 'reject' | 'drop';

export interface GreetingParts extends ConfiguredStageValues {
  /** Before the greeting; 0: what has come already is looked at, and nobody waits. */
  readonly delayMs: number;
  /** What is sent at once as the first line of the greeting; undefined: nothing. */
  readonly teaser: string | undefined;
  /** What becomes of a client that speaks early. */
  readonly early: EarlyAction;
  /** For how long a client that has passed need not wait. */
  readonly rememberMs: number;
  readonly exceptClients: Pick<NetworkSet, 'has'>;
  /** The field for `mark`. */
  readonly field: string;
  readonly state: DelayState;
  readonly timers: Timers;
  readonly tally: Pick<StageTally, 'answered'>;
  /** Nobody is to notice the stage. */
  readonly isTest: boolean;
}

/** For the wheel of timers, and other work of the process. */
const slackMs = 30_000;

// RFC 5321 4.3.2: 554 or 421 in place of the greeting. RFC 3463 3.6: X.5.1, an invalid command.
const text = 'You have to wait for the greeting';
const refusals = {
  reject: { kind: 'reject', reply: { code: 554, enhanced: '5.5.1', text } },
  tempfail: { kind: 'tempfail', reply: { code: 421, enhanced: '4.5.1', text } },
  drop: { kind: 'drop' },
  mark: { kind: 'continue', result: { early: 'yes' } },
} as const satisfies Record<EarlyAction, Verdict>;
const patient: Verdict = { kind: 'continue', result: { early: 'no' } };

export class GreetingStage extends ConfiguredStage {
  readonly #parts: GreetingParts;

  constructor(parts: GreetingParts) {
    super(parts, parts.delayMs + slackMs);
    this.#parts = parts;
  }

  asksAt(point: Point): boolean {
    return point === 'connect' || this.#parts.early === 'mark';
  }

  connect(facts: ConnectFacts): Answer {
    const { client, isGreeted, isTrial } = facts;
    // Behind XCLIENT, the front end has had its greeting long ago.
    if (isGreeted || isTrial || client.address === '') return goOn;
    if (this.#parts.exceptClients.has(client.address)) return goOn;
    return this.#wait(facts);
  }

  headers(facts: HeadersFacts): Verdict {
    const { header } = facts;
    const isEarly = facts.resultOf(this.name)?.['early'] === 'yes';
    const edits = markEdits(header, this.#parts.field, isEarly ? 'spoke before the greeting' : undefined);
    return edits === undefined ? { kind: 'reject', reply: tooManyForged } : { kind: 'continue', edits };
  }

  sessionEnded(facts: SessionFacts): void {
    this.#parts.state.delays.end(facts);
  }

  async #wait(facts: ConnectFacts): Promise<Verdict> {
    const { state, timers, tally, early, rememberMs } = this.#parts;
    const { address } = facts.client;
    const waited = await this.#delay(facts);
    if (!waited) {
      // What the client sent together with its connection is read in the next two turns: when the socket is first read, and when it is polled.
      await nextTurn(timers);
      await nextTurn(timers);
    }
    if (facts.hasSpoken) {
      state.passed.forget(address);
      tally.answered('early');
      return refusals[early];
    }
    if (waited) state.passed.add(address, timers.nowMs() + rememberMs);
    return patient;
  }

  /** @returns whether it has waited */
  async #delay(facts: ConnectFacts): Promise<boolean> {
    const { delayMs, teaser, state, timers, tally, isTest } = this.#parts;
    if (delayMs === 0 || isTest) return false;
    if (state.passed.has(facts.client.address, timers.nowMs())) return false;
    const wait = state.delays.wait(facts, delayMs);
    if (wait === undefined) {
      tally.answered('undelayed');
      return false;
    }
    tally.answered('delayed');
    if (teaser !== undefined) facts.sayFirst(teaser);
    await wait;
    return true;
  }
}
