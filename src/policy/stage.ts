// The contract of a stage: a named decision about mail that comes in. A pipeline asks its stages at points of the SMTP session;
// each gets readonly facts and answers with a verdict, at once or as a promise. docs/stages.md says how to write one.

import type { ConversationNotices } from './conversation-notices.ts';
import type { User } from '../directory/types.ts';
import type { Field, FieldEdit, FieldReplacement } from '../message/editable-header.ts';
import type { EnvelopeRecipient } from '../message/envelope.ts';
import type {
  ForwardedFacts,
  MailParameters,
  RcptParameters,
  Reply,
} from '../protocol/smtp/server/server-types.ts';
import type {
  ClientFacts,
  ClientRuleFacts,
  ConnectionFacts,
  ListenerFacts,
  TlsFacts,
} from './client-facts.ts';

export type {
  ClientFacts,
  ClientRuleFacts,
  ConnectionFacts,
  FrontEndFacts,
  ListenerFacts,
  TlsFacts,
} from './client-facts.ts';

/**
 * The points of a session at which stages are asked, in their order. `helo` comes with each HELO and EHLO. `starttls` comes when a TLS
 * handshake is through: where TLS is implicit, that is before `connect`. `auth` comes when a client has proved to be a user.
 */
export const points = [
  'connect',
  'helo',
  'starttls',
  'auth',
  'mail',
  'rcpt',
  'data',
  'headers',
  'content',
] as const;

export type Point = (typeof points)[number];

/** Whatever a stage found out, for stages after it. */
export type StageResult = Readonly<Record<string, string>>;

/** Facts about a session. Facts are valid until the answer, and never change before it. */
export interface SessionFacts {
  readonly listener: ListenerFacts;
  readonly client: ClientFacts;
  readonly connection: ConnectionFacts;
  /** Undefined in clear. */
  readonly tls: TlsFacts | undefined;
  /** Who the client has proved to be, here or to a front end. Undefined: nobody. */
  readonly principal: string | undefined;
  /** Who has logged in here, by AUTH. Undefined: nobody. */
  readonly user: User | undefined;
  /** The SASL mechanism of that log-in; undefined for no log-in here. */
  readonly mechanism: string | undefined;
  /** The name in HELO or EHLO; empty before. */
  readonly helo: string;
  /** Was it EHLO? */
  readonly extended: boolean;
  /** Nobody hands in this mail: an operator tries what the stages would say (`sluice policy try`). Nothing is counted, logged or told then. */
  readonly isTrial: boolean;
  /** The last result of another stage: in this transaction, or before it in this session. */
  resultOf(stage: string): StageResult | undefined;
  /** All of these, by the names of their stages; undefined when there are none. */
  readonly results: Readonly<Record<string, StageResult>> | undefined;
  /** `ended` is aborted when the client sends no more: it has closed its side, and may still read replies; or it has gone. */
  readonly input?: { readonly ended: AbortSignal };
}

/** At `connect`. */
export interface ConnectFacts extends SessionFacts {
  /** The greeting was sent, and the client is another one behind XCLIENT. */
  readonly isGreeted: boolean;
  /** Has the client sent something before its greeting? It may yet do so while a stage is out. */
  readonly hasSpoken: boolean;
  /** Before the greeting: sends a first line of it at once (`220-HOST TEXT`). */
  sayFirst(text: string): void;
}

/** The message so far: its envelope. */
export interface TransactionFacts {
  /** The id that the message will have when it is accepted. */
  readonly queueId: string;
  /** Without brackets; empty for the null reverse-path. As changed by stages before. */
  readonly reversePath: string;
  readonly params: MailParameters;
  /** Name of the tenant; empty for mail of no tenant. */
  readonly tenant: string;
  /** RFC 6710; undefined for none. */
  readonly priority: number | undefined;
  /** What XFORWARD said, which nobody has checked: for logs alone. */
  readonly forwarded: ForwardedFacts | undefined;
  /** Why the message will be held; undefined when it will not. */
  readonly quarantine: string | undefined;
  /** The recipients that were accepted so far, as changed by stages before. */
  readonly recipients: readonly EnvelopeRecipient[];
}

export interface MailFacts extends SessionFacts {
  readonly transaction: TransactionFacts;
}

/** The recipient in question. */
export interface RecipientFacts {
  /** Without brackets, as changed by stages before. `postmaster` may come without a domain (RFC 5321 4.5.1). */
  readonly address: string;
  readonly params: RcptParameters;
}

export interface RcptFacts extends MailFacts {
  readonly recipient: RecipientFacts;
}

export interface HeaderFacts {
  /** The fields in order, as changed by stages before, without the Received field that we will put in front. */
  readonly fields: readonly Field[];
  /** How many of them will stand above our Received field; 0 where it is not told. */
  readonly ownReceivedAt?: number;
  /**
   * The header from the first line that is no field, as Latin-1; empty in a well-formed one. Some programs read the fields behind such a line,
   * and others take it for the beginning of the body.
   */
  readonly strayLines: string;
}

export interface HeadersFacts extends MailFacts {
  readonly header: HeaderFacts;
  /**
   * Shows the body while it arrives, at `headers` alone: as the client sends it, before stages change it, in pieces of any size. All of it
   * was shown when `content` comes. For what can be computed as it goes, such as a hash: nothing waits, and nothing is read twice.
   * @param show - must be quick and not throw; when it does, the message is refused for now
   */
  followBody(show: (piece: Uint8Array) => void): void;
}

/** The message after its header, as changed by stages before. */
export interface BodyFacts {
  readonly sizeBytes: number;
  /** The body in pieces of bounded size, not dot-stuffed. It can be read until the answer, and more than once. */
  read(): AsyncIterable<Uint8Array>;
}

/**
 * A body that takes the place of the present one, by the edit `replace-body`. It is in memory, or beyond `large_message` in a file, so
 * that it may be of any size.
 */
export interface NewBody {
  /** Bytes so far. */
  readonly sizeBytes: number;
  /**
   * Takes the next piece. Line ends of any form become CRLF.
   * @returns a promise when no more may come until it resolves
   * @throws {Error} with a clause when it is larger than max_message_size, or cannot be written
   */
  write(piece: Uint8Array): Promise<void> | undefined;
  /** Gives it up. What no edit has used is given up by itself at the end of the message. */
  discard(): void;
}

export interface ContentFacts extends HeadersFacts {
  readonly body: BodyFacts;
  /** Begins a new body. One may be begun at a time. */
  newBody(): NewBody;
}

/** The facts at all points. */
export type Facts = ConnectFacts & RcptFacts & ContentFacts;

/** A change that a stage makes. Edits are applied in order, before the next stage is asked. */
export type Edit =
  /**
   * From `connect` to `rcpt`: the rule that holds for the client, in place of an earlier one. It may give the right to relay, and takes none.
   * From `mail` on, its largest message counts from the next message.
   */
  | { readonly kind: 'set-client-rule'; readonly rule: ClientRuleFacts }
  /** At `mail`: whose mail it is. The stages of this tenant are asked from the next point on. */
  | { readonly kind: 'set-tenant'; readonly name: string; readonly priority: number | undefined }
  /** From `mail` on. The address has no brackets; the empty one is the null reverse-path. What `params` does not say stays. */
  | {
      readonly kind: 'change-sender';
      readonly address: string;
      readonly params?: Pick<MailParameters, 'ret' | 'envelopeId'>;
    }
  /**
   * At `rcpt`: replaces the recipient in question. Its DSN parameters stay; with `keepsOriginal`, the address that is replaced becomes its
   * ORCPT, if the client gave none (RFC 3461 5.2.1), and is in the log.
   */
  | { readonly kind: 'change-recipient'; readonly address: string; readonly keepsOriginal?: true }
  /** From `data` on. */
  | { readonly kind: 'add-recipient'; readonly recipient: EnvelopeRecipient }
  /** From `data` on: removes every recipient with this address. A message that is left without recipients is discarded. */
  | { readonly kind: 'remove-recipient'; readonly address: string }
  /**
   * The name of the [[route]] by which the message goes, in place of what the routing table says. At `rcpt` for the recipient in question,
   * from `data` on for all recipients, or for those with this address.
   */
  | { readonly kind: 'set-route'; readonly route: string; readonly recipient?: string | undefined }
  /** From `mail` on; before `headers`, it is kept until the header is there. */
  | FieldEdit
  /** From `headers` on. What is not changed of a field stays as it came only by this one. */
  | FieldReplacement
  /** Up to `data`: a further line of the reply to the command. It comes before the others, with the same code. */
  | { readonly kind: 'reply-line'; readonly text: string }
  /** At `content`. Bytes have CRLF line ends, and are not dot-stuffed. */
  | { readonly kind: 'replace-body'; readonly body: Uint8Array | NewBody };

interface WithEdits {
  readonly edits?: readonly Edit[] | undefined;
  /** For stages after this one; see `SessionFacts.resultOf`. */
  readonly result?: StageResult | undefined;
}

/**
 * The answer of a stage.
 *
 * - `continue`: the next stage is asked.
 * - `accept`: no further stage is asked at this point. At `rcpt` this is about one recipient.
 * - `reject`, `tempfail`: the command, or from `headers` on the message, is refused with this reply of 5xx or 4xx.
 * - `discard`: the message is answered 250 and dropped; from `mail` on. No further stage is asked about it.
 * - `quarantine`: the message will be held until an operator releases it; from `mail` on. The next stage is asked.
 * - `disconnect`: the reply is sent and the connection closed.
 * - `drop`: the connection is closed without a reply.
 */
export type Verdict =
  | ({ readonly kind: 'continue' | 'accept' } & WithEdits)
  | ({ readonly kind: 'quarantine'; readonly reason: string } & WithEdits)
  | { readonly kind: 'discard'; readonly reason: string }
  | { readonly kind: 'drop' }
  | { readonly kind: 'reject' | 'tempfail' | 'disconnect'; readonly reply: Reply };

export type Answer = Verdict | PromiseLike<Verdict>;

/** What happens when a stage fails. None of it is permanent, since the fault is ours. */
export type FailureAnswer = 'tempfail' | 'continue' | 'quarantine' | 'disconnect';

/**
 * `users`: clients that have logged in here. `strangers`: those that have not logged in, here or at a front end, and may not relay.
 * `unknown`: strangers whom no rule of [clients] names. `submission`: all but the strangers.
 */
export const audiences = ['users', 'strangers', 'unknown', 'submission'] as const;
export type Audience = (typeof audiences)[number];

/** After so many failures in a row, the stage is not asked for a time: it counts as failing at once. Then one question tries it. */
export interface Breaker {
  readonly failures: number;
  readonly restMs: number;
  /** How long the others wait for what comes of that question; the time limit when not given. */
  readonly trialMs?: number | undefined;
}

/**
 * A stage has a method for each point at which it decides. While a promise is out, the session waits and no other does.
 * To throw, to reject, to take longer than the time limit, or to answer what is not allowed at the point is a failure.
 */
export interface Stage extends ConversationNotices<SessionFacts> {
  /** Unique in its pipeline: for the log, troubles and `resultOf`. */
  readonly name: string;
  /** How long a promise may take; 30 seconds when not given. The timer is exact to a second. */
  readonly timeLimitMs?: number | undefined;
  /** `tempfail` when not given. `quarantine` before `mail` is `tempfail`. */
  readonly onFailure?: FailureAnswer | undefined;
  /** When it is left alone for a while, since it fails again and again. Never when not given. */
  readonly breaker?: Breaker | undefined;
  /** The clients that it is asked about; mail of others costs nothing. All when not given. */
  readonly audience?: Audience | undefined;
  /** It is asked even after a stage before it has accepted: for what is no check, but has to be done with all mail. */
  readonly isAskedAfterAccept?: boolean | undefined;
  /**
   * Whether it has something to say at a point now, for one whose points change while it is in use. Not given: at each point that it has
   * a method for.
   */
  asksAt?(point: Point): boolean;
  connect?(facts: ConnectFacts): Answer;
  helo?(facts: SessionFacts): Answer;
  starttls?(facts: SessionFacts): Answer;
  auth?(facts: SessionFacts): Answer;
  mail?(facts: MailFacts): Answer;
  rcpt?(facts: RcptFacts): Answer;
  data?(facts: MailFacts): Answer;
  headers?(facts: HeadersFacts): Answer;
  content?(facts: ContentFacts): Answer;
  /** Told, and not asked: the RCPT that is in the facts was refused. @param by - the stage that has refused it */
  recipientRefused?(facts: RcptFacts, reply: Reply, by: string): void;
  /** Told: the transaction that it was asked about has ended; its facts are gone. @param wasAccepted - its message is stored, or dropped with 250 */
  transactionEnded?(facts: SessionFacts, wasAccepted: boolean): void;
  /** Told: the client has gone, or another one has come by XCLIENT. A transaction has ended before. */
  sessionEnded?(facts: SessionFacts): void;
}

/** The verdict that costs nothing: no object is made for it. */
export const goOn: Verdict = { kind: 'continue' };
