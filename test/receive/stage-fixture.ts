// A receiver with stages of a test's own.

import type { TestContext } from 'node:test';
import type { Stage, Verdict } from '../../src/policy/stage.ts';
import { type Fixture, start } from './fixture.ts';

export const unknown: Verdict = {
  kind: 'reject',
  reply: { code: 550, enhanced: '5.1.1', text: 'No such user here' },
};
export const later: Verdict = {
  kind: 'tempfail',
  reply: { code: 451, enhanced: '4.7.1', text: 'Greylisted' },
};
export const bye: Verdict = { kind: 'disconnect', reply: { code: 421, enhanced: '4.7.0', text: 'Go away' } };

export async function withStages(t: TestContext, ...stages: Stage[]): Promise<Fixture> {
  return start(t, { stages: stages.map((stage) => ({ stage })) });
}

/** Turns of the event loop: what was written on loopback has arrived after some of them. */
export async function turns(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** Moves the clock of the time limits. */
export async function pass(fixture: Fixture, ms: number): Promise<void> {
  await turns();
  fixture.clock.now += ms;
  fixture.deadlines.advance();
  await turns();
}
