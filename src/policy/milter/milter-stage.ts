// A milter as a stage: a filter of somebody else's that is told of each step of a session, and says what becomes of the message. Promises: a
// milter that fails, hangs or breaks its protocol is a failure of the stage, never a refusal for good.

import type { Reply } from '../../protocol/smtp/server/server-types.ts';
import {
  type Answer,
  type Audience,
  type Breaker,
  type ContentFacts,
  type FailureAnswer,
  goOn,
  type MailFacts,
  type RcptFacts,
  type SessionFacts,
  type Stage,
  type Verdict,
} from '../stage.ts';
import { MilterClient, type MilterParts } from './milter-client.ts';
import type { Answered } from './milter-connection.ts';
import { MilterContent } from './milter-content.ts';
import { type MilterMark, takenVerdict } from './milter-marks.ts';
import { verdictOf } from './milter-verdicts.ts';

export interface MilterStageParts extends MilterParts {
  readonly name: string;
  readonly onFailure: FailureAnswer;
  readonly audience: Audience | undefined;
  readonly breaker: Breaker | undefined;
  /** What it may mark by fields. */
  readonly marks: readonly MilterMark[];
}

/** Each answer has a limit of its own. This one is for a milter that asks for more time without end. */
const longestMs = 3_600_000;

/** A milter in one session. */
class MilterAsked {
  readonly client: MilterClient;
  /** What it has said of the session as a whole: it holds for all that follows. */
  verdict: Verdict | undefined;
  /** It wants to know no more of this session. */
  isDone = false;

  constructor(parts: MilterParts) {
    this.client = new MilterClient(parts);
  }
}

export class MilterStage implements Stage {
  readonly name: string;
  readonly timeLimitMs = longestMs;
  readonly onFailure: FailureAnswer;
  readonly audience: Audience | undefined;
  readonly breaker: Breaker | undefined;
  readonly #parts: MilterStageParts;
  /** The facts are one object for each session. */
  readonly #sessions = new WeakMap<SessionFacts, MilterAsked>();

  constructor(parts: MilterStageParts) {
    this.name = parts.name;
    this.onFailure = parts.onFailure;
    this.audience = parts.audience;
    this.breaker = parts.breaker;
    this.#parts = parts;
  }

  connect(facts: SessionFacts): Answer {
    return this.#ask('connect', facts);
  }

  helo(facts: SessionFacts): Answer {
    return this.#ask('helo', facts);
  }

  mail(facts: MailFacts): Answer {
    return this.#ask('mail', facts);
  }

  rcpt(facts: RcptFacts): Answer {
    const asked = this.#of(facts);
    if (asked.isDone || asked.verdict !== undefined) return asked.verdict ?? goOn;
    return this.#answer(asked, asked.client.ask('rcpt', facts, facts.recipient));
  }

  data(facts: MailFacts): Answer {
    return this.#ask('data', facts);
  }

  content(facts: ContentFacts): Answer {
    const asked = this.#of(facts);
    if (asked.isDone || asked.verdict !== undefined) return asked.verdict ?? goOn;
    return this.#content(asked, facts);
  }

  recipientRefused(facts: RcptFacts, { enhanced = '5.1.1', text }: Reply, by: string): void {
    if (by === this.name) return;
    const { address, params } = facts.recipient;
    const refusal = { enhanced, text: typeof text === 'string' ? text : text.join(' ') };
    this.#sessions.get(facts)?.client.tellRefused(facts, { address, params, refusal });
  }

  commandUnrecognized(facts: SessionFacts, line: string): void {
    this.#sessions.get(facts)?.client.tellUnrecognized(line);
  }

  transactionEnded(facts: SessionFacts): void {
    this.#sessions.get(facts)?.client.endMessage();
  }

  sessionEnded(facts: SessionFacts): void {
    this.#sessions.get(facts)?.client.close();
    this.#sessions.delete(facts);
  }

  #of(facts: SessionFacts): MilterAsked {
    let asked = this.#sessions.get(facts);
    if (asked === undefined) this.#sessions.set(facts, (asked = new MilterAsked(this.#parts)));
    return asked;
  }

  #ask(point: 'connect' | 'helo' | 'mail' | 'data', facts: SessionFacts | MailFacts): Answer {
    const asked = this.#of(facts);
    if (asked.isDone || asked.verdict !== undefined) return asked.verdict ?? goOn;
    return this.#answer(asked, asked.client.ask(point, facts));
  }

  #answer(asked: MilterAsked, answer: Promise<Answered | undefined> | undefined): Answer {
    return answer === undefined ? goOn : answer.then((answered) => this.#taken(asked, answered));
  }

  #taken(asked: MilterAsked, answered: Answered | undefined): Verdict {
    const reason = asked.client.takeQuarantine();
    const held: Verdict = reason === undefined ? goOn : { kind: 'quarantine', reason };
    if (answered === undefined) return held;
    const verdict = verdictOf(answered.verdict, this.name);
    if (answered.on === 'connect' || answered.on === 'helo') {
      // It holds for the whole session, so the milter is needed no more.
      asked.isDone = true;
      if (verdict !== goOn) asked.verdict = verdict;
      asked.client.close();
    }
    return verdict === goOn ? held : verdict;
  }

  async #content(asked: MilterAsked, facts: ContentFacts): Promise<Verdict> {
    const { client } = asked;
    const begun = await client.beginContent(facts);
    if ('verdict' in begun) return this.#taken(asked, begun);
    if (!begun.connection.session.isListening) return this.#taken(asked, undefined);
    const { answered, edits, quarantine } = await client.guarded(
      new MilterContent(begun, facts, this.#parts.contentMs).show(),
    );
    const verdict = answered === undefined ? goOn : verdictOf(answered.verdict, this.name);
    if (verdict !== goOn) return verdict;
    // What a milter has edited counts also when it wants to see no more of the message.
    const reason = quarantine ?? client.takeQuarantine();
    return takenVerdict(this.name, edits, reason, this.#parts.marks);
  }
}
