// Faults that are aimed: they strike at a moment at which a rule of Sluice matters, as seen from outside. Faults at any time
// hit the few milliseconds between two steps of one rule too seldom.

import type { Random } from '../../src/schedule/store/random.ts';
import { pick } from '../world/some-internet.ts';
import type { Fault } from './faults.ts';
import type { SimProcess } from './sim-process.ts';

/**
 * - `refused for good`: the manager hears that a destination has refused a recipient for good
 * - `deferred`: the manager hears that a destination has refused a recipient for now
 * - `answered`: the manager answers an operator who has changed something
 * - `full`: a sender process has opened the last connection that a limit allows
 * - `hello`: a sender process that was started again says hello
 */
export type Moment = 'refused for good' | 'deferred' | 'answered' | 'full' | 'hello';

/** What strikes: a fault, or something that happens to the process that the moment is about. */
export type Blow =
  | { readonly kind: 'fault'; readonly afterMs: number; readonly fault: Fault }
  | { readonly kind: 'kill-it' | 'break-its-link'; readonly afterMs: number };

export interface Aim {
  readonly moment: Moment;
  /** It strikes when the moment comes for this time, counted from 1, and never again. */
  readonly count: number;
  readonly blows: readonly Blow[];
}

/** The share of worlds with faults in which faults are aimed, too. */
const share = 0.7;

const fault = (afterMs: number, struck: Fault): Blow => ({ kind: 'fault', afterMs, fault: struck });
const powerCut = (offMs: number): Blow => fault(0, { kind: 'power-cut', offMs });
const killManager = (afterMs: number): Blow => fault(afterMs, { kind: 'kill', role: 'manager' });

/** How often the moment comes before it strikes. */
const some = (random: Random): number => 1 + random.below(4);

const makers: readonly ((random: Random) => readonly Aim[])[] = [
  // No report can be stored, and then nobody remembers that one is due.
  (random) => {
    const full = { kind: 'full-disk', leftBytes: 0, forMs: 4_000 } as const;
    const blows = [fault(0, full), killManager(200 + random.next() * 3_000)];
    return [{ moment: 'refused for good', count: some(random), blows }];
  },
  // Around the moment at which the report is stored and the journal is written.
  (random) => [{ moment: 'refused for good', count: some(random), blows: [killManager(random.next() * 40)] }],
  (random) => [{ moment: 'deferred', count: some(random), blows: [killManager(20 + random.next() * 500)] }],
  (random) => [{ moment: 'answered', count: some(random), blows: [powerCut(pick(random, [100, 3_000]))] }],
  // A sender process has connections that its manager has no word of any more.
  (random) => [{ moment: 'full', count: 5 * some(random), blows: [{ kind: 'break-its-link', afterMs: 0 }] }],
  // Mail waits, and other mail is in flight.
  (random) => [
    { moment: 'deferred', count: some(random), blows: [fault(0, { kind: 'reload', what: 'routes' })] },
  ],
  // With mail that waits, the end of a sender process is known before its hello arrives.
  (random) => [
    { moment: 'deferred', count: some(random), blows: [powerCut(100)] },
    {
      moment: 'hello',
      count: 1,
      blows: [
        fault(0, { kind: 'slow-links', eachMs: 300, forMs: 2_000 }),
        { kind: 'kill-it', afterMs: random.next() * 5 },
      ],
    },
  ],
];

/** @param random - of its own, so that aims change nothing else in a world */
export function someAims(random: Random): readonly Aim[] {
  if (random.next() >= share) return [];
  return Array.from({ length: 1 + random.below(3) }, () => pick(random, makers)(random)).flat();
}

export interface AimsOptions {
  readonly aims: readonly Aim[];
  readonly later: (ms: number, act: () => void) => void;
  readonly breakLink: (process: SimProcess) => void;
  readonly strike: (fault: Fault) => void;
}

export class Aims {
  readonly #options: AimsOptions;
  readonly #seen = new Map<Moment, number>();

  constructor(options: AimsOptions) {
    this.#options = options;
  }

  /** @param process - that it is about */
  came(moment: Moment, process?: SimProcess): void {
    const seen = (this.#seen.get(moment) ?? 0) + 1;
    this.#seen.set(moment, seen);
    const { aims, breakLink, later, strike } = this.#options;
    for (const aim of aims) {
      if (aim.moment !== moment || aim.count !== seen) continue;
      for (const blow of aim.blows) {
        later(blow.afterMs, () => {
          if (blow.kind === 'fault') strike(blow.fault);
          else if (blow.kind === 'kill-it') process?.kill();
          else if (process !== undefined) breakLink(process);
        });
      }
    }
  }
}
