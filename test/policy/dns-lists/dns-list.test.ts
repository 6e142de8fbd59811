// One DNS list: what its answers come to, whether it is dead, slow, lying or gone.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { Deadlines } from '../../../src/io/deadlines.ts';
import type { Answer } from '../../../src/dns/types.ts';
import { DnsList } from '../../../src/policy/dns-lists/dns-list.ts';
import { KnownLists } from '../../../src/policy/dns-lists/known-lists.ts';
import { addressQuestion, domainQuestion } from '../../../src/policy/dns-lists/list-name.ts';
import { Troubles } from '../../../src/stats/troubles.ts';

const zone = 'zen.example.org';
const about = addressQuestion('192.0.2.9', zone) ?? assert.fail();
const limitMs = 5_000;
const rest = { authenticated: false, ttlSeconds: 60 } as const;
const unlisted: Answer<string> = { kind: 'nxdomain', ...rest };

function found(...records: readonly string[]): Answer<string> {
  return { kind: 'found', records, canonicalName: 'x', ...rest };
}

/** A list whose answers a test decides, by name; undefined: never an answer. */
function ground(
  answers: Record<string, Answer<string> | undefined>,
  texts: Record<string, Answer<string>> = {},
) {
  const clock = { now: 0 };
  const deadlines = new Deadlines({ now: () => clock.now });
  const troubles = new Troubles(() => 0);
  const asked: string[] = [];
  const lines: string[] = [];
  const log = {
    error: (line: string) => void lines.push(line),
    info: (line: string) => void lines.push(line),
  };
  const resolver = {
    addresses: (name: string) => {
      asked.push(name);
      if (!Object.hasOwn(answers, name)) return Promise.resolve(unlisted);
      const answer = answers[name];
      return answer === undefined ? new Promise<Answer<string>>(() => undefined) : Promise.resolve(answer);
    },
    txt: (name: string) => Promise.resolve(texts[name] ?? unlisted),
  };
  const parts = { resolver, deadlines, log, troubles };
  const pass = (ms: number): void => {
    clock.now += ms;
    deadlines.advance();
  };
  return {
    list: new DnsList(zone, parts),
    lists: new KnownLists(parts),
    answers,
    asked,
    troubles,
    lines,
    pass,
  };
}

test('the names of addresses and domains are those of RFC 5782', () => {
  assert.equal(about.name, '9.2.0.192.zen.example.org');
  assert.equal(about.neverListed, '1.0.0.127.zen.example.org');
  const six = addressQuestion('2001:db8:1:2:3:4:567:89ab', zone);
  assert.equal(six?.name, 'b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.zen.example.org');
  assert.equal(
    six.neverListed,
    '1.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.zen.example.org',
  );
  assert.equal(addressQuestion('::ffff:192.0.2.9', zone)?.name, '9.2.0.192.zen.example.org');
  assert.equal(addressQuestion('fe80::1%eth0', zone)?.about, 'fe80::1');
  assert.equal(domainQuestion('Shop.Example.NET', zone)?.name, 'shop.example.net.zen.example.org');
  assert.equal(domainQuestion('shop.example.net', zone)?.neverListed, 'invalid.zen.example.org');
  assert.equal(domainQuestion('bücher.example', zone)?.name, 'xn--bcher-kva.example.zen.example.org');
});

for (const [what, question] of [
  ['no address', addressQuestion('mail.example.net', zone)],
  ['the address of nobody', addressQuestion('', zone)],
  ['an address literal', domainQuestion('[192.0.2.1]', zone)],
  ['a name of one label', domainQuestion('localhost', zone)],
  ['no domain', domainQuestion('a b', zone)],
  ['an empty name', domainQuestion('', zone)],
  ['a name that is too long with the zone', domainQuestion(`${'a.'.repeat(121)}example`, zone)],
] as const) {
  test(`nothing is asked about ${what}`, () => assert.equal(question, undefined));
}

test('who is on the list is listed, with its answers, and who is not is not', async () => {
  const { list, asked } = ground({ [about.name]: found('127.0.0.4', '127.0.0.10') });
  assert.deepEqual(await list.ask(about, limitMs), { kind: 'listed', answers: ['127.0.0.4', '127.0.0.10'] });
  const other = addressQuestion('192.0.2.10', zone) ?? assert.fail();
  assert.deepEqual(await list.ask(other, limitMs), { kind: 'unlisted' });
  // Whether it lists everything was asked once, with the first that is listed.
  await list.ask(about, limitMs);
  assert.deepEqual(asked, [about.name, about.neverListed, other.name, about.name]);
});

test('whether it lists everything is asked again after an hour', async () => {
  const { list, asked, pass } = ground({ [about.name]: found('127.0.0.2') });
  await list.ask(about, limitMs);
  pass(3_599_000);
  await list.ask(about, limitMs);
  assert.equal(asked.filter((name) => name === about.neverListed).length, 1);
  pass(2_000);
  await list.ask(about, limitMs);
  assert.equal(asked.filter((name) => name === about.neverListed).length, 2);
});

const withoutSay: readonly (readonly [string, Record<string, Answer<string> | undefined>, RegExp])[] = [
  ['servers fail', { [about.name]: { kind: 'failed', reason: 'SERVFAIL from 192.0.2.53' } }, /SERVFAIL/u],
  ['refuses a public resolver', { [about.name]: found('127.255.255.254') }, /refuses to answer/u],
  ['refuses beside an answer', { [about.name]: found('127.0.0.2', '127.255.255.255') }, /refuses to answer/u],
  ['refuses with 127.0.0.1', { [about.name]: found('127.0.0.1') }, /refuses to answer/u],
  ['has another owner', { [about.name]: found('203.0.113.5') }, /no list does/u],
  [
    'lists everything',
    { [about.name]: found('127.0.0.2'), [about.neverListed]: found('127.0.0.2') },
    /lists everything/u,
  ],
];

for (const [what, answers, reason] of withoutSay) {
  test(`a list that ${what} has no say, and is a trouble after three times`, async () => {
    const { list, asked, troubles, lines, pass, answers: live } = ground({ ...answers });
    for (let i = 0; i < 3; i++) {
      assert.deepEqual(troubles.list, []);
      const answer = await list.ask(about, limitMs);
      assert.ok(answer.kind === 'failed');
      assert.match(answer.reason, reason);
    }
    const [trouble] = troubles.list;
    assert.equal(trouble?.key, `list:${zone}`);
    assert.equal(trouble.level, 'warning');
    assert.match(trouble.text, reason);
    assert.equal(lines.length, 1);
    // It is left alone, and nobody waits for it.
    const before = asked.length;
    assert.equal((await list.ask(about, limitMs)).kind, 'failed');
    assert.equal(asked.length, before);
    // After a minute, one question tries it, and the others do without.
    pass(60_000);
    const trial = list.ask(about, limitMs);
    assert.deepEqual(await list.ask(about, limitMs), {
      kind: 'failed',
      reason: 'it is left alone after failures',
    });
    await trial;
    pass(60_000);
    live[about.name] = unlisted;
    live[about.neverListed] = unlisted;
    assert.deepEqual(await list.ask(about, limitMs), { kind: 'unlisted' });
    assert.deepEqual(troubles.list, []);
    assert.match(lines.at(-1) ?? '', /answers again/u);
  });
}

test('a dead list has no say after the limit, and its answer is too late then', async () => {
  const { list, troubles, pass } = ground({ [about.name]: undefined });
  for (let i = 0; i < 3; i++) {
    const asked = list.ask(about, limitMs);
    pass(limitMs + 1_000);
    assert.deepEqual(await asked, { kind: 'failed', reason: 'no answer within 5 s' });
  }
  assert.equal(troubles.list.length, 1);
});

test('that our own name servers do not answer is no fault of the list', async () => {
  const { list, troubles, asked } = ground({
    [about.name]: { kind: 'failed', reason: 'no name server answers', noServer: true },
  });
  for (let i = 0; i < 5; i++) assert.equal((await list.ask(about, limitMs)).kind, 'failed');
  assert.deepEqual(troubles.list, []);
  assert.equal(asked.length, 5);
});

test('a list that cannot be checked has its say, and is checked again', async () => {
  const { list, asked } = ground({
    [about.name]: found('127.0.0.2'),
    [about.neverListed]: { kind: 'failed', reason: 'SERVFAIL' },
  });
  assert.equal((await list.ask(about, limitMs)).kind, 'listed');
  await list.ask(about, limitMs);
  assert.equal(asked.filter((name) => name === about.neverListed).length, 2);
});

test('a list that is not in the configuration any more is no trouble', async () => {
  const { lists, troubles } = ground({ [about.name]: found('203.0.113.5') });
  for (let i = 0; i < 3; i++) await lists.of(zone, 'zen').ask(about, limitMs);
  assert.deepEqual(
    troubles.list.map(({ key }) => key),
    ['list:zen'],
  );
  lists.keep([{ zone, shownAs: 'zen' }]);
  assert.equal(troubles.list.length, 1);
  lists.keep([]);
  assert.deepEqual(troubles.list, []);
});

for (const [written, shown] of [
  ['Spam source, see https://example.org/q?192.0.2.9', 'Spam source, see https://example.org/q?192.0.2.9'],
  ['250 ok\r\n550 forged', '250 ok 550 forged'],
  ['\u001b[31mred\u0000 \u202eback', '[31mred back'],
  ['bücher', 'b cher'],
  ['   ', ''],
  ['x'.repeat(5_000), `${'x'.repeat(197)}...`],
] as const) {
  test(`the text of an entry is one line of printable ASCII: ${JSON.stringify(shown.slice(0, 30))}`, async () => {
    const { list } = ground({}, { [about.name]: found(written, 'another one') });
    assert.equal(await list.text(about, limitMs), shown);
  });
}

test('an entry without a text has none', async () => {
  const { list } = ground({});
  assert.equal(await list.text(about, limitMs), '');
});

test('whatever a list answers, it is listed by addresses in 127.0.0.0/8 alone, and its text is harmless', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(fc.ipV4(), fc.string(), fc.constant('127.0.0.2')), { minLength: 1, maxLength: 200 }),
      fc.string({ maxLength: 2_000 }),
      async (records, text) => {
        const { list } = ground({ [about.name]: found(...records) }, { [about.name]: found(text) });
        const answer = await list.ask(about, limitMs);
        if (answer.kind === 'listed') {
          assert.ok(answer.answers.length <= 64);
          for (const each of answer.answers) assert.match(each, /^127\./u);
        }
        assert.match(await list.text(about, limitMs), /^[\x20-\x7e]{0,200}$/u);
      },
    ),
  );
});
