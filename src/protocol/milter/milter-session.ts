// The side of an MTA in a session with one milter (protocol versions 2 to 6): what to send next, and what an answer means. It owns no
// socket and no timer. Promises: an answer to what was not asked, or that its command does not allow, breaks the session.

import { type MilterAnswer, type MilterEdit, readAnswer } from './answer.ts';
import { action, step, type Terms } from './flags.ts';
import type { MacroLists, MacroStage } from '../../values/milter-macros.ts';
import { type MacroSource, macrosPayload } from './macro-lists.ts';
import type { MilterClient, MilterEvent, MilterField, MilterVerdict, Question } from './milter-events.ts';
import { endsMessage } from './milter-events.ts';
import { bits, neededAction } from './needs.ts';
import { agree, type Agreement, offerPayload } from './negotiation.ts';
import { type Packet, PacketReader } from './packet-reader.ts';
import { cBytes, connectPayload, cString, PacketWriter, pathPayload } from './packet-writer.ts';

/** The largest part of a body in one packet. */
export const bodyChunkBytes = 65_535;

/** A milter that makes more edits of one message cannot mean it. */
const maxEdits = 10_000;

interface Expected {
  readonly on: Question;
  /** The milter is told of something that is decided already. */
  readonly isIgnored: boolean;
}

export class MilterSession {
  readonly #offer: Terms;
  readonly #usualMacros: MacroLists;
  readonly #reader = new PacketReader();
  readonly #writer = new PacketWriter();
  readonly #expected: Expected[] = [];
  #agreement: Agreement | undefined;
  #isBroken = false;
  #isInMessage = false;
  /** The milter has decided about the message: it is told no more of it. */
  #isDecided = false;
  #skipsBody = false;
  #edits = 0;
  #newBody: 'none' | 'coming' | 'complete' = 'none';
  /** Something had come before anything was asked that it could answer. */
  #hasStray = false;

  /** Its first packet is the offer. */
  constructor(offer: Terms, usualMacros: MacroLists) {
    this.#offer = offer;
    this.#usualMacros = usualMacros;
    this.#writer.packet('O', offerPayload(offer));
  }

  /** Undefined before the negotiation is through. */
  get agreement(): Agreement | undefined {
    return this.#agreement;
  }

  /** Is an answer to come that counts? */
  get isWaiting(): boolean {
    return this.#agreement === undefined || this.#expected.some(({ isIgnored }) => !isIgnored);
  }

  /** Is any answer to come? What comes without is a mistake of the milter, and would be taken for the answer to the next question. */
  get expectsAnswer(): boolean {
    return this.#agreement === undefined || this.#expected.length > 0;
  }

  /** Can another session follow on the same connection? */
  get isIdle(): boolean {
    return !this.#isBroken && !this.#isInMessage && this.#expected.length === 0 && this.#reader.bytes === 0;
  }

  /** Nothing more can be said or heard on this connection. */
  get isBroken(): boolean {
    return this.#isBroken;
  }

  /** Is a message under way of which the milter wants to know more? */
  get isListening(): boolean {
    return this.#isInMessage && !this.#isDecided;
  }

  /** Is the body of this message wanted, as far as it was not sent yet? */
  get wantsBody(): boolean {
    return this.isListening && !this.#skipsBody && !this.#has(step.noBody);
  }

  /** Bytes that wait to be taken. */
  get outputBytes(): number {
    return this.#writer.bytes;
  }

  /** Bytes that have arrived, and were not looked at yet. */
  get inputBytes(): number {
    return this.#reader.bytes;
  }

  takeOutput(): Uint8Array[] {
    return this.#writer.take();
  }

  connect(client: MilterClient, macros: MacroSource): void {
    this.#macros('C', 'connect', macros);
    this.#ask('connect', 'C', connectPayload(client));
  }

  helo(name: string, macros: MacroSource): void {
    this.#macros('H', 'helo', macros);
    this.#ask('helo', 'H', cString(name));
  }

  /** @param address - without brackets */
  mail(address: string, parameters: readonly string[], macros: MacroSource): void {
    this.#isInMessage = true;
    [this.#isDecided, this.#skipsBody, this.#edits, this.#newBody] = [false, false, 0, 'none'];
    this.#macros('M', 'mail', macros);
    this.#ask('mail', 'M', pathPayload(address, parameters));
  }

  /**
   * @param address - without brackets
   * @param isRefused - it is decided already, and told to milters that want to know
   */
  rcpt(address: string, parameters: readonly string[], macros: MacroSource, isRefused = false): void {
    if (!this.isListening || (isRefused && !this.#has(step.rejectedRcpt))) return;
    this.#macros('R', 'rcpt', macros);
    this.#ask('rcpt', 'R', pathPayload(address, parameters), isRefused);
  }

  data(macros: MacroSource): void {
    if (!this.isListening || (this.#agreement?.version ?? 0) < 4) return;
    this.#macros('T', 'data', macros);
    this.#ask('data', 'T', '');
  }

  header({ name, value }: MilterField): void {
    if (!this.isListening) return;
    const isWhole = this.#has(step.headerLeadingSpace) || value[0] !== ' ';
    this.#ask('header', 'L', cBytes(name) + cBytes(isWhole ? value : value.slice(1)));
  }

  endOfHeaders(macros: MacroSource): void {
    if (!this.isListening) return;
    this.#macros('N', 'eoh', macros);
    this.#ask('end-of-headers', 'N', '');
  }

  /** @param chunk - of `bodyChunkBytes` at most */
  body(chunk: Uint8Array): void {
    if (this.wantsBody) this.#ask('body', 'B', chunk);
  }

  endOfMessage(macros: MacroSource): void {
    if (!this.isListening) return;
    this.#macros('E', 'eom', macros);
    this.#ask('end-of-message', 'E', '');
  }

  /** A command that nobody knows. */
  unknown(line: string): void {
    if ((this.#agreement?.version ?? 0) >= 3) this.#ask('unknown', 'U', cString(line), true);
  }

  /** The message has ended. A milter that has not answered its end is told that no more comes. */
  endMessage(): void {
    if (this.#isInMessage) this.#writer.packet('A');
    this.#isInMessage = false;
    this.#isDecided = false;
  }

  /** @param isNext - whether another session follows on this connection */
  quit(isNext = false): void {
    this.#writer.packet(isNext ? 'K' : 'Q');
  }

  receive(bytes: Buffer): void {
    this.#reader.push(bytes);
  }

  /** @returns what comes of what has arrived; undefined when more is needed */
  next(): MilterEvent | undefined {
    while (!this.#isBroken) {
      if (this.#hasStray) return this.#break('it answered to nothing');
      const packet = this.#reader.next();
      if (packet === undefined) return undefined;
      if (packet === 'malformed') return this.#break('it sent a packet of an impossible length');
      const event = this.#take(packet);
      if (event !== undefined) return event;
    }
    return undefined;
  }

  #has(bit: number): boolean {
    return ((this.#agreement?.steps ?? 0) & bit) !== 0;
  }

  #macros(letter: string, stage: MacroStage, source: MacroSource): void {
    const macros = macrosPayload(this.#agreement?.macros[stage] ?? [], source);
    if (macros !== '') this.#writer.packet('D', letter + macros);
  }

  #ask(on: Question, letter: string, payload: string | Uint8Array, isIgnored = false): void {
    const { unsent, unanswered } = bits[on];
    if (this.#has(unsent)) return;
    this.#writer.packet(letter, payload);
    if (this.#has(unanswered)) return;
    if (!this.expectsAnswer && this.#reader.bytes > 0) this.#hasStray = true;
    this.#expected.push({ on, isIgnored });
  }

  #break(why: string): MilterEvent {
    this.#isBroken = true;
    return { kind: 'broken', why };
  }

  /** @returns undefined when nothing comes of it */
  #take(packet: Packet): MilterEvent | undefined {
    const answer = readAnswer(packet);
    if (answer.kind === 'malformed') return this.#break(answer.why);
    if (this.#agreement === undefined) return this.#negotiated(answer);
    const [expected] = this.#expected;
    if (expected === undefined) return this.#break(`it answered ${answer.kind} to nothing`);
    switch (answer.kind) {
      case 'progress':
        return { kind: 'progress' };
      case 'negotiation':
        return this.#break('it negotiated twice');
      case 'skip':
        if (expected.on !== 'body') return this.#wrong(answer, expected);
        this.#skipsBody = true;
        return this.#decided(expected, { kind: 'continue' });
      case 'quarantine':
        if (expected.on === 'connect' || expected.on === 'helo') return this.#wrong(answer, expected);
        if (!this.#may(action.quarantine)) return this.#notAgreed(answer.kind);
        return answer;
      case 'edit':
        return this.#edit(answer.edit, expected);
      case 'body':
        return this.#body(answer.bytes, expected);
      case 'discard':
        if (expected.on === 'connect' || expected.on === 'helo') return this.#wrong(answer, expected);
        return this.#decided(expected, { kind: 'discard' });
      case 'reply':
        return this.#decided(expected, {
          kind: answer.reply.code >= 500 ? 'reject' : 'tempfail',
          reply: answer.reply,
        });
      default:
        return this.#decided(expected, { kind: answer.kind });
    }
  }

  #negotiated(answer: MilterAnswer): MilterEvent {
    if (answer.kind !== 'negotiation') return this.#break(`it answered ${answer.kind} to a negotiation`);
    const agreement = agree(this.#offer, answer.payload, this.#usualMacros);
    if (typeof agreement === 'string') return this.#break(agreement);
    this.#agreement = agreement;
    return { kind: 'negotiated' };
  }

  #may(needed: number): boolean {
    return ((this.#agreement?.actions ?? 0) & needed) !== 0;
  }

  #edit(edit: MilterEdit, expected: Expected): MilterEvent {
    if (expected.on !== 'end-of-message') return this.#wrong(edit, expected);
    if (!this.#may(neededAction[edit.kind])) return this.#notAgreed(edit.kind);
    if (++this.#edits > maxEdits) return this.#break(`it made more than ${maxEdits} edits of one message`);
    if (this.#newBody === 'coming') this.#newBody = 'complete';
    return { kind: 'edit', edit };
  }

  #body(bytes: Buffer, expected: Expected): MilterEvent {
    if (expected.on !== 'end-of-message') return this.#wrong({ kind: 'body' }, expected);
    if (!this.#may(action.changeBody)) return this.#notAgreed('body');
    // Nobody could say whether it goes on with the body, or begins another one.
    if (this.#newBody === 'complete') return this.#break('it sent a part of a new body after another edit');
    this.#newBody = 'coming';
    return { kind: 'body', bytes };
  }

  /** @returns undefined when the verdict is of no interest */
  #decided(expected: Expected, verdict: MilterVerdict): MilterEvent | undefined {
    const { on, isIgnored } = expected;
    const ends = endsMessage(verdict, on);
    this.#expected.shift();
    if (on === 'end-of-message') this.#isInMessage = false;
    else if (ends) this.#isDecided = true;
    // What was sent after the command that it has decided at may be answered or not: libmilter ignores it, others do not.
    if (ends && this.#expected.length > 0) this.#isBroken = true;
    if (isIgnored && verdict.kind !== 'discard') return undefined;
    return { kind: 'verdict', on, verdict };
  }

  #wrong({ kind }: { readonly kind: string }, { on }: Expected): MilterEvent {
    return this.#break(`it answered ${kind}, which is not allowed at ${on}`);
  }

  #notAgreed(what: string): MilterEvent {
    return this.#break(`it answered ${what}, which it had not asked for when it negotiated`);
  }
}
