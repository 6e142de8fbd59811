// Decides what follows from a line in the present state of the session (RFC 5321 4.1.4): a question for the caller, a reply, or an
// action of the session. It changes no state.

import { judgeAuth } from './auth-commands.ts';
import { readBdatArguments } from './bdat-arguments.ts';
import type { CommandLineReader, LineVerdict } from './command-line-reader.ts';
import { Verb, verbOf } from './command-verb.ts';
import { judgeEtrn } from './etrn-command.ts';
import { fixedAnswer } from './fixed-answer.ts';
import { readXclient, readXforward } from './front-end-commands.ts';
import { isForeignLine, isProxyHeader, isRequestWithVerb } from './foreign-line.ts';
import { listenerReplies } from './listener-replies.ts';
import { judgeMalformed } from './malformed-line.ts';
import { endsAt } from './parameters.ts';
import type { FixedReply } from './replies.ts';
import { Replies } from './replies.ts';
import type { ServerEvent } from './server-types.ts';
import type { SessionFacts } from './session-facts.ts';
import type { Chunk } from './transaction.ts';
import { readHello, readMail, readRcpt } from './transaction-commands.ts';

/** Events that need `accept` or `reject`. */
export type Question = Extract<
  ServerEvent,
  {
    readonly kind:
      | 'hello'
      | 'unrecognized'
      | 'starttls'
      | 'auth'
      | 'response'
      | 'xclient'
      | 'xforward'
      | 'mail'
      | 'rcpt'
      | 'data'
      | 'end'
      | 'vrfy'
      | 'etrn';
  }
>;

/** A FixedReply, which has no `kind`, is sent unchanged. */
export type CommandVerdict =
  | FixedReply
  | Question
  /** Valid RSET and QUIT. */
  | { readonly kind: 'reset' }
  | { readonly kind: 'quit' }
  /** A chunk follows. With a refusal, the chunk is read and dropped before this reply is sent (RFC 3030 2). */
  | { readonly kind: 'chunk'; readonly chunk: Chunk; readonly refusal: FixedReply | undefined }
  /** The reply that ends the session: no more input is read. */
  | { readonly kind: 'close'; readonly reply: FixedReply };

export const data: Question = { kind: 'data' };
export const endOfContent: Question = { kind: 'end' };
const startTls: Question = { kind: 'starttls' };
const reset: CommandVerdict = { kind: 'reset' };
const quit: CommandVerdict = { kind: 'quit' };

/**
 * Judges a line, a malformed line, or input of another protocol.
 * @param verdict - the verdict with which `lines` read it
 */
export function judgeLine(
  verdict: Exclude<LineVerdict, 'none'>,
  lines: CommandLineReader,
  facts: SessionFacts,
): CommandVerdict {
  switch (verdict) {
    case 'line':
      return judgeCommand(lines, facts);
    case 'bare':
      // What follows a bare newline may be a message that another server took for content (SMTP smuggling): it is not read.
      return { kind: 'close', reply: Replies.bareNewline };
    case 'tls':
      return wrongProtocol(facts);
    default: {
      const judged = judgeMalformed(verdict, lines.bytes, lines.start, lines.end);
      if (judged.kind === 'foreign') return wrongProtocol(facts);
      if (judged.kind === 'proxy') return proxyHeader(facts);
      return judged.kind === 'ends' ? { kind: 'close', reply: judged.reply } : judged.reply;
    }
  }
}

function wrongProtocol({ options }: SessionFacts): CommandVerdict {
  return { kind: 'close', reply: listenerReplies(options).wrongProtocol };
}

function proxyHeader({ options }: SessionFacts): CommandVerdict {
  return { kind: 'close', reply: listenerReplies(options).proxyHeader };
}

function judgeCommand(lines: CommandLineReader, facts: SessionFacts): CommandVerdict {
  const { bytes, start, end } = lines;
  const verb = verbOf(bytes, start, end);
  const isForeign =
    verb === 0
      ? isForeignLine(lines.text(0))
      : isRequestWithVerb(bytes, start, end, verb === Verb.mail || verb === Verb.rcpt);
  if (isForeign) return wrongProtocol(facts);
  // What follows would count as said by the balancer itself, which may be allowed to relay.
  if (verb === 0 && isProxyHeader(lines.text(0))) {
    return proxyHeader(facts);
  }
  if (facts.needsTls && !isPossibleInClear(verb)) return Replies.tlsFirst;
  switch (verb) {
    case Verb.mail:
      return judgeMail(lines, facts);
    case Verb.rcpt:
      return judgeRcpt(lines, facts);
    case Verb.data:
      return judgeData(lines, facts);
    case Verb.bdat:
      return judgeBdat(lines, facts);
    case Verb.ehlo:
    case Verb.helo:
    case Verb.lhlo:
      return judgeHello(verb, lines, facts);
    case Verb.starttls:
      return judgeStartTls(lines, facts);
    case Verb.auth:
      return judgeAuth(lines, facts);
    case Verb.xclient:
    case Verb.xforward:
      return judgeFrontEnd(verb, lines, facts);
    case Verb.rset:
      return hasNoArgument(lines, 4) ? reset : Replies.noArgument;
    case Verb.quit:
      return hasNoArgument(lines, 4) ? quit : Replies.noArgument;
    case Verb.vrfy:
      return judgeVrfy(lines, facts);
    case Verb.etrn:
      return facts.options.etrn === true ? judgeEtrn(lines.text(4), facts) : otherwise(verb, lines, facts);
    default:
      return otherwise(verb, lines, facts);
  }
}

function otherwise(
  verb: number,
  lines: CommandLineReader,
  { options, dialect }: SessionFacts,
): CommandVerdict {
  const answer = fixedAnswer(verb, dialect);
  const isTold = answer === Replies.unrecognized && options.tellsUnrecognized === true;
  return isTold ? { kind: 'unrecognized', line: lines.text(0) } : answer;
}

function judgeHello(
  verb: number,
  lines: CommandLineReader,
  { dialect, leniency }: SessionFacts,
): CommandVerdict {
  if (verb === dialect.extendedHello) return readHello(lines.text(4), true, leniency);
  if (verb === dialect.plainHello) return readHello(lines.text(4), false, leniency);
  return dialect.foreignHello;
}

/** RFC 3207 4. */
function judgeStartTls(
  lines: CommandLineReader,
  { options, dialect, transaction, saidHello, isSecure }: SessionFacts,
): CommandVerdict {
  if (options.startTls === undefined) return fixedAnswer(Verb.starttls, dialect);
  if (!hasNoArgument(lines, 8)) return Replies.noArgument;
  if (isSecure) return Replies.tlsAlready;
  // It was not offered yet: RFC 5321 4.1.1.1.
  if (!saidHello) return dialect.helloFirst;
  return transaction.open ? Replies.tlsInTransaction : startTls;
}

/** The answers are those of Postfix's XCLIENT_README and XFORWARD_README. */
function judgeFrontEnd(
  verb: typeof Verb.xclient | typeof Verb.xforward,
  lines: CommandLineReader,
  { leniency, transaction }: SessionFacts,
): CommandVerdict {
  const isXclient = verb === Verb.xclient;
  const isAllowed = isXclient ? leniency.xclient : leniency.xforward;
  if (isAllowed !== true) return Replies.frontEndsOnly;
  if (transaction.open) return Replies.frontEndInTransaction;
  if (isXclient) {
    const facts = readXclient(lines.text(7));
    return 'code' in facts ? facts : { kind: 'xclient', facts };
  }
  const facts = readXforward(lines.text(8));
  return 'code' in facts ? facts : { kind: 'xforward', facts };
}

/**
 * Where TLS is required, RFC 3207 4 leaves NOOP, EHLO, STARTTLS and QUIT. HELO does no harm, and BDAT is refused when its chunk was
 * read.
 */
function isPossibleInClear(verb: number): boolean {
  switch (verb) {
    case Verb.ehlo:
    case Verb.helo:
    case Verb.lhlo:
    case Verb.noop:
    case Verb.starttls:
    case Verb.quit:
    case Verb.bdat:
      return true;
    default:
      return false;
  }
}

function judgeMail(lines: CommandLineReader, facts: SessionFacts): CommandVerdict {
  const { options, dialect, transaction, saidHello, needsClient } = facts;
  if (!saidHello) return dialect.helloFirst;
  if (transaction.open) return Replies.nestedMail;
  if (needsClient) return Replies.xclientFirst;
  const { maxTransactions } = options;
  if (maxTransactions > 0 && transaction.count >= maxTransactions) {
    return { kind: 'close', reply: listenerReplies(options).tooManyTransactions };
  }
  return readMail(lines.text(4), facts);
}

function judgeRcpt(
  lines: CommandLineReader,
  { options, leniency, transaction }: SessionFacts,
): CommandVerdict {
  if (!transaction.open) return Replies.mailFirst;
  if (transaction.byChunks) return Replies.bdatUnderWay;
  const rcpt = readRcpt(lines.text(4), options, leniency, transaction.smtpUtf8);
  // RFC 5321 4.5.3.1.10: 452, so that the client sends the rest in another transaction.
  const isFull = 'kind' in rcpt && transaction.recipients >= options.maxRecipients;
  return isFull ? Replies.tooManyRecipients : rcpt;
}

function judgeData(lines: CommandLineReader, { dialect, transaction }: SessionFacts): CommandVerdict {
  if (!hasNoArgument(lines, 4)) return Replies.noArgument;
  if (transaction.byChunks) return Replies.bdatUnderWay; // RFC 3030 2
  return transaction.contentRefusal(dialect) ?? data;
}

function judgeBdat(lines: CommandLineReader, facts: SessionFacts): CommandVerdict {
  const chunk = readBdatArguments(lines.text(4));
  // The end of the chunk is unknown, so its content could be taken for commands.
  if (chunk === undefined) return { kind: 'close', reply: Replies.bdatSyntax };
  return { kind: 'chunk', chunk, refusal: chunkRefusal(facts) };
}

function chunkRefusal({ options, dialect, transaction, needsTls }: SessionFacts): FixedReply | undefined {
  if (needsTls) return Replies.tlsFirst;
  return options.extensions.chunking ? transaction.contentRefusal(dialect) : Replies.notImplemented;
}

function judgeVrfy(lines: CommandLineReader, { options }: SessionFacts): CommandVerdict {
  const argument = lines.text(4).trim();
  if (argument === '') return Replies.argumentMissing;
  // RFC 5321 3.5.3: 252 where verifying is not offered.
  return options.extensions.vrfy ? { kind: 'vrfy', argument } : Replies.cannotVerify;
}

/** @param verbOctets - the length of the verb */
function hasNoArgument(lines: CommandLineReader, verbOctets: number): boolean {
  return lines.end - lines.start === verbOctets || endsAt(lines.text(verbOctets), 0);
}
