// The public test suite of SPF (openspf.org, release 2014.04, for RFC 7208): every case, with the result and the explanation.
// It is read beside the project, where it lies. There is no exception.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import type { ZoneName, ZoneType } from '../../sim/dns/zone.ts';
import { checkHost, mailFromQuery } from '../../src/spf/check-host.ts';
import { canonicalIp } from '../../src/values/ip-address.ts';
import { zoneResolver } from '../dns/zone-resolver.ts';

interface SuiteCase {
  readonly helo: string;
  readonly host: string;
  readonly mailfrom: string;
  readonly result: string | readonly string[];
  readonly explanation?: string;
}

type SuiteRecord = 'TIMEOUT' | Readonly<Record<string, unknown>>;

interface Scenario {
  readonly description: string;
  readonly tests: Readonly<Record<string, SuiteCase>>;
  readonly zonedata: Readonly<Record<string, readonly SuiteRecord[]>>;
}

const types: readonly ZoneType[] = ['A', 'AAAA', 'MX', 'TXT', 'CNAME', 'PTR'];

const suite = new URL('../../../shared/suites/spf/rfc7208-tests.yml', import.meta.url);
if (existsSync(suite)) {
  for (const document of parseAllDocuments(readFileSync(suite, 'utf8'))) {
    const { description, tests, zonedata } = document.toJS() as Scenario;
    const zone = Object.fromEntries(
      Object.entries(zonedata).map(([name, records]) => [name.toLowerCase(), zoneName(records)]),
    );
    for (const [name, one] of Object.entries(tests)) {
      test(`SPF suite, ${description}: ${name}`, async () => {
        const session = {
          ip: one.host,
          helo: one.helo,
          receiver: 'mx.example.net',
          nowSeconds: 1_700_000_000,
        };
        const verdict = await checkHost(mailFromQuery(one.mailfrom, session), zoneResolver(zone));
        const allowed = typeof one.result === 'string' ? [one.result] : one.result;
        assert.ok(
          allowed.includes(verdict.result),
          `${verdict.result} (${verdict.reason}), not ${allowed.join(' or ')}`,
        );
        if (one.explanation === undefined || verdict.result !== 'fail') return;
        // DEFAULT stands for the explanation of the receiver, which is used where the domain has none.
        assert.equal(verdict.explanation ?? 'DEFAULT', one.explanation);
      });
    }
  }
} else {
  test('the public test suite of SPF', { skip: `${suite.pathname} is not there` }, () => {});
}

/** The suite writes a policy once, as SPF, for both record types of RFC 4408; a name with a TXT of its own has it only there. */
function zoneName(records: readonly SuiteRecord[]): ZoneName {
  const values = (type: string): unknown[] =>
    records.flatMap((record) => (record !== 'TIMEOUT' && type in record ? [record[type]] : []));
  const texts = values('TXT').length > 0 ? values('TXT').filter((text) => text !== 'NONE') : values('SPF');
  const present: ZoneName = {
    txt: texts.map((text) => (Array.isArray(text) ? text.join('') : String(text))),
    a: values('A').map(String),
    aaaa: values('AAAA').map((address) => canonicalIp(String(address))),
    mx: values('MX').map((mx) => {
      const [preference, exchange] = mx as [number, string];
      return { preference, exchange: withoutRoot(exchange) };
    }),
    ptr: values('PTR').map((name) => withoutRoot(String(name))),
  };
  const [cname] = values('CNAME');
  const whole = cname === undefined ? present : { ...present, cname: withoutRoot(String(cname)) };
  if (!records.includes('TIMEOUT')) return whole;
  const answered = (type: ZoneType): boolean => (type === 'TXT' ? texts : values(type)).length > 0;
  return { ...whole, behaviour: 'drop', behaviourTypes: types.filter((type) => !answered(type)) };
}

function withoutRoot(name: string): string {
  return name.length > 1 && name.endsWith('.') ? name.slice(0, -1).toLowerCase() : name.toLowerCase();
}
