// The binary form of an envelope: flags, then strings in UTF-8 with a 16-bit length (docs/spool-format.md). Queue id and time of
// acceptance are in the record's header, and so is the version (`envelope-version.ts`).

import type { DsnNotify, Envelope, EnvelopeRecipient } from '../../message/envelope.ts';
import type { TlsDemand } from '../../values/tls-policy.ts';
import { SpoolError } from '../spool-error.ts';

/** How the message came, by its number; `notice` since version 3. */
const viaWords = ['smtp', 'sendmail', 'bounce', 'notice', 'lmtp'] as const;
const retWords = [undefined, 'FULL', 'HDRS'] as const;

/** The second byte has how the message came, and since version 6 in its upper bits what it asks for about TLS. */
const viaBits = 0x07;
/** Since version 14: no alias is looked up for the recipients. */
const expanded = 0x08;
/** Since version 10: delimiters follow. */
const verpGiven = 0x10;
/** Since version 12: the user follows. */
const userGiven = 0x20;
const demandShift = 6;
const demandWords = [undefined, 'requiretls', 'tls-required-no'] as const;

const flag8bitmime = 1;
const flagSmtputf8 = 2;
const retShift = 2;
const flagEnvid = 16;
/** Since version 2. */
const flagTenant = 32;
/** Since version 2: a byte, two's complement. */
const flagPriority = 64;
/** Since version 4: an older Sluice would deliver the message. */
const flagQuarantine = 128;

const notifyGiven = 1;
const notifyNever = 2;
const notifySuccess = 4;
const notifyFailure = 8;
const notifyDelay = 16;
const orcptGiven = 32;
/** An older Sluice takes it for a recipient whose failure nobody wants to hear of, which is close enough. */
const copyGiven = 64;
/** Since version 8: the name of a route follows. */
const routeGiven = 128;

/** An upper bound of the encoded length in bytes. */
export function envelopeBound(envelope: Envelope): number {
  const { origin } = envelope;
  let bound = 16 + 3 * (envelope.reversePath.length + origin.clientAddress.length + origin.helo.length);
  if (envelope.envelopeId !== undefined) bound += 2 + 3 * envelope.envelopeId.length;
  if (envelope.tenant !== undefined) bound += 2 + 3 * envelope.tenant.length;
  if (envelope.verp !== undefined) bound += 2 + 3 * envelope.verp.length;
  if (envelope.user !== undefined) bound += 2 + 3 * envelope.user.length;
  if (envelope.quarantine !== undefined) bound += 2 + 3 * envelope.quarantine.length;
  for (const recipient of envelope.recipients) {
    bound += 5 + 3 * recipient.address.length;
    if (recipient.originalRecipient !== undefined) bound += 3 * recipient.originalRecipient.length;
    if (recipient.route !== undefined) bound += 2 + 3 * recipient.route.length;
  }
  return bound;
}

function putString(buffer: Buffer, at: number, text: string): number {
  const length = buffer.write(text, at + 2, 'utf8');
  if (length > 0xffff) {
    throw new SpoolError(
      'SPOOL_BAD_ENVELOPE',
      `an envelope string of ${length} bytes is too long to be stored`,
    );
  }
  buffer[at] = length & 255;
  buffer[at + 1] = length >>> 8;
  return at + 2 + length;
}

/**
 * Writes the envelope. The buffer must have room for `envelopeBound` bytes from `at`.
 * @returns the position after the envelope
 */
export function encodeEnvelope(envelope: Envelope, buffer: Buffer, at: number): number {
  const { origin, recipients, envelopeId, tenant = '', priority, quarantine, verp, user } = envelope;
  let flags = retWords.indexOf(envelope.ret) << retShift;
  if (envelope.body === '8BITMIME') flags |= flag8bitmime;
  if (envelope.smtpUtf8) flags |= flagSmtputf8;
  if (envelopeId !== undefined) flags |= flagEnvid;
  if (tenant !== '') flags |= flagTenant;
  if (priority !== undefined) flags |= flagPriority;
  if (quarantine !== undefined) flags |= flagQuarantine;
  buffer[at] = flags;
  const given =
    (verp === undefined ? 0 : verpGiven) |
    (user === undefined ? 0 : userGiven) |
    (envelope.isExpanded === true ? expanded : 0);
  buffer[at + 1] =
    viaWords.indexOf(origin.via) | given | (demandWords.indexOf(envelope.tlsDemand) << demandShift);
  let position = putString(buffer, at + 2, envelope.reversePath);
  position = putString(buffer, position, origin.clientAddress);
  position = putString(buffer, position, origin.helo);
  if (envelopeId !== undefined) position = putString(buffer, position, envelopeId);
  if (tenant !== '') position = putString(buffer, position, tenant);
  if (priority !== undefined) position = buffer.writeInt8(priority, position);
  if (quarantine !== undefined) position = putString(buffer, position, quarantine);
  if (verp !== undefined) position = putString(buffer, position, verp);
  if (user !== undefined) position = putString(buffer, position, user);
  for (const recipient of recipients) {
    buffer[position] = recipientFlags(recipient);
    position = putString(buffer, position + 1, recipient.address);
    if (recipient.originalRecipient !== undefined) {
      position = putString(buffer, position, recipient.originalRecipient);
    }
    if (recipient.route !== undefined) position = putString(buffer, position, recipient.route);
  }
  return position;
}

function recipientFlags(recipient: EnvelopeRecipient): number {
  const { notify } = recipient;
  let flags = recipient.originalRecipient === undefined ? 0 : orcptGiven;
  if (recipient.isCopy === true) flags |= copyGiven;
  if (recipient.route !== undefined) flags |= routeGiven;
  if (notify !== undefined) {
    flags |= notifyGiven;
    if (notify.never) flags |= notifyNever;
    if (notify.success) flags |= notifySuccess;
    if (notify.failure) flags |= notifyFailure;
    if (notify.delay) flags |= notifyDelay;
  }
  return flags;
}

/** The fields of an envelope that are in the record's header. */
export interface EnvelopeFacts {
  readonly queueId: string;
  readonly receivedAtMs: number;
  readonly recipients: number;
}

/**
 * Reads an envelope from `at`, not past `end`.
 * @throws {SpoolError} `SPOOL_CORRUPT` when the strings do not fit. This is nearly impossible after a
 * checksum that matches.
 */
export function decodeEnvelope(buffer: Buffer, at: number, end: number, facts: EnvelopeFacts): Envelope {
  let position = at + 2;
  const takeString = (): string => {
    const length = (buffer[position] ?? 0) | ((buffer[position + 1] ?? 0) << 8);
    const start = position + 2;
    position = start + length;
    if (position > end) {
      throw new SpoolError('SPOOL_CORRUPT', `the stored envelope of message ${facts.queueId} is cut short`);
    }
    return buffer.toString('utf8', start, position);
  };
  const flags = buffer[at] ?? 0;
  const way = buffer[at + 1] ?? 0;
  const via = viaWords[way & viaBits] ?? 'smtp';
  const tlsDemand = demandOf(way);
  const reversePath = takeString();
  const clientAddress = takeString();
  const helo = takeString();
  const envelopeId = flags & flagEnvid ? takeString() : undefined;
  const tenant = flags & flagTenant ? takeString() : undefined;
  const priority = flags & flagPriority ? signed(buffer[position++]) : undefined;
  const quarantine = flags & flagQuarantine ? takeString() : undefined;
  const verp = way & verpGiven ? takeString() : undefined;
  const user = way & userGiven ? takeString() : undefined;
  const recipients: EnvelopeRecipient[] = [];
  for (let index = 0; index < facts.recipients; index++) {
    const given = buffer[position] ?? 0;
    position++;
    const address = takeString();
    const originalRecipient = given & orcptGiven ? takeString() : undefined;
    const route = given & routeGiven ? takeString() : undefined;
    recipients.push({
      address,
      ...(given & copyGiven ? { isCopy: true as const } : undefined),
      ...(given & notifyGiven ? { notify: notifyOf(given) } : undefined),
      ...(originalRecipient === undefined ? undefined : { originalRecipient }),
      ...(route === undefined ? undefined : { route }),
    });
  }
  const ret = retWords[(flags >>> retShift) & 3];
  return {
    queueId: facts.queueId,
    receivedAtMs: facts.receivedAtMs,
    reversePath,
    recipients,
    body: flags & flag8bitmime ? '8BITMIME' : '7BIT',
    smtpUtf8: (flags & flagSmtputf8) !== 0,
    ...(ret === undefined ? undefined : { ret }),
    ...(envelopeId === undefined ? undefined : { envelopeId }),
    ...(tenant === undefined ? undefined : { tenant }),
    ...(priority === undefined ? undefined : { priority }),
    ...(quarantine === undefined ? undefined : { quarantine }),
    ...(tlsDemand === undefined ? undefined : { tlsDemand }),
    ...(verp === undefined ? undefined : { verp }),
    ...(user === undefined ? undefined : { user }),
    ...(way & expanded ? { isExpanded: true as const } : undefined),
    origin: { via, clientAddress, helo },
  };
}

/** The part of an envelope that scheduling needs. */
export interface EnvelopeOutline {
  readonly reversePath: string;
  readonly addresses: readonly string[];
  /** The numbers of those that get copies; undefined when there is none. */
  readonly copies: readonly number[] | undefined;
  /** The names of the routes that stages chose, by the number of the recipient; undefined when there is none. */
  readonly routes: readonly (string | undefined)[] | undefined;
  readonly body: Envelope['body'];
  readonly smtpUtf8: boolean;
  readonly tenant: string | undefined;
  readonly priority: number | undefined;
  readonly quarantine: string | undefined;
  readonly tlsDemand: TlsDemand | undefined;
  readonly verp: string | undefined;
  readonly user: string | undefined;
}

/**
 * Reads only what scheduling needs, because recovery does this for each waiting message, of which there may be millions.
 * @throws {SpoolError} `SPOOL_CORRUPT` as `decodeEnvelope`.
 */
export function decodeOutline(buffer: Buffer, at: number, end: number, recipients: number): EnvelopeOutline {
  let position = at + 2;
  const skip = (): number => {
    const start = position + 2;
    position = start + ((buffer[position] ?? 0) | ((buffer[position + 1] ?? 0) << 8));
    if (position > end) throw new SpoolError('SPOOL_CORRUPT', 'a stored envelope is cut short');
    return start;
  };
  const take = (): string => {
    const start = skip();
    return buffer.toString('utf8', start, position);
  };
  const flags = buffer[at] ?? 0;
  const way = buffer[at + 1] ?? 0;
  const reversePath = take();
  skip();
  skip();
  if (flags & flagEnvid) skip();
  const tenant = flags & flagTenant ? take() : undefined;
  const priority = flags & flagPriority ? signed(buffer[position++]) : undefined;
  const quarantine = flags & flagQuarantine ? take() : undefined;
  const verp = way & verpGiven ? take() : undefined;
  const user = way & userGiven ? take() : undefined;
  const addresses: string[] = [];
  let copies: number[] | undefined;
  let routes: (string | undefined)[] | undefined;
  for (let index = 0; index < recipients; index++) {
    const given = buffer[position] ?? 0;
    position++;
    addresses.push(take());
    if (given & orcptGiven) skip();
    if (given & routeGiven) {
      (routes ??= Array.from({ length: recipients }, () => undefined))[index] = take();
    }
    if (given & copyGiven) (copies ??= []).push(index);
  }
  return {
    reversePath,
    addresses,
    copies,
    routes,
    body: flags & flag8bitmime ? '8BITMIME' : '7BIT',
    smtpUtf8: (flags & flagSmtputf8) !== 0,
    tenant,
    priority,
    quarantine,
    tlsDemand: demandOf(way),
    verp,
    user,
  };
}

function demandOf(byte: number): TlsDemand | undefined {
  return demandWords[byte >>> demandShift];
}

/** Reads a byte as a signed number in two's complement. */
function signed(byte = 0): number {
  return (byte << 24) >> 24;
}

function notifyOf(flags: number): DsnNotify {
  return {
    never: (flags & notifyNever) !== 0,
    success: (flags & notifySuccess) !== 0,
    failure: (flags & notifyFailure) !== 0,
    delay: (flags & notifyDelay) !== 0,
  };
}
