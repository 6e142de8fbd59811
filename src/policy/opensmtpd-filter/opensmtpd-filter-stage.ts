// A filter of OpenSMTPD as a stage. Promises: a filter that fails, hangs or breaks its protocol is a failure of the stage, never a refusal for good;
// a message that it was changing when it was lost is never accepted.

import type { FilterDecision } from '../../protocol/opensmtpd-filter/filter-line.ts';
import type { DecidedPhase } from '../../protocol/opensmtpd-filter/names.ts';
import type { FilterSurroundings } from '../../protocol/opensmtpd-filter/told-lines.ts';
import type { Reply } from '../../protocol/smtp/server/server-types.ts';
import { clientNameOf } from '../client-name.ts';
import type { ClientNames } from '../client-names.ts';
import { AskedSessions, inTurn, type TurnParts } from '../in-turn.ts';
import { type MarkedMail, markedVerdict } from '../marks.ts';
import { MessageInDoubt } from '../message-in-doubt.ts';
import { clientAddress } from '../session-texts.ts';
import { ConfiguredStage, type ConfiguredStageValues } from '../configured-stage.ts';
import {
  type Answer,
  type ContentFacts,
  type Edit,
  goOn,
  type MailFacts,
  type Point,
  type RcptFacts,
  type SessionFacts,
  type Verdict,
} from '../stage.ts';
import { FilterContent, LineTooLong } from './filter-content.ts';
import type { FilterHost } from './filter-host.ts';
import type { FilterProcess } from './filter-process.ts';
import { addressText, FilterStory, tlsText } from './filter-story.ts';
import { responseTexts, verdictOf, withEdits } from './filter-verdicts.ts';

export interface OpensmtpdFilterParts extends ConfiguredStageValues {
  readonly host: Pick<FilterHost, 'current' | 'whenReady'>;
  readonly surroundings: Pick<FilterSurroundings, 'version' | 'hostname'>;
  /** For the answer at one phase. */
  readonly turn: TurnParts;
  /** How long it may take for a message, from its first line to its last. */
  readonly contentMs: number;
  /** Undefined: names of clients are not looked up. */
  readonly names: Pick<ClientNames, 'of'> | undefined;
  /** What becomes of a message that it calls junk. */
  readonly onJunk: MarkedMail;
  readonly log: { info(text: string): void };
}

/** A filter in one session. */
interface FilteredSession {
  story: FilterStory | undefined;
  /** It has called the session, or the message, junk. */
  isJunk: boolean;
  isJunkMessage: boolean;
  /** Of the message, at its end. */
  sizeBytes: number;
}

const longLine: Reply = {
  code: 554,
  enhanced: '5.6.0',
  text: 'A line of this message is longer than this server takes',
};

/** The phases before a message. */
const sessionPhases: ReadonlySet<DecidedPhase> = new Set(['connect', 'helo', 'ehlo', 'starttls', 'auth']);

export class OpensmtpdFilterStage extends ConfiguredStage {
  readonly #parts: OpensmtpdFilterParts;
  readonly #asked = new AskedSessions();
  /** The facts are one object for each session. */
  readonly #sessions = new WeakMap<SessionFacts, FilteredSession>();

  constructor(parts: OpensmtpdFilterParts) {
    // Its answers have limits of their own.
    super(parts, parts.contentMs + 2 * parts.turn.limitMs);
    this.#parts = parts;
  }

  asksAt(point: Point): boolean {
    const { current } = this.#parts.host;
    if (current === undefined) return true;
    const { phases, events } = current;
    if (point === 'content') return phases.has('data-line') || phases.has('commit');
    // What was called junk before is marked at DATA.
    return phases.size > 0 || events.size > 0;
  }

  connect(facts: SessionFacts): Answer {
    return this.#ask('connect', 'connect', facts, (story) => [
      story.clientName,
      addressText(clientAddress(facts)),
    ]);
  }

  helo(facts: SessionFacts): Answer {
    return this.#ask('helo', facts.extended ? 'ehlo' : 'helo', facts, () => [facts.helo]);
  }

  starttls(facts: SessionFacts): Answer {
    return this.#ask('starttls', 'starttls', facts, () =>
      facts.tls === undefined ? [] : [tlsText(facts.tls)],
    );
  }

  auth(facts: SessionFacts): Answer {
    return this.#ask('auth', 'auth', facts, () => [facts.mechanism ?? '']);
  }

  mail(facts: MailFacts): Answer {
    return this.#ask('mail', 'mail-from', facts, () => [facts.transaction.reversePath]);
  }

  rcpt(facts: RcptFacts): Answer {
    return this.#ask('rcpt', 'rcpt-to', facts, () => [facts.recipient.address]);
  }

  data(facts: MailFacts): Answer {
    return this.#ask('data', 'data', facts, () => []);
  }

  async content(facts: ContentFacts): Promise<Verdict> {
    const { turn, contentMs } = this.#parts;
    const process = this.#parts.host.current ?? (await this.#parts.host.whenReady());
    const story = await this.#storyOf(facts, process);
    const limits = { ...turn, limitMs: contentMs };
    return inTurn(limits, this.#asked.begin(facts), (signal) => this.#show(story, facts, signal));
  }

  recipientRefused(facts: RcptFacts, { code }: Reply, by: string): void {
    if (by === this.name) return;
    const story = this.#sessions.get(facts)?.story;
    if (story?.process.isGone === false) story.refused(facts, code);
  }

  commandReceived(facts: SessionFacts, line: string): void {
    this.#sessions.get(facts)?.story?.said(facts, line);
  }

  repliesSent(facts: SessionFacts, bytes: Uint8Array): void {
    this.#sessions.get(facts)?.story?.replied(bytes);
  }

  timedOut(facts: SessionFacts): void {
    this.#sessions.get(facts)?.story?.timedOut();
  }

  transactionEnded(facts: SessionFacts, wasAccepted: boolean): void {
    this.#asked.end(facts);
    const session = this.#sessions.get(facts);
    if (session === undefined) return;
    session.story?.endMessage(wasAccepted ? session.sizeBytes : undefined);
    session.isJunkMessage = false;
    session.sizeBytes = 0;
  }

  sessionEnded(facts: SessionFacts): void {
    this.#asked.end(facts);
    this.#sessions.get(facts)?.story?.end(facts);
    this.#sessions.delete(facts);
  }

  #of(facts: SessionFacts): FilteredSession {
    let session = this.#sessions.get(facts);
    if (session === undefined) {
      session = { story: undefined, isJunk: false, isJunkMessage: false, sizeBytes: 0 };
      this.#sessions.set(facts, session);
    }
    return session;
  }

  /** What this process was told of the session: a new story where it is another process. */
  async #storyOf(facts: SessionFacts, process: FilterProcess): Promise<FilterStory> {
    const session = this.#of(facts);
    if (session.story?.process === process) return session.story;
    const { names, surroundings } = this.#parts;
    const found = clientNameOf(facts, names);
    const name = found instanceof Promise ? await found : found;
    session.story = new FilterStory(process, surroundings, name);
    return session.story;
  }

  /** Nothing is awaited where the filter is not asked at this phase. */
  #ask(
    point: Exclude<Point, 'headers' | 'content'>,
    phase: DecidedPhase,
    facts: SessionFacts,
    values: (story: FilterStory) => readonly string[],
  ): Answer {
    const { current } = this.#parts.host;
    const session = this.#of(facts);
    const { story } = session;
    if (current === undefined || story?.process !== current)
      return this.#askLate(point, phase, facts, values);
    story.bringUp(point, facts);
    if (!current.phases.has(phase)) return this.#marked(point, session, goOn);
    return this.#question(point, phase, facts, story, values(story));
  }

  async #askLate(
    point: Exclude<Point, 'headers' | 'content'>,
    phase: DecidedPhase,
    facts: SessionFacts,
    values: (story: FilterStory) => readonly string[],
  ): Promise<Verdict> {
    const process = await this.#parts.host.whenReady();
    const story = await this.#storyOf(facts, process);
    story.bringUp(point, facts);
    if (!process.phases.has(phase)) return this.#marked(point, this.#of(facts), goOn);
    return this.#question(point, phase, facts, story, values(story));
  }

  async #question(
    point: Point,
    phase: DecidedPhase,
    facts: SessionFacts,
    story: FilterStory,
    values: readonly string[],
  ): Promise<Verdict> {
    const decision = await inTurn(this.#parts.turn, this.#asked.begin(facts), (signal) =>
      story.process.ask(phase, story.session, values, signal),
    );
    const session = this.#of(facts);
    this.#noted(phase, decision, session, story);
    return this.#marked(point, session, verdictOf(phase, decision));
  }

  /** What is kept of an answer, and told of it. */
  #noted(phase: DecidedPhase, decision: FilterDecision, session: FilteredSession, story: FilterStory): void {
    const { process, session: id } = story;
    process.tell('filter-response', id, responseTexts(phase, decision));
    if (decision.kind === 'junk') {
      if (sessionPhases.has(phase)) session.isJunk = true;
      else session.isJunkMessage = true;
    } else if (decision.kind === 'report') {
      process.tell('filter-report', id, ['proc', this.name, decision.value]);
      this.#parts.log.info(`stage "${this.name}": it reports: ${decision.value}`);
    }
  }

  /** At DATA all recipients are known: what was called junk until then is marked. */
  #marked(point: Point, session: FilteredSession, verdict: Verdict): Verdict {
    if (point !== 'data' || verdict.kind !== 'continue') return verdict;
    return session.isJunk || session.isJunkMessage ? this.#junk([]) : verdict;
  }

  #junk(edits: readonly Edit[]): Verdict {
    return markedVerdict(this.#parts.onJunk, {
      reason: `the filter ${this.name} calls it junk`,
      told: 'This message is taken for spam',
      result: { verdict: 'spam' },
      edits,
    });
  }

  async #show(story: FilterStory, facts: ContentFacts, signal: AbortSignal): Promise<Verdict> {
    const { process } = story;
    const session = this.#of(facts);
    session.sizeBytes = facts.body.sizeBytes;
    for (const field of facts.header.fields) session.sizeBytes += field.bytes.length;
    story.bringUp('content', facts);
    let edits: readonly Edit[] = [];
    if (process.phases.has('data-line')) {
      try {
        edits = await new FilterContent(story, facts, signal).show();
      } catch (error) {
        // It has half of a message of this session, and must not take the next one for the rest.
        story.end(facts);
        session.story = undefined;
        if (error instanceof LineTooLong) return { kind: 'reject', reply: longLine };
        throw error;
      }
    }
    if (!process.phases.has('commit')) return withEdits(goOn, edits);
    try {
      const decision = await process.ask('commit', story.session, [], signal);
      this.#noted('commit', decision, session, story);
      // Before, it was marked at DATA.
      if (decision.kind === 'junk') return this.#junk(edits);
      return withEdits(verdictOf('commit', decision), edits);
    } catch (error) {
      throw edits.length === 0 ? error : new MessageInDoubt((error as Error).message);
    }
  }
}
