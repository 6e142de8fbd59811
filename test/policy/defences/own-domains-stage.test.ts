// Mail that says it is from our own domains, from clients that nobody knows.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Exemptions } from '../../../src/policy/defences/exemptions.ts';
import { OwnDomainsStage, type OwnDomainsParts } from '../../../src/policy/defences/own-domains-stage.ts';
import type { ConfirmedNames } from '../../../src/dns/confirmed-names.ts';
import { EditableHeader } from '../../../src/message/editable-header.ts';
import { type Facts, type Point, points, type StageResult } from '../../../src/policy/stage.ts';
import { parseDomainPattern, parseSenderPattern } from '../../../src/values/domain.ts';
import { parseNetwork } from '../../../src/values/network.ts';
import { parseResultCondition } from '../../../src/values/result-condition.ts';

interface Options extends Partial<Pick<OwnDomainsParts, 'action' | 'looksAt'>> {
  readonly clients?: readonly string[];
  readonly senders?: readonly string[];
  readonly names?: readonly string[];
  readonly results?: readonly string[];
  readonly authorResults?: readonly string[];
}

function stage({
  clients = [],
  senders = [],
  names = [],
  results = [],
  authorResults = [],
  ...parts
}: Options = {}) {
  const envelopeResults = results.map(parseResultCondition);
  return new OwnDomainsStage({
    name: 'own',
    timeLimitMs: 1,
    onFailure: 'tempfail',
    audience: undefined,
    breaker: undefined,
    hostname: 'mx.own.example',
    isOwn: (domain) => domain === 'own.example',
    looksAt: new Set(['envelope', 'author']),
    action: 'reject',
    exemptions: new Exemptions(
      {
        exceptClients: clients.map(parseNetwork),
        exceptNames: names.map(parseDomainPattern),
        exceptSenders: senders.map(parseSenderPattern),
        exceptResults: envelopeResults,
      },
      { of: () => Promise.resolve<ConfirmedNames>({ kind: 'names', names: ['mx.list.example'] }) },
    ),
    envelopeResults,
    authorResults: authorResults.map(parseResultCondition),
    ...parts,
  });
}

interface Mail {
  readonly from?: string;
  readonly header?: string;
  readonly results?: Readonly<Record<string, StageResult>>;
}

/** What is said of a message over all points. */
async function said(
  of: OwnDomainsStage,
  { from = 'x@far.example', header = 'From: x@far.example', results = {} }: Mail,
): Promise<string> {
  const facts = {
    client: { address: '192.0.2.7', mayRelay: false },
    transaction: { reversePath: from, recipients: [] },
    header: new EditableHeader(Buffer.from(`${header}\r\n\r\n`)),
    resultOf: (name: string) => results[name],
  } as unknown as Facts;
  for (const point of ['mail', 'data', 'headers', 'content'] as const) {
    if (!of.asksAt(point)) continue;
    const verdict = await of[point](facts);
    if (verdict.kind !== 'continue') return `${verdict.kind} at ${point}`;
  }
  return 'continue';
}

for (const [what, mail, expected] of [
  ['mail of others', {}, 'continue'],
  ['a sender of ours', { from: 'joe@OWN.example' }, 'reject at mail'],
  ['a bounce', { from: '' }, 'continue'],
  ['a domain under ours', { from: 'joe@sub.own.example' }, 'continue'],
  ['an author of ours', { header: 'From: Joe <joe@own.example>' }, 'reject at headers'],
  ['one of several authors', { header: 'From: x@far.example, joe@own.example' }, 'reject at headers'],
  [
    'an address of ours in a name that people see',
    { header: 'From: "joe@own.example" <x@far.example>' },
    'continue',
  ],
  [
    'an address of ours beside another one',
    { header: 'From: joe@own.example <x@far.example>' },
    'reject at headers',
  ],
  ['two From fields', { header: 'From: x@far.example\r\nFrom: joe@own.example' }, 'reject at headers'],
  [
    'a From field that only some programs see',
    { header: 'X: y\r\nFrom : joe@own.example\r\nFrom: x@far.example' },
    'reject at headers',
  ],
  [
    'a line that is no field before From',
    { header: 'X: y\r\nno field\r\nFrom: joe@own.example' },
    'reject at headers',
  ],
  [
    'an address of ours in another field',
    { header: 'From: x@far.example\r\nTo: joe@own.example' },
    'continue',
  ],
] as const) {
  test(`${what}: ${expected}`, async () => {
    assert.equal(await said(stage(), mail), expected);
  });
}

for (const author of [
  '=?utf-8?q?ceo=40own.example?=',
  '<=?utf-8?Q?ceo=40own.example?=>',
  '=?utf-8?B?Y2VvQG93bi5leGFtcGxl?=',
  '=?utf-8?q?ceo=40own?= =?utf-8?q?=2Eexample?=',
  'ceo@=?utf-8?q?own.example?=',
  '"ceo@own.example"',
  'ceo@"own.example"',
  'ceo@[own.example]',
  'ceo@own\\.example',
  'ceo@own.exam(x)ple',
  'ceo@own.exam\0ple',
  'ceo@own.example\0',
  'ceo\0@\x01own.example',
  'ceo\uff20own.example',
  'ceo\ufe6bown.example',
  '<ceo\uff20own.example>',
  'Boss <ceo\uff20own.ex\0ample>',
  '=?utf-7?q?ceo+AEA-own.example?=',
  '=?UTF-7*en?Q?ceo+AEA-own+AC4-example?=',
  '=?unicode-1-1-utf-7?q?ceo+AEA-own.example?=',
  `=?utf-16be?q?${quotedUtf16('ceo@own.example')}?=`,
]) {
  test(`an author of ours that only some programs read: ${author}`, async () => {
    assert.equal(await said(stage(), { header: `From: ${author}` }), 'reject at headers');
    const far = author
      .replaceAll('own', 'far')
      .replaceAll('=6F=00=77=00=6E', '=66=00=61=00=72')
      .replace('Y2VvQG93bi5leGFtcGxl', 'Y2VvQGZhci5leGFtcGxl');
    assert.equal(await said(stage(), { header: `From: ${far}` }), 'continue');
  });
}

for (const line of [
  '\ufeffFrom: ceo@own.example',
  '\0From: ceo@own.example',
  '\ufeffFrom: ceo\uff20own.example',
]) {
  for (const [where, header] of [
    ['at the beginning', `${line}\r\nSubject: x`],
    ['behind another field', `Subject: x\r\n${line}`],
    ['with another From', `From: x@far.example\r\n${line}\r\nSubject: x`],
  ] as const)
    test(`a From field with bytes before it that nobody sees, ${where}: ${JSON.stringify(line)}`, async () => {
      assert.equal(await said(stage(), { header }), 'reject at headers');
      assert.equal(await said(stage(), { header: header.replaceAll('own', 'far') }), 'continue');
    });
}

test('an encoded name that people see is no author', async () => {
  const header = 'From: =?utf-8?q?ceo=40own.example?= <x@far.example>';
  assert.equal(await said(stage(), { header }), 'continue');
});

/** RFC 2047 4.2. */
function quotedUtf16(text: string): string {
  return [...text].map((each) => `=00=${each.charCodeAt(0).toString(16).toUpperCase()}`).join('');
}

const own = { from: 'joe@own.example', header: 'From: joe@own.example' };
for (const [what, options, mail, expected] of [
  ['a listed client', { clients: ['192.0.2.0/24'] }, own, 'continue'],
  ['a client with a listed name', { names: ['*.list.example'] }, own, 'continue'],
  [
    'a listed sender, as of a mailing list',
    { senders: ['list.example'] },
    { from: 'a-bounces@list.example', header: own.header },
    'continue',
  ],
  [
    'SPF that passes, for the envelope',
    { results: ['verification.spf=pass'] },
    { from: own.from, results: { verification: { spf: 'pass' } } },
    'continue',
  ],
  [
    'SPF that fails',
    { results: ['verification.spf=pass'] },
    { from: own.from, results: { verification: { spf: 'fail' } } },
    'reject at data',
  ],
  [
    'SPF of another domain, which says nothing of the author',
    { results: ['verification.spf=pass'] },
    { header: own.header, results: { verification: { spf: 'pass' } } },
    'reject at headers',
  ],
  [
    'DMARC that passes, for the author',
    { authorResults: ['verification.dmarc=pass'] },
    { header: own.header, results: { verification: { dmarc: 'pass' } } },
    'continue',
  ],
  [
    'DMARC that fails',
    { authorResults: ['verification.dmarc=pass'] },
    { header: own.header, results: { verification: { dmarc: 'fail' } } },
    'reject at content',
  ],
  [
    'DKIM for both',
    { results: ['verification.dkim=pass'], authorResults: ['verification.dmarc=pass'] },
    { ...own, results: { verification: { dkim: 'pass', dmarc: 'fail' } } },
    'reject at content',
  ],
  ['the envelope alone', { looksAt: new Set(['envelope']) }, { header: own.header }, 'continue'],
  ['the author alone', { looksAt: new Set(['author']) }, { from: own.from }, 'continue'],
  ['quarantine', { action: 'quarantine' }, own, 'quarantine at mail'],
] as const) {
  test(`${what}: ${expected}`, async () => {
    assert.equal(await said(stage(options as Options), mail), expected);
  });
}

test('it is asked where it can decide', () => {
  const at = (options: Options): Point[] => {
    const made = stage(options);
    return points.filter((point) => made.asksAt(point));
  };
  assert.deepEqual(at({}), ['mail', 'headers']);
  assert.deepEqual(at({ looksAt: new Set(['envelope']), results: ['verification.spf=pass'] }), ['data']);
  assert.deepEqual(at({ results: ['verification.dkim=pass'], authorResults: ['verification.dmarc=pass'] }), [
    'content',
  ]);
});
