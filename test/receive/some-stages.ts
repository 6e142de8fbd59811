// Stages of properties: what they answer at which point, and whether at once, later or wrongly.

import * as fc from 'fast-check';
import { goOn, type Point, type Stage, type Verdict } from '../../src/policy/stage.ts';
import { bye, later, unknown } from './stage-fixture.ts';

const asked: readonly Point[] = ['connect', 'helo', 'mail', 'rcpt', 'data', 'headers', 'content'];

/** Some of them are not allowed at some points. */
const verdicts: readonly Verdict[] = [
  goOn,
  { kind: 'continue' },
  { kind: 'accept' },
  unknown,
  later,
  bye,
  { kind: 'drop' },
  { kind: 'continue', edits: [{ kind: 'reply-line', text: 'one more line' }] },
  { kind: 'discard', reason: 'unwanted' },
  { kind: 'quarantine', reason: 'suspicious' },
  { kind: 'continue', edits: [{ kind: 'change-sender', address: 'changed@example.net' }] },
  { kind: 'continue', edits: [{ kind: 'change-recipient', address: 'changed@example.com' }] },
  { kind: 'continue', edits: [{ kind: 'add-recipient', recipient: { address: 'more@example.com' } }] },
  { kind: 'accept', edits: [{ kind: 'remove-recipient', address: 'b@example.com' }] },
  { kind: 'continue', edits: [{ kind: 'add-field', name: 'X', value: 'added' }], result: { at: 'x' } },
  { kind: 'continue', edits: [{ kind: 'set-route', route: 'partner' }] },
  { kind: 'continue', edits: [{ kind: 'replace-body', body: Buffer.from('replaced\r\n') }] },
];

const ways = ['now', 'promise', 'late', 'throws', 'rejects', 'never', 'garbage'] as const;
type Way = (typeof ways)[number];

/** What a stage does at one point. */
export interface Behaviour {
  readonly stage: number;
  readonly point: Point;
  readonly verdict: Verdict;
  readonly way: Way;
  /** It says only `continue`, except at every so many calls. */
  readonly every: number;
}

export const behaviours = fc.array(
  fc.record({
    stage: fc.nat(2),
    point: fc.constantFrom(...asked),
    verdict: fc.constantFrom(...verdicts),
    way: fc.constantFrom(...ways),
    every: fc.integer({ min: 1, max: 3 }),
  }),
  { maxLength: 7 },
);

/** Stages that behave so; `gates` gets what they wait for. */
export function stagesOf(given: readonly Behaviour[], gates: (() => void)[]): Stage[] {
  return [0, 1, 2].map((number): Stage => {
    const methods: [Point, () => unknown][] = given
      .filter(({ stage }) => stage === number)
      .map(({ point, verdict, way, every }) => {
        let calls = 0;
        return [point, () => (++calls % every === 0 ? answer(verdict, way, gates) : goOn)];
      });
    return Object.assign({ name: `stage${number}` }, Object.fromEntries(methods));
  });
}

function answer(verdict: Verdict, way: Way, gates: (() => void)[]): unknown {
  switch (way) {
    case 'now':
      return verdict;
    case 'promise':
      return Promise.resolve(verdict);
    case 'late': {
      const { promise, resolve } = Promise.withResolvers<Verdict>();
      gates.push(() => resolve(verdict));
      return promise;
    }
    case 'throws':
      throw new Error('broken');
    case 'rejects':
      return Promise.reject(new Error('broken'));
    case 'never':
      return new Promise(() => undefined);
    case 'garbage':
      return { kind: 'garbage' };
  }
}

/** The same stages, all of them at once: those that are broken throw. */
export function atOnce(given: readonly Behaviour[]): Behaviour[] {
  return given.map((each) => {
    const isSound = each.way === 'now' || each.way === 'promise' || each.way === 'late';
    return { ...each, way: isSound ? 'now' : 'throws' };
  });
}

/** Cuts a stream at these places, modulo its length. */
export function cut(stream: Buffer, at: readonly number[]): Uint8Array[] {
  const places = [...new Set(at.map((place) => place % (stream.length + 1)))].toSorted((a, b) => a - b);
  return [0, ...places].map((place, index) =>
    Buffer.from(stream.subarray(place, places[index] ?? stream.length)),
  );
}
