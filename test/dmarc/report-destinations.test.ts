// Where aggregate reports of DMARC go (RFC 9990 3.4 and 4): those who would get them have to agree.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRua, reportDestinations } from '../../src/dmarc/report-destinations.ts';
import { formatReportUri } from '../../src/values/report-uri.ts';

type Zone = Readonly<Record<string, readonly string[] | 'fails'>>;

async function destinations(domain: string, zone: Zone) {
  const asked: string[] = [];
  const found = await reportDestinations(domain, {
    txt: (name) => {
      asked.push(name);
      const records = zone[name];
      if (records === 'fails') return Promise.resolve({ kind: 'failed', reason: 'SERVFAIL' });
      if (records === undefined)
        return Promise.resolve({ kind: 'nxdomain', ttlSeconds: 1, authenticated: false });
      const common = { ttlSeconds: 1, authenticated: false, canonicalName: name };
      return Promise.resolve({ kind: 'found', records, ...common });
    },
  });
  return {
    asked,
    told: found.kind === 'found' ? found.uris.map(formatReportUri) : `${found.kind}: ${found.reason}`,
  };
}

const blue = { '_dmarc.blue.test': ['v=DMARC1; p=none; rua=mailto:dmarc@red.test'] };

test('an address of the same organization needs no agreement', async () => {
  const { told, asked } = await destinations('blue.test', {
    '_dmarc.blue.test': ['v=DMARC1; p=none; rua=mailto:a@blue.test,mailto:b@mail.blue.test'],
  });
  assert.deepEqual(told, ['mailto:a@blue.test', 'mailto:b@mail.blue.test']);
  assert.ok(asked.every((name) => !name.includes('_report')));
});

test('another organization has to agree, by a record of its own or a wildcard', async () => {
  const none = await destinations('blue.test', blue);
  assert.match(String(none.told), /^none: red\.test does not agree to reports about blue\.test/);
  assert.ok(none.asked.includes('blue.test._report._dmarc.red.test'));
  const agrees = await destinations('blue.test', {
    ...blue,
    'blue.test._report._dmarc.red.test': ['v=DMARC1'],
  });
  assert.deepEqual(agrees.told, ['mailto:dmarc@red.test']);
  const others = ['v=spf1 -all', 'V=dmarc1', 'x; v=DMARC1'];
  const wrong = await destinations('blue.test', { ...blue, 'blue.test._report._dmarc.red.test': others });
  assert.match(String(wrong.told), /^none:/);
});

test('it may name another address at the same host, and no other host', async () => {
  const override = (rua: string) =>
    destinations('blue.test', { ...blue, 'blue.test._report._dmarc.red.test': [`v=DMARC1; rua=${rua}`] });
  assert.deepEqual((await override('mailto:better@red.test')).told, ['mailto:better@red.test']);
  assert.match(String((await override('mailto:victim@green.test')).told), /^none: .* on to another host$/);
});

test('what cannot be looked up now is asked again later', async () => {
  assert.match(
    String((await destinations('blue.test', { ...blue, 'blue.test._report._dmarc.red.test': 'fails' })).told),
    /^failed:/,
  );
  assert.match(String((await destinations('blue.test', { '_dmarc.blue.test': 'fails' })).told), /^failed:/);
});

test('a name that the DNS cannot hold is no agreement', async () => {
  const long = `${'a'.repeat(60)}.${'b'.repeat(60)}.${'c'.repeat(60)}.test`;
  const host = `${'d'.repeat(60)}.red.test`;
  const { told } = await destinations(long, {
    [`_dmarc.${long}`]: [`v=DMARC1; p=none; rua=mailto:a@${host}`],
  });
  assert.match(String(told), /the name is too long$/);
});

test('a record that was changed to ask for none ends reports', async () => {
  assert.match(
    String((await destinations('blue.test', { '_dmarc.blue.test': ['v=DMARC1; p=none'] })).told),
    /^none: blue\.test asks for none/,
  );
  const https = { '_dmarc.blue.test': ['v=DMARC1; p=none; rua=https://blue.test/'] };
  assert.match(String((await destinations('blue.test', https)).told), /^none: .*no address of mail/);
});

test('a limit of size is read, and of many addresses the first five', () => {
  const limits = parseRua(
    'mailto:a@b.test!10m , mailto:c@d.test!5K,mailto:e@f.test!7,mailto:g@h.test!x,mailto:i@j.test',
  );
  assert.deepEqual(
    limits.map((uri) => (uri.kind === 'mailto' ? [uri.address, uri.maxBytes] : [])),
    [
      ['a@b.test', 10 * 2 ** 20],
      ['c@d.test', 5 * 2 ** 10],
      ['e@f.test', 7],
      ['i@j.test', undefined],
    ],
  );
  assert.equal(parseRua(Array.from({ length: 50 }, (_, at) => `mailto:a${at}@b.test`).join(',')).length, 5);
});
