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
  /** The milter that is asked next, about the same sessions. */
  readonly next?: MilterStage | undefined;
}

/** Events that milters are told of at the same time, where one seldom refuses them. For a recipient, that would leave one with a milter that an earlier one refused. */
type SharedPoint = 'connect' | 'helo' | 'mail' | 'data';

/** So many events have to be let through in a row. */
const calmAfter = 100;

/** Each answer has a limit of its own. This one is for a milter that asks for more time without end. */
const longestMs = 3_600_000;

/** What a milter says to an event before its turn. */
interface EarlyAnswer {
  readonly point: SharedPoint;
  /** The transaction, HELO name or client that it was asked about. */
  readonly about: unknown;
  readonly answer: Answer;
  isSettled: boolean;
}

/** A milter in one session. */
class MilterAsked {
  client: MilterClient;
  /** What it has said of the session as a whole: it holds for all that follows. */
  verdict: Verdict | undefined;
  /** What it has said of the sender when it was told of it late: it holds for the whole message. */
  ofMessage: Verdict | undefined;
  /** It wants to know no more of this session. */
  isDone = false;
  /** What it was asked while an earlier milter was. */
  early: EarlyAnswer | undefined;

  constructor(parts: MilterParts) {
    this.client = new MilterClient(parts);
  }

  /** What it says without being asked. */
  get decision(): Verdict | undefined {
    return this.verdict ?? this.ofMessage ?? (this.isDone ? goOn : undefined);
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
  /** How many events in a row it has let through, at each point. */
  readonly #calm: Record<SharedPoint, number> = { connect: 0, helo: 0, mail: 0, data: 0 };

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
    if (asked.decision !== undefined) return asked.decision;
    const answered = asked.client.ask('rcpt', facts, facts.recipient);
    return answered === undefined ? goOn : answered.then((each) => this.#taken(asked, each));
  }

  data(facts: MailFacts): Answer {
    return this.#ask('data', facts);
  }

  content(facts: ContentFacts): Answer {
    const asked = this.#of(facts);
    if (asked.decision !== undefined) return asked.decision;
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
    const asked = this.#sessions.get(facts);
    if (asked === undefined) return;
    this.#withdraw(asked);
    asked.ofMessage = undefined;
    asked.client.endMessage();
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

  #ask(point: SharedPoint, facts: SessionFacts | MailFacts): Answer {
    const asked = this.#of(facts);
    const { early } = asked;
    if (early?.point === point && early.about === subjectOf(point, facts)) {
      asked.early = undefined;
      return early.answer;
    }
    this.#withdraw(asked);
    if (asked.decision !== undefined) return asked.decision;
    const next = this.#calm[point] >= calmAfter ? this.#parts.next : undefined;
    next?.askEarly(point, facts);
    const answered = asked.client.ask(point, facts);
    if (answered === undefined) return goOn;
    return answered.then(
      (each) => {
        const verdict = this.#taken(asked, each);
        this.#calm[point] = verdict === goOn ? this.#calm[point] + 1 : 0;
        if (verdict !== goOn) next?.withdraw(facts);
        return verdict;
      },
      (error: unknown) => {
        this.#calm[point] = 0;
        next?.withdraw(facts);
        throw error;
      },
    );
  }

  /** Asks while an earlier milter is asked: the answer waits for its turn. */
  askEarly(point: SharedPoint, facts: SessionFacts | MailFacts): void {
    // One that has failed is left to the turn.
    if (this.#parts.last.terms === undefined) return;
    const answer = this.#ask(point, facts);
    const early: EarlyAnswer = { point, about: subjectOf(point, facts), answer, isSettled: false };
    const settled = (): void => {
      early.isSettled = true;
    };
    // It may fail before anybody waits for it, and when nobody does.
    if (answer instanceof Promise) answer.then(settled, settled);
    else settled();
    this.#of(facts).early = early;
  }

  /** The turn for what it was asked early will not come: an earlier milter has decided. */
  withdraw(facts: SessionFacts): void {
    const asked = this.#sessions.get(facts);
    if (asked !== undefined) this.#withdraw(asked);
  }

  /** Nothing that was said about the event may count for another one. */
  #withdraw(asked: MilterAsked): void {
    const { early } = asked;
    if (early === undefined) return;
    asked.early = undefined;
    if (early.isSettled) asked.client.endMessage();
    else {
      asked.client.close();
      asked.client = new MilterClient(this.#parts);
    }
  }

  #taken(asked: MilterAsked, answered: Answered | undefined): Verdict {
    const reason = asked.client.takeQuarantine();
    const held: Verdict = reason === undefined ? goOn : { kind: 'quarantine', reason };
    if (answered === undefined) return held;
    const verdict = verdictOf(answered.verdict, this.name);
    if (answered.on === 'mail' && verdict !== goOn) asked.ofMessage = verdict;
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

function subjectOf(point: SharedPoint, facts: SessionFacts | MailFacts): unknown {
  switch (point) {
    case 'connect':
      return facts.client;
    case 'helo':
      return facts.helo;
    default:
      return (facts as MailFacts).transaction;
  }
}
