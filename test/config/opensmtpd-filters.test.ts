// [[stage]] of kind "opensmtpd-filter".

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ConfigError } from '../../src/config/read/config-error.ts';
import { parseConfig } from '../../src/config/config.ts';
import { filterPrograms } from '../../src/settings/opensmtpd-filter-stage.ts';

function stage(keys: string): string {
  return `hostname = "mx.example.org"\n[[stage]]\nname = "filter"\nkind = "opensmtpd-filter"\n${keys}\n`;
}

test('a filter needs a command alone', () => {
  const config = parseConfig(stage('command = ["filter-rspamd", "-x"]'), 'sluice.toml');
  const [only] = config.stage;
  assert.ok(only?.kind === 'opensmtpd-filter');
  const { command, protocol, timeLimit, contentTimeout, connections, waiting, clientNames } = only;
  assert.deepEqual(command, ['filter-rspamd', '-x']);
  assert.deepEqual([protocol, timeLimit, contentTimeout], ['0.7', 30_000, 300_000]);
  assert.deepEqual([connections, waiting, clientNames], [500, 500, true]);
  const [program] = filterPrograms(config);
  assert.equal(program?.surroundings.hostname, 'mx.example.org');
  assert.equal(program.surroundings.sessionTimeoutMs, config.receive.timeoutCommand);
});

test('variables of its own come beside the few that each program gets', () => {
  const config = parseConfig(stage('command = ["x"]\nenvironment = { A = "b" }'), 'sluice.toml');
  // As it comes to a process of receivers.
  const [program] = filterPrograms(JSON.parse(JSON.stringify(config)));
  assert.equal(program?.environment['A'], 'b');
  assert.equal(program.environment['PATH'], process.env['PATH']);
});

for (const [what, keys, expected] of [
  ['no command', '', /stage\[1\]\.command/],
  ['an empty command', 'command = []', /must name a program/],
  ['a command that is a text', 'command = "filter-rspamd"', /the words of a command/],
  ['a protocol that is not known', 'command = ["x"]\nprotocol = "0.5"', /"0\.6" or "0\.7"/],
  ['a variable that is none', 'command = ["x"]\nenvironment = { "a b" = "c" }', /must be variables such as/],
  ['an action that is none', 'command = ["x"]\non_junk = { action = "burn" }', /on_junk\.action/],
  ['a key of another kind', 'command = ["x"]\naddress = "inet:1@localhost"', /address/],
] as const) {
  test(`${what} is a mistake that says how it is right`, () => {
    assert.throws(
      () => parseConfig(stage(keys), 'sluice.toml'),
      (error) => error instanceof ConfigError && expected.test(error.message),
    );
  });
}
