// A receiver that asks a scripted clamd.

import type { TestContext } from 'node:test';
import { Deadlines } from '../../../src/io/deadlines.ts';
import { dialService } from '../../../src/io/dial-service.ts';
import { Places } from '../../../src/io/places.ts';
import { ClamdStage, type ClamdStageParts } from '../../../src/policy/clamd/clamd-stage.ts';
import type { TurnParts } from '../../../src/policy/in-turn.ts';
import type { MarkedMail } from '../../../src/policy/marks.ts';
import type { StageEntry } from '../../../src/policy/stage-entry.ts';
import { type Fixture, start } from '../../receive/fixture.ts';
import type { ScriptedClamd } from './scripted-clamd.ts';

/** The clock of its time limits. */
export class ScanClock {
  now = 1_000_000;
  readonly deadlines = new Deadlines({ now: () => this.now });

  pass(ms: number): void {
    this.now += ms;
    this.deadlines.advance();
  }
}

export const rejects: MarkedMail = { action: 'reject', route: undefined, field: undefined };

export function clamdStage({ address }: ScriptedClamd, more: Partial<ClamdStageParts> = {}): ClamdStage {
  return new ClamdStage({
    name: 'clamav',
    onFailure: 'tempfail',
    audience: undefined,
    breaker: undefined,
    turn: turnOf({}),
    scan: { dial: dialService, address },
    maxSizeBytes: 1_000_000,
    onVirus: rejects,
    onTooLarge: 'tempfail',
    ...more,
  });
}

export function turnOf({ clock = new ScanClock(), most = 100, waiting = 100, limitMs = 120_000 }): TurnParts {
  return { places: new Places(most, waiting), deadlines: clock.deadlines, limitMs };
}

export function receiverWith(
  t: TestContext,
  clamd: ScriptedClamd,
  more: Partial<ClamdStageParts> = {},
  others: readonly StageEntry[] = [],
): Promise<Fixture> {
  return start(t, { stages: [...others, { stage: clamdStage(clamd, more) }] });
}
