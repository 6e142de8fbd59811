// [[listen]] with protocol = "pop3": what it may have, what it has by itself, and what it is warned of.

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { configWarnings } from '../../src/config/check/warnings.ts';
import { parseConfig } from '../../src/config/config.ts';
import { ConfigError } from '../../src/config/read/config-error.ts';
import { pop3Limits, servesPop3 } from '../../src/settings/pop3.ts';

const directory = '[[directory]]\nname = "users"\nkind = "users"\npath = "users"\n';
const mailboxes = '[[route]]\nname = "boxes"\ndomain = ["box.test"]\nmailbox = true\n';

function listener(port: number, more = ''): string {
  return `[[listen]]\naddress = "127.0.0.1:${port}"\nprotocol = "pop3"\n${more}`;
}

function problemsOf(text: string): readonly string[] {
  try {
    parseConfig(text, 'sluice.toml');
    return [];
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.problems.map(({ key, message }) => `${key}: ${message}`);
  }
}

suite('a POP3 listener', () => {
  test('needs users, a port, and no keys that are for mail', () => {
    assert.deepEqual(problemsOf(listener(110)), [
      'listen[1].protocol: needs a [[directory]] with the users who may log in',
    ]);
    assert.deepEqual(problemsOf(`${directory}[[listen]]\naddress = "unix:pop3.sock"\nprotocol = "pop3"\n`), [
      'listen[1].address: POP3 needs an IP address and a port',
    ]);
    for (const key of [
      'max_recipients = 1',
      'auth = "offered"',
      'xclient = ["10.0.0.1"]',
      'timeout_session = "1h"',
      'from_filter = "any"',
    ])
      assert.deepEqual(problemsOf(directory + listener(110, `${key}\n`)), [
        `listen[1].${key.split(' ')[0]}: is not for POP3: leave it out. Limits and times of POP3 are in [pop3]`,
      ]);
    assert.deepEqual(
      problemsOf(directory + listener(110, 'tls = "required"\nmax_connections = 5\nmax_errors = 3\n')),
      [],
    );
  });

  test('has TLS from the first byte on at port 995', () => {
    const { listen } = parseConfig(directory + listener(995) + listener(110) + listener(1995), 'sluice.toml');
    assert.deepEqual(
      listen.map(({ receive }) => receive.tls),
      ['implicit', undefined, undefined],
    );
  });

  test('may be idle for ten minutes at least', () => {
    const text = (value: string): string => `[pop3]\ntimeout = "${value}"\n${directory}${listener(110)}`;
    assert.match(problemsOf(text('9m'))[0] ?? '', /too short/u);
    assert.deepEqual(problemsOf(text('10m')), []);
  });

  test('is served where there is one, with the limits of [pop3]', () => {
    const config = parseConfig(`[pop3]\nmax_connections = 7\n${directory}${listener(110)}`, 'sluice.toml');
    assert.ok(servesPop3(config));
    assert.deepEqual(
      [pop3Limits(config).maxConnections, pop3Limits(config).maxConnectionsPerClient],
      [7, 50],
    );
    assert.ok(!servesPop3(parseConfig(directory, 'sluice.toml')));
  });

  test('is warned of when nobody would get anything', () => {
    const warnings = (text: string): readonly string[] =>
      configWarnings(parseConfig(text, 'sluice.toml'))
        .filter(({ path }) => path[0] === 'listen')
        .map(({ path, message }) => `${path.join('.')}: ${message.slice(0, 40)}`);
    assert.deepEqual(warnings(directory + listener(110) + mailboxes), []);
    assert.deepEqual(warnings(directory + listener(110)), [
      'listen.0.protocol: no [[route]] delivers into mailboxes (ma',
    ]);
    assert.deepEqual(warnings(directory + listener(995, 'tls = "offered"\n') + mailboxes), [
      'listen.0.tls: clients of port 995 begin with TLS; set ',
    ]);
    assert.deepEqual(warnings(directory + listener(110, 'tls = "none"\n') + mailboxes), [
      'listen.0.tls: nobody can log in without TLS, since mec',
    ]);
  });
});
