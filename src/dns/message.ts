// DNS messages (RFC 1035 4.1): encodes questions and decodes responses. The library dns-packet decodes records; whether a
// response belongs to a question is decided here, from the raw bytes. No response makes these functions throw.

import * as dnsPacket from 'dns-packet';

export type QueryType = 'A' | 'AAAA' | 'MX' | 'TXT' | 'CNAME' | 'TLSA' | 'PTR';

/** What a question offers by EDNS: nothing, larger datagrams, or signatures as well (the DO bit, RFC 3225 3). */
export type EdnsOffer = 'none' | 'plain' | 'dnssec';

/** An encoded question: the bytes to send, and the parts that a response must repeat. */
export interface EncodedQuery {
  readonly id: number;
  readonly bytes: Buffer;
  /** End of the question section in `bytes`. */
  readonly questionEnd: number;
}

/** A resource record as it was sent: of any class, its owner name in any case. */
export type ResponseRecord = dnsPacket.Answer;

export interface ResponseMessage {
  readonly rcode: number;
  readonly authenticated: boolean;
  readonly answers: readonly ResponseRecord[];
  readonly authorities: readonly ResponseRecord[];
  readonly sizeBytes: number;
}

const headerBytes = 12;
/** A UDP answer of this size passes every path without fragmentation (DNS Flag Day 2020; RFC 9715 3.1: at most 1400). */
const udpPayloadBytes = 1232;
/** The same with signatures, which are asked for on the loopback interface only: nothing is fragmented there. */
const signedPayloadBytes = 4096;
/** More records than any mail domain has: bounds the cost of decoding a hostile response. */
const maxRecords = 500;

/** Builds the message for one question; `name` must pass `isQueryable`. */
export function encodeQuery(id: number, name: string, type: QueryType, edns: EdnsOffer): EncodedQuery {
  const bytes = dnsPacket.encode({
    type: 'query',
    id,
    // RFC 6840 5.7: AD in a query asks for the AD bit in the answer, without the signatures that DO would add.
    flags: dnsPacket.RECURSION_DESIRED | dnsPacket.AUTHENTIC_DATA,
    questions: [{ type, name, class: 'IN' }],
    // RFC 6891 6.2.3.
    additionals: edns === 'none' ? [] : [optRecord(edns === 'dnssec')],
  });
  // On the wire a name has one octet more than characters, and the root's octet; type and class follow.
  const questionEnd = headerBytes + name.length + 2 + 4;
  return { id, bytes, questionEnd };
}

function optRecord(signatures: boolean): dnsPacket.OptAnswer {
  return {
    type: 'OPT',
    name: '.',
    udpPayloadSize: signatures ? signedPayloadBytes : udpPayloadBytes,
    extendedRcode: 0,
    ednsVersion: 0,
    flags: signatures ? dnsPacket.DNSSEC_OK : 0,
    flag_do: signatures,
    options: [],
  };
}

/** How a message relates to a query, by its header and question section alone. */
export type ResponseMatch =
  /** Not an answer to this query: go on listening. */
  | 'stranger'
  /** An answer to it, cut short: ask again by TCP. */
  | 'truncated'
  /** An error without a question section, which some servers send; only the id matched. */
  | 'bare-error'
  | 'ours';

/** Compares id, direction, opcode and question with the query (RFC 5452 4: the question too, not only the id). */
export function matchResponse(query: EncodedQuery, message: Buffer): ResponseMatch {
  if (message.length < headerBytes || message.readUInt16BE(0) !== query.id) return 'stranger';
  const flags = message.readUInt16BE(2);
  // QR must be set, the opcode QUERY.
  if ((flags & 0xf800) !== 0x8000) return 'stranger';
  const questions = message.readUInt16BE(4);
  if (questions === 0 && (flags & 0x0f) !== 0) return 'bare-error';
  if (questions !== 1 || !sameQuestion(query, message)) return 'stranger';
  return (flags & 0x0200) === 0 ? 'ours' : 'truncated';
}

function sameQuestion(query: EncodedQuery, message: Buffer): boolean {
  if (message.length < query.questionEnd) return false;
  const nameEnd = query.questionEnd - 4;
  for (let i = headerBytes; i < query.questionEnd; i++) {
    const sent = query.bytes[i];
    const came = message[i];
    if (sent === came) continue;
    // RFC 4343: ASCII case does not matter in the name; we sent lower case.
    if (i >= nameEnd || sent === undefined || came === undefined) return false;
    if (came < 0x41 || came > 0x5a || (came | 0x20) !== sent) return false;
  }
  return true;
}

/** RCODE in the header of a message that `matchResponse` accepted, without the upper bits of EDNS. */
export function headerRcode(message: Buffer): number {
  return message.readUInt16BE(2) & 0x0f;
}

/** Decodes a response; undefined when it is malformed or has more than `maxRecords` records. */
export function decodeResponse(message: Buffer): ResponseMessage | undefined {
  if (message.length < headerBytes) return undefined;
  const records = message.readUInt16BE(6) + message.readUInt16BE(8) + message.readUInt16BE(10);
  if (message.readUInt16BE(4) > 1 || records > maxRecords) return undefined;
  try {
    const decoded = dnsPacket.decode(message);
    // dns-packet does not notice when a record reaches beyond the end of the message.
    if (dnsPacket.decode.bytes > message.length) return undefined;
    return {
      rcode: extendedRcode(headerRcode(message), decoded.additionals ?? []),
      authenticated: decoded.flag_ad,
      answers: decoded.answers ?? [],
      authorities: decoded.authorities ?? [],
      sizeBytes: message.length,
    };
  } catch {
    return undefined;
  }
}

/** RFC 6891 6.1.3: OPT carries the upper eight bits. */
function extendedRcode(low: number, additionals: readonly ResponseRecord[]): number {
  for (const record of additionals) {
    if (record.type === 'OPT') return (record.extendedRcode << 4) | low;
  }
  return low;
}

export const rcodes = { noError: 0, formErr: 1, servFail: 2, nxDomain: 3, notImp: 4, refused: 5 } as const;

const rcodeNames = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'];

/** The code's name for people. */
export function rcodeName(rcode: number): string {
  return rcodeNames[rcode] ?? `RCODE ${rcode}`;
}
