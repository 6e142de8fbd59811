// A receiver with a plugin, in its thread, that fails where and how a test says, and sessions with it.

import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { PluginStage } from '../../src/plugin/plugin-stage.ts';
import type { FailureAnswer, Point as SessionPoint } from '../../src/policy/stage.ts';
import { fastTimers, patient, type PluginFixture, pluginFixture } from '../plugin/host/fixture.ts';
import { type Client, type Fixture, start } from './fixture.ts';

/**
 * At each point it reads the file `order`, which names a point and a way to fail. Elsewhere it answers as it should: from MAIL on it adds a
 * field that names the point. `half` are edits that are allowed at a point: with a verdict that fails, none of them may be carried out.
 */
export const failingPlugin = String.raw`import { readFileSync } from 'node:fs';
import { goOn, plugin } from 'sluice/plugin';

const order = new URL('./order', import.meta.url);
const sender = { kind: 'change-sender', address: 'half@example.net' };
const field = { kind: 'add-field', name: 'X-Half', value: 'half' };
const line = { kind: 'reply-line', text: 'half' };
const recipients = [
  { kind: 'add-recipient', recipient: { address: 'half@example.com' } },
  { kind: 'remove-recipient', address: 'b@example.com' },
];
const subject = { kind: 'remove-field', name: 'Subject', occurrence: 1 };
const half = {
  connect: [line],
  helo: [line],
  starttls: [line],
  auth: [line],
  mail: [sender, field, line],
  rcpt: [sender, field, line, { kind: 'change-recipient', address: 'half@example.com' }],
  data: [sender, field, line, ...recipients],
  headers: [sender, field, subject, ...recipients],
  content: [sender, field, subject, ...recipients, { kind: 'replace-body', body: Buffer.from('half\r\n') }],
};
const edits = (...last) => (point) => ({ kind: 'continue', edits: [...half[point], ...last] });
const value = (text) => edits({ kind: 'add-field', name: 'X-Bad', value: text });
const fieldName = (name) => edits({ kind: 'insert-field', at: 1, name, value: 'x' });
const refusal = (reply) => () => ({ kind: 'reject', reply });
const forever = () => new Promise(() => undefined);

const ways = {
  'throws': () => { throw new RangeError('so not'); },
  'throws nothing': () => { throw undefined; },
  'throws what cannot be read': () => { throw Object.create(null); },
  'rejects with what cannot be read': () => Promise.reject(Object.create(null)),
  'rejects': () => Promise.reject(new Error('later not')),
  'never answers': forever,
  'loops': () => { for (;;); },
  'exits': () => process.exit(0),
  'exits later': () => { setImmediate(() => process.exit(1)); return forever(); },
  'leaves a rejection': () => { void Promise.reject(new Error('nobody looks')); return forever(); },
  'throws later': () => { setImmediate(() => { throw new Error('in a timer'); }); return forever(); },
  'answers nothing': () => undefined,
  'answers null': () => null,
  'answers a text': () => 'continue',
  'answers a number': () => 250,
  'answers a list': () => [{ kind: 'continue' }],
  'answers a function': () => () => ({ kind: 'continue' }),
  'answers a symbol': () => Symbol('continue'),
  'answers no kind': () => ({}),
  'answers an unknown kind': (point) => ({ kind: 'maybe', edits: half[point] }),
  'answers a kind of objects': () => ({ kind: 'constructor' }),
  'answers a getter': () => ({ get kind() { throw new Error('no kind'); } }),
  'answers a circle': () => { const circle = { kind: 'accept', edits: [] }; circle.edits.push(circle); return circle; },
  'answers a bigint': () => ({ kind: 'discard', reason: 1n }),
  'answers lists in lists': () => { let deep = []; for (let i = 0; i < 100_000; i++) deep = [deep]; return deep; },
  'answers 10 MB of text': () => ({ kind: 'reject', reply: { code: 550, text: 'x'.repeat(10_000_000) } }),
  'answers 10 MB of a reason': () => Promise.resolve({ kind: 'discard', reason: 'x'.repeat(10_000_000) }),
  'answers 10 MB of a body': edits({ kind: 'replace-body', body: Buffer.alloc(10_000_000, 'x\r\n') }),
  'answers edits that are a function': () => ({ kind: 'continue', edits: () => [] }),
  'answers edits that are no list': () => ({ kind: 'continue', edits: 'add-field' }),
  'answers an edit that is null': edits(null),
  'answers an edit that is unknown': edits({ kind: 'delete-all' }),
  'answers a field with a CR LF': value('a\r\nBcc: x@example.com'),
  'answers a field with a CR LF twice': value('a\r\n\r\nbody'),
  'answers a field with an LF': value('a\nBcc: x@example.com'),
  'answers a field with a CR': value('a\rBcc: x@example.com'),
  'answers a field with a NUL': value('a\0b'),
  'answers a field with too long a line': value('a'.repeat(2000)),
  'counts wrong, and answers 300 kB of fields': edits({ kind: 'remove-field', name: 'X-Bad', occurrence: 1, value: 5 }, ...Array(600).fill({ kind: 'add-field', name: 'X-Bad', value: 'a'.repeat(500) })),
  'answers 300 kB of fields': edits(...Array(600).fill({ kind: 'add-field', name: 'X-Bad', value: 'a'.repeat(500) })),
  'answers a field without a value': edits({ kind: 'add-field', name: 'X-Bad' }),
  'answers a name with a colon': fieldName('X-Bad: a'),
  'answers a name with a CR LF': fieldName('X\r\nBcc'),
  'answers an address with a CR LF': edits({ kind: 'change-sender', address: 'a@example.net>\r\nRCPT TO:<x@example.com' }),
  'answers an address with two': edits({ kind: 'change-sender', address: 'a@example.net> <x@example.com' }),
  'answers parameters that are none': edits({ kind: 'change-sender', address: 'a@example.net', params: { smtpUtf8: 'yes' } }),
  'answers 60 lines of a reply': edits(...Array(60).fill(line)),
  'answers no reply': refusal(undefined),
  'answers a reply that is null': refusal(null),
  'answers a reply of success': refusal({ code: 250, text: 'ok' }),
  'answers a code that is a text': refusal({ code: '550', text: 'no' }),
  'answers a code that is no number': refusal({ code: NaN, text: 'no' }),
  'answers a status of success': refusal({ code: 550, enhanced: '2.0.0', text: 'no' }),
  'answers a status with a CR LF': refusal({ code: 550, enhanced: '5.0.0\r\n250', text: 'no' }),
  'answers a reply without a text': refusal({ code: 550, text: { no: 'no' } }),
  'answers no reason': () => ({ kind: 'quarantine', edits: [] }),
  'answers a result that is no table': (point) => ({ kind: 'continue', edits: half[point], result: ['a'] }),
  'forges a reply': refusal({ code: 550, enhanced: '5.7.1', text: 'no\r\n250 2.0.0 ok\r\n221 bye' }),
  'forges a line of a reply': () => ({ kind: 'continue', edits: [{ kind: 'reply-line', text: 'see\r\n550 5.0.0 no\r\n' }] }),
};

export default plugin((context) => {
  const at = (point) => () => {
    const [where, way] = readFileSync(order, 'utf8').split(':');
    if (where === point) {
      context.log('fails at ' + point);
      return ways[way](point);
    }
    if (['connect', 'helo', 'starttls', 'auth'].includes(point)) return goOn;
    return { kind: 'continue', edits: [{ kind: 'add-field', name: 'X-At', value: point }] };
  };
  return Object.fromEntries(Object.keys(half).map((point) => [point, at(point)]));
});
`;

/** The points of a session: what the client says, and the code that it gets when nothing fails. */
const session = [
  ['connect', '', '220'],
  ['helo', 'EHLO client.example\r\n', '250'],
  ['mail', 'MAIL FROM:<a@example.net>\r\n', '250'],
  ['rcpt', 'RCPT TO:<b@example.com>\r\n', '250'],
  ['data', 'DATA\r\n', '354'],
  ['headers', 'Subject: x\r\n\r\nhello\r\n..dot\r\n.\r\n', '250'],
] as const;
export const points = ['connect', 'helo', 'mail', 'rcpt', 'data', 'headers', 'content'] as const;
export type Point = (typeof points)[number];

/** Where the client hears of it. */
const heardAt = (point: Point) => (point === 'content' ? 'headers' : point);
const stepOf = (point: Point) => session.findIndex(([each]) => each === heardAt(point));

export interface Ground {
  readonly fixture: Fixture;
  readonly plugin: PluginFixture;
  /** How it fails from now on. */
  fail(point: SessionPoint, way: string): void;
  /** From now on, it does not. */
  mend(): void;
  /** Resolves when a question at this point was sent to the plugin's thread. */
  sent(point: SessionPoint): Promise<void>;
  /** What waits for the plugin has waited for as long as it may. */
  passTimeLimit(): void;
}

/**
 * @param text - the source of another plugin
 * @param listener - how clients may secure their session, and log in
 */
export async function withFailingPlugin(
  t: TestContext,
  onFailure: FailureAnswer = 'tempfail',
  text = failingPlugin,
  listener: Pick<NonNullable<Parameters<typeof start>[1]>, 'tls' | 'auth'> = {},
): Promise<Ground> {
  let passedMs = 0;
  const timers = { ...fastTimers, nowMs: () => fastTimers.nowMs() + passedMs };
  const plugin = pluginFixture(t, text, { timers });
  const { host } = plugin;
  const waiting = new Map<string, () => void>();
  plugin.write('order', '');
  const stage = new PluginStage({
    name: 'tried',
    timeLimitMs: plugin.settings.timeLimitMs,
    onFailure,
    audience: undefined,
    breaker: undefined,
    host: {
      get points() {
        return host.points;
      },
      get isBeginning() {
        return host.isBeginning;
      },
      whenKnown: () => host.whenKnown(),
      ask: (point, facts, parts) => {
        const answer = host.ask(point, facts, parts);
        const sent = waiting.get(point);
        // It leaves at the end of this turn of the event loop.
        if (sent !== undefined) setImmediate(sent);
        return answer;
      },
    },
  });
  const fixture = await start(t, {
    stages: [{ stage }],
    settings: { maxConnections: 1000, maxConnectionsPerClient: 1000 },
    networks: ['10.0.0.0'],
    ...listener,
  });
  return {
    fixture,
    plugin,
    fail: (point, way) => plugin.write('order', `${point}:${way}`),
    mend: () => plugin.write('order', ''),
    sent: (point) =>
      new Promise((resolve) => {
        waiting.set(point, resolve);
      }),
    passTimeLimit: () => {
      passedMs += patient;
    },
  };
}

/** Begins a session, and goes on before a point. */
export async function before(fixture: Fixture, point: Point): Promise<Client> {
  const client = await fixture.client();
  for (const [each, command, code] of session.slice(0, stepOf(point))) {
    const reply = command === '' ? await client.reply() : await client.ask(command);
    assert.equal(reply.slice(0, 3), code, each);
  }
  return client;
}

/** Says what a point is about. @returns the reply */
export async function at(client: Client, point: Point): Promise<string> {
  const [, command = ''] = session[stepOf(point)] ?? [];
  return command === '' ? client.reply() : client.ask(command);
}

/** Goes on from a point to the end of the message and of the session. */
export async function from(client: Client, point: Point): Promise<void> {
  for (const [each, command, code] of session.slice(stepOf(point))) {
    const reply = command === '' ? await client.reply() : await client.ask(command);
    assert.equal(reply.slice(0, 3), code, each);
  }
  assert.match(await client.ask('QUIT\r\n'), /^221 /);
}

/** After a refusal at this point, the client goes on from that one. */
export function againFrom(point: Point): Point {
  // A refusal of DATA or of the message ends the transaction.
  return point === 'data' || point === 'headers' || point === 'content' ? 'mail' : point;
}

/** One message is stored, with what the plugin says at all points but one; it is taken out. @returns why it is held */
export function storedWhole({ spool, submitted }: Fixture, without?: Point, what = ''): string | undefined {
  assert.equal(spool.kept.length, 1, what);
  assert.equal(submitted.length, 1, what);
  const [kept] = spool.kept.splice(0);
  submitted.length = 0;
  assert.equal(kept?.envelope.reversePath, 'a@example.net', what);
  assert.deepEqual(kept.envelope.recipients, [{ address: 'b@example.com' }], what);
  assert.equal(kept.envelope.smtpUtf8, false, what);
  const said = points.slice(points.indexOf('mail')).filter((point) => point !== without);
  const content = kept.content.replace(/^Received: .*\r\n(?:[ \t].*\r\n)*/, '');
  const fields = said.map((point) => `X-At: ${point}\r\n`).join('');
  assert.equal(content, `Subject: x\r\n${fields}\r\nhello\r\n.dot\r\n`, what);
  return kept.envelope.quarantine;
}

export function nothingStored({ spool, submitted }: Fixture, what: string): void {
  assert.equal(spool.kept.length, 0, what);
  assert.equal(submitted.length, 0, what);
}

/** The reply when the check fails. */
export function failedReply(point: Point): RegExp {
  return point === 'connect'
    ? /^421 (?:4\.3\.0 )?mx\.example\.org A check of this server failed, try again later$/
    : /^451 (?:4\.3\.0 )?A check of this server failed, try again later$/;
}
