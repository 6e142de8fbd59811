// A receiver that asks DNS lists, with a DNS of its own, and clients that a load balancer tells.

import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Zone } from '../../sim/dns/zone.ts';
import type { Deadline } from '../../src/io/deadlines.ts';
import { DnsListsStage, type DnsListsParts } from '../../src/policy/dns-lists/dns-lists-stage.ts';
import { type ExemptionConfig, Exemptions } from '../../src/policy/defences/exemptions.ts';
import { KnownLists } from '../../src/policy/dns-lists/known-lists.ts';
import type { ListRule } from '../../src/policy/dns-lists/list-score.ts';
import type { StageEntry } from '../../src/policy/stage-entry.ts';
import { goOn, type StageResult } from '../../src/policy/stage.ts';
import { StageTally } from '../../src/policy/stage-tally.ts';
import { EventCounters } from '../../src/log/event-counters.ts';
import { Troubles } from '../../src/stats/troubles.ts';
import { DomainSet } from '../../src/values/domain-set.ts';
import { zoneResolver } from '../dns/zone-resolver.ts';
import { type Client, type Fixture, start } from './fixture.ts';

export const listed = { a: ['127.0.0.2'], txt: ['see https://bl.test/why'] };

export function rule(given: Partial<ListRule> = {}): ListRule {
  return {
    zone: 'bl.test',
    shownAs: 'bl.test',
    about: 'client',
    answers: undefined,
    weight: 1,
    text: undefined,
    ...given,
  };
}

export interface Ground {
  readonly fixture: Fixture;
  readonly asked: string[];
  readonly troubles: Troubles;
  readonly counters: EventCounters;
  readonly results: (StageResult | undefined)[];
  readonly dns: Record<string, Zone[string]>;
}

export async function listing(
  t: TestContext,
  dns: Zone,
  rules: readonly ListRule[],
  given: Partial<DnsListsParts> & {
    readonly entry?: Partial<StageEntry>;
    readonly options?: Parameters<typeof start>[1];
    readonly first?: StageEntry;
  } = {},
): Promise<Ground> {
  const { entry, options, first, ...parts } = given;
  const zone = { ...dns };
  const resolver = zoneResolver(zone);
  const troubles = new Troubles();
  const counters = new EventCounters();
  const clear = { fixture: undefined as Fixture | undefined };
  const deadlines = {
    set: (each: Deadline, afterMs: number) => clear.fixture?.deadlines.set(each, afterMs),
    clear: (each: Deadline) => clear.fixture?.deadlines.clear(each),
    get nowMs() {
      return clear.fixture?.deadlines.nowMs ?? 0;
    },
  };
  const log = { error: () => undefined, info: () => undefined };
  // Names below dead.test never get an answer.
  const addresses = (name: string, family: 4 | 6) =>
    name.endsWith('.dead.test') ? new Promise<never>(() => undefined) : resolver.addresses(name, family);
  const lists = new KnownLists({ resolver: { addresses, txt: resolver.txt }, deadlines, log, troubles });
  const stage = new DnsListsStage({
    name: 'lists',
    audience: 'unknown',
    onFailure: 'tempfail',
    breaker: undefined,
    rules,
    thresholds: { markAt: undefined, quarantineAt: undefined, tempfailAt: undefined, rejectAt: 1 },
    limitMs: 5_000,
    exemptions: exempting({}),
    exceptDomains: new DomainSet([]),
    field: 'X-DNS-Lists',
    lists,
    tally: new StageTally('lists', counters),
    ...parts,
  });
  const results: (StageResult | undefined)[] = [];
  const after: StageEntry = {
    stage: {
      name: 'after',
      content: (facts) => {
        results.push(facts.resultOf('lists'));
        return goOn;
      },
    },
  };
  const fixture = await start(t, {
    networks: ['10.0.0.0'],
    balancers: ['127.0.0.0/8'],
    firstStages: first === undefined ? [] : [first],
    stages: [{ stage, isCounted: true, ...entry }, after],
    ...options,
  });
  clear.fixture = fixture;
  return { fixture, asked: resolver.asked, troubles, counters, results, dns: zone };
}

/** Whom a stage leaves alone. 192.0.2.9 has the name mail.known.test. */
export function exempting(given: Partial<ExemptionConfig>): Exemptions {
  const config = { exceptClients: [], exceptNames: [], exceptSenders: [], exceptResults: [], ...given };
  return new Exemptions(config, {
    of: (address) =>
      Promise.resolve(
        address === '192.0.2.9' ? { kind: 'names', names: ['mail.known.test'] } : { kind: 'none' },
      ),
  });
}

/** A client with this address, which a load balancer tells. */
export async function from(fixture: Fixture, address = '192.0.2.9', helo = 'client.test'): Promise<Client> {
  const client = await fixture.client();
  const isSix = address.includes(':');
  const line = isSix ? `TCP6 ${address} 2001:db8::25` : `TCP4 ${address} 192.0.2.25`;
  assert.match(await client.ask(`PROXY ${line} 4000 25\r\n`), /^220/);
  assert.match(await client.ask(`EHLO ${helo}\r\n`), /^250/);
  return client;
}

export async function recipient(
  client: Client,
  from = 'a@sender.test',
  to = 'b@example.com',
): Promise<string> {
  assert.match(await client.ask(`MAIL FROM:<${from}>\r\n`), /^250/);
  return client.ask(`RCPT TO:<${to}>\r\n`);
}

export async function sent(
  client: Client,
  content = 'From: a@sender.test\r\n\r\nhello',
  from?: string,
): Promise<string> {
  assert.match(await recipient(client, from), /^250/);
  assert.match(await client.ask('DATA\r\n'), /^354/);
  return client.ask(`${content}\r\n.\r\n`);
}

/** 192.0.2.9, as lists write it. */
export const nine = '9.2.0.192';
