// What exceptions of stages and results of taps name, and defences that could never do anything.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { stageWarnings } from '../../src/config/check/stage-warnings.ts';
import { parseConfig } from '../../src/config/config.ts';
import { ConfigError } from '../../src/config/read/config-error.ts';

const verifying = '[verification]\nmode = "test"\n';

function stage(kind: string, keys: string): string {
  return `[[stage]]\nname = "s"\nkind = "${kind}"\n${keys}\n`;
}

function warningsOf(text: string): string[] {
  return stageWarnings(parseConfig(`hostname = "mx.example.org"\n${text}`, 'sluice.toml')).map(
    ({ path, message }) => `${path.join('.')}: ${message}`,
  );
}

const domains = 'domains = ["example.org"]\n';

for (const [kind, keys, key] of [
  ['greylist', '', 'except_results'],
  ['rates', 'by = "client"\nmessages = "1/min"\n', 'except_results'],
  ['own-domains', domains, 'except_results'],
  ['own-domains', domains, 'author_except_results'],
] as const) {
  test(`${key} of ${kind} names stages that there are`, () => {
    for (const [condition, expected] of [
      ['dnswll.allowed=yes', /there is no \[\[stage\]\] with the name "dnswll"/],
      ['verfication.spf=pass', /verification/],
    ] as const) {
      assert.throws(
        () =>
          parseConfig(
            verifying + stage(kind, `${keys}${key} = ["verification.spf=pass", "${condition}"]`),
            'sluice.toml',
          ),
        (error) =>
          error instanceof ConfigError && error.message.includes(key) && expected.test(error.message),
      );
    }
  });

  test(`${key} of ${kind} that wait for verification are warned of when no mail is verified`, () => {
    const text = stage(kind, `${keys}${key} = ["s.x=y", "verification.spf=pass"]`);
    assert.deepEqual(warningsOf(text), [
      `stage.0.${key}.1: never holds, since no mail is verified: set mode in [verification] to "test" or "on"`,
    ]);
    assert.deepEqual(warningsOf(text + verifying), []);
    assert.deepEqual(
      warningsOf(`${text}[[verification_rule]]\ntenant = ["t"]\nmode = "on"\n[[tenant]]\nname = "t"\n`),
      [],
    );
  });
}

test('a tap that waits for verification is warned of when no mail is verified', () => {
  const text = '[[tap]]\nname = "t"\ncopy_to = "a@example.com"\nresults = ["verification.dmarc=fail"]\n';
  assert.equal(warningsOf(text).length, 1);
  assert.deepEqual(warningsOf(text + verifying), []);
});

test('own-domains without any domain is warned of', () => {
  const [first = '', ...more] = warningsOf(stage('own-domains', ''));
  assert.match(first, /^stage\.0: s protects no domain, since relay_domains is empty/);
  assert.deepEqual(more, []);
  for (const text of [
    stage('own-domains', domains),
    `[receive]\nrelay_domains = ["example.org"]\n${stage('own-domains', '')}`,
    `[[listen]]\naddress = "192.0.2.1:25"\nrelay_domains = ["example.org"]\n${stage('own-domains', '')}`,
  ])
    assert.deepEqual(warningsOf(text), []);
});

test('a stage of a queue that is known too late is warned of', () => {
  const text = (more: string): string => `[queues.spam]
[queues.shop]
[[assignment]]
queue = "spam"
results = ["s.verdict=spam"]
${stage('clamd', 'address = "unix:/c"\nqueue = ["default", "spam", "shop"]')}${more}`;
  assert.deepEqual(
    warningsOf(text('[[assignment]]\nqueue = "shop"\ndomain = ["shop.test"]\n')).map((each) =>
      each.slice(0, 45),
    ),
    ['stage.0.queue.1: at RCPT, no [[assignment]] c'],
  );
  assert.equal(warningsOf(text('')).length, 2);
  const records = '[provisioning]\ntable = "t"\n[[table]]\nname = "t"\npath = "t"\nkind = "key-value"\n';
  assert.deepEqual(warningsOf(text(records)), []);
});
