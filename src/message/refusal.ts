// A refusal: who did not take mail, at which step, with which code and text. It is made where the refusal happens, and stays a
// value up to the journal, the report and the log. Promises: its lines are bounded in number and length and have no control
// characters; the text of a server is never taken for our own.

import { oneLine } from '../protocol/smtp/client/reply-parser.ts';
import type { HopEndpoint } from '../values/hop-endpoint.ts';
import type { RemoteReply, RepliedCommand } from '../protocol/smtp/client/client-types.ts';

/** A server as it was connected to. */
export interface Peer {
  /** Name of the MX host or smarthost; of a Unix-domain socket the text of the endpoint. */
  readonly host: string;
  readonly endpoint: HopEndpoint;
}

/** Who refused. */
export type RefusedBy =
  /** This system: the text is ours, and no server was asked. */
  | { readonly kind: 'local' }
  /** This system, because the stored message is damaged; the text says how. */
  | { readonly kind: 'damage' }
  /** Nobody: the connection to this server failed, broke, timed out or violated the protocol. The text is ours. */
  | ({ readonly kind: 'connection' } & RefusingServer)
  /** This server, by a reply. The text is the server's. */
  | ({ readonly kind: 'remote' } & RefusingServer);

export interface RefusingServer {
  readonly host: string;
  /** IP address; empty, with port 0, for a server at a Unix-domain socket. */
  readonly address: string;
  readonly port: number;
}

/**
 * The step at which mail was refused: the command that was or would have been answered (`connect` means the greeting, `content`
 * the end of the content), or a step of this system.
 */
export type RefusedStep = RepliedCommand | 'routing' | 'storage' | 'queue';

export interface Refusal {
  readonly by: RefusedBy;
  readonly during: RefusedStep;
  /** Reply code (RFC 5321 4.2), 400 to 599; 0: there is none, as for a connection that failed. */
  readonly code: number;
  /** Enhanced status code (RFC 3463), e.g. `5.1.1`; empty when there is none. */
  readonly enhanced: string;
  /** At most `maxRefusalLines`, with at most `maxRefusalCharacters` in all. */
  readonly lines: readonly string[];
  /** Trying again is useless. It may differ from the code: by RFC 5321 4.5.3.1.10, or because a reaction says so. */
  readonly permanent: boolean;
}

/** Most lines of one refusal; further lines of a server are left out. */
export const maxRefusalLines = 32;
/** Most UTF-16 code units in all lines of one refusal. */
export const maxRefusalCharacters = 1000;
/** RFC 1035 2.3.4: no name is longer, with its final dot. */
const maxHostCharacters = 255;
/** An IPv6 address with a zone is shorter. */
const maxAddressCharacters = 64;

/** The parts of a refusal that this system makes. */
export interface LocalReason {
  readonly during: RefusedStep;
  /** 0: none. */
  readonly code: number;
  readonly enhanced: string;
  readonly text: string;
  readonly permanent: boolean;
}

/** This system refuses: a route, a check before anything was sent, an operator, the end of a lifetime. */
export function localRefusal({ during, code, enhanced, text, permanent }: LocalReason): Refusal {
  return { by: { kind: 'local' }, during, code, enhanced, lines: boundedLines([text]), permanent };
}

/** A temporary fault of this system (RFC 3463 3.4, 4.3.0). */
export function localFault(during: RefusedStep, text: string): Refusal {
  return localRefusal({ during, code: 451, enhanced: '4.3.0', text, permanent: false });
}

/**
 * The stored message is damaged, so it cannot be delivered now. RFC 3463 3.4, 4.3.0: a fault of this system, which an
 * operator may mend, and not of the recipient.
 * @param why - what is damaged
 */
export function damageRefusal(why: string): Refusal {
  const lines = boundedLines([why]);
  return { by: { kind: 'damage' }, during: 'storage', code: 451, enhanced: '4.3.0', lines, permanent: false };
}

/**
 * The connection to a server failed.
 * @param text - our description of the failure
 * @param enhanced - where the step does not say enough. RFC 3463 3.5: X.4.1 no answer from the host, X.4.2 bad connection.
 */
export function connectionRefusal(
  peer: Peer,
  during: RefusedStep,
  text: string,
  enhanced = during === 'connect' ? '4.4.1' : '4.4.2',
): Refusal {
  const by = { kind: 'connection', ...serverOf(peer) } as const;
  return { by, during, code: 0, enhanced, lines: boundedLines([text]), permanent: false };
}

/** The server of a refusal by a reply or a failed connection; undefined for one of our own. */
export function peerOf({ by }: Refusal): RefusingServer | undefined {
  return by.kind === 'remote' || by.kind === 'connection' ? by : undefined;
}

/** The damage of the stored message; undefined when that was not the reason. */
export function damageOf({ by, lines }: Refusal): string | undefined {
  return by.kind === 'damage' ? lines.join(' ') : undefined;
}

/** A server refused by a reply. @param permanent - as its code says (RFC 5321 4.2.1), unless the protocol knows better */
export function remoteRefusal(
  peer: Peer,
  reply: Pick<RemoteReply, 'code' | 'enhanced' | 'lines' | 'command'>,
  permanent: boolean,
): Refusal {
  const { code, enhanced, lines, command } = reply;
  const by = { kind: 'remote', ...serverOf(peer) } as const;
  return { by, during: command, code, enhanced, lines: boundedLines(lines), permanent };
}

/** How a refusal names a server. */
export function serverOf({ host, endpoint }: Peer): RefusingServer {
  const isTcp = endpoint.kind === 'tcp';
  return {
    host: oneLine(host.slice(0, maxHostCharacters).toWellFormed()),
    address: isTcp ? oneLine(endpoint.ip.slice(0, maxAddressCharacters).toWellFormed()) : '',
    port: isTcp ? endpoint.port : 0,
  };
}

/** Lines without control characters and without empty ones, cut to what a refusal may hold. */
function boundedLines(lines: readonly string[]): readonly string[] {
  const kept: string[] = [];
  let left = maxRefusalCharacters;
  for (const line of lines) {
    if (kept.length === maxRefusalLines || left === 0) break;
    const text = oneLine(line.slice(0, left).toWellFormed());
    if (text === '') continue;
    kept.push(text);
    left -= text.length;
  }
  return kept;
}
