// `npm run bench:verification`: the CPU time that it takes to verify a message, with the answers of the DNS in the cache: a typical one
// (two signatures, SPF with three look-ups, DMARC), and hostile ones, which have a budget, too.

import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { parseArgs } from 'node:util';
import { startDnsServer, type Zone } from '../sim/dns/dns-server.ts';
import { BodyHash } from '../src/dkim/body-hash.ts';
import { HeaderBlock } from '../src/dkim/header-block.ts';
import { ed25519Input, prepareSignature } from '../src/dkim/prepare-signature.ts';
import { usualNames } from '../src/dkim/signed-names.ts';
import { createResolver } from '../src/dns/resolver.ts';
import { EditableHeader } from '../src/message/editable-header.ts';
import { authenticationResults } from '../src/verification/authentication-results.ts';
import type { Findings } from '../src/verification/findings.ts';
import { LimitedLookups, type Lookups } from '../src/verification/limited-lookups.ts';
import { MessageVerification } from '../src/verification/message-verification.ts';
import { median } from './median.ts';

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '2000' },
    repeats: { type: 'string', default: '5' },
    size: { type: 'string', default: '16384' },
    json: { type: 'boolean', default: false },
  },
});

/** CPU ms of one message. */
const budgets: Readonly<Record<string, number>> = { typical: 3, hostile: 100 };

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ed = generateKeyPairSync('ed25519');
const huge = generateKeyPairSync('rsa', { modulusLength: 4096 });

function published(key: KeyObject): string {
  const der = key.export({ format: 'der', type: 'spki' });
  return key.asymmetricKeyType === 'rsa'
    ? `v=DKIM1; p=${der.toString('base64')}`
    : `v=DKIM1; k=ed25519; p=${der.subarray(-32).toString('base64')}`;
}

const loop = `v=spf1 ${'mx:many.test ptr:%{p}.test '.repeat(5)}include:loop.test -all`;
const manyHosts = Array.from({ length: 10 }, (_, at) => `h${at}.many.test`);
const zone: Zone = {
  'sender.test': {
    txt: ['v=spf1 mx a:out.sender.test include:_spf.provider.test ~all'],
    mx: [{ preference: 10, exchange: 'mx.sender.test' }],
  },
  'mx.sender.test': { a: ['198.51.100.1'] },
  'out.sender.test': { a: ['198.51.100.2', '198.51.100.3'] },
  '_spf.provider.test': { txt: ['v=spf1 ip4:198.51.100.128/25 ip4:203.0.113.0/24 ip4:192.0.2.0/24 ~all'] },
  'mail.provider.test': { a: ['192.0.2.1'], txt: ['v=spf1 a -all'] },
  '1.2.0.192.in-addr.arpa': { ptr: ['mail.provider.test'] },
  '_dmarc.sender.test': { txt: ['v=DMARC1; p=reject; rua=mailto:dmarc@sender.test'] },
  'rsa._domainkey.sender.test': { txt: [published(rsa.publicKey)] },
  'ed._domainkey.sender.test': { txt: [published(ed.publicKey)] },
  'huge._domainkey.sender.test': { txt: [published(huge.publicKey)] },
  'loop.test': { txt: [loop] },
  'many.test': { mx: manyHosts.map((exchange) => ({ preference: 1, exchange })) },
  ...Object.fromEntries(manyHosts.map((host) => [host, { a: ['198.51.100.9'] }])),
};

function signed(message: Buffer, body: Buffer, key: KeyObject, selector: string): Buffer {
  const algorithm = key.asymmetricKeyType === 'rsa' ? 'rsa-sha256' : 'ed25519-sha256';
  const form = {
    domain: 'sender.test',
    selector,
    algorithm,
    headerCanonicalization: 'relaxed',
    bodyCanonicalization: 'relaxed',
    names: usualNames,
    validSeconds: undefined,
  } as const;
  const hash = new BodyHash({ canonicalization: 'relaxed', length: undefined });
  hash.push(body);
  const prepared = prepareSignature(new HeaderBlock(message), hash.digest(), form, 1_700_000_000);
  const value =
    algorithm === 'rsa-sha256'
      ? sign('sha256', prepared.bytes, key)
      : sign(null, ed25519Input(prepared.bytes), key);
  return Buffer.concat([prepared.field(value), message]);
}

const line = 'The quick brown fox jumps over the lazy dog, again and again and again.\r\n';
const body = Buffer.from(line.repeat(Math.ceil(Number(values.size) / line.length)));
const plain = Buffer.from(
  'Received: from a.example by b.example; Thu, 1 Jan 1970 00:00:00 +0000\r\nFrom: Joe <joe@sender.test>\r\nTo: Jane <jane@far.test>\r\nSubject: A message\r\n' +
    'Date: Thu, 1 Jan 1970 00:00:00 +0000\r\nMessage-ID: <1@sender.test>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n',
);
const typical = signed(signed(plain, body, rsa.privateKey, 'rsa'), body, ed.privateKey, 'ed');
const hugeSignature = fieldsOf(signed(plain, body, huge.privateKey, 'huge'));
const signatureField = fieldsOf(typical);

/** What was put on top of the plain message. */
function fieldsOf(message: Buffer): string {
  return message.subarray(0, message.length - plain.length).toString('latin1');
}

interface Message {
  readonly name: string;
  readonly kind: 'typical' | 'hostile';
  readonly header: Buffer;
  readonly from: string;
  readonly expected: string;
}

const hostile = (name: string, header: string, expected: string, from = 'joe@sender.test'): Message => ({
  name,
  kind: 'hostile',
  header: Buffer.from(header, 'latin1'),
  from,
  expected,
});
const text = plain.toString('latin1');
const messages: readonly Message[] = [
  { name: 'typical', kind: 'typical', header: typical, from: 'joe@sender.test', expected: 'pass pass pass' },
  hostile(
    '500 KiB of signatures',
    signatureField.repeat(Math.floor(500_000 / signatureField.length)) + text,
    'pass pass pass',
  ),
  hostile('10 signatures by keys of 4096 bits', hugeSignature.repeat(10) + text, 'pass pass pass'),
  hostile(
    '500 KiB of tags',
    `DKIM-Signature: v=1; ${'x=1; '.repeat(100_000)}\r\n${text}`,
    'pass permerror pass',
  ),
  hostile(
    '500 KiB of names in h=',
    `DKIM-Signature: v=1; a=rsa-sha256; d=sender.test; s=rsa; b=AAAA; bh=AAAA; h=${'from:'.repeat(100_000)}from\r\n${text}`,
    'pass permerror pass',
  ),
  hostile(
    '500 KiB of authors',
    text.replace('From: ', `From: ${'"a" <a@sender.test>, '.repeat(24_000)}`),
    'pass none pass',
  ),
  hostile('an SPF record that asks for all it can', text, 'permerror none fail', 'joe@loop.test'),
];

function summary({ spf, signatures, dmarc }: Findings): string {
  const [first] = signatures;
  return `${spf.mailFrom.result} ${first?.result ?? 'none'} ${dmarc.result}`;
}

async function verify({ header, from }: Message, lookups: Lookups): Promise<Findings> {
  const verification = new MessageVerification(
    {
      client: '192.0.2.1',
      helo: 'mail.provider.test',
      reversePath: from,
      receiver: 'mx.far.test',
      nowSeconds: 1_700_000_100,
    },
    new LimitedLookups(lookups),
  );
  const { fields, strayLines } = new EditableHeader(header);
  verification.header(fields, strayLines);
  verification.body(body);
  const findings = await verification.end();
  authenticationResults(findings, { authservId: 'mx.far.test', leftOut: new Set(), comment: '' });
  return findings;
}

async function cpuMs(message: Message, lookups: Lookups, times: number): Promise<number> {
  const before = process.cpuUsage();
  for (let at = 0; at < times; at++) await verify(message, lookups);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / times;
}

const dns = await startDnsServer({ zone, ttlSeconds: 3600, negativeTtlSeconds: 3600 });
const resolver = createResolver({
  servers: [{ address: dns.address, port: dns.port }],
  timeoutMs: 1000,
  attempts: 2,
  maxTtlSeconds: 86_400,
  minTtlSeconds: 5,
  negativeTtlSeconds: 3600,
  maxEntries: 100_000,
  maxInFlight: 100,
  hangingMs: 1000,
  maxHanging: 100,
});
const rows: { readonly name: string; readonly ms: number; readonly budgetMs: number }[] = [];
for (const message of messages) {
  // The first one fills the cache.
  const found = summary(await verify(message, resolver));
  if (found !== message.expected) throw new Error(`${message.name}: ${found}, not ${message.expected}`);
  const times = message.kind === 'typical' ? Number(values.messages) : 20;
  await cpuMs(message, resolver, Math.ceil(times / 4));
  const runs: number[] = [];
  for (let repeat = 0; repeat < Number(values.repeats); repeat++)
    runs.push(await cpuMs(message, resolver, times));
  rows.push({ name: message.name, ms: median(runs), budgetMs: budgets[message.kind] ?? 0 });
}
const { sent } = resolver.stats();
resolver.close();
await dns.close();
if (values.json) console.log(JSON.stringify({ rows, questionsToServers: sent }));
else {
  console.log(
    `CPU ms to verify a message of ${Math.round(body.length / 1024)} KiB, DNS answers in the cache (medians):`,
  );
  for (const { name, ms, budgetMs } of rows)
    console.log(`  ${name.padEnd(42)} ${ms.toFixed(3)}   budget ${budgetMs}`);
}
if (rows.some(({ ms, budgetMs }) => ms > budgetMs)) process.exitCode = 1;
