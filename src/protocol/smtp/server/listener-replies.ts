// The replies with the name of this host or its extensions. They are encoded once for all sessions with the same options.

import type { Buffer } from 'node:buffer';
import { xclientKeyword, xforwardKeyword } from './front-end-commands.ts';
import { offeredMechanisms } from './auth-commands.ts';
import type { FixedReply } from './replies.ts';
import { encodeReply, fixedReply } from './replies.ts';
import type { ServerSessionOptions } from './server-types.ts';
import { type SessionFacts, dialectOf, takesRequireTls } from './session-facts.ts';

type ConnectionFacts = Pick<SessionFacts, 'options' | 'isSecure' | 'isBindable' | 'isIdentified'>;
type HelloFacts = ConnectionFacts & Pick<SessionFacts, 'leniency' | 'maxMessageBytes'>;

interface ExtendedHello {
  readonly reply: Buffer;
  readonly keywords: readonly string[];
}

/** By what log-ins may use of the connection. */
interface ByLogIns {
  readonly usual: ExtendedHello;
  readonly bindable: ExtendedHello;
  readonly identified: ExtendedHello;
  readonly both: ExtendedHello;
}

export interface ListenerReplies {
  readonly greeting: Buffer;
  readonly helo: Buffer;
  /** The extensions in clear. */
  readonly ehlo: ExtendedHello;
  /** Under TLS. */
  readonly secureEhlo: ByLogIns;
  readonly bye: FixedReply;
  readonly tooManyErrors: FixedReply;
  readonly tooManyTransactions: FixedReply;
  readonly wrongProtocol: FixedReply;
  readonly behindStartTls: FixedReply;
  readonly proxyHeader: FixedReply;
}

const repliesByOptions = new WeakMap<ServerSessionOptions, ListenerReplies>();

/** The replies for these options; the options must not change afterwards. */
export function listenerReplies(options: ServerSessionOptions): ListenerReplies {
  let replies = repliesByOptions.get(options);
  if (replies === undefined) {
    replies = makeReplies(options);
    repliesByOptions.set(options, replies);
  }
  return replies;
}

/** The answer to an accepted EHLO or HELO. @param text - added after our name */
export function helloReply(facts: HelloFacts, extended: boolean, text: string | undefined): Buffer {
  const { options, leniency, maxMessageBytes } = facts;
  const { xclient, xforward, xverp } = leniency;
  const replies = listenerReplies(options);
  const { reply, keywords } = ehloOf(replies, facts);
  const isFrontEnd = xclient === true || xforward === true || xverp === true;
  const isUsual = !isFrontEnd && maxMessageBytes === options.maxMessageBytes;
  if (text === undefined && (isUsual || !extended)) return extended ? reply : replies.helo;
  const lines = [text === undefined ? options.hostname : `${options.hostname} ${text}`];
  if (extended && xclient === true) lines.push(xclientKeyword);
  if (extended && xforward === true) lines.push(xforwardKeyword);
  if (extended && xverp === true) lines.push('XVERP');
  if (extended) for (const each of keywords) lines.push(isSize(each) ? sizeKeyword(maxMessageBytes) : each);
  return encodeReply(250, undefined, lines, false);
}

function isSize(keyword: string): boolean {
  return /^SIZE\b/u.test(keyword);
}

/** RFC 1870 4. @param maxMessageBytes - 0 for no limit */
function sizeKeyword(maxMessageBytes: number): string {
  return maxMessageBytes > 0 ? `SIZE ${maxMessageBytes}` : 'SIZE';
}

function ehloOf(
  { ehlo, secureEhlo }: ListenerReplies,
  { isSecure, isBindable, isIdentified }: ConnectionFacts,
): ExtendedHello {
  if (!isSecure) return ehlo;
  const { usual, bindable, identified, both } = secureEhlo;
  if (isIdentified) return isBindable ? both : identified;
  return isBindable ? bindable : usual;
}

function makeReplies(options: ServerSessionOptions): ListenerReplies {
  const { hostname } = options;
  return {
    greeting: encodeReply(220, undefined, `${hostname} ${options.greeting ?? 'ESMTP Sluice'}`, false),
    helo: encodeReply(250, undefined, hostname, false),
    ehlo: extendedHello({ options, isSecure: false, isBindable: false, isIdentified: false }),
    secureEhlo: {
      usual: extendedHello({ options, isSecure: true, isBindable: false, isIdentified: false }),
      bindable: extendedHello({ options, isSecure: true, isBindable: true, isIdentified: false }),
      identified: extendedHello({ options, isSecure: true, isBindable: false, isIdentified: true }),
      both: extendedHello({ options, isSecure: true, isBindable: true, isIdentified: true }),
    },
    bye: fixedReply(221, '2.0.0', `${hostname} closing the connection`),
    tooManyErrors: fixedReply(421, '4.7.0', `${hostname} Too many errors, closing the connection`),
    tooManyTransactions: fixedReply(
      421,
      '4.7.0',
      `${hostname} Too many messages in one session, closing the connection`,
    ),
    wrongProtocol: fixedReply(
      421,
      '4.7.0',
      `${hostname} This port speaks ${dialectOf(options).name}, not HTTP and not TLS from the start; closing the connection`,
    ),
    proxyHeader: fixedReply(
      421,
      '4.7.0',
      `${hostname} No PROXY header is taken from your address, closing the connection`,
    ),
    behindStartTls: fixedReply(
      421,
      '4.7.0',
      `${hostname} Something followed STARTTLS before its reply, closing the connection`,
    ),
  };
}

function extendedHello(facts: ConnectionFacts): ExtendedHello {
  const keywords = ehloKeywords(facts);
  return { reply: encodeReply(250, undefined, [facts.options.hostname, ...keywords], false), keywords };
}

/** RFC 5321 4.1.1.1; ENHANCEDSTATUSCODES by RFC 2034. */
function ehloKeywords(facts: ConnectionFacts): string[] {
  const { options, isSecure } = facts;
  const { extensions } = options;
  const keywords: string[] = [];
  if (extensions.pipelining) keywords.push('PIPELINING');
  if (extensions.size) keywords.push(sizeKeyword(options.maxMessageBytes));
  if (extensions.eightBitMime) keywords.push('8BITMIME');
  if (extensions.smtpUtf8) keywords.push('SMTPUTF8');
  keywords.push('ENHANCEDSTATUSCODES');
  if (extensions.dsn) keywords.push('DSN');
  if (extensions.chunking) keywords.push('CHUNKING');
  // RFC 6710 3: no priority assignment policy is named; all 19 priorities differ.
  if (extensions.mtPriority === true) keywords.push('MT-PRIORITY');
  if (takesRequireTls(options, isSecure)) keywords.push('REQUIRETLS');
  // RFC 3207 4.2: it is not offered again under TLS.
  if (options.startTls !== undefined && !isSecure) keywords.push('STARTTLS');
  if (options.etrn === true) keywords.push('ETRN');
  const mechanisms = offeredMechanisms(facts);
  if (mechanisms.length > 0) keywords.push(`AUTH ${mechanisms.join(' ')}`);
  keywords.push('HELP');
  return keywords;
}
