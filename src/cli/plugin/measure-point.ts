// Asks a plugin in its thread again and again, and measures what that costs.

import { nodeTimers } from '../../io/timers.ts';
import { openPluginHost } from '../../plugin/host/open-host.ts';
import type { PluginHost } from '../../plugin/host/plugin-host.ts';
import { PluginStage } from '../../plugin/plugin-stage.ts';
import { anyRoute } from '../../plugin/testing/any-route.ts';
import { attemptFactsOf, routeFactsOf } from '../../plugin/testing/delivery-facts.ts';
import { factsOf } from '../../plugin/testing/test-facts.ts';
import type { PluginPoint, SessionPoint } from '../../plugin/types.ts';
import { verdictFault } from '../../policy/check-verdict.ts';
import { Troubles } from '../../stats/troubles.ts';

export interface BenchParts {
  /** Absolute. */
  readonly file: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly folder: string;
  readonly atOnce: number;
  /** How long an answer may take. */
  readonly timeLimitMs: number;
}

/** How a point is measured. */
export interface Measuring extends Pick<BenchParts, 'atOnce' | 'timeLimitMs'> {
  readonly seconds: number;
  /** Is called when its first answers take long. */
  readonly onSilence: () => void;
}

/** The plugin answers nothing at a point, so that there is nothing to measure. The message is a clause. */
export class Unanswered extends Error {
  override readonly name = 'Unanswered';
}

/** What a point of a plugin costs. */
export interface Measured {
  readonly point: PluginPoint;
  readonly answers: number;
  readonly perSecond: number;
  /** CPU of the whole process for each answer, in microseconds. */
  readonly cpuUs: number;
  /** Of that outside of the thread that asks: in the plugin's. */
  readonly pluginUs: number;
  /** The kind of the last answer. */
  readonly verdict: string;
  readonly failures: number;
  /** Why the first of them failed; empty without. */
  readonly fault: string;
}

/** How long the setup may take, as in the server. */
export const setupMs = 30_000;
/** Whoever waits for so long is told what for. */
export const silentMs = 2_000;

const nobody = { kind: 'nxdomain', ttlSeconds: 0, authenticated: false } as const;
const silent = { info: () => undefined, error: () => undefined };

/** A plugin in its thread, with a DNS in which there is nothing. */
export function openForBench({ file, options, folder, atOnce, timeLimitMs }: BenchParts): PluginHost {
  const absent = () => Promise.resolve(nobody);
  return openPluginHost(
    {
      name: 'bench',
      file,
      options,
      folder,
      timeLimitMs,
      mostQuestions: atOnce,
      mostWaiting: atOnce,
      memoryBytes: 128 * 1024 ** 2,
    },
    {
      log: silent,
      troubles: new Troubles(),
      timers: nodeTimers,
      lookups: { addresses: absent, txt: absent, mx: absent, ptr: absent },
      environment: {},
      setupMs,
    },
  );
}

/**
 * Asks at one point for some seconds, with so many questions at any moment.
 * @throws {Unanswered}
 */
export async function measurePoint(
  host: PluginHost,
  point: PluginPoint,
  { seconds, atOnce, timeLimitMs, onSilence }: Measuring,
): Promise<Measured> {
  const ask = questionAt(host, point, timeLimitMs);
  // The first answers are slow: code is compiled.
  const begunMs = performance.now();
  const silence = setTimeout(onSilence, silentMs);
  const first = await askUntil(begunMs + 300, atOnce, ask);
  clearTimeout(silence);
  if (first.failures === first.answers && performance.now() >= begunMs + timeLimitMs)
    throw new Unanswered(first.fault);
  const own = process.threadCpuUsage();
  const whole = process.cpuUsage();
  const start = performance.now();
  const { answers, failures, fault, verdict } = await askUntil(start + seconds * 1000, atOnce, ask);
  const tookMs = performance.now() - start;
  const cpuUs = sum(process.cpuUsage(whole)) / answers;
  const ownUs = sum(process.threadCpuUsage(own)) / answers;
  const perSecond = (answers / tookMs) * 1000;
  return { point, answers, perSecond, cpuUs, pluginUs: Math.max(0, cpuUs - ownUs), verdict, failures, fault };
}

interface Asked {
  answers: number;
  failures: number;
  /** Of the first failure. */
  fault: string;
  verdict: string;
}

/** As many sessions as `atOnce`, each of which asks again when it has its answer. */
async function askUntil(endMs: number, atOnce: number, ask: () => Promise<unknown>): Promise<Asked> {
  const asked: Asked = { answers: 0, failures: 0, fault: '', verdict: '' };
  const session = async (): Promise<void> => {
    do {
      try {
        asked.verdict = String(await ask());
      } catch (error) {
        if (asked.failures++ === 0) asked.fault = error instanceof Error ? error.message : String(error);
      }
      asked.answers++;
    } while (performance.now() < endMs);
  };
  await Promise.all(Array.from({ length: atOnce }, session));
  return asked;
}

/** @returns asks once, and tells the kind of the answer */
function questionAt(host: PluginHost, point: PluginPoint, timeLimitMs: number): () => Promise<string> {
  switch (point) {
    case 'route':
      return async () =>
        String(((await host.ask(point, routeFactsOf({}))) as { readonly kind?: unknown } | null)?.kind);
    case 'attempt':
      return async () => {
        await host.ask(point, attemptFactsOf({}));
        return 'told';
      };
    default:
      return questionOfSession(host, point, timeLimitMs);
  }
}

function questionOfSession(
  host: PluginHost,
  point: SessionPoint,
  timeLimitMs: number,
): () => Promise<string> {
  const stage = new PluginStage({
    name: 'bench',
    host,
    timeLimitMs,
    onFailure: 'tempfail',
    audience: undefined,
    breaker: undefined,
  });
  const facts = { ...factsOf({}, true), followBody: () => undefined, newBody: noBody };
  return async () => {
    const verdict = await stage[point](facts);
    const fault = verdictFault(verdict, point, anyRoute);
    if (fault !== undefined) throw new Error(fault);
    return verdict.kind;
  };
}

function noBody(): never {
  throw new Error('a plugin begins no body by itself');
}

function sum({ user, system }: NodeJS.CpuUsage): number {
  return user + system;
}
