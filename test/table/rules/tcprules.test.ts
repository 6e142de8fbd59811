// Rules in tcprules' form: read as tcprules reads them, and found as tcpserver finds them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pick, seededRandom } from '../../../sim/disk/random.ts';
import { formatSubject } from '../../../src/table/rules/rule-subject.ts';
import { readTcprulesLine, tcprulesSubject } from '../../../src/table/rules/tcprules.ts';
import { readRules } from './open-rules.ts';
import { expanded, modelFind, randomHost, randomIp, randomRule, type StoredRule } from './tcprules-model.ts';

/** A rule of the model in Sluice's words. */
function heldRule(stored: StoredRule | undefined) {
  if (stored === undefined) return undefined;
  const subject = tcprulesSubject(stored.address);
  assert.ok(subject.kind !== 'unused');
  return { who: formatSubject(subject), rule: readTcprulesLine(`:${stored.instructions}`)?.rule };
}

test('the words of tcprules are those of rules', async (t) => {
  const { rules } = await readRules(
    t,
    `# our own
127.:allow,RELAYCLIENT=""
10.0.:allow,RELAYCLIENT="@fax.example",DATABYTES="1000000",TEAM=/sales and support/
192.0.2.7:deny
192.0.2.8-9:deny,WHY="spam"
=.dialup.example:allow,RBLSMTPD="-Dialup lines send no mail"
=mail.example.com:allow,RBLSMTPD=""
=:allow,NAMED="1",DATABYTES="0"
:allow,RBLSMTPD="Come again"
`,
    'tcprules',
  );
  const allow = { kind: 'allow', relay: undefined, maxMessageBytes: undefined, variables: {} };
  const deny = { kind: 'refuse', isTemporary: false, text: '' };
  for (const [address, name, who, rule] of [
    ['127.9.9.9', '', '127.0.0.0/8', { ...allow, relay: '' }],
    [
      '10.0.3.4',
      '',
      '10.0.0.0/16',
      {
        ...allow,
        relay: '@fax.example',
        maxMessageBytes: 1_000_000,
        variables: { TEAM: 'sales and support' },
      },
    ],
    ['192.0.2.7', '', '192.0.2.7', deny],
    ['192.0.2.9', '', '192.0.2.9', deny],
    ['192.0.2.10', 'x.dialup.example', '*.dialup.example', { ...deny, text: 'Dialup lines send no mail' }],
    ['192.0.2.10', 'mail.example.com', 'mail.example.com', { ...allow, variables: { RBLSMTPD: '' } }],
    ['192.0.2.10', 'other.test', 'named', { ...allow, maxMessageBytes: 0, variables: { NAMED: '1' } }],
    ['192.0.2.10', '', '*', { ...deny, isTemporary: true, text: 'Come again' }],
    ['2001:db8::1', '', '*', { ...deny, isTemporary: true, text: 'Come again' }],
  ] as const)
    assert.deepEqual(rules.find(address, name === '' ? [] : [name]), { who, rule }, `${address} ${name}`);
});

test('what tcprules refuses is refused, with the number of the line', async (t) => {
  for (const [line, expected] of [
    ['10.:relay', /line 2: the instructions begin with neither "allow" nor "deny"/],
    ['10.:allowA="1"', /line 2: "A=\\"1\\"" stands where/],
    ['10.:allow,A', /line 2: ",A" stands where/],
    ['10.:allow,A=', /line 2: the value of "A" is not in quotation marks/],
    ['10.:allow,A="1', /line 2: the value of "A" is not in quotation marks/],
    ['10.:allow,A="1" ,B="1"', /line 2: " ,B=/],
    ['1-2-3.:allow', /line 2: "1-2-3\." has a range that is not two numbers/],
    ['10.a-5.:allow', /line 2: "10\.a-5\." has a range/],
    ['10.:allow,DATABYTES="10M"', /line 2: DATABYTES is "10M", and not a number of bytes/],
    ['10.:allow,RELAYCLIENT="@a b"', /line 2: "@a b" makes no address/],
    ['10.:allow,A B="1"', /line 2: "A B" is not the name of a variable/],
    ['2001:db8::1:allow', /line 2: tcprules knows no IPv6 addresses/],
  ] as const)
    await assert.rejects(
      readRules(t, `:allow\n${line}\n`, 'tcprules'),
      { code: 'TABLE_BROKEN', message: expected },
      line,
    );
});

test('rules that no client meets are told', async (t) => {
  const text =
    'joe@10.0.0.1:allow\n10.0:allow\n10.0.0.1.:allow\n010.:deny\n300.:deny\nnonsense\n:allow\n:deny\n';
  const { warnings, rules } = await readRules(t, text, 'tcprules');
  assert.equal(rules.size, 2);
  assert.deepEqual(warnings, [
    'there are two rules for "*": the first counts',
    'the rule for "joe@10.0.0.1" is for a user whom identd would tell, and Sluice does not ask for one',
    '4 rules are not used; the one for "10.0" is neither an address nor the beginning of one that ends with a dot, so that no client meets it',
    'the line "nonsense" has no colon and is skipped',
  ]);
});

test('ranges stand for their addresses', () => {
  for (const [address, expected] of [
    ['1.2.3.37-39', ['1.2.3.37', '1.2.3.38', '1.2.3.39']],
    ['10.2-3.', ['10.2.', '10.3.']],
    ['10.0-1.0-5.', ['10.0.0-5.', '10.1.0-5.']],
    ['5.254-999', ['5.254', '5.255']],
    ['7.-1', ['7.0', '7.1']],
    ['9-8.', []],
    ['=a-b.example', ['=a-b.example']],
    ['a-b@1.2.3.4', ['a-b@1.2.3.4']],
  ] as const)
    assert.deepEqual(readTcprulesLine(`${address}:allow`)?.addresses, expected, address);
});

test('the rule is found that tcpserver finds', async (t) => {
  for (let seed = 1; seed <= 300; seed++) {
    const random = seededRandom(seed);
    const given = Array.from({ length: 40 }, (_, serial) => randomRule(random, serial));
    const stored = given.flatMap(expanded);
    const text = given.map(({ address, instructions }) => `${address}:${instructions}\n`).join('');
    const { rules } = await readRules(t, text, 'tcprules');
    for (let client = 0; client < 60; client++) {
      const ip = randomIp(random);
      const host = pick(random, ['', randomHost(random)]);
      const expected = heldRule(modelFind(stored, ip, host));
      const found = rules.find(ip, host === '' ? [] : [host]);
      assert.deepEqual(found, expected, `seed ${seed}: ${ip} ${host}\n${text}`);
    }
  }
});
