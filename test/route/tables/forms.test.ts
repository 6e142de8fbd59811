// Entries of tables of routes, in the forms of Postfix, qmail and s/qmail: which keys are asked for, and what values say.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { ruleOfTargetKey, targetKey } from '../../../src/route/target-key.ts';
import { type RouteTableForm, routeForms } from '../../../src/route/tables/form.ts';
import type { TableWay } from '../../../src/route/tables/way.ts';

const relay = (host: string, port = 25, implicitTls?: true): TableWay => ({
  kind: 'target',
  target: {
    kind: 'smarthost',
    hosts: [{ host, port, ...(implicitTls && { implicitTls }) }],
    mode: 'failover',
  },
});
const mxOf = (domain: string, port?: number): TableWay => ({
  kind: 'target',
  target: { kind: 'mx-of', domain, port },
});
const failing = (replyCode: number, enhancedStatus: string, text: string): TableWay => ({
  kind: 'target',
  target: { kind: 'error', replyCode, enhancedStatus, text },
});
const unix = (path: string) => ({ kind: 'unix', path }) as const;
const host = (name: string, port: number) => ({ kind: 'host', host: name, port }) as const;
const lmtp = (...servers: readonly (ReturnType<typeof unix> | ReturnType<typeof host>)[]): TableWay => ({
  kind: 'target',
  target: { kind: 'lmtp', servers, mode: 'failover' },
});
const byQmtp = (name: string, port: number): TableWay => ({
  kind: 'target',
  target: { kind: 'qmtp', servers: [host(name, port)], mode: 'failover' },
});
const read = (form: RouteTableForm, value: string): TableWay =>
  routeForms[form].read(value, 'far.test', (name) => name === 'slow');

for (const [form, value, way] of [
  ['transport', ':', { kind: 'usual' }],
  ['relayhost', 'DUNNO', { kind: 'usual' }],
  ['transport', 'smtp:', { kind: 'mx' }],
  ['transport', 'relay:', { kind: 'mx' }],
  ['transport', 'smtp:[relay.test]', relay('relay.test')],
  ['transport', 'smtp:[relay.test]:587', relay('relay.test', 587)],
  ['transport', 'relay:[Relay.Test]:submission', relay('relay.test', 587)],
  ['transport', 'smtp:[relay.test]:465', relay('relay.test', 465, true)],
  ['transport', ':[192.0.2.7]:2525', relay('192.0.2.7', 2525)],
  ['transport', 'smtp:192.0.2.7', relay('192.0.2.7')],
  ['transport', 'smtp:[2001:db8::7]', relay('2001:db8::7')],
  ['transport', 'smtp:[ipv6:2001:db8::7]:26', relay('2001:db8::7', 26)],
  ['transport', 'smtp:other.test', mxOf('other.test')],
  ['transport', 'smtp:Other.Test:26', mxOf('other.test', 26)],
  [
    'transport',
    'smtp:[one.test]:26, [two.test]',
    {
      kind: 'target',
      target: {
        kind: 'smarthost',
        hosts: [
          { host: 'one.test', port: 26 },
          { host: 'two.test', port: 25 },
        ],
        mode: 'failover',
      },
    },
  ],
  ['transport', 'lmtp:unix:/run/lmtp', lmtp(unix('/run/lmtp'))],
  ['transport', 'lmtp:inet:127.0.0.1', lmtp(host('127.0.0.1', 24))],
  ['transport', 'lmtp:inet:[::1]:2424', lmtp(host('::1', 2424))],
  ['transport', 'lmtp:mail.test:26', lmtp(host('mail.test', 26))],
  ['transport', 'error:5.7.1 Not to him', failing(550, '5.7.1', 'Not to him')],
  ['transport', 'error: mail for him is not taken', failing(550, '5.0.0', 'mail for him is not taken')],
  ['transport', 'error:', failing(550, '5.0.0', 'Address is undeliverable')],
  ['transport', 'error:5.7 of 9', failing(550, '5.0.0', '5.7 of 9')],
  ['transport', 'retry:4.3.2 Not now', failing(450, '4.3.2', 'Not now')],
  ['transport', 'discard:silently', { kind: 'target', target: { kind: 'discard' } }],
  ['transport', 'slow:', { kind: 'route', name: 'slow' }],
  ['relayhost', '[relay.test]:587', relay('relay.test', 587)],
  ['relayhost', 'other.test', mxOf('other.test')],
  ['smtproutes', 'relay.test', relay('relay.test')],
  ['smtproutes', 'relay.test:26', relay('relay.test', 26)],
  ['smtproutes', 'relay.test;26', relay('relay.test', 26)],
  ['smtproutes', '2001:db8::7', relay('2001:db8::7')],
  ['smtproutes', '2001:db8::7;26', relay('2001:db8::7', 26)],
  ['smtproutes', '[2001:db8::7]:26', relay('2001:db8::7', 26)],
  ['smtproutes', '', { kind: 'mx' }],
  ['smtproutes', ':26', mxOf('far.test', 26)],
  ['qmtproutes', '', { kind: 'mx' }],
  ['qmtproutes', 'relay.test', byQmtp('relay.test', 209)],
  ['qmtproutes', 'relay.test;26', byQmtp('relay.test', 26)],
  ['qmtproutes', '2001:db8::7', byQmtp('2001:db8::7', 209)],
  ['routes', 'slow', { kind: 'route', name: 'slow' }],
] as const) {
  test(`"${value}" of ${form} says ${JSON.stringify(way)}`, () => {
    assert.deepEqual(read(form, value), way);
  });
}

test('an entry of s/qmail with a user wants a log-in, and its password is not kept', () => {
  for (const form of ['smtproutes', 'authsenders'] as const) {
    const way = read(form, 'relay.test;587|me|secret');
    assert.deepEqual(way, {
      kind: 'login',
      target: { kind: 'smarthost', hosts: [{ host: 'relay.test', port: 587 }], mode: 'failover' },
      user: 'me',
    });
  }
});

for (const [form, value, why] of [
  ['transport', 'relay.test', /no colon/],
  ['transport', 'slow:[relay.test]', /without a next hop/],
  [
    'transport',
    'error:2.0.0 fine',
    /"error:2\.0\.0 fine": the status of error: begins with 5; .* write retry:/,
  ],
  ['transport', 'error:4.7.1 not now', /begins with 5/],
  ['transport', 'error:6.1.1 no', /begins with 5/],
  ['transport', 'retry:5.7.1', /the status of retry: begins with 4; .* write error:/],
  [
    'transport',
    'virtual:',
    /neither smtp, relay, lmtp, error, retry or discard nor the name of a \[\[route\]\]/,
  ],
  ['transport', 'smtp:[relay.test]:0', /no port/],
  ['transport', 'smtp:[relay.test]:pop', /no port/],
  ['transport', 'smtp:[a b]', /a b/],
  ['transport', 'smtp:one.test, two.test', /in brackets/],
  ['transport', 'smtp:0.0.0.0', /0\.0\.0\.0/],
  ['transport', 'lmtp:', /no LMTP server/],
  ['transport', 'lmtp:unix:private/lmtp', /whole path/],
  ['transport', 'lmtp:inet:127.0.0.1:25', /port 25/],
  ['transport', 'smtp:unix:/run/x', /lmtp:unix:\/run\/x/],
  ['transport', 'smtp:inet:relay.test:25', /without "inet:"/],
  ['relayhost', '', /no host/],
  ['smtproutes', 'relay.test:x', /no port/],
  ['smtproutes', 'a b', /a b/],
  ['qmtproutes', 'relay.test;x', /no port/],
  ['qmtproutes', 'a b', /a b/],
  ['routes', 'fast', /no \[\[route\]\] has this name/],
] as const) {
  test(`"${value}" of ${form} is not understood, so its mail waits`, () => {
    const way = read(form, value);
    assert.ok(way.kind === 'wrong', JSON.stringify(way));
    assert.match(way.why, why);
  });
}

for (const [form, address, domain, keys] of [
  [
    'transport',
    'Joe+list@Deep.Far.Test',
    'deep.far.test',
    ['Joe+list@deep.far.test', 'Joe@deep.far.test', 'deep.far.test', '.far.test', '.test', '*'],
  ],
  ['transport', '', '', ['<>', '*']],
  [
    'routes',
    '"boss\\+ x"@far.test',
    'far.test',
    [
      '"boss\\+ x"@far.test',
      '"boss+ x"@far.test',
      'boss+ x@far.test',
      'boss@far.test',
      'far.test',
      '*.test',
      '*',
    ],
  ],
  [
    'routes',
    '"a\\ b+x"@far.test',
    'far.test',
    [
      '"a\\ b+x"@far.test',
      '"a b+x"@far.test',
      'a b+x@far.test',
      '"a b"@far.test',
      'a b@far.test',
      'far.test',
      '*.test',
      '*',
    ],
  ],
  ['routes', 'joe@far.test', 'far.test', ['joe@far.test', 'far.test', '*.test', '*']],
  ['smtproutes', 'joe@deep.far.test', 'deep.far.test', ['deep.far.test', '.far.test', '.test', '*']],
  ['smtproutes', 'joe@[192.0.2.7]', '[192.0.2.7]', ['[192.0.2.7]', '*']],
] as const) {
  test(`${form} is asked for the keys of <${address}>, the most specific first`, () => {
    const subject = { address, domain, delimiter: '+', isBounce: false, isSender: false };
    assert.deepEqual(routeForms[form].keys(subject), keys);
  });
}

test('a table by sender is asked for the domain with an @ as well', () => {
  const subject = {
    address: 'joe@far.test',
    domain: 'far.test',
    delimiter: '',
    isBounce: false,
    isSender: true,
  };
  for (const form of ['transport', 'relayhost', 'authsenders'] as const)
    assert.deepEqual(routeForms[form].keys(subject), ['joe@far.test', 'far.test', '@far.test', '.test', '*']);
});

test('bounces have an entry of their own in smtproutes of s/qmail', () => {
  const subject = {
    address: 'joe@far.test',
    domain: 'far.test',
    delimiter: '',
    isBounce: true,
    isSender: false,
  };
  assert.deepEqual(routeForms.smtproutes.keys(subject), ['!@', 'far.test', '.test', '*']);
});

test('no value of any form is an error, and each target that it names has a key from which it is read again', () => {
  const pieces = fc.constantFrom(
    'smtp',
    'lmtp',
    'error',
    ':',
    '[',
    ']',
    '|',
    ';',
    ',',
    '.',
    ' ',
    '4.7.1',
    '2525',
    'unix:/x',
    'a.test',
    '::1',
    '\u00fc',
    '\u0000',
    '%',
    '~',
    '\ud800',
  );
  const value = fc.oneof(
    fc.string(),
    fc.array(pieces, { maxLength: 8 }).map((parts) => parts.join('')),
  );
  const forms = Object.keys(routeForms) as RouteTableForm[];
  fc.assert(
    fc.property(fc.constantFrom(...forms), value, (form, text) => {
      const way = read(form, text);
      if (way.kind !== 'target') return;
      const key = targetKey(way.target);
      assert.ok(!key.includes(':'));
      assert.deepEqual(ruleOfTargetKey(key)?.target, JSON.parse(JSON.stringify(way.target)));
    }),
  );
});
