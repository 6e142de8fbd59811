// One milter in one SMTP session: connects when it is first needed, and asks. Promises: the connections of all sessions are bounded; a
// milter that was lost amid a message is not asked about that message again; for the next one, it is tried again.

import type { Places } from '../../io/places.ts';
import { step, type Terms } from '../../protocol/milter/flags.ts';
import { hasNoSayIn } from '../../protocol/milter/negotiation.ts';
import { clientNameOf } from '../client-name.ts';
import type { ClientNames } from '../client-names.ts';
import type { IdleConnections } from '../idle-connections.ts';
import { isBusy, takePlace } from '../in-turn.ts';
import type { MailFacts, RecipientFacts, SessionFacts } from '../stage.ts';
import { type Addition, type Answered, type ConnectionParts, MilterConnection } from './milter-connection.ts';
import type { MacroSettings, RefusedRecipient } from './milter-macros.ts';
import { type MilterPoint, milterPoints, MilterStory } from './milter-story.ts';

/** What all sessions with a milter share. */
export interface MilterParts {
  readonly connection: ConnectionParts;
  readonly commandMs: number;
  readonly contentMs: number;
  readonly places: Places;
  /** Connections that were used before; undefined: each session has one of its own. */
  readonly idle: IdleConnections<MilterConnection> | undefined;
  readonly macros: MacroSettings;
  /** Undefined: names of clients are not looked up. */
  readonly names: Pick<ClientNames, 'of'> | undefined;
  /** What the milter has agreed to last: who has no say in a command need not be connected for it. */
  readonly last: { terms: Terms | undefined };
}

/** A connection, and what was said on it. */
export interface Talk {
  readonly connection: MilterConnection;
  readonly story: MilterStory;
  /** It has served another session before. */
  readonly isUsed: boolean;
}

export class MilterClient {
  readonly #parts: MilterParts;
  #talk: Talk | undefined;
  #hasPlace = false;
  #isClosed = false;
  /** Ends the wait for a place when the session ends. */
  #gone: AbortController | undefined;
  /** Why it is not asked about this message any more. */
  #lost: string | undefined;
  #quarantine: string | undefined;

  constructor(parts: MilterParts) {
    this.#parts = parts;
  }

  /**
   * Tells the milter of an event, and of those before it that it does not know of.
   * @param recipient - of RCPT
   * @returns a promise when the milter has to be waited for; undefined when nothing is asked
   */
  ask(
    point: Exclude<MilterPoint, 'content'>,
    facts: SessionFacts | MailFacts,
    recipient?: RecipientFacts,
  ): Promise<Answered | undefined> | undefined {
    const talk = this.#present();
    if (talk === undefined || isBehind(talk, point)) {
      return talk === undefined && this.#canWait(point) ? undefined : this.#askLate(point, facts, recipient);
    }
    talk.story.tell(point, facts, recipient);
    return talk.connection.session.isWaiting
      ? this.#guarded(
          point,
          talk.connection.ask(this.#parts.commandMs, (each) => this.#note(each)),
        )
      : undefined;
  }

  /**
   * Tells it of all up to DATA, if it does not know yet, for whoever shows it the message.
   * @returns what it says to that; undefined when it wants to see the message
   */
  async beginContent(facts: MailFacts): Promise<Talk | Answered> {
    this.#present();
    const answered = await this.#askLate('content', facts, undefined);
    return answered ?? (this.#talk as Talk);
  }

  /** Why the message is to be held; it is told once. */
  takeQuarantine(): string | undefined {
    const reason = this.#quarantine;
    this.#quarantine = undefined;
    return reason;
  }

  /** Whatever fails while a message is shown loses the milter: its answers could not be told apart any more. */
  guarded<T>(done: Promise<T>): Promise<T> {
    return this.#guarded('content', done);
  }

  /** Tells it of a recipient that was refused, if it wants to know. Nothing waits for what it says to that. */
  tellRefused(facts: MailFacts, recipient: RefusedRecipient): void {
    if (this.#talk?.connection.isGone === false) this.#talk.story.tellRefused(facts, recipient);
  }

  /** Tells it of a command that nobody knows, if it wants to know. Nothing waits for what it says to that. */
  tellUnrecognized(line: string): void {
    if (this.#talk?.connection.isGone === false) this.#talk.connection.session.unknown(line);
  }

  /** The message has ended, however it did. */
  endMessage(): void {
    this.#lost = undefined;
    if (this.#talk === undefined) return;
    const { connection, story } = this.#talk;
    // It may be that the client has gone while the milter was asked.
    if (connection.isGone || connection.session.isWaiting) this.drop();
    else {
      story.endMessage();
      connection.send();
    }
  }

  /** The session has ended, or needs the milter no more. */
  close(): void {
    this.#isClosed = true;
    this.#gone?.abort();
    this.endMessage();
    const { idle } = this.#parts;
    const connection = this.#talk?.connection;
    if (idle !== undefined && connection?.isGone === false && connection.session.isIdle)
      idle.keep(connection);
    else connection?.quit();
    this.#forget();
  }

  /** Gives the connection up: another one is made when it is needed. */
  drop(): void {
    this.#talk?.connection.destroy();
    this.#forget();
  }

  /** The connection, when something can be said on it. @throws {Error} when it was lost amid the present message */
  #present(): Talk | undefined {
    if (this.#lost !== undefined) throw new Error(this.#lost);
    const talk = this.#talk;
    if (talk?.connection.isGone !== true) return talk;
    const why = talk.connection.failure;
    const wasInMessage = talk.story.isInMessage;
    this.drop();
    if (!wasInMessage) return undefined;
    this.#lost = why;
    throw new Error(why);
  }

  #forget(): void {
    this.#talk = undefined;
    if (!this.#hasPlace) return;
    this.#hasPlace = false;
    this.#parts.places.leave();
  }

  /** Has it no say in this event, nor in one before? Then it is told of all of them together, later. */
  #canWait(point: Exclude<MilterPoint, 'content'>): boolean {
    const { terms } = this.#parts.last;
    if (terms === undefined) return false;
    // It wants to hear of refused recipients when they are refused.
    const isInMessage = point !== 'connect' && point !== 'helo';
    if (isInMessage && (terms.steps & step.rejectedRcpt) !== 0) return false;
    const events = milterPoints.slice(0, milterPoints.indexOf(point) + 1);
    return hasNoSayIn(terms, events as Exclude<MilterPoint, 'content'>[]);
  }

  async #askLate(
    point: MilterPoint,
    facts: SessionFacts | MailFacts,
    recipient: RecipientFacts | undefined,
  ): Promise<Answered | undefined> {
    return this.#guarded(point, this.#tellLateOrAgain(point, facts, recipient));
  }

  /** A connection that was used before may be at its end without anybody knowing. */
  async #tellLateOrAgain(
    point: MilterPoint,
    facts: SessionFacts | MailFacts,
    recipient: RecipientFacts | undefined,
  ): Promise<Answered | undefined> {
    try {
      return await this.#tellLate(point, facts, recipient);
    } catch (error) {
      if (this.#talk?.isUsed !== true || !this.#talk.connection.isUnheard) throw error;
      this.drop();
      return this.#tellLate(point, facts, recipient, false);
    }
  }

  async #guarded<T>(point: MilterPoint, done: Promise<T>): Promise<T> {
    try {
      return await done;
    } catch (error) {
      // It was not asked, and may be when the client tries again; or nobody wants to know any more.
      if (isBusy(error) || this.#isClosed) throw error;
      if (point !== 'connect' && point !== 'helo') this.#lost = 'it was lost before, in the same transaction';
      this.drop();
      // What it agrees to may be something else when it is back; and until then, its failures are noticed at once.
      this.#parts.last.terms = undefined;
      throw error;
    }
  }

  #note(addition: Addition): undefined {
    if (addition.kind === 'quarantine') this.#quarantine ??= addition.reason;
  }

  async #tellLate(
    point: MilterPoint,
    facts: SessionFacts | MailFacts,
    recipient: RecipientFacts | undefined,
    mayBeUsed = true,
  ): Promise<Answered | undefined> {
    const talk = this.#talk ?? (await this.#open(facts, mayBeUsed));
    const { connection, story } = talk;
    if (isBehind(talk, point)) {
      story.tell('mail', facts);
      story.tellRecipients(facts as MailFacts);
      const answered = await this.#asked(connection);
      // They are accepted already: what it says to them cannot be the answer to their RCPT.
      if (
        answered?.on === 'rcpt' &&
        (answered.verdict.kind === 'reject' || answered.verdict.kind === 'tempfail')
      )
        throw new Error('it refused a recipient that was accepted before it was asked');
      if (answered !== undefined) return answered;
    }
    story.tell(point, facts, recipient);
    return this.#asked(connection);
  }

  async #asked(connection: MilterConnection): Promise<Answered | undefined> {
    if (!connection.session.isWaiting) return undefined;
    return connection.ask(this.#parts.commandMs, (each) => this.#note(each));
  }

  async #open(facts: SessionFacts, mayBeUsed: boolean): Promise<Talk> {
    const { connection: parts, places, names, macros, last, idle } = this.#parts;
    const name = await clientNameOf(facts, names);
    const { signal } = (this.#gone ??= new AbortController());
    await takePlace(places, parts.connectMs, { signal, input: facts.input });
    this.#gone = undefined;
    this.#hasPlace = true;
    const used = mayBeUsed && !this.#isClosed ? idle?.take() : undefined;
    const connection = this.#isClosed ? undefined : (used ?? (await MilterConnection.open(parts)));
    if (this.#isClosed || connection === undefined) {
      connection?.destroy();
      this.#forget();
      throw new Error('the client has gone');
    }
    last.terms = connection.session.agreement;
    const story = new MilterStory(macros, name, connection.session);
    this.#talk = { connection, story, isUsed: used !== undefined };
    return this.#talk;
  }
}

/** Does it not know of the message, and of recipients that were accepted before? */
function isBehind({ story }: Talk, point: MilterPoint): boolean {
  return !story.isInMessage && milterPoints.indexOf(point) > milterPoints.indexOf('mail');
}
