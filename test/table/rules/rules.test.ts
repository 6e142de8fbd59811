// Rules for clients in Sluice's own form: what is read, what is refused, and which rule holds.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatRule, parseRule } from '../../../src/table/rules/client-rule.ts';
import { readRules } from './open-rules.ts';

test('a rule says whom it is about and what happens', async (t) => {
  const { rules } = await readRules(
    t,
    `# ours
10.0.0.0/8	relay
192.0.2.7 deny  You send spam: (see "here")
2001:DB8:1::/48   relay=@fax.example size=10MiB TEAM=sales NOTE="two words, \\"quoted\\""
198.51.100.0/24   size=none
mail.Partner.example allow
*.dialup.example defer
.other.example allow
user:Joe@Example.com size=100MiB
local TEAM=cron
* allow
`,
  );
  const at = (address: string, ...names: string[]) => rules.find(address, names);
  const nothing = { relay: undefined, maxMessageBytes: undefined, variables: {} };
  assert.deepEqual(at('10.1.2.3'), { who: '10.0.0.0/8', rule: { kind: 'allow', ...nothing, relay: '' } });
  assert.deepEqual(at('192.0.2.7'), {
    who: '192.0.2.7',
    rule: { kind: 'refuse', isTemporary: false, text: 'You send spam: (see "here")' },
  });
  assert.deepEqual(at('2001:db8:1:2::3'), {
    who: '2001:db8:1::/48',
    rule: {
      kind: 'allow',
      relay: '@fax.example',
      maxMessageBytes: 10 * 1024 * 1024,
      variables: { TEAM: 'sales', NOTE: 'two words, "quoted"' },
    },
  });
  assert.deepEqual(at('198.51.100.9')?.rule, { kind: 'allow', ...nothing, maxMessageBytes: 0 });
  assert.equal(at('203.0.113.1')?.who, '*');
  assert.equal(at('203.0.113.1', 'mail.partner.example')?.who, 'mail.partner.example');
  assert.deepEqual(at('203.0.113.1', 'a.b.dialup.example'), {
    who: '*.dialup.example',
    rule: { kind: 'refuse', isTemporary: true, text: '' },
  });
  assert.equal(at('203.0.113.1', 'dialup.example')?.who, '*');
  assert.equal(at('203.0.113.1', 'x.other.example')?.who, '*.other.example');
  assert.equal(rules.findUser('joe@example.com')?.who, 'user:joe@example.com');
  assert.equal(rules.findUser('jane@example.com'), undefined);
  assert.deepEqual(rules.findLocal()?.rule, { kind: 'allow', ...nothing, variables: { TEAM: 'cron' } });
});

test('the most specific rule holds', async (t) => {
  const { rules } = await readRules(
    t,
    `* ALL=1
named NAMED=1
*.example D=2
*.b.example D=3
0.0.0.0/0 N=0
192.0.0.0/9 N=9
192.0.2.0/24 N=24
192.0.2.128/25 N=25
c.b.example D=4
192.0.2.129 N=32
192.0.2.132/31 N=31
::/0 V=0
2001:db8::/33 V=33
2001:db8::1 V=128
user:* U=0
user:@example.com U=1
user:joe@example.com U=2
user:root U=3
`,
  );
  for (const [address, name, who] of [
    ['192.0.2.129', 'c.b.example', '192.0.2.129'],
    ['192.0.2.130', 'c.b.example', 'c.b.example'],
    ['192.0.2.130', 'x.b.example', '192.0.2.128/25'],
    ['192.0.2.133', '', '192.0.2.132/31'],
    ['192.0.2.134', '', '192.0.2.128/25'],
    ['192.0.2.1', '', '192.0.2.0/24'],
    ['192.1.2.1', '', '192.0.0.0/9'],
    ['::ffff:192.1.2.1', '', '192.0.0.0/9'],
    ['9.9.9.9', 'x.b.example', '0.0.0.0/0'],
    ['2001:db8::1', 'c.b.example', '2001:db8::1'],
    ['2001:db8:7fff::1', '', '2001:db8::/33'],
    ['2001:db8:8000::1', 'x.b.example', '::/0'],
  ] as const)
    assert.equal(rules.find(address, name === '' ? [] : [name])?.who, who, `${address} ${name}`);
  for (const [user, who] of [
    ['joe@example.com', 'user:joe@example.com'],
    ['JANE@Example.com', 'user:@example.com'],
    ['joe@example.net', 'user:*'],
    ['root', 'user:root'],
    ['nobody', 'user:*'],
  ] as const)
    assert.equal(rules.findUser(user)?.who, who, user);
});

test('names count where no network does', async (t) => {
  const { rules } = await readRules(t, '* ALL=1\nnamed NAMED=1\n*.b.example D=3\n*.example D=2\n');
  for (const [name, who] of [
    ['a.b.example', '*.b.example'],
    ['b.example', '*.example'],
    ['a.test', 'named'],
    ['', '*'],
  ] as const)
    assert.equal(rules.find('192.0.2.1', name === '' ? [] : [name])?.who, who);
});

test('of several names, the one with the most specific rule counts', async (t) => {
  const { rules } = await readRules(t, '*.example D=1\n*.b.example D=2\nc.test D=3\n');
  assert.equal(rules.find('192.0.2.1', ['a.example', 'x.b.example'])?.who, '*.b.example');
  assert.equal(rules.find('192.0.2.1', ['a.example', 'c.test'])?.who, 'c.test');
  assert.equal(rules.find('192.0.2.1', ['a.test', 'x.b.example'])?.who, '*.b.example');
});

test('a mistake is refused with the number of its line', async (t) => {
  for (const [line, expected] of [
    ['10.0. relay', /line 2: 10\.0\. is no network in the form with a slash; write 10\.0\.0\.0\/16/],
    [
      '10.0.0.1/8 relay',
      /line 2: "10\.0\.0\.1\/8" has bits set behind its prefix; did you mean "10\.0\.0\.0\/8"\?/,
    ],
    ['10.0.0 relay', /line 2: "10\.0\.0" is not a network/],
    ['10.0.0.0/33 relay', /line 2: .*0 to 32/],
    ['everyone relay', /line 2: "everyone" is no client; write a network/],
    ['user: relay', /line 2: "user:" names no user/],
    ['user:a@b@c relay', /line 2: "user:a@b@c" names no user/],
    ['a..example relay', /line 2: "a\.\.example" is not a domain name/],
    ['10.0.0.1', /line 2 does not say what happens/],
    [' 10.0.0.1 relay', /line 2 begins with white space/],
    ['10.0.0.1 relai', /line 2: "relai" is no word of a rule \(did you mean "relay"\?\)/],
    ['10.0.0.1 siz=1MiB', /line 2: "siz" is no word of a rule \(did you mean "size"\?\)/],
    ['10.0.0.1 relay deny', /line 2: "deny" stands alone/],
    ['10.0.0.1 size=0B', /line 2: size=0 would refuse every message/],
    ['10.0.0.1 size=10M', /line 2: "10M" is not a size/],
    ['10.0.0.1 size', /line 2: "" is not a size/],
    ['10.0.0.1 allow=1', /line 2: "allow" has no value/],
    ['10.0.0.1 relay=fax', undefined],
    ['10.0.0.1 relay=@', /line 2: "@" makes no address when it is appended to one/],
    ['10.0.0.1 relay="@fax example"', /line 2: "@fax example" makes no address/],
    ['10.0.0.1 relay=@a>', /line 2: "@a>" makes no address/],
    ['10.0.0.1 TEAM="a', /line 2: it cannot be read from "TEAM=\\"a" on/],
    ['10.0.0.1 TEAM', /line 2: "TEAM" is no word of a rule/],
    ['10.0.0.1 RELAYCLIENT=""', /line 2: the right to relay is written "relay"/],
    ['10.0.0.1 DATABYTES=1', /line 2: the largest message is written "size=10MiB"/],
    ['10.0.0.1 A-B=1', /line 2: "A-B" is not the name of a variable/],
    [`10.0.0.1 deny ${'x'.repeat(451)}`, /line 2: the text for the client has more than 450 characters/],
    ['10.0.0.1 A=a\u0001b', /line 2 has the control character 0x01/],
  ] as const) {
    const read = readRules(t, `# a comment\n${line}\n`);
    if (expected === undefined) await read;
    else await assert.rejects(read, { code: 'TABLE_BROKEN', message: expected }, line);
  }
});

test('what is probably not meant is told', async (t) => {
  const { warnings } = await readRules(t, '10.0.0.1 relay\n10.0.0.1/32 deny\n::ffff:10.0.0.1 deny\n');
  assert.deepEqual(warnings, [
    '2 rules are for clients that have one already, such as "10.0.0.1": the first counts',
  ]);
  const texts = await readRules(t, '10.0.0.1 deny Größe\n10.0.0.2 defer ~ later\n');
  assert.deepEqual(texts.warnings, ['"Größe" is not ASCII: the client gets question marks']);
});

test('a rule is written as it is read', () => {
  for (const text of [
    'allow',
    'relay',
    'deny',
    'defer later',
    'deny "in quotes"',
    'relay=@fax size=1MiB A=1 B="two words" C="\\"" D="a\\\\b"',
    'size=none',
    'A=""',
  ]) {
    const rule = parseRule(text);
    assert.deepEqual(parseRule(formatRule(rule)), rule, text);
  }
});

test('a question of a command is answered with whom the rule is about, and what it says', async (t) => {
  const { lookup } = await readRules(t, '10.0.0.0/8 relay\n*.a.example deny no\nuser:joe A=1\nlocal allow\n');
  const answers = await lookup(['10.1.1.1', '192.0.2.1 x.a.example', 'user:joe', 'local', '192.0.2.1']);
  assert.deepEqual(
    answers.map((each) => (each.kind === 'found' ? each.values : each.kind)),
    [['10.0.0.0/8', 'relay'], ['*.a.example', 'deny no'], ['user:joe', 'A=1'], ['local', 'allow'], 'absent'],
  );
});
