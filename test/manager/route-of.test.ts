// What decides whether recipients have senders of their own (VERP): the message, then the route, the tenant, and [bounce].

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { delimitersFor, routeFor } from '../../src/manager/route-of.ts';
import type { Ways } from '../../src/manager/ways/ways.ts';
import type { Envelope } from '../../src/message/envelope.ts';
import type { RouteKey, Router } from '../../src/route/types.ts';
import { VerpSettings } from '../../src/route/verp.ts';

function routing(ofRoute: string | undefined, usual: string | undefined) {
  const route: RouteKey = { key: 'mx:b.test', domain: 'b.test', verp: ofRoute };
  const router = { routeOf: () => route, routeNamed: () => route } as unknown as Router;
  return {
    router,
    verp: new VerpSettings(
      usual,
      new Map([
        ['list', '-='],
        ['plain', ''],
      ]),
    ),
  };
}

const message = {
  reversePath: 'a@a.test',
  tlsDemand: undefined,
  tenant: '',
  user: '',
  verp: undefined,
  address: 'x@b.test',
  isCopy: false,
  chosen: undefined,
  passesHolds: false,
};

for (const [what, ofRoute, usual, facts, key] of [
  ['nothing is said', undefined, undefined, {}, 'mx:b.test'],
  ['[bounce] says it', undefined, '+=', {}, 'verp+=!mx:b.test'],
  ['the tenant says otherwise', undefined, '+=', { tenant: 'list' }, 'verp-=!mx:b.test'],
  ['the tenant wants none', undefined, '+=', { tenant: 'plain' }, 'mx:b.test'],
  ['the route says otherwise', '=+', '+=', { tenant: 'list' }, 'verp=+!mx:b.test'],
  ['the route wants none', '', '+=', { tenant: 'list' }, 'mx:b.test'],
  ['the message asks for it', '', undefined, { verp: '--' }, 'verp--*mx:b.test'],
  ['it is a bounce', '=+', '+=', { reversePath: '', tenant: 'list' }, 'mx:b.test'],
  ['it is a copy for an archive', '=+', '+=', { isCopy: true }, 'copy!mx:b.test'],
  ['a stage chose the route', '=+', undefined, { chosen: 'r' }, 'verp=+!by-stage!mx:b.test'],
  ['it demands TLS', '=+', undefined, { tlsDemand: 'requiretls' }, 'verp=+!requiretls!mx:b.test'],
] as const) {
  test(`where ${what}, the route is ${key}`, async () => {
    const table = routing(ofRoute, usual);
    assert.equal(routeFor(table, { ...message, ...facts }).key, key);
    const { address, isCopy, chosen: route, ...rest } = { ...message, ...facts };
    const copy = isCopy ? ({ isCopy: true } as const) : {};
    const envelope = { ...rest, recipients: [{ address, route, ...copy }] } as unknown as Envelope;
    assert.equal(await delimitersFor(table, envelope, 0), /^verp(..)/u.exec(key)?.[1]);
  });
}

for (const [what, routesSay, expected, lookups] of [
  ['no route says anything about senders, no table is asked for the delimiters of a report', false, '+=', 0],
  ['a route may say something, the table is asked', true, '=-', 1],
] as const) {
  test(`where ${what}`, async () => {
    const { router } = routing(undefined, undefined);
    let asked = 0;
    const ways = {
      of: async () => {
        asked++;
        return { kind: 'found', route: { key: 'mx:b.test', domain: 'b.test', verp: '=-' }, table: 't' };
      },
    } as unknown as Ways;
    const verp = new VerpSettings('+=', new Map(), routesSay);
    const envelope = {
      reversePath: 'a@a.test',
      recipients: [{ address: 'x@b.test' }],
    } as unknown as Envelope;
    assert.equal(await delimitersFor({ router, verp, ways }, envelope, 0), expected);
    assert.equal(asked, lookups);
  });
}
