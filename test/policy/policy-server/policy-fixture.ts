// A receiver that asks scripted policy servers, as one list.

import type { TestContext } from 'node:test';
import { dialService } from '../../../src/io/dial-service.ts';
import { Places } from '../../../src/io/places.ts';
import { IdleConnections } from '../../../src/policy/idle-connections.ts';
import type { StageEntry } from '../../../src/policy/pipelines.ts';
import type { PolicyConnection } from '../../../src/policy/policy-server/policy-connection.ts';
import { PolicyConnections } from '../../../src/policy/policy-server/policy-connections.ts';
import { PolicyList } from '../../../src/policy/policy-server/policy-list.ts';
import { PolicyListEnd } from '../../../src/policy/policy-server/policy-list-end.ts';
import {
  type PolicyServerParts,
  PolicyServerStage,
} from '../../../src/policy/policy-server/policy-server-stage.ts';
import type { PolicyPoint } from '../../../src/values/policy-points.ts';
import { type Fixture, start } from '../../receive/fixture.ts';
import { MilterClock } from '../milter/milter-fixture.ts';
import type { ScriptedPolicyServer } from './scripted-policy-server.ts';

export interface ListOptions extends Partial<PolicyServerParts> {
  readonly at?: readonly PolicyPoint[];
  readonly places?: Places;
  readonly clock?: MilterClock;
  readonly longestMs?: number;
  readonly idleMs?: number;
}

/** The stages of one list. */
export function policyStages(
  servers: readonly Pick<ScriptedPolicyServer, 'address'>[],
  { at = ['rcpt'], clock = new MilterClock(), ...options }: ListOptions = {},
): readonly StageEntry[] {
  const { places = new Places(100, 100), longestMs = 1_000_000, idleMs = 300_000, ...more } = options;
  const list = new PolicyList();
  const members = servers.map(({ address }, index) => ({
    stage: new PolicyServerStage({
      name: `policy-${index + 1}`,
      timeLimitMs: 30_000,
      onFailure: 'tempfail',
      audience: undefined,
      breaker: undefined,
      points: new Set(at),
      attributes: { context: '', program: 'Sluice 0.1.0' },
      connections: new PolicyConnections({
        turn: { places, deadlines: clock.deadlines, limitMs: 30_000 },
        connection: { dial: dialService, deadlines: clock.deadlines, address },
        idle: new IdleConnections<PolicyConnection>({ most: 100, longestMs: idleMs }),
        longestMs,
      }),
      names: undefined,
      list,
      isLast: index === servers.length - 1,
      routes: new Set(['partner']),
      log: { info: () => undefined },
      ...more,
    }),
  }));
  return [...members, { stage: new PolicyListEnd('end', list, new Set(at)) }];
}

export function receiverAsking(
  t: TestContext,
  servers: readonly ScriptedPolicyServer[],
  options: ListOptions = {},
  receiver: Parameters<typeof start>[1] = {},
): Promise<Fixture> {
  return start(t, {
    ...receiver,
    stages: [...policyStages(servers, options), ...(receiver.stages ?? [])],
  });
}
