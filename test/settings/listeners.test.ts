// The keys of a listener in place of those of [receive].

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Config, parseConfig } from '../../src/config/config.ts';
import { HandshakeLimits } from '../../src/receive/handshake-limits.ts';
import type { ReceiveContext } from '../../src/receive/receive-context.ts';
import { handshakeLimits, listenerSecurity } from '../../src/settings/listener-security.ts';
import { listenersOf } from '../../src/settings/listeners.ts';
import { receiveSettings, relayPolicy } from '../../src/settings/settings.ts';
import type { LiveCertificates } from '../../src/tls/live-certificates.ts';

/** Only what the configuration decides. */
const contextOf = (config: Config, protocol: Parameters<typeof receiveSettings>[1]): ReceiveContext =>
  ({ settings: receiveSettings(config, protocol), relay: relayPolicy(config) }) as unknown as ReceiveContext;

function listeners(toml: string, place = { index: 0, receivers: 1 }) {
  return listenersOf(parseConfig(toml, '/etc/sluice/sluice.toml'), place, contextOf);
}

test('a listener has its own keys, and those of [receive] for the rest', () => {
  const [, plain, own] = listeners(`
    [receive]
    max_message_size = "5MiB"
    max_recipients = 7
    relay_networks = ["192.0.2.0/24"]
    [[listen]]
    address = "127.0.0.1:2525"
    [[listen]]
    address = "127.0.0.1:2526"
    max_message_size = "1MiB"
    relay_networks = ["198.51.100.0/24"]
    complete_mail = false
  `);
  assert.equal(plain!.context.settings.session.maxMessageBytes, 5 * 1024 * 1024);
  assert.equal(own!.context.settings.session.maxMessageBytes, 1024 * 1024);
  assert.equal(own!.context.settings.session.maxRecipients, 7);
  assert.deepEqual(
    [plain, own].map((each) => each!.context.relay.isRelayClient('192.0.2.1')),
    [true, false],
  );
  assert.ok(own!.context.relay.isRelayClient('198.51.100.1'));
  assert.ok(own!.exempt.has('198.51.100.1'));
  assert.deepEqual([plain!.completesMail, own!.completesMail], [true, false]);
});

test('LMTP has a greeting of its own, and a Unix-domain socket its permissions', () => {
  const [submission, lmtp] = listeners(`
    submission_socket = "/run/sluice/submit"
    [[listen]]
    address = "unix:lmtp.sock"
    protocol = "lmtp"
    socket_mode = "0600"
  `);
  assert.deepEqual(submission!.facts, { kind: 'submission', name: '/run/sluice/submit' });
  assert.deepEqual(lmtp!.facts, { kind: 'lmtp', name: 'unix:/etc/sluice/lmtp.sock' });
  assert.equal(lmtp!.socketMode, 0o600);
  assert.equal(lmtp!.context.settings.session.protocol, 'lmtp');
  assert.equal(lmtp!.context.settings.session.greeting, 'LMTP Sluice');
});

test('several receivers share ports and their limits, and the first has the sockets', () => {
  const toml = `
    [[listen]]
    address = "127.0.0.1:2525"
    max_connections = 5
    [[listen]]
    address = "unix:/run/sluice/in"
  `;
  const first = listeners(toml, { index: 0, receivers: 2 });
  const second = listeners(toml, { index: 1, receivers: 2 });
  assert.deepEqual(
    first.map(({ facts, isShared, maxConnections }) => [facts.name, isShared, maxConnections]).slice(1),
    [
      ['127.0.0.1:2525', true, 3],
      ['unix:/run/sluice/in', false, undefined],
    ],
  );
  assert.deepEqual(
    second.map(({ facts }) => facts.name),
    ['127.0.0.1:2525'],
  );
});

test('TLS is offered by default, as a listener says itself, and not on Unix-domain sockets', () => {
  const all = listeners(`
    submission_socket = "/run/sluice/submit"
    [[listen]]
    address = "127.0.0.1:2525"
    [[listen]]
    address = "127.0.0.1:2526"
    tls = "required"
    [[listen]]
    address = "127.0.0.1:2527"
    tls = "implicit"
    [[listen]]
    address = "unix:/run/sluice/in"
    [[listen]]
    address = "unix:/run/sluice/lmtp"
    tls = "offered"
  `);
  assert.deepEqual(
    all.map(({ context }) => context.settings.session.startTls),
    [undefined, 'offered', 'required', undefined, undefined, 'offered'],
  );
});

test('the security of a listener comes from its keys, and receivers share the limits of handshakes', () => {
  const toml = `
    [receive]
    max_tls_handshakes = 9
    tls_failures_per_client = "10/min"
    tls_min_version = "1.3"
    [processes]
    receivers = 2
  `;
  const config = parseConfig(toml, '/etc/sluice/sluice.toml');
  const asked: unknown[] = [];
  const certificates = {
    forListener: (keys: unknown) => asked.push(keys),
  } as unknown as LiveCertificates;
  const limits = handshakeLimits(config);
  assert.deepEqual(limits, {
    maxHandshakes: 5,
    maxHandshakesPerClient: 50,
    failuresPerClient: { count: 5, perMs: 60_000 },
  });
  const handshakes = new HandshakeLimits(limits);
  const security = listenerSecurity(config, certificates, handshakes);
  assert.deepEqual(
    [security?.isImplicit, security?.handshakeTimeoutMs, security?.relay.areWanted],
    [false, 30_000, false],
  );
  assert.deepEqual(asked, [{ minVersion: 'TLSv1.3', clientCertificates: false }]);
  const none = { ...config, receive: { ...config.receive, tls: 'none' as const } };
  assert.equal(listenerSecurity(none, certificates, handshakes), undefined);
});

test('where there is a directory, ports for submission ask for log-ins and TLS, unless they are told otherwise', () => {
  const shown = (text: string) =>
    parseConfig(text, '/etc/sluice/sluice.toml').listen.map(
      ({ receive: { auth, tls } }) => `${auth ?? '-'} ${tls ?? '-'}`,
    );
  const usual = '[[listen]]\naddress = "127.0.0.1:587"\n[[listen]]\naddress = "127.0.0.1:465"\n';
  const others = `
    [[listen]]
    address = "127.0.0.2:587"
    auth = "none"
    [[listen]]
    address = "127.0.0.3:587"
    auth = "offered"
    tls = "offered"
    [[listen]]
    address = "127.0.0.1:2525"
    [[listen]]
    address = "127.0.0.4:587"
    protocol = "lmtp"
  `;
  const directory = '[[directory]]\nname = "own"\nkind = "users"\npath = "users.jsonl"\n';
  assert.deepEqual(shown(usual + others + directory), [
    'required required',
    'required implicit',
    'none -',
    'offered offered',
    '- -',
    '- -',
  ]);
  assert.deepEqual(shown(usual), ['- -', '- -'], 'without users nobody could log in');
});

test('mail of programs of this host is asked about where a stage says so', () => {
  const stages = (kind: string, keys: string) => `
    [[stage]]
    name = "${kind}-asked"
    kind = "${kind}"
    ${keys}
    local_mail = true
    [[stage]]
    name = "${kind}-not"
    kind = "${kind}"
    ${keys}
  `;
  const config = parseConfig(
    `${stages('milter', 'address = "inet:8891@127.0.0.1"')}${stages('plugin', 'file = "x.ts"')}`,
    '/etc/sluice/sluice.toml',
  );
  const asked: (readonly string[])[] = [];
  listenersOf(config, { index: 0, receivers: 1 }, (own, protocol) => {
    asked.push(own.stage.map(({ name }) => name));
    return contextOf(own, protocol);
  });
  assert.deepEqual(asked, [
    ['milter-asked', 'milter-not', 'plugin-asked', 'plugin-not'],
    ['milter-asked', 'plugin-asked'],
  ]);
});

test('mail of programs of this host goes to a content filter, unless the stage names listeners or says no', () => {
  const filter = (name: string, keys: string) =>
    `[[stage]]\nname = "${name}"\nkind = "content-filter"\nroute = "scan"\n${keys}\n`;
  const config = parseConfig(
    `[[listen]]
    address = "127.0.0.1:2525"
    [[route]]
    name = "scan"
    domain = ["scan.invalid"]
    relay = ["127.0.0.1:10024"]
    ${filter('usual', '')}${filter('not', 'local_mail = false')}
    ${filter('there', 'listen = ["127.0.0.1:2525"]')}
    ${filter('both', 'listen = ["127.0.0.1:2525"]\nlocal_mail = true')}`,
    '/etc/sluice/sluice.toml',
  );
  const asked: (readonly string[])[] = [];
  listenersOf(config, { index: 0, receivers: 1 }, (own, protocol) => {
    asked.push(own.stage.map(({ name }) => name));
    return contextOf(own, protocol);
  });
  assert.deepEqual(asked, [
    ['usual', 'not', 'there', 'both'],
    ['usual', 'both'],
  ]);
});
