// One transaction in a session, from its first command to its last reply: which reply comes next, and what it leads to.
// Promises: each recipient gets exactly one outcome, and content goes only where MAIL and a recipient were accepted for it.

import { mailCommand, rcptCommand } from './commands.ts';
import { decideLocally } from './local-checks.ts';
import { CommandsAhead } from './commands-ahead.ts';
import { isOfCommand, saysLostCount } from './lost-count.ts';
import { RecipientOutcomes } from './recipient-outcomes.ts';
import type { SendingWay } from '../../../values/pipelining.ts';
import type { ReplyParser } from './reply-parser.ts';
import type { ClientPhase, ClientSessionOptions, ClientTransaction, RemoteReply } from './client-types.ts';
import type { ServerExtensions } from './extensions.ts';

/** What a reply leads to. */
export type RunStep =
  /** More replies will come. */
  | 'wait'
  /** `command` has to be sent. */
  | 'send'
  /** The content has to be sent. */
  | 'content'
  /** The transaction is over. */
  | 'over'
  /** The transaction is over, and the server may still remember some of it. */
  | 'reset'
  /** The transaction is over for everybody, and the server waits for its content. */
  | 'empty'
  /** Refused while the content is being sent: the server would read the rest of it as commands. */
  | 'refused'
  /** The server does not know BDAT, which it offered: it reads the content as commands. */
  | 'noBdat'
  /** The server took recipients after it had refused MAIL: they belong to another transaction. */
  | 'confused'
  /** No such reply is allowed here. */
  | 'unexpected';

/** Where a transaction stands in its session. */
export interface RunPlace {
  readonly way: SendingWay;
  /** It is the first of the session. */
  readonly isFirst: boolean;
  /** It is begun while replies to earlier commands are on their way. */
  readonly isBehind: boolean;
}

export class TransactionRun {
  readonly outcomes: RecipientOutcomes;
  readonly isPipelined: boolean;
  /** It is the first of the session. */
  readonly isFirst: boolean;
  /** It was begun while replies to earlier commands were on their way. */
  readonly isBehind: boolean;
  /** The content goes together with the commands, as one chunk (RFC 3030 2). */
  readonly isChunk: boolean;
  /** All recipients failed before anything was sent. */
  readonly isUnsent: boolean;
  /** Bytes of the content. */
  readonly sizeBytes: number;
  /** What the next reply answers. */
  phase: Extract<ClientPhase, 'mail' | 'rcpt' | 'data' | 'content' | 'final'> = 'mail';
  /** The server has answered one of its commands. */
  isHeard = false;
  /** The server said that it does not know which command of which transaction comes next: to a command, or to the content. */
  lostCount: 'no' | 'commands' | 'content' = 'no';
  /** After the step `send`. */
  command = '';
  readonly #transaction: ClientTransaction;
  readonly #extensions: ServerExtensions;
  readonly #useUtf8: boolean;
  /** Recipients that failed before anything was sent; undefined when there are none. */
  readonly #notSent: ReadonlySet<number> | undefined;
  readonly ahead: CommandsAhead | undefined;
  /** The index of the recipient whose RCPT is being sent or answered. */
  #recipient = -1;
  #isMailRefused = false;
  #isAnyAccepted = false;
  readonly #repliesPerRecipient: boolean;
  readonly #isCheck: boolean;

  /** Recipients to which this server cannot deliver the message get their outcome at once. */
  constructor(
    transaction: ClientTransaction,
    extensions: ServerExtensions,
    options: ClientSessionOptions,
    { way, isFirst, isBehind }: RunPlace,
  ) {
    this.#transaction = transaction;
    this.#extensions = extensions;
    this.#repliesPerRecipient = options.dialect?.repliesPerRecipient === true;
    this.isPipelined = way !== 'single';
    this.isBehind = isBehind;
    this.isFirst = isFirst;
    this.sizeBytes = transaction.sizeBytes;
    const outcomes = new RecipientOutcomes(transaction.recipients);
    this.outcomes = outcomes;
    const local = decideLocally(transaction, extensions, options.downgrade8bit);
    this.#useUtf8 = local.useUtf8;
    for (const { recipient, failure } of local.failures) {
      outcomes.decide({ recipient, result: 'permfail', failure });
    }
    this.#notSent =
      local.failures.length === 0 ? undefined : new Set(local.failures.map(({ recipient }) => recipient));
    this.ahead = CommandsAhead.of(transaction, extensions);
    this.isUnsent = outcomes.undecided === 0;
    this.#isCheck = transaction.isCheck === true;
    this.isChunk = way === 'chunk' && transaction.chunkBytes !== undefined;
  }

  /** Its end was written to the server, or nothing of it has to be. */
  get isWritten(): boolean {
    return this.isChunk || this.phase === 'final' || this.isUnsent;
  }

  /** Only a part of its commands was answered. */
  get isPartlyAnswered(): boolean {
    if (!this.isPipelined) return false;
    return this.phase === 'rcpt' || this.phase === 'data' || (this.isChunk && this.phase === 'final');
  }

  /** The first commands to send: MAIL, or with PIPELINING the whole group with DATA or BDAT at its end (RFC 2920 3.1). */
  openingCommands(): string {
    if (!this.isPipelined) return this.ahead?.next ?? this.#mailCommand();
    let commands = `${this.ahead?.all ?? ''}${this.#mailCommand()}`;
    while (this.#moveToNextRecipient()) commands += this.#rcptCommand();
    this.#recipient = -1;
    if (this.#isCheck) return commands;
    // RFC 3030 2: the content follows at once.
    return `${commands}${this.isChunk ? `BDAT ${this.#transaction.chunkBytes} LAST` : 'DATA'}\r\n`;
  }

  /**
   * Takes the next reply to it, which is not 421.
   * @param parser - has found the reply
   * @param hasOthers - commands of later transactions are on their way
   */
  answered(parser: ReplyParser, hasOthers: boolean): RunStep {
    this.isHeard = true;
    switch (this.phase) {
      case 'mail':
        return this.ahead?.next === undefined
          ? this.#mailAnswered(parser)
          : this.#aheadAnswered(this.ahead, parser.code);
      case 'rcpt':
        return this.#rcptAnswered(parser);
      case 'data':
        return this.#dataAnswered(parser);
      case 'content':
        // A reply before the end of the content was sent must never count as a delivery.
        if (parser.code < 400) return 'unexpected';
        this.#contentRefused(parser.reply('content'), hasOthers);
        return 'refused';
      case 'final':
        return this.isChunk ? this.#chunkAnswered(parser, hasOthers) : this.#endAnswered(parser, hasOthers);
    }
  }

  #aheadAnswered(ahead: CommandsAhead, code: number): RunStep {
    if (code >= 300 && code < 400) return 'unexpected';
    ahead.answered();
    if (this.isPipelined) return 'wait';
    this.command = ahead.next ?? this.#mailCommand();
    return 'send';
  }

  #mailAnswered(parser: ReplyParser): RunStep {
    const { code } = parser;
    if (code >= 400) {
      this.#isMailRefused = true;
      // RFC 5321 3.3: out of sequence is said of the session, and not of the mail.
      const isOfSession = this.isBehind || (code === 503 && !this.isFirst);
      this.#refuseRest(parser.reply('MAIL'), isOfSession ? 'commands' : 'no');
      // With PIPELINING, RCPT and DATA are answered even when MAIL was refused.
      if (!this.isPipelined) return 'reset';
    } else if (code >= 300) return 'unexpected';
    this.phase = 'rcpt';
    return this.#nextRecipient();
  }

  #rcptAnswered(parser: ReplyParser): RunStep {
    const { code } = parser;
    if (code >= 400) this.#recipientRefused(parser.reply('RCPT'));
    else if (code >= 300) return 'unexpected';
    else this.#recipientAccepted(parser);
    return this.#nextRecipient();
  }

  #recipientAccepted(parser: ReplyParser): void {
    this.#isAnyAccepted = true;
    if (!this.#isCheck) return;
    this.outcomes.decide({ recipient: this.#recipient, result: 'delivered', reply: parser.reply('RCPT') });
  }

  #nextRecipient(): RunStep {
    if (this.#moveToNextRecipient()) {
      if (this.isPipelined) return 'wait';
      this.command = this.#rcptCommand();
      return 'send';
    }
    if (this.#isCheck) return 'reset';
    if (this.isPipelined) {
      this.phase = this.isChunk ? 'final' : 'data';
      return 'wait';
    }
    if (this.outcomes.undecided === 0) return 'reset';
    this.phase = 'data';
    this.command = 'DATA\r\n';
    return 'send';
  }

  #recipientRefused(reply: RemoteReply): void {
    // RFC 5321 4.5.3.1.10: 552 can be an old server's "too many recipients", which is a temporary failure.
    const tooMany =
      this.#isAnyAccepted && reply.code === 552 && (reply.enhanced === '' || reply.enhanced === '5.5.3');
    // MAIL was accepted, so that this is no word about the recipient.
    const hasLostCount = this.isBehind && !this.#isMailRefused && saysLostCount(reply);
    if (hasLostCount) this.lostCount = 'content';
    const result = reply.code >= 500 && !tooMany && !hasLostCount ? 'permfail' : 'tempfail';
    this.outcomes.decide({ recipient: this.#recipient, result, failure: { kind: 'reply', reply } });
  }

  #dataAnswered(parser: ReplyParser): RunStep {
    const { code } = parser;
    if (code >= 400) {
      this.#refuseRest(parser.reply('DATA'), this.isBehind ? 'commands' : 'no');
      return 'reset';
    }
    // RFC 5321 4.2: an unknown code means what its first digit means; 3xx belongs to DATA alone.
    if (code < 300) return 'unexpected';
    if (this.outcomes.undecided > 0) {
      this.phase = 'content';
      return 'content';
    }
    // RFC 2033 4.2: the server has to reply 503. Whether it replies to the end of a message for nobody, nobody knows.
    if (this.#repliesPerRecipient) return 'unexpected';
    // RFC 2920 3.1: the server replied 354, but no recipient is left. An empty message ends the transaction; its reply is ignored.
    return this.#isMailRefused && this.#isAnyAccepted ? 'confused' : 'empty';
  }

  #endAnswered(parser: ReplyParser, hasOthers: boolean): RunStep {
    const { code } = parser;
    const reply = parser.reply('content');
    if (code >= 400) this.#contentRefused(reply, hasOthers);
    else if (code >= 300) return 'unexpected';
    // RFC 2033 4.2: the reply is about one recipient, so Cyrus says 2.1.5.
    else if (hasOthers && isOfCommand(reply) && !(this.#repliesPerRecipient && reply.enhanced === '2.1.5'))
      return 'unexpected';
    else if (this.#repliesPerRecipient) this.outcomes.answerNext(reply);
    else this.outcomes.deliverRest(reply);
    if (this.outcomes.undecided > 0) return 'wait';
    return code >= 400 ? 'reset' : 'over';
  }

  #chunkAnswered(parser: ReplyParser, hasOthers: boolean): RunStep {
    const { code } = parser;
    const isForSomebody = this.outcomes.undecided > 0;
    if (code < 300) {
      if (!isForSomebody) return this.#isMailRefused && this.#isAnyAccepted ? 'confused' : 'reset';
      const reply = parser.reply('content');
      if (hasOthers && isOfCommand(reply)) return 'unexpected';
      this.outcomes.deliverRest(reply);
      return 'over';
    }
    if (code < 400) return 'unexpected';
    const reply = parser.reply('content');
    if (isForSomebody && (code === 500 || code === 502)) return 'noBdat';
    this.#contentRefused(reply, hasOthers);
    // RFC 3030 2: after a chunk that failed the state is indeterminate, and RSET is required.
    return 'reset';
  }

  #contentRefused(reply: RemoteReply, hasOthers: boolean): void {
    if (this.#repliesPerRecipient) this.outcomes.answerNext(reply);
    else this.#refuseRest(reply, this.isBehind || hasOthers ? 'content' : 'no');
  }

  /** @param countable - what the server may have lost count at; only where several transactions were on the way */
  #refuseRest(reply: RemoteReply, countable: TransactionRun['lostCount']): void {
    if (countable !== 'no' && this.outcomes.undecided > 0 && saysLostCount(reply)) {
      this.lostCount = countable;
      this.outcomes.refuseRest(reply, 'tempfail');
    } else this.outcomes.refuseRest(reply);
  }

  /** False when there is none. */
  #moveToNextRecipient(): boolean {
    do this.#recipient++;
    while (this.#notSent?.has(this.#recipient));
    return this.#recipient < this.#transaction.recipients.length;
  }

  #mailCommand(): string {
    return mailCommand(this.#transaction, this.#extensions, this.#useUtf8);
  }

  /** The RCPT command of the current recipient. */
  #rcptCommand(): string {
    const recipient = this.#transaction.recipients[this.#recipient];
    return recipient === undefined ? '' : rcptCommand(recipient, this.#extensions, this.#useUtf8);
  }
}
