// Looks at the TLS of a mail server from outside, as another mail server would: connects, asks for STARTTLS unless TLS comes first,
// and returns what was agreed and which certificates were shown. What only some mail servers put up with is a remark: Sluice delivers
// in the same ways.

import type { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { connect, type LookupFunction, type Socket } from 'node:net';
import * as tls from 'node:tls';
import { ReplyParser } from '../protocol/smtp/client/reply-parser.ts';
import { classicGroups, helloWasRead } from '../tls/client-hello.ts';
import { withTls13 } from '../values/cipher-list.ts';
import { formatRelayHost, type RelayHost } from '../values/endpoint.ts';
import { CommandError, exitCodes } from './exit-codes.ts';
import { probeFailure, type ProbeStep } from './tls-probe-failure.ts';
import { isIP } from '../values/ip-version.ts';

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
  /** What Sluice puts up with and others may not, each a clause. */
  readonly remarks: readonly string[];
}

export interface ProbeTarget {
  readonly host: RelayHost;
  /** To ask for (SNI); empty: none. */
  readonly name: string;
  /** Of this host. */
  readonly heloName: string;
  /** Finds addresses; not given: as the system does. */
  readonly lookup?: LookupFunction | undefined;
}

/** A way to shake hands. */
interface Way {
  readonly options: tls.ConnectionOptions;
  /** What it means that only this one works. */
  readonly remark?: string;
}

const usual: Way = { options: {} };
const smallHello: Way = {
  options: { ecdhCurve: classicGroups },
  remark:
    'only a client hello that fits into one TCP segment is answered, that is, one without post-quantum key exchange (X25519MLKEM768): look for a firewall that drops larger ones',
};
const oldVersions: Way = {
  options: { minVersion: 'TLSv1', ciphers: withTls13('DEFAULT@SECLEVEL=0'), minDHSize: 1 },
  remark: 'only old versions, ciphers or keys are offered, which most clients refuse',
};

/** OpenSSL has read something that is no TLS. */
const spokeInClear = /WRONG_VERSION_NUMBER|PACKET_LENGTH/;

class StepError extends Error {
  readonly step: ProbeStep;

  constructor(step: ProbeStep, cause: unknown) {
    super(step, { cause });
    this.step = step;
  }

  get code(): string {
    return this.cause instanceof Error && 'code' in this.cause ? String(this.cause.code) : '';
  }
}

/** @throws {CommandError} `TLS_CHECK_FAILED` when there is no session under TLS */
export async function probeTls(target: ProbeTarget): Promise<TlsProbe> {
  try {
    return await probeInSomeWay(target);
  } catch (error) {
    if (!(error instanceof StepError)) throw error;
    const { host } = target;
    const { why, advice } = probeFailure(error.cause, error.step, host);
    const message = `Looking at the TLS of ${formatRelayHost(host)}, while ${error.step}: ${why}.`;
    throw new CommandError(exitCodes.failed, 'TLS_CHECK_FAILED', message, advice, { cause: error.cause });
  }
}

/** A handshake that fails is tried in another way, over a new connection, as Sluice does at level opportunistic. */
async function probeInSomeWay(target: ProbeTarget): Promise<TlsProbe> {
  try {
    return await probeIn(usual, target);
  } catch (error) {
    if (!(error instanceof StepError) || error.step !== 'shaking hands') throw error;
    if (spokeInClear.test(error.code)) throw error;
    // That of the first way says most about the server.
    return await probeIn(helloWasRead(error.code) ? oldVersions : smallHello, target).catch(() => {
      throw error;
    });
  }
}

async function probeIn(way: Way, { heloName, host, lookup, name }: ProbeTarget): Promise<TlsProbe> {
  let step: ProbeStep = 'connecting';
  const remarks = way.remark === undefined ? [] : [way.remark];
  let socket: Socket = connect({ host: host.host, port: host.port, ...(lookup && { lookup }) });
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
      remarks.push(...(await startTls(socket, heloName)));
    }
    step = 'shaking hands';
    givenUp.refresh();
    const secured = tls.connect({
      ...way.options,
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
    remarks.push(...(await takeLeave(secured, heloName, host.implicitTls === true)));
    return { address, ...seen, remarks };
  } catch (error) {
    throw new StepError(step, error);
  } finally {
    clearTimeout(givenUp);
    socket.on('error', () => undefined).destroy();
  }
}

/** @returns remarks */
async function startTls(socket: Socket, heloName: string): Promise<string[]> {
  const parser = new ReplyParser(maxReplyBytes);
  await expectReply(socket, parser, /^220$/u, 'its greeting');
  socket.write(`EHLO ${heloName}\r\n`);
  await expectReply(socket, parser, /^250$/u, 'its reply to EHLO');
  const offered = parser.lines().some((line) => /^STARTTLS\s*$/iu.test(line));
  if (!offered) throw new Error('the server does not offer STARTTLS');
  socket.write('STARTTLS\r\n');
  const code = await expectReply(socket, parser, /^2/u, 'its reply to STARTTLS');
  // RFC 3207 6: what was sent in clear behind the reply must not count as said under TLS.
  if (parser.unreadBytes > 0)
    throw new Error('the server sent something in clear behind its reply to STARTTLS');
  return code === 220 ? [] : [`its reply to STARTTLS is ${code}, and RFC 3207 4 has 220 for it`];
}

/** Ends the session in order, so that the server does not take this for a handshake that failed. @returns remarks */
async function takeLeave(socket: Socket, heloName: string, isGreeted: boolean): Promise<string[]> {
  const parser = new ReplyParser(maxReplyBytes);
  if (isGreeted) await expectReply(socket, parser, /^220$/u, 'its greeting');
  socket.write(`EHLO ${heloName}\r\n`);
  const refusal = await expectReply(socket, parser, /^(?:250|5)/u, 'its reply to EHLO');
  if (refusal !== 250) {
    // RFC 5321 3.2: a server that does not know EHLO.
    socket.write(`HELO ${heloName}\r\n`);
    await expectReply(socket, parser, /^250$/u, 'its reply to HELO');
  }
  socket.write('QUIT\r\n');
  await expectReply(socket, parser, /^221$/u, 'its reply to QUIT');
  socket.end();
  return refusal === 250 ? [] : [`under TLS it answers EHLO with ${refusal}, and takes HELO alone`];
}

/** @returns the code */
async function expectReply(
  socket: Socket,
  parser: ReplyParser,
  codes: RegExp,
  what: string,
): Promise<number> {
  while (!parser.next()) {
    if (parser.error !== '') throw new Error(`${what} has ${parser.error}`);
    const chunk = socket.read() as Buffer | null;
    if (chunk !== null) parser.push(chunk);
    else if (socket.readableEnded) throw new Error(`the server closed the connection before ${what}`);
    else await Promise.race([once(socket, 'readable'), once(socket, 'end')]);
  }
  if (!codes.test(String(parser.code))) throw new Error(`${what} is ${parser.code}`);
  return parser.code;
}

function seenBy(socket: tls.TLSSocket): Omit<TlsProbe, 'address' | 'remarks'> {
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
