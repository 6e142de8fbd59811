// What is done with all mail is done with mail that a stage has accepted, too: taps copy it, and its addresses are rewritten.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type RewriteRule, Rewriter } from '../../src/policy/rewriting/rewriter.ts';
import { goOn, type Stage, type Verdict } from '../../src/policy/stage.ts';
import { rewritingStage } from '../../src/policy/stages/rewriting-stage.ts';
import { parseTapFile } from '../../src/policy/taps/tap-file.ts';
import { TapFiles } from '../../src/policy/taps/tap-files.ts';
import { TapRules } from '../../src/policy/taps/tap-rules.ts';
import { TapStage } from '../../src/policy/taps/tap-stage.ts';
import { memoryTable } from '../policy/rewriting/memory-table.ts';
import { type Client, greeted, start } from './fixture.ts';
import { unknown } from './stage-fixture.ts';

const accepted: Verdict = { kind: 'accept' };

function taps(text: string): TapStage {
  const rules = new TapRules(parseTapFile(text));
  return new TapStage([{ name: 'archive', direction: 'both', tenants: undefined, rules }], () => undefined);
}

function rewriting(lines: readonly string[], isLate: boolean): Stage {
  const rule: RewriteRule = {
    of: new Set(['envelope-sender', 'envelope-recipient', 'header-sender']),
    tenants: undefined,
    change: {
      kind: 'canonical',
      table: memoryTable(lines, isLate),
      separators: '',
      keepsSubaddress: true,
      localDomains: new Set(),
      hostname: 'mx.example.org',
    },
  };
  const stage = rewritingStage({
    name: 'rewriting-incoming',
    audience: 'submission',
    rewriter: new Rewriter([rule], 'mx.example.org'),
    hostname: 'mx.example.org',
    points: ['mail', 'rcpt', 'headers'],
  });
  assert.ok(stage !== undefined);
  return stage;
}

async function send(client: Client): Promise<string> {
  await client.ask('MAIL FROM:<joe@old.test>\r\n');
  await client.ask('RCPT TO:<ann@old.test>\r\n');
  const data = await client.ask('DATA\r\n');
  return data.startsWith('354') ? client.ask('From: joe@old.test\r\n\r\nhello\r\n.\r\n') : data;
}

for (const [way, wrap, isLate] of [
  ['at once', (verdict: Verdict) => verdict, false],
  ['as a promise', (verdict: Verdict) => Promise.resolve(verdict), true],
] as const) {
  test(`mail that a stage accepts at each point ${way} is rewritten and copied, and asks no other stage`, async (t) => {
    const at = (verdict: Verdict) => () => wrap(verdict);
    const asked = (name: string, verdict: Verdict): Stage => ({
      name,
      mail: at(verdict),
      rcpt: at(verdict),
      data: at(verdict),
      headers: at(verdict),
      content: at(verdict),
    });
    const stages = [
      asked('friends', accepted),
      asked('strict', unknown),
      rewriting(['@old.test @new.test'], isLate),
      asked('strict-too', unknown),
      taps('F:@new\\.test$:archive@x.example'),
      asked('strict-again', unknown),
    ];
    const fixture = await start(t, { stages: stages.map((stage) => ({ stage })) });
    assert.match(await send(await greeted(fixture)), /^250 /);
    const [stored] = fixture.spool.kept;
    assert.equal(stored?.envelope.reversePath, 'joe@new.test');
    assert.deepEqual(
      stored.envelope.recipients.map(({ address, isCopy }) => [address, isCopy === true]),
      [
        ['ann@new.test', false],
        ['archive@x.example', true],
      ],
    );
    assert.match(stored.content, /\r\nFrom: joe@new\.test\r\n/);
    assert.deepEqual(fixture.troubles.list, []);
  });
}

test('taps that cannot tell hold up mail that a stage has accepted', async (t) => {
  const rules = new TapFiles().of('/nonexistent/taps');
  const stage = new TapStage(
    [{ name: 'archive', direction: 'both', tenants: undefined, rules }],
    () => undefined,
  );
  const friend: Stage = { name: 'friends', data: () => accepted, content: () => goOn };
  const fixture = await start(t, { stages: [{ stage: friend }, { stage }] });
  assert.match(await send(await greeted(fixture)), /^451 4\.3\.0 /);
  assert.equal(fixture.spool.kept.length, 0);
});
