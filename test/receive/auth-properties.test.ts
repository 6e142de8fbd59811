// AUTH against hostile clients: whatever they send and however it is cut, nobody logs in without a right secret, nothing breaks, nothing is left
// of an exchange that was cancelled, and a fault on this side is never said to be the client's.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Directory, LoginAnswer } from '../../src/directory/types.ts';
import { mechanismNames, type MechanismName } from '../../src/values/login-mechanism.ts';
import type { ChannelBindings } from '../../src/sasl/scram-exchange.ts';
import { scramClient } from '../sasl/scram-client.ts';
import { directoryOf } from '../sasl/secrets.ts';
import { SessionHarness } from './session-harness.ts';
import { turns } from './stage-fixture.ts';

const user = 'joe@example.com';
const [password, token] = ['pencil', 'right.token'];
const right: LoginAnswer = { kind: 'right', user: { address: user, aliases: [], senders: [] } };
const wrong: LoginAnswer = { kind: 'wrong', reason: 'it is wrong' };

const directory: Directory = {
  ...directoryOf({ login: user, password }),
  checkToken: ({ token: given }) => Promise.resolve(given === token ? right : wrong),
  // The certificate of these sessions is somebody else's.
  checkCertificate: () => Promise.resolve(wrong),
};
const bindings: ChannelBindings = {
  isEmpty: false,
  get: (type) => (type === 'tls-exporter' ? Buffer.alloc(32, 1) : undefined),
};

function session(asked = directory): SessionHarness {
  return new SessionHarness([], undefined, {
    directory: asked,
    mechanisms: mechanismNames,
    bindings,
    certificateNames: ['eve@example.com'],
  });
}

/** Sends bytes in these pieces; each when the session has come to rest. @returns what it answers to them */
async function send(
  harness: SessionHarness,
  bytes: Uint8Array,
  cuts: readonly number[] = [],
): Promise<string> {
  const before = harness.output.length;
  const places = [...new Set(cuts.filter((cut) => cut < bytes.length)), bytes.length].toSorted(
    (a, b) => a - b,
  );
  let from = 0;
  for (const to of places) {
    if (harness.isClosed) break;
    harness.receive(bytes.subarray(from, to));
    while (harness.isBusy) await turns();
    from = to;
  }
  return harness.output.slice(before);
}

function say(harness: SessionHarness, ...lines: readonly string[]): Promise<string> {
  return send(harness, Buffer.from(lines.map((line) => `${line}\r\n`).join('')));
}

function base64(bytes: string | Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

/** Messages as each mechanism has them, all without a right secret. `x` stands for what is hostile in them. */
const shapes: readonly ((x: string) => string)[] = [
  (x) => `\0${user}\0${x}`,
  (x) => `${x}\0${user}\0${password}x`,
  (x) => `${user}\0${x}\0${password}`,
  () => user,
  (x) => `${password}${x}x`,
  (x) => `n,,n=${x},r=clientnonce`,
  (x) => `n,,n=${user},r=${x}`,
  (x) => `p=tls-exporter,,n=${user},r=nonce${x}`,
  (x) => `${x},,n=${user},r=nonce`,
  (x) => `c=biws,r=${x},p=${base64(x)}`,
  (x) => `c=${base64(x)},r=clientnonce,p=AAAA`,
  (x) => `n,a=${user},\x01auth=Bearer ${x}\x01\x01`,
  (x) => `n,a=${x},\x01host=mx\x01port=587\x01auth=Bearer ${token}x\x01\x01`,
  (x) => `n,,\x01auth=${x}\x01\x01`,
  (x) => `user=${user}\x01auth=Bearer ${x}\x01\x01`,
  (x) => `user=${x}\x01auth=Bearer ${token}x\x01\x01`,
  () => '\x01',
  (x) => x,
];

const odd = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.string({ unit: 'binary', maxLength: 10 }),
  fc.constantFrom('', '\0', '\x01', ',', '=', '=2C', 'n,,', '\u{feff}', 'x'.repeat(300), 'x'.repeat(9_000)),
);
const message = fc.tuple(fc.constantFrom(...shapes), odd).map(([shape, x]) => shape(x));
const mechanism = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...mechanismNames) },
  fc.constantFrom('plain', 'CRAM-MD5', 'SCRAM-SHA-256-PLUS-PLUS', ''),
);
/** One line as a client might send it. */
const line = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.tuple(mechanism, message).map(([name, text]) => `AUTH ${name} ${base64(text)}`),
  },
  { weight: 3, arbitrary: mechanism.map((name) => `AUTH ${name}`) },
  { weight: 6, arbitrary: message.map(base64) },
  fc.constantFrom('*', '=', '', 'AQ==', 'AA==', 'A', '====', '* ', 'AUTH', 'AUTH PLAIN =', 'AUTH PLAIN  = ='),
  fc.constantFrom('NOOP', 'RSET', 'EHLO a', 'HELO a', 'MAIL FROM:<joe@example.com>', 'DATA', 'STARTTLS'),
  fc.string({ unit: 'binary', maxLength: 40 }).map((text) => text.replaceAll(/[\r\n]/g, '')),
  fc.constantFrom('x'.repeat(12_285), `AUTH PLAIN ${'A'.repeat(12_276)}`, 'A'.repeat(20_000)),
);
const lines = fc.array(line, { maxLength: 8 });
const cuts = fc.array(fc.nat(400), { maxLength: 10 });

/** RFC 5321 4.2, and RFC 4954 4 for 334. */
const reply = /^(?:\d{3}-[\x20-\x7e]*\r\n)*\d{3}(?: [\x20-\x7e]*)?\r\n/;

function repliesIn(output: string): string[] {
  const replies: string[] = [];
  for (let rest = output; rest !== '';) {
    const [found] = reply.exec(rest) ?? [];
    assert.ok(found !== undefined, `no reply: ${JSON.stringify(rest.slice(0, 100))}`);
    replies.push(found);
    rest = rest.slice(found.length);
  }
  return replies;
}

/** A nonce of ours is another one each time. */
function withoutNonces(output: string): string {
  return output.replaceAll(/^334 cj[A-Za-z0-9+/=]+/gm, '334 nonce');
}

/** Whatever was before, a right password logs in, unless the session has ended with a reply that says why. */
async function isUsable(harness: SessionHarness): Promise<void> {
  if (harness.isClosed) {
    assert.match(harness.output, /(?:^|\n)(?:421|5\d\d) [^\n]*closing the connection\r\n$/);
    return;
  }
  // In an exchange, the first line is a response, and cancels it.
  await say(harness, '*', 'RSET', 'EHLO after.example');
  const answer = await say(harness, `AUTH PLAIN ${base64(`\0${user}\0${password}`)}`);
  assert.match(answer, harness.isClosed ? /^421 4\.7\.0/ : /^235 2\.7\.0/);
  if (!harness.isClosed) assert.equal(harness.user, user);
}

test('hostile log-ins end in replies, never in a log-in, and leave the session usable', async () => {
  await fc.assert(
    fc.asyncProperty(lines, cuts, async (given, at) => {
      const harness = session();
      await say(harness, 'EHLO client.example');
      const bytes = Buffer.from(given.map((each) => `${each}\r\n`).join(''), 'latin1');
      const replies = repliesIn(await send(harness, bytes, at));
      assert.ok(!replies.some((each) => each.startsWith('235')));
      assert.equal(harness.user, undefined);
      await isUsable(harness);
      harness.end();
    }),
    { numRuns: 400 },
  );
});

test('wherever its bytes are cut, a session with log-ins is the same', async () => {
  await fc.assert(
    fc.asyncProperty(lines, cuts, async (given, at) => {
      const bytes = Buffer.from(['EHLO client.example', ...given, ''].join('\r\n'), 'latin1');
      const [whole, cut] = [session(), session()];
      const [first, second] = [await send(whole, bytes), await send(cut, bytes, at)];
      assert.equal(withoutNonces(second), withoutNonces(first));
      whole.end();
      cut.end();
    }),
    { numRuns: 150 },
  );
});

test('bytes that are no lines at all are survived', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), mechanism, cuts, async (noise, name, at) => {
      const harness = session();
      await say(harness, 'EHLO client.example', `AUTH ${name}`);
      const output = await send(harness, Buffer.concat([noise, Buffer.from('\r\n')]), at);
      assert.doesNotMatch(output, /^235/m);
      await isUsable(harness);
      harness.end();
    }),
    { numRuns: 150 },
  );
});

/** The first messages of log-ins that nothing is wrong with. */
const first: Readonly<Record<MechanismName, string>> = {
  PLAIN: `\0${user}\0${password}`,
  LOGIN: user,
  'SCRAM-SHA-256': `n,,n=${user},r=clientnonce`,
  'SCRAM-SHA-256-PLUS': `p=tls-exporter,,n=${user},r=clientnonce`,
  OAUTHBEARER: `n,a=${user},\x01auth=Bearer ${token}\x01\x01`,
  XOAUTH2: `user=${user}\x01auth=Bearer ${token}\x01\x01`,
  EXTERNAL: '',
};

/** A whole log-in with right secrets. EXTERNAL is refused: the certificate is somebody else's. @returns the last reply */
async function logIn(harness: SessionHarness, name: MechanismName): Promise<string> {
  const scram = scramClient(user, password, { type: 'tls-exporter', value: Buffer.alloc(32, 1) });
  const plain = scramClient(user, password, 'n');
  const client = name === 'SCRAM-SHA-256-PLUS' ? scram : plain;
  const initial = name.startsWith('SCRAM') ? client.first : first[name];
  let answer = await say(harness, `AUTH ${name} ${initial === '' ? '=' : base64(initial)}`);
  if (name === 'LOGIN' && answer.startsWith('334')) return say(harness, base64(password));
  if (name.startsWith('SCRAM') && answer.startsWith('334')) {
    answer = await say(harness, base64(client.last(Buffer.from(answer.slice(4), 'base64').toString())));
    if (answer.startsWith('334')) return say(harness, '');
  }
  return answer;
}

test('nothing is left of an exchange that was cancelled, at whatever place', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...mechanismNames),
      fc.array(message, { maxLength: 2 }),
      fc.constantFrom(...mechanismNames),
      async (name, responses, next) => {
        const harness = session();
        await say(harness, 'EHLO client.example', `AUTH ${name}`);
        // As long as the server asks for more.
        for (const response of responses)
          if (/334 [^\n]*\r\n$/.test(harness.output)) await say(harness, base64(response));
        if (!/334 [^\n]*\r\n$/.test(harness.output)) return;
        assert.match(await say(harness, '*'), /^501 5\.7\.0/);
        // What would have gone on with it is no command.
        assert.match(await say(harness, base64(password)), /^500/);
        // A third failure may have been the last one.
        const answer = await logIn(harness, next);
        if (!answer.startsWith('421')) assert.match(answer, next === 'EXTERNAL' ? /^535/ : /^235/);
        assert.equal(harness.user === user, answer.startsWith('235'));
        harness.end();
      },
    ),
    { numRuns: 200 },
  );
});

test('a fault on this side is a temporary error, in every mechanism and at every step', async () => {
  const breaking = (kind: 'failing' | 'rejects' | 'throws') => {
    const fault = (): Promise<never> => {
      if (kind === 'throws') throw new Error('the directory is broken');
      return kind === 'rejects'
        ? Promise.reject(new Error('the link broke'))
        : (Promise.resolve({ kind: 'failing', reason: 'the source is away' }) as Promise<never>);
    };
    const all = { checkPassword: fault, checkToken: fault, checkCertificate: fault, finishScram: fault };
    return { ...directory, ...all, noteFailure: fault };
  };
  for (const kind of ['failing', 'rejects', 'throws'] as const) {
    for (const name of mechanismNames) {
      for (const startScram of [breaking(kind).finishScram, directory.startScram]) {
        const harness = session({ ...breaking(kind), startScram });
        await say(harness, 'EHLO client.example');
        const initial = first[name] === '' ? '=' : base64(first[name]);
        let answer = await say(harness, `AUTH ${name} ${initial}`);
        for (let step = 0; answer.startsWith('334') && step < 3; step++) {
          const challenge = Buffer.from(answer.slice(4), 'base64').toString();
          const nonce = /^r=([^,]*)/.exec(challenge)?.[1] ?? '';
          const header = `${first[name].split(',,')[0] ?? ''},,`;
          const bound = name === 'SCRAM-SHA-256-PLUS' ? Buffer.alloc(32, 1) : Buffer.alloc(0);
          const channel = base64(Buffer.concat([Buffer.from(header), bound]));
          const next = name === 'LOGIN' ? password : `c=${channel},r=${nonce},p=${base64('x'.repeat(32))}`;
          answer = await say(harness, base64(next));
        }
        assert.match(answer, /^454 4\.7\.0/, `${name}, ${kind}`);
        assert.match(await say(harness, 'NOOP'), /^250/);
        harness.end();
      }
    }
  }
});
