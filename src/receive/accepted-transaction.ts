// The envelope of a message that is being received. Stages may change it until the message is complete.

import type { Handover } from '../front/handover.ts';
import type { FieldEdit } from '../message/editable-header.ts';
import type { EnvelopeRecipient } from '../message/envelope.ts';
import type { Reception } from '../message/received-line.ts';
import type { SendingTurn } from '../policy/sending/types.ts';
import type { WholeMail } from '../policy/queues/whole-mail.ts';
import type { TransactionFacts } from '../policy/stage.ts';
import type { ForwardedFacts, MailParameters } from '../protocol/smtp/server/server-types.ts';
import { replaceUnprintableRuns } from '../values/unprintable.ts';
import type { PlacedRecipients, StorePlace, StorePlaces } from './store-places.ts';
import type { TransactionOrigin } from './transaction-origin.ts';

/** Why a message will be answered 250 and dropped. */
export interface Discard {
  readonly stage: string;
  readonly reason: string;
}

/** The reason of a quarantine is kept in the envelope up to so many characters. */
const maxReasonLength = 1_000;

/** A transaction whose MAIL came; recipients are added with each accepted RCPT. */
export class AcceptedTransaction implements TransactionFacts {
  readonly origin: TransactionOrigin;
  #params: MailParameters;
  readonly recipients: EnvelopeRecipient[] = [];
  readonly forwarded: ForwardedFacts | undefined;
  /** On its way to a central server; undefined where mail is stored here. */
  readonly handover: Handover | undefined;
  #fieldEdits: FieldEdit[] | undefined;
  readonly #places: StorePlaces;
  #home: StorePlace | undefined;
  #queueId: string | undefined;
  /** Names of the queues of its recipients, once a stage has to know. */
  #queues: ReadonlySet<string> | undefined;
  #placed: readonly PlacedRecipients[] | undefined;
  #whole: WholeMail | undefined;
  /** The queue id that stages have seen, when none of its parts has it. */
  #begunAs: string | undefined;
  #reversePath: string;
  #tenant = '';
  #priority: number | undefined;
  #discard: Discard | undefined;
  #quarantine: string | undefined;
  #given: string[] | undefined;
  #marked: string[] | undefined;
  /** What is taken back when the message is not accepted. Most messages have nothing. */
  #takeBack: (() => void)[] | undefined;
  #turn: SendingTurn | undefined;

  constructor(
    origin: TransactionOrigin,
    reversePath: string,
    params: MailParameters,
    places: StorePlaces,
    forwarded?: ForwardedFacts,
    handover?: Handover,
  ) {
    this.handover = handover;
    if (handover !== undefined) this.whenNotAccepted(() => handover.abort());
    this.forwarded = forwarded;
    this.#places = places;
    this.origin = origin;
    this.#params = params;
    this.#reversePath = reversePath;
    this.#priority = origin.trusted ? params.priority : undefined;
  }

  get params(): MailParameters {
    return this.#params;
  }

  /** Where it is written: at first the place of its first recipient, as far as that is known when this is first asked for. */
  get home(): StorePlace {
    return (this.#home ??= this.#chooseHome());
  }

  /** Where nothing can be stored now, nothing can be begun either: what belongs there is stored there in the end, or refused. */
  #chooseHome(): StorePlace {
    const { all } = this.#places;
    const wanted = this.#places.of(this, this.recipients[0]?.address ?? '');
    if (all.length === 1 || wanted.spool.hasRoom(0)) return wanted;
    return all.find(({ spool }) => spool.hasRoom(0)) ?? wanted;
  }

  /** Made when it is first asked for. */
  get queueId(): string {
    return (this.#queueId ??= this.home.spool.newQueueId());
  }

  /** Its recipients by queue, once these are chosen. */
  get placed(): readonly PlacedRecipients[] {
    return this.#placed ?? [{ place: this.home, recipients: this.recipients }];
  }

  get whole(): WholeMail | undefined {
    return this.#whole;
  }

  get begunAs(): string | undefined {
    return this.#begunAs;
  }

  isForQueue(queues: ReadonlySet<string>, address: string | undefined): boolean {
    if (address !== undefined) return queues.has(this.#places.queueOf(this, address));
    this.#queues ??= this.#queuesOfRecipients();
    return !this.#queues.isDisjointFrom(queues);
  }

  /** What a tap copies was looked at for the recipients that it is for. */
  #queuesOfRecipients(): ReadonlySet<string> {
    const own = this.recipients.filter(({ isCopy }) => isCopy !== true);
    return new Set(own.map(({ address }) => this.#places.queueOf(this, address)));
  }

  /** Nothing of the message changes any more: chooses its queues. Its queue id is that of one of them from now on. */
  choosePlaces(whole: WholeMail): void {
    if (this.#places.all.length === 1) return;
    this.#whole = whole;
    this.#placed = this.#partsByPlace();
    this.#whole = undefined;
    const [first] = this.#placed;
    if (first === undefined || this.#placed.some(({ place }) => place === this.home)) return;
    this.#home = first.place;
    this.#begunAs = this.#queueId;
    this.#queueId = undefined;
  }

  #partsByPlace(): readonly PlacedRecipients[] {
    const byPlace = Map.groupBy(this.recipients, ({ address }) => this.#places.of(this, address));
    return Array.from(byPlace, ([place, own]) => ({ place, recipients: own }));
  }

  /** How the message came in, for its envelope. */
  get via(): 'smtp' | 'lmtp' | 'sendmail' {
    switch (this.origin.listener) {
      case 'submission':
        return 'sendmail';
      case 'lmtp':
        return 'lmtp';
      default:
        return 'smtp';
    }
  }

  /** How the message came in, for its Received line. */
  get protocol(): Reception['protocol'] {
    const { smtpUtf8 } = this.params;
    if (this.origin.listener === 'qmqp') return 'QMQP';
    if (this.origin.listener === 'qmtp') return 'QMTP';
    if (this.origin.tls !== undefined) return this.#secureProtocol;
    switch (this.origin.listener) {
      case 'submission':
        return 'local';
      case 'lmtp':
        return smtpUtf8 ? 'UTF8LMTP' : 'LMTP';
      case 'smtp':
        if (this.origin.authenticated === true) return smtpUtf8 ? 'UTF8SMTPA' : 'ESMTPA';
        return smtpUtf8 ? 'UTF8SMTP' : this.origin.extended ? 'ESMTP' : 'SMTP';
    }
  }

  /** RFC 3848, RFC 6531 4.3. There is no word for HELO under TLS. */
  get #secureProtocol(): Reception['protocol'] {
    const { smtpUtf8 } = this.params;
    if (this.origin.listener === 'lmtp') return smtpUtf8 ? 'UTF8LMTPS' : 'LMTPS';
    if (this.origin.authenticated === true) return smtpUtf8 ? 'UTF8SMTPSA' : 'ESMTPSA';
    if (smtpUtf8) return 'UTF8SMTPS';
    return this.origin.extended ? 'ESMTPS' : 'SMTP';
  }

  get reversePath(): string {
    return this.#reversePath;
  }

  /** The name of the tenant; empty for mail of no tenant. */
  get tenant(): string {
    return this.#tenant;
  }

  /** MT-PRIORITY of a client that may relay, else the tenant's priority; undefined for none. */
  get priority(): number | undefined {
    return this.#priority;
  }

  /** Undefined when the message will not be dropped. */
  get discard(): Discard | undefined {
    return this.#discard;
  }

  /** Edits from before the header was there; undefined when there are none. */
  get fieldEdits(): readonly FieldEdit[] | undefined {
    return this.#fieldEdits;
  }

  /** Keeps an edit until the header is there. */
  keepFieldEdit(edit: FieldEdit): void {
    (this.#fieldEdits ??= []).push(edit);
  }

  get quarantine(): string | undefined {
    return this.#quarantine;
  }

  /** Holds the message from its acceptance on. The first reason counts; it becomes one line, since lists have a row for each message. */
  hold(reason: string): void {
    this.#quarantine ??= replaceUnprintableRuns(reason.slice(0, maxReasonLength), ' ');
  }

  /** When the message may go out, if a sending limit paces it. */
  get turn(): SendingTurn | undefined {
    return this.#turn;
  }

  /** Sending limits have counted the message. @param uncount - takes that back */
  counted(turn: SendingTurn | undefined, uncount: () => void): void {
    this.#turn = turn;
    this.whenNotAccepted(uncount);
  }

  /** @param takeBack - is called when the message is not accepted */
  whenNotAccepted(takeBack: () => void): void {
    (this.#takeBack ??= []).push(takeBack);
  }

  /** The message is not accepted, so it does not count either, and takes no room. */
  notAccepted(): void {
    const all = this.#takeBack ?? [];
    this.#takeBack = undefined;
    for (const takeBack of all) takeBack();
  }

  /** Recipients as the client gave them, of those that a stage has replaced; undefined when there are none. */
  get given(): readonly string[] | undefined {
    return this.#given;
  }

  /** What stages have marked the message as, such as `rspamd: spam`; undefined for nothing. */
  get marked(): readonly string[] | undefined {
    return this.#marked;
  }

  noteMark(mark: string): void {
    if (this.#marked?.includes(mark) !== true) (this.#marked ??= []).push(mark);
  }

  noteGiven(address: string): void {
    (this.#given ??= []).push(address);
  }

  changeSender(reversePath: string, params?: Pick<MailParameters, 'ret' | 'envelopeId'>): void {
    if (params !== undefined) this.#params = { ...this.#params, ...params };
    this.#reversePath = reversePath;
  }

  setTenant(name: string, priority: number | undefined): void {
    this.#tenant = name;
    this.#priority = (this.origin.trusted ? this.params.priority : undefined) ?? priority;
  }

  removeRecipient(address: string): void {
    const kept = this.recipients.filter((recipient) => recipient.address !== address);
    this.recipients.splice(0, Infinity, ...kept);
  }

  /** @param address - of the recipients whose route it is; undefined: of all but copies for archives */
  setRoute(route: string, address: string | undefined): void {
    for (const [index, recipient] of this.recipients.entries()) {
      const isMeant = address === undefined ? recipient.isCopy !== true : recipient.address === address;
      if (isMeant) this.recipients[index] = { ...recipient, route };
    }
  }

  /** Accepts the message, and drops it. The first reason counts. */
  drop(discard: Discard): void {
    this.#discard ??= discard;
  }
}
