// A receiver that verifies mail of others, with a DNS of its own, and a client that sends to it.

import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import type { TestContext } from 'node:test';
import type { Zone } from '../../sim/dns/zone.ts';
import type { StageEntry } from '../../src/policy/pipelines.ts';
import { goOn, type StageResult } from '../../src/policy/stage.ts';
import { ForgedResultsStage } from '../../src/policy/stages/forged-results-stage.ts';
import { VerificationStage, type VerificationParts } from '../../src/policy/stages/verification-stage.ts';
import type { Policy } from '../../src/verification/policy.ts';
import { noHints } from '../../src/sasl/token-exchanges.ts';
import { zoneResolver } from '../dns/zone-resolver.ts';
import { directoryOf } from '../sasl/secrets.ts';
import { type Client, type Fixture, greeted, start } from './fixture.ts';

export const marked: Policy = {
  iprevFail: 'mark',
  iprevTemperror: 'mark',
  spfFail: 'mark',
  spfSoftfail: 'mark',
  spfNone: 'mark',
  spfPermerror: 'mark',
  spfTemperror: 'mark',
  dkimFail: 'mark',
  dkimNone: 'mark',
  dkimTemperror: 'mark',
  dmarcFail: 'mark',
  dmarcNone: 'mark',
  dmarcPermerror: 'mark',
  dmarcTemperror: 'mark',
};

export const key = generateKeyPairSync('ed25519');
const published = key.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('base64');

const zone: Zone = {
  'sender.test': { txt: ['v=spf1 ip4:127.0.0.1 -all'] },
  'other.test': { txt: ['v=spf1 -all exp=why.other.test'] },
  'why.other.test': { txt: ['use mx.%{d}'] },
  'failing.test': { behaviour: 'servfail' },
  '_dmarc.sender.test': { txt: ['v=DMARC1; p=reject'] },
  '_dmarc.held.test': { txt: ['v=DMARC1; p=quarantine'] },
  '_dmarc.failing.test': { behaviour: 'servfail' },
  's._domainkey.sender.test': { txt: [`v=DKIM1; k=ed25519; p=${published}`] },
  '1.0.0.127.in-addr.arpa': { ptr: ['client.test'] },
  'client.test': { a: ['127.0.0.1'] },
};

const auth = {
  directory: directoryOf({ login: 'joe@example.com', password: 'pencil' }),
  mechanisms: ['PLAIN'],
  inClear: ['PLAIN'],
  isRequired: false,
  hints: noHints,
};

export interface Ground {
  readonly fixture: Fixture;
  readonly client: Client;
  readonly events: Record<string, unknown>[];
  readonly asked: string[];
  readonly results: (StageResult | undefined)[];
}

export async function verifying(
  t: TestContext,
  policy: Partial<Policy> = {},
  options: Partial<VerificationParts> & {
    readonly isTest?: boolean;
    readonly networks?: string[];
    readonly isUntold?: boolean;
  } = {},
): Promise<Ground> {
  const events: Record<string, unknown>[] = [];
  const resolver = zoneResolver(zone);
  const { isTest = false, isUntold = false, networks = ['10.0.0.0'], ...parts } = options;
  const results: (StageResult | undefined)[] = [];
  const clear = { fixture: undefined as Fixture | undefined };
  const stage = new VerificationStage({
    rules: () => ({ policy: { ...marked, ...policy }, isTest }),
    lookups: resolver,
    deadlines: {
      set: (entry, afterMs) => clear.fixture?.deadlines.set(entry, afterMs),
      clear: (entry) => clear.fixture?.deadlines.clear(entry),
    },
    events: { happened: (name, fields) => events.push({ event: name, ...fields }) },
    authservId: 'mx.example.org',
    hostname: 'mx.example.org',
    isTrustedSealer: undefined,
    timeLimitMs: 20_000,
    nowMs: () => 1_700_000_000_000,
    ...parts,
  });
  const after: StageEntry = {
    stage: {
      name: 'after',
      audience: 'strangers',
      content: (facts) => {
        results.push(facts.resultOf('verification'));
        return goOn;
      },
    },
  };
  const forged: StageEntry = { stage: new ForgedResultsStage('mx.example.org') };
  const fixture = await start(t, {
    networks,
    auth,
    tls: 'offered',
    stages: [forged, { stage }, after],
    balancers: isUntold ? ['127.0.0.0/8'] : [],
  });
  clear.fixture = fixture;
  return {
    fixture,
    client: await (isUntold ? untold(fixture) : greeted(fixture)),
    events,
    asked: resolver.asked,
    results,
  };
}

/** A client of a load balancer that does not know who it is. */
async function untold(fixture: Fixture): Promise<Client> {
  const client = await fixture.client();
  assert.match(await client.ask('PROXY UNKNOWN\r\n'), /^220/);
  assert.match(await client.ask('EHLO client.example\r\n'), /^250/);
  return client;
}

export async function send(
  client: Client,
  content: string | Buffer,
  from = 'a@sender.test',
): Promise<string> {
  assert.match(await client.ask(`MAIL FROM:<${from}>\r\n`), /^250/);
  assert.match(await client.ask('RCPT TO:<b@example.com>\r\n'), /^250/);
  const data = await client.ask('DATA\r\n');
  if (!data.startsWith('354')) return data;
  return client.ask(`${content.toString('latin1')}\r\n.\r\n`);
}

export function stored({ fixture }: Ground): string {
  return fixture.spool.kept.at(-1)?.content ?? '';
}

export const message = Buffer.from('From: Joe <joe@sender.test>\r\nSubject: x\r\n\r\nHello\r\n');
