// Suspending, limiting and explaining on a running Sluice: what operators set counts at once, and over a restart.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { Ground, until } from '../../sim/neighbours/ground.ts';
import { ownProcesses, startSluice, type Sluice, type SluiceConfig } from '../../sim/neighbours/sluice.ts';
import type { ExplainAnswer } from '../../src/control/operations/explain.ts';
import type { LimitsAnswer } from '../../src/control/operations/limits.ts';
import type { OverrideEndAnswer } from '../../src/control/operations/overrides.ts';
import type { Status } from '../../src/control/operations/status.ts';
import type { Override } from '../../src/control/override.ts';
import { connect } from 'node:net';
import { destination, send } from '../interop/mail.ts';

function suspend(sluice: Sluice, targets: string[], forMs?: number): Promise<Override[]> {
  return sluice.ask({
    operation: 'override.set',
    kind: 'suspend',
    targets,
    reason: 'they asked',
    by: 'anna',
    ...(forMs !== undefined && { forMs }),
  });
}

function resume(sluice: Sluice, targets: string[]): Promise<OverrideEndAnswer> {
  return sluice.ask({ operation: 'override.unset', kind: 'suspend', targets });
}

const explain = (sluice: Sluice, address: string): Promise<ExplainAnswer> =>
  sluice.ask({ operation: 'explain', address });

async function deliver(sluice: Sluice, to: string): Promise<void> {
  const replies = await send(sluice.port, {
    from: 'a@client.test',
    to: [to],
    content: 'Message-ID: <x@client.test>\r\n\r\nHello\r\n',
  });
  assert.match(replies.at(-1) ?? '', /^250/u);
}

async function start(ground: Ground, config: SluiceConfig, directory?: string): Promise<Sluice> {
  const sluice = await startSluice(ground, { config, ...(directory !== undefined && { directory }) });
  await sluice.program.line(/is running as/u);
  return sluice;
}

suite('operating', { concurrency: 2 }, () => {
  for (const singleProcess of [true, false]) {
    test(`suspended mail waits over a reload and a restart, ${singleProcess ? 'in one process' : 'in several'}`, async (t) => {
      const ground = Ground.of(t);
      const mx = await destination(ground);
      const config: SluiceConfig = {
        processes: { single_process: singleProcess },
        route: [{ relay: [`127.0.0.1:${mx.port}`] }],
      };
      let sluice = await start(ground, config);
      await suspend(sluice, ['domain:held.test']);
      await deliver(sluice, 'b@held.test');
      await deliver(sluice, 'b@other.test');
      await mx.tally.arrived(1);
      await sluice.ask({ operation: 'reload' });
      const isHeld = async () => {
        const answer = await explain(sluice, 'b@held.test');
        assert.deepEqual(
          answer.explanation.binding.filter((text) => text.includes('suspended')).length,
          1,
          JSON.stringify(answer),
        );
        assert.equal(answer.explanation.recipients.ready, 1);
        assert.equal(answer.overrides[0]?.reason, 'they asked');
        // Waiting for a suspension is no attempt.
        const status = await sluice.ask<Status>({ operation: 'status' });
        assert.equal(status.counters['deferred'] ?? 0, 0);
      };
      await isHeld();
      assert.equal(await sluice.program.stop('SIGTERM'), 0);
      sluice = await start(ground, config, sluice.directory);
      await isHeld();
      assert.equal(mx.messages.length, 1);
      const { ended } = await resume(sluice, ['domain:held.test']);
      assert.equal(ended.length, 1);
      await mx.tally.arrived(2);
    });
  }

  test('a suspension ends at its time, and its mail is delivered', async (t) => {
    const ground = Ground.of(t);
    const mx = await destination(ground);
    const sluice = await start(ground, {
      processes: { single_process: true },
      route: [{ relay: [`127.0.0.1:${mx.port}`] }],
    });
    await suspend(sluice, ['all'], 1_500);
    await deliver(sluice, 'b@held.test');
    assert.equal(mx.messages.length, 0);
    await mx.tally.arrived(1);
    await until('the list is empty', async () => {
      const list = await sluice.ask<Override[]>({ operation: 'override.list' });
      return list.length === 0;
    });
    const file = JSON.parse(readFileSync(`${sluice.spool}/overrides.json`, 'utf8')) as { nextId: number };
    assert.equal(file.nextId, 2);
  });

  test('a limit that an operator sets holds at the destination, and the list of limits tells its origin', async (t) => {
    const ground = Ground.of(t);
    const mx = await destination(ground, {
      personality: ({ stage }) => (stage === 'mail' ? { delayMs: 50 } : undefined),
    });
    const sluice = await start(ground, {
      processes: { single_process: true },
      adapt: { enabled: false },
      route: [{ relay: [`127.0.0.1:${mx.port}`] }],
    });
    await sluice.ask({
      operation: 'override.set',
      kind: 'limit',
      targets: ['ip:127.0.0.0/8'],
      quantities: { connections: 2 },
      reason: '',
      by: '',
    });
    for (let i = 0; i < 12; i++) await deliver(sluice, `b@d${i}.test`);
    await mx.tally.arrived(12);
    assert.equal(mx.tally.maxConnections, 2);
    const { rules, explanation } = await explain(sluice, 'd1.test');
    const [place] = explanation.places;
    const counter = place?.limits.find(
      ({ key, quantity }) => key === '127.0.0.1' && quantity === 'connections',
    );
    assert.equal(counter?.allowed, 2);
    assert.equal(rules.find(({ id }) => id === counter?.rule)?.origin, 'sluice limit set');
    const { limits } = await sluice.ask<LimitsAnswer>({ operation: 'limits', most: 100 });
    assert.ok(limits.rules.some(({ origin }) => origin === 'built in'));
  });

  test('messages that a rate let through before a restart count after it', async (t) => {
    const ground = Ground.of(t);
    const mx = await destination(ground);
    const config: SluiceConfig = {
      processes: { single_process: true },
      route: [{ relay: [`127.0.0.1:${mx.port}`] }],
      limit: [{ per: 'domain', domain: ['rated.test'], message_rate: '2/hour' }],
    };
    let sluice = await start(ground, config);
    await deliver(sluice, 'b@rated.test');
    await mx.tally.arrived(1);
    await deliver(sluice, 'b@rated.test');
    const isSpent = async () => {
      const { explanation } = await explain(sluice, 'rated.test');
      assert.equal(explanation.recipients.ready, 1);
      const rate = explanation.limits.find(({ quantity }) => quantity === 'message_rate');
      // A rate of two an hour spaces messages half an hour apart.
      assert.ok((rate?.freeAtMs ?? 0) > Date.now() + 1_500_000, JSON.stringify(explanation));
    };
    await isSpent();
    assert.equal(await sluice.program.stop('SIGTERM'), 0);
    sluice = await start(ground, config, sluice.directory);
    await isSpent();
    assert.equal(mx.messages.length, 1);
  });

  test('malformed requests on the control socket do no harm', async (t) => {
    const ground = Ground.of(t);
    const mx = await destination(ground);
    const sluice = await start(ground, { ...ownProcesses, route: [{ relay: [`127.0.0.1:${mx.port}`] }] });
    const lines = [
      '{"operation":"explain","address":{"toString":1}}',
      '{"operation":"override.set","kind":"limit","targets":["all"],"quantities":{"connections":-1},"reason":"","by":""}',
      '{"operation":"override.set","kind":"suspend","targets":["tenant:nobody"],"reason":"","by":""}',
      '{"operation":"explain","address":"@@@"}',
      '\u0000',
    ];
    for (const line of lines) {
      const socket = connect(`${sluice.directory}/control.sock`);
      let text = '';
      socket.setEncoding('utf8').on('data', (piece: string) => (text += piece));
      socket.write(`${line}\n`);
      await once(socket, 'close');
      assert.match(text, /^\{"kind":"error","code":"[A-Z_]+","message":"[^"]/u, line);
    }
    assert.equal(sluice.pids().length, 5);
    assert.deepEqual(await sluice.ask({ operation: 'override.list' }), []);
    await deliver(sluice, 'b@other.test');
    await mx.tally.arrived(1);
  });
});
