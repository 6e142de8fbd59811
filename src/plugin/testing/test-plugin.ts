// Runs a plugin in a test: with facts, DNS, web, clock and state of the test, without a network and without a server.

import { type DisposableTempDir, mkdtempDisposableSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { verdictFault } from '../../policy/check-verdict.ts';
import { points, type StageResult, type Verdict } from '../../policy/stage.ts';
import { pointsOf, setUpPlugin } from '../load-plugin.ts';
import type { AttemptFacts, RouteAnswer, RouteFacts } from '../delivery-types.ts';
import type {
  Plugin,
  PluginContext,
  PluginPoint,
  PluginPoints,
  PluginState,
  SessionPoint,
} from '../types.ts';
import { anyRoute } from './any-route.ts';
import { attemptFactsOf, routeFactsOf } from './delivery-facts.ts';
import { type FakeClock, TestClock } from './fake-clock.ts';
import { fakeDns, type FakeDnsTable } from './fake-dns.ts';
import { fakeFetch, type FakeHttp, type HttpQuestion } from './fake-http.ts';
import { fakeState } from './fake-state.ts';
import { factsOf, type TestFacts } from './test-facts.ts';

export interface TestSettings {
  /** Of the [[stage]]; `test`. */
  readonly name?: string;
  /** What an administrator would write into [stage.options]. */
  readonly options?: Readonly<Record<string, unknown>>;
  readonly dns?: FakeDnsTable;
  readonly http?: FakeHttp;
  /** Names of the [[route]]s that it may choose; any when not given. */
  readonly routes?: readonly string[];
  /** When the test begins, in ms since 1970; 2026-01-01. */
  readonly now?: number;
}

type AskedPoints = Readonly<Record<SessionPoint, (facts?: TestFacts) => Promise<Verdict>>>;

/** A plugin in a test: its points, which are asked as in one session, and what it did. */
export interface TestedPlugin extends AskedPoints, AsyncDisposable {
  /** Which way a recipient goes. */
  route(facts?: Partial<RouteFacts>): Promise<RouteAnswer>;
  /** Tells it of an attempt: of a delivery, when the facts do not say otherwise. */
  attempt(facts?: Partial<AttemptFacts>): Promise<void>;
  /** Those that it has. */
  readonly points: readonly PluginPoint[];
  readonly clock: FakeClock;
  /** What it has logged. */
  readonly logged: readonly string[];
  /** What it has asked of the web. */
  readonly questions: readonly HttpQuestion[];
  readonly state: PluginState;
  /** Its folder, which is removed at the end. */
  readonly folder: string;
  /** Ends the plugin. Without it, the folder is removed at the end of the process. */
  end(): Promise<void>;
}

/** The beginning of 2026, so that tests are the same at any time. */
const usualNow = Date.UTC(2026, 0, 1);

/**
 * Starts a plugin for a test.
 *
 * ```ts
 * const asked = await testPlugin(plugin, { options: { domains: ['example.com'] } });
 * assert.equal((await asked.rcpt({ recipient: 'nobody@example.com' })).kind, 'reject');
 * ```
 *
 * Each answer is checked as the server checks it: what is not allowed at its point is an error.
 *
 * @param plugin - the default export of its file
 * @throws {Error} what the plugin throws, such as for an option that is missing
 */
export async function testPlugin(plugin: Plugin, settings: TestSettings = {}): Promise<TestedPlugin> {
  const clock = new TestClock(settings.now ?? usualNow);
  const logged: string[] = [];
  const questions: HttpQuestion[] = [];
  const state = fakeState(() => clock.now());
  const folder = temporaryFolder();
  const context: PluginContext = {
    name: settings.name ?? 'test',
    options: structuredClone(settings.options ?? {}),
    folder: folder.path,
    state,
    now: () => clock.now(),
    log: (text) => void logged.push(text),
    every: (ms, act) => clock.add(ms, true, act),
    after: (ms, act) => clock.add(ms, false, act),
    dns: fakeDns(settings.dns ?? {}),
    fetch: fakeFetch(settings.http ?? {}, (question) => void questions.push(question)),
  };
  const made = await setUpPlugin(plugin, context);
  const end = async (): Promise<void> => {
    await made.end?.();
    folder.remove();
    folders.delete(folder);
  };
  const asked = askedPoints(context.name, made, settings.routes);
  return {
    ...asked,
    ...askedDelivery(made),
    points: pointsOf(made),
    clock,
    logged,
    questions,
    state,
    folder: folder.path,
    end,
    [Symbol.asyncDispose]: end,
  };
}

function askedPoints(name: string, made: PluginPoints, routes?: readonly string[]): AskedPoints {
  /** What the plugin has found out, which it can ask for later in its session. */
  let own: StageResult | undefined;
  const ask = async (point: SessionPoint, facts: TestFacts): Promise<Verdict> => {
    if (made[point] === undefined) throw new Error(`this plugin has no ${point}`);
    const results = { ...(own === undefined ? {} : { [name]: own }), ...facts.results };
    const whole = factsOf({ ...facts, results }, hasRecipients.has(point));
    const verdict = await made[point](whole);
    const fault = verdictFault(verdict, point, routes === undefined ? anyRoute : new Set(routes));
    if (fault !== undefined) throw new Error(`the answer at ${point} is a failure: ${fault}`);
    own = ('result' in verdict ? verdict.result : undefined) ?? own;
    return verdict;
  };
  const entries = points.map((point) => [point, (facts: TestFacts = {}) => ask(point, facts)]);
  return Object.fromEntries(entries) as AskedPoints;
}

function askedDelivery({ route, attempt }: PluginPoints): Pick<TestedPlugin, 'route' | 'attempt'> {
  return {
    async route(facts = {}) {
      if (route === undefined) throw new Error('this plugin has no route');
      const answer: unknown = await route(routeFactsOf(facts));
      const kind = (answer as RouteAnswer | null | undefined)?.kind;
      if (!routeKinds.has(kind)) throw new Error('the answer at route is a failure: it is no answer');
      return answer as RouteAnswer;
    },
    async attempt(facts = {}) {
      if (attempt === undefined) throw new Error('this plugin has no attempt');
      await attempt(attemptFactsOf(facts));
    },
  };
}

const routeKinds: ReadonlySet<string | undefined> = new Set<RouteAnswer['kind']>([
  'continue',
  'route',
  'relay',
  'lmtp',
  'tempfail',
  'reject',
]);

/** The points at which recipients were accepted. */
const hasRecipients: ReadonlySet<SessionPoint> = new Set(['data', 'headers', 'content']);

const folders = new Set<DisposableTempDir>();
process.once('exit', () => {
  for (const folder of folders) folder.remove();
});

function temporaryFolder(): DisposableTempDir {
  const folder = mkdtempDisposableSync(join(tmpdir(), 'sluice-plugin-'));
  folders.add(folder);
  return folder;
}
