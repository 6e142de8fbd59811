// [verification] and [[verification_rule]]: what may be asked for, and which keys are in force where.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from '../../src/config/read/config-error.ts';
import { defaultConfig, parseConfig } from '../../src/config/config.ts';
import { verificationRules } from '../../src/settings/verification.ts';

const start = `
hostname = "mx.example.com"
[[listen]]
address = "127.0.0.1:2525"
[[listen]]
address = "[::1]:2525"
[[tenant]]
name = "a"
`;

function fault(text: string): string {
  try {
    parseConfig(start + text, 'sluice.toml');
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.message;
  }
  return 'no error';
}

test('without [verification], nothing is verified', () => {
  assert.equal(verificationRules(defaultConfig()), undefined);
  assert.equal(verificationRules(parseConfig(`${start}[verification]\nspf_fail = "reject"`, 'x')), undefined);
});

test('where mail is verified and nothing else is asked for, it is marked, under the name of this host', () => {
  const config = parseConfig(`${start}[verification]\nmode = "on"`, 'sluice.toml');
  assert.equal(config.verification.authservId, 'mx.example.com');
  const inForce = verificationRules(config)?.('127.0.0.1:2525', '');
  assert.equal(inForce?.isTest, false);
  const { mode, timeout, authservId, arcSealers, ...actions } = config.verification;
  assert.deepEqual([mode, timeout, authservId, arcSealers], ['on', 20_000, 'mx.example.com', []]);
  assert.deepEqual(new Set(Object.values(actions)), new Set(['mark']));
  assert.equal(Object.keys(actions).length, 14);
});

test('rules replace keys for listeners and tenants, in the order of the file', () => {
  const config = parseConfig(
    `${start}
    [verification]
    mode = "test"
    spf_fail = "quarantine"
    [[verification_rule]]
    listen = ["[::1]:2525"]
    mode = "off"
    [[verification_rule]]
    tenant = ["a"]
    mode = "on"
    spf_fail = "reject"
    [[verification_rule]]
    listen = ["127.0.0.1:2525"]
    tenant = ["a"]
    spf_fail = "accept"`,
    'sluice.toml',
  );
  const rules = verificationRules(config);
  const seen = (listener: string, tenant: string) => {
    const inForce = rules?.(listener, tenant);
    return inForce === undefined ? 'off' : [inForce.isTest, inForce.policy.spfFail];
  };
  assert.deepEqual(seen('127.0.0.1:2525', ''), [true, 'quarantine']);
  assert.deepEqual(seen('[::1]:2525', ''), 'off');
  assert.deepEqual(seen('[::1]:2525', 'a'), [false, 'reject']);
  assert.deepEqual(seen('127.0.0.1:2525', 'a'), [false, 'accept']);
});

test('a rule names listeners and tenants that exist, and an error of the DNS refuses nothing for good', () => {
  const rule = '[[verification_rule]]\n';
  assert.match(fault(`${rule}listen = ["127.0.0.1:25"]`), /there is no \[\[listen\]\] with this address/);
  assert.match(fault(`${rule}tenant = ["b"]`), /there is no \[\[tenant\]\] with the name "b"/);
  for (const key of ['spf_temperror', 'dkim_temperror', 'dmarc_temperror', 'iprev_temperror']) {
    assert.match(fault(`[verification]\n${key} = "reject"`), /must be "accept" or "mark"/);
  }
  assert.match(fault('[verification]\nspf_fail = "policy"'), /must be "accept" or "mark"/);
  assert.equal(fault('[verification]\ndmarc_fail = "policy"'), 'no error');
});
