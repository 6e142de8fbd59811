// A receiver that asks scripted milters, and sessions of its clients.

import type { TestContext } from 'node:test';
import { Deadlines } from '../../../src/io/deadlines.ts';
import { dialService, type ServiceAddress } from '../../../src/io/dial-service.ts';
import { Places } from '../../../src/io/places.ts';
import { MilterStage, type MilterStageParts } from '../../../src/policy/milter/milter-stage.ts';
import { termsOf } from '../../../src/protocol/milter/flags.ts';
import { usualMacros } from '../../../src/values/milter-macros.ts';
import { type Client, type Fixture, start } from '../../receive/fixture.ts';
import type { ScriptedMilter } from './scripted-milter.ts';

export type StageOptions = Partial<MilterStageParts> & { readonly version?: number };

/** The clock of the time limits of milters. */
export class MilterClock {
  now = 1_000_000;
  readonly deadlines = new Deadlines({ now: () => this.now });

  pass(ms: number): void {
    this.now += ms;
    this.deadlines.advance();
  }
}

export function milterStage(
  address: ServiceAddress,
  { version = 6, ...more }: StageOptions = {},
  { deadlines }: MilterClock = new MilterClock(),
): MilterStage {
  return new MilterStage({
    name: 'milter',
    onFailure: 'tempfail',
    audience: undefined,
    breaker: undefined,
    marks: [],
    connection: {
      dial: dialService,
      deadlines,
      address,
      offer: termsOf(version),
      macros: usualMacros,
      connectMs: 30_000,
    },
    commandMs: 30_000,
    contentMs: 300_000,
    places: new Places(100, 100),
    macros: { hostname: 'mx.example.org', daemonName: 'mx.example.org', program: 'Sluice 0.1.0' },
    names: undefined,
    idle: undefined,
    last: { terms: undefined },
    ...more,
  });
}

/** Starts a receiver that asks these milters, in their order. */
export function receiverWith(
  t: TestContext,
  milters: readonly ScriptedMilter[],
  options: Parameters<typeof start>[1] = {},
  stage: StageOptions = {},
): Promise<Fixture> {
  const stages = milters.map(({ address }, at) => ({
    stage: milterStage(address, { name: `milter-${at + 1}`, ...stage }),
  }));
  return start(t, { ...options, stages: [...(options.stages ?? []), ...stages] });
}

/** Connects, and says EHLO. */
export async function greeted(fixture: Fixture): Promise<Client> {
  const client = await fixture.client();
  await client.reply();
  await client.ask('EHLO client.test\r\n');
  return client;
}

/** Sends a message, and returns the replies to its commands. */
export async function sendMessage(
  client: Client,
  { from = 'a@example.com', to = ['b@example.com'], content = 'Subject: x\r\n\r\nHello\r\n' } = {},
): Promise<string[]> {
  const replies = [await client.ask(`MAIL FROM:<${from}>\r\n`)];
  if (!replies[0]?.startsWith('2')) return replies;
  for (const each of to) replies.push(await client.ask(`RCPT TO:<${each}>\r\n`));
  const data = await client.ask('DATA\r\n');
  replies.push(data);
  if (data.startsWith('354')) replies.push(await client.ask(`${content}.\r\n`));
  return replies;
}
