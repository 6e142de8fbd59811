// Looks at the TLS of a mail server from outside, as another mail server would: connects, asks for STARTTLS unless TLS comes first,
// and returns what was agreed and which certificates were shown. It checks nothing itself but the order of SMTP (RFC 3207).

import type { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { connect, isIP, type Socket } from 'node:net';
import * as tls from 'node:tls';
import { ReplyParser } from '../protocol/smtp/client/reply-parser.ts';
import { formatRelayHost, type RelayHost } from '../values/endpoint.ts';
import { CommandError, exitCodes } from './exit-codes.ts';
import { probeFailure, type ProbeStep } from './tls-probe-failure.ts';

/** A server that does not answer for this long is given up, for each step. */
const timeoutMs = 30_000;
const maxReplyBytes = 64 * 1024;

/** What a server has shown. */
export interface TlsProbe {
  /** Its address. */
  readonly address: string;
  readonly version: string;
  readonly cipher: string;
  /** Group of the key exchange; empty where Node does not tell. */
  readonly group: string;
  /** As they were sent, the server's first; a root that completes the chain may follow from the authorities of this system. */
  readonly chain: readonly X509Certificate[];
  /** What OpenSSL says of the chain, by the authorities of this system; empty: it is valid. */
  readonly chainProblem: string;
}

/**
 * @param host - the server
 * @param name - to ask for (SNI); empty: none
 * @param heloName - of this host
 * @throws {CommandError} `TLS_CHECK_FAILED` when there is no session under TLS
 */
export async function probeTls(host: RelayHost, name: string, heloName: string): Promise<TlsProbe> {
  let step: ProbeStep = 'connecting';
  let socket: Socket = connect({ host: host.host, port: host.port });
  const givenUp = setTimeout(
    () => socket.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)),
    timeoutMs,
  );
  try {
    await once(socket, 'connect');
    const address = socket.remoteAddress ?? '';
    if (host.implicitTls !== true) {
      step = 'asking for STARTTLS';
      givenUp.refresh();
      await startTls(socket, heloName);
    }
    step = 'shaking hands';
    givenUp.refresh();
    const secured = tls.connect({
      socket,
      // It is looked at, and not trusted with anything.
      rejectUnauthorized: false,
      // Names are compared by who asks.
      checkServerIdentity: () => undefined,
      ca: [...tls.getCACertificates('system'), ...tls.getCACertificates('default')],
      ...(name !== '' && isIP(name) === 0 && { servername: name }),
    });
    socket = secured;
    await once(secured, 'secureConnect');
    const seen = seenBy(secured);
    step = 'speaking under TLS';
    givenUp.refresh();
    await takeLeave(secured, heloName, host.implicitTls === true);
    return { address, ...seen };
  } catch (error) {
    const { why, advice } = probeFailure(error, step, host);
    const message = `Looking at the TLS of ${formatRelayHost(host)}, while ${step}: ${why}.`;
    throw new CommandError(exitCodes.failed, 'TLS_CHECK_FAILED', message, advice, { cause: error });
  } finally {
    clearTimeout(givenUp);
    socket.on('error', () => undefined).destroy();
  }
}

async function startTls(socket: Socket, heloName: string): Promise<void> {
  const parser = new ReplyParser(maxReplyBytes);
  await expectReply(socket, parser, 220, 'its greeting');
  socket.write(`EHLO ${heloName}\r\n`);
  await expectReply(socket, parser, 250, 'its reply to EHLO');
  const offered = parser.lines().some((line) => /^STARTTLS\s*$/iu.test(line));
  if (!offered) throw new Error('the server does not offer STARTTLS');
  socket.write('STARTTLS\r\n');
  await expectReply(socket, parser, 220, 'its reply to STARTTLS');
  // RFC 3207 6: what was sent in clear behind the reply must not count as said under TLS.
  if (parser.unreadBytes > 0)
    throw new Error('the server sent something in clear behind its reply to STARTTLS');
}

/** Ends the session in order, so that the server does not take this for a handshake that failed. */
async function takeLeave(socket: Socket, heloName: string, isGreeted: boolean): Promise<void> {
  const parser = new ReplyParser(maxReplyBytes);
  if (isGreeted) await expectReply(socket, parser, 220, 'its greeting');
  socket.write(`EHLO ${heloName}\r\n`);
  await expectReply(socket, parser, 250, 'its reply to EHLO');
  socket.write('QUIT\r\n');
  await expectReply(socket, parser, 221, 'its reply to QUIT');
  socket.end();
}

async function expectReply(socket: Socket, parser: ReplyParser, code: number, what: string): Promise<void> {
  while (!parser.next()) {
    if (parser.error !== '') throw new Error(`${what} has ${parser.error}`);
    const chunk = socket.read() as Buffer | null;
    if (chunk !== null) parser.push(chunk);
    else if (socket.readableEnded) throw new Error(`the server closed the connection before ${what}`);
    else await Promise.race([once(socket, 'readable'), once(socket, 'end')]);
  }
  if (parser.code !== code) throw new Error(`${what} is ${parser.code}`);
}

function seenBy(socket: tls.TLSSocket): Omit<TlsProbe, 'address'> {
  const key = socket.getEphemeralKeyInfo();
  const chain: X509Certificate[] = [];
  let next = socket.getPeerX509Certificate();
  while (next !== undefined && !chain.some(({ fingerprint256 }) => fingerprint256 === next?.fingerprint256)) {
    chain.push(next);
    next = next.issuerCertificate;
  }
  return {
    version: socket.getProtocol() ?? '',
    cipher: socket.getCipher().name,
    group: key !== null && 'name' in key && typeof key.name === 'string' ? key.name : '',
    chain,
    chainProblem: socket.authorized ? '' : String(socket.authorizationError),
  };
}
