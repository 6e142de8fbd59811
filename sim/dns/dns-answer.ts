// Makes the answers of the simulated DNS server: authoritative answers from a zone, CNAMEs followed inside it, negative
// answers with an SOA (RFC 2308). Pure.

import * as dnsPacket from 'dns-packet';
import type { ZoneName, ZoneType } from './zone.ts';

export interface AnswerOptions {
  readonly ttlSeconds: number;
  readonly negativeTtlSeconds: number;
  /** Sets the AD bit, as a validating recursive server on a signed zone does. */
  readonly authenticated: boolean;
}

/** The response to send; undefined: no response. */
export function answerTo(
  query: dnsPacket.DecodedPacket,
  names: ReadonlyMap<string, ZoneName>,
  options: AnswerOptions,
  transport: 'udp' | 'tcp',
): Buffer | undefined {
  const question = query.questions?.[0];
  if (question === undefined) return undefined;
  const name = question.name.toLowerCase();
  const entry = names.get(name);
  const behaviour = behaviourOf(entry, question.type);
  if (behaviour === 'drop') return undefined;
  if (behaviour === 'servfail') return encode(query, options, 2, [], []);
  if (behaviour === 'refused') return encode(query, options, 5, [], []);

  const answers: dnsPacket.Answer[] = [];
  let owner = name;
  let found = entry;
  let authenticated = found?.signed ?? options.authenticated;
  while (found?.cname !== undefined && question.type !== 'CNAME' && answers.length < 16) {
    answers.push({ type: 'CNAME', name: owner, ttl: found.ttl ?? options.ttlSeconds, data: found.cname });
    if (behaviour === 'bare-cname') return encode(query, { ...options, authenticated }, 0, answers, []);
    owner = found.cname.toLowerCase();
    found = names.get(owner);
    authenticated &&= found?.signed ?? options.authenticated;
  }
  const aliases = answers.length;
  if (found !== undefined) answers.push(...records(owner, found, question.type, options.ttlSeconds));
  const negative = answers.length === aliases;
  const rcode = found === undefined ? 3 : 0;
  const whole = encode(query, { ...options, authenticated }, rcode, answers, negative ? [soa(options)] : []);
  if (transport === 'tcp') return whole;
  if (behaviour !== 'truncate' && whole.length <= udpLimit(query)) return whole;
  return encode(query, options, rcode, [], [], dnsPacket.TRUNCATED_RESPONSE);
}

function behaviourOf(entry: ZoneName | undefined, type: string): ZoneName['behaviour'] {
  if (entry?.behaviour === undefined) return undefined;
  const types = entry.behaviourTypes;
  return types === undefined || types.some((one) => one === type) ? entry.behaviour : undefined;
}

function records(name: string, entry: ZoneName, type: string, defaultTtl: number): dnsPacket.Answer[] {
  const ttl = entry.ttl ?? defaultTtl;
  switch (type as ZoneType) {
    case 'MX':
      return (entry.mx ?? []).map((data) => ({ type: 'MX', name, ttl, data: { ...data } }));
    case 'A':
      return (entry.a ?? []).map((data) => ({ type: 'A', name, ttl, data }));
    case 'AAAA':
      return (entry.aaaa ?? []).map((data) => ({ type: 'AAAA', name, ttl, data }));
    case 'TXT':
      return (entry.txt ?? []).map((text) => ({ type: 'TXT', name, ttl, data: characterStrings(text) }));
    case 'TLSA':
      return (entry.tlsa ?? []).map(({ data, ...rest }) => ({
        type: 'TLSA',
        name,
        ttl,
        data: { ...rest, certificate: Buffer.from(data, 'hex') },
      }));
    case 'PTR':
      return (entry.ptr ?? []).map((data) => ({ type: 'PTR', name, ttl, data }));
    case 'CNAME':
      return entry.cname === undefined ? [] : [{ type: 'CNAME', name, ttl, data: entry.cname }];
    default:
      return [];
  }
}

/** RFC 1035 3.3: a character-string holds 255 octets. */
function characterStrings(text: string): Buffer[] {
  const bytes = Buffer.from(text);
  const strings: Buffer[] = [];
  for (let i = 0; i === 0 || i < bytes.length; i += 255) strings.push(bytes.subarray(i, i + 255));
  return strings;
}

function soa({ negativeTtlSeconds }: AnswerOptions): dnsPacket.Answer {
  const data = { mname: 'ns.sim', rname: 'hostmaster.sim', minimum: negativeTtlSeconds };
  return { type: 'SOA', name: '.', ttl: negativeTtlSeconds, data };
}

/** RFC 6891 6.2.3: the largest UDP payload that the client accepts, in octets; 512 without EDNS. */
function udpLimit(query: dnsPacket.DecodedPacket): number {
  for (const record of query.additionals ?? []) {
    if (record.type === 'OPT') return Math.max(512, record.udpPayloadSize);
  }
  return 512;
}

function encode(
  query: dnsPacket.DecodedPacket,
  options: AnswerOptions,
  rcode: number,
  answers: dnsPacket.Answer[],
  authorities: dnsPacket.Answer[],
  extraFlags = 0,
): Buffer {
  let flags = dnsPacket.AUTHORITATIVE_ANSWER | dnsPacket.RECURSION_AVAILABLE | extraFlags | rcode;
  if (query.flag_rd) flags |= dnsPacket.RECURSION_DESIRED;
  if (options.authenticated) flags |= dnsPacket.AUTHENTIC_DATA;
  return dnsPacket.encode({
    type: 'response',
    id: query.id,
    flags,
    questions: query.questions,
    answers,
    authorities,
  });
}
