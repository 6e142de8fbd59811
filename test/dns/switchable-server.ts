// Name servers that can be switched off, and a resolver on virtual time that asks them. The sockets are real.

import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import * as dnsPacket from 'dns-packet';
import type { NameServer, Outage, ResolverOptions } from '../../src/dns/resolver.ts';
import { resolverOn, startRawServer } from './raw-server.ts';

/** A server that can be switched off, and counts the questions that it receives. */
export async function switchable(t: TestContext) {
  const heard: string[] = [];
  const state = { answers: true, waiting: undefined as (() => void) | undefined };
  const server = await startRawServer(t, (query, send) => {
    const { id, questions } = dnsPacket.decode(query);
    const question = questions?.[0];
    assert.ok(question !== undefined);
    heard.push(`${question.name} ${question.type}`);
    state.waiting?.();
    if (!state.answers || question.name.endsWith('dead.test')) return;
    const answers =
      question.type === 'MX'
        ? [
            {
              type: 'MX' as const,
              name: question.name,
              ttl: 60,
              data: { preference: 10, exchange: 'mx.test' },
            },
          ]
        : [];
    send(dnsPacket.encode({ type: 'response', id: id ?? 0, questions: [question], answers }));
  });
  /** Resolves when the server has received this many questions for a name. */
  const hearing = async (text: string, times: number): Promise<void> => {
    while (heard.filter((each) => each === text).length < times) {
      await new Promise<void>((resolve) => {
        state.waiting = resolve;
      });
    }
  };
  return { server, heard, state, hearing };
}

/** A resolver for these servers whose timers and clock the test controls. */
export function ground(
  t: TestContext,
  servers: readonly NameServer[],
  options: Partial<ResolverOptions> = {},
) {
  t.mock.timers.enable({ apis: ['Date', 'setTimeout', 'setInterval'], now: 1_000_000 });
  const resolver = resolverOn(t, servers, { timeoutMs: 3_000, now: () => Date.now(), ...options });
  const changes: (Outage | undefined)[] = [];
  let woken = (): void => undefined;
  resolver.onOutage((outage) => {
    changes.push(outage);
    woken();
  });
  const changed = async (count: number): Promise<void> => {
    while (changes.length < count) {
      await new Promise<void>((resolve) => {
        woken = resolve;
      });
    }
  };
  return { resolver, changes, changed, pass: (ms: number) => t.mock.timers.tick(ms) };
}
