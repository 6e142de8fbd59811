// A receiver that asks a scripted rspamd.

import type { TestContext } from 'node:test';
import { RspamdPost } from '../../../src/policy/rspamd/post.ts';
import { RspamdStage, type RspamdStageParts } from '../../../src/policy/rspamd/rspamd-stage.ts';
import { type Fixture, start } from '../../receive/fixture.ts';
import { turnOf } from '../clamd/clamd-fixture.ts';
import type { ScriptedRspamd } from './scripted-rspamd.ts';

export function rspamdStage({ address }: ScriptedRspamd, more: Partial<RspamdStageParts> = {}): RspamdStage {
  return new RspamdStage({
    name: 'rspamd',
    onFailure: 'tempfail',
    audience: undefined,
    breaker: undefined,
    turn: turnOf({}),
    post: new RspamdPost(address),
    settings: { mtaName: 'mx.example.org', settingsId: undefined, flags: [], passAll: false },
    password: async () => undefined,
    names: undefined,
    maxSizeBytes: 1_000_000,
    onTooLarge: 'tempfail',
    onSpam: { action: 'continue', route: undefined, field: undefined },
    onReject: { action: 'reject', route: undefined, field: undefined },
    ...more,
  });
}

export function receiverWith(
  t: TestContext,
  rspamd: ScriptedRspamd,
  more: Partial<RspamdStageParts> = {},
  options: Parameters<typeof start>[1] = {},
): Promise<Fixture> {
  return start(t, { ...options, stages: [...(options.stages ?? []), { stage: rspamdStage(rspamd, more) }] });
}
