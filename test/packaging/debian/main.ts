// `npm run test:deb`: the packages on a Debian 12 of its own, with its systemd: install, first mail, watchdog, sockets from systemd,
// upgrade with mail in the queue, the MTA, remove and purge. As root. The first run downloads Debian into var/debian-root.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../../../sim/neighbours/ground.ts';
import { DebianHost, makeRoot } from './host.ts';

const root = join(import.meta.dirname, '../../..');
const base = join(root, 'var/debian-root');

/** A destination that takes all mail, and notes the subject of each message. */
const sink = `
const { appendFileSync } = require('node:fs');
require('node:net').createServer((socket) => {
  let isContent = false, rest = '';
  socket.on('error', () => {});
  socket.write('220 sink\\r\\n');
  socket.setEncoding('latin1').on('data', (text) => {
    const lines = (rest + text).split('\\r\\n');
    rest = lines.pop();
    for (const line of lines) {
      if (isContent && line.startsWith('Subject: ')) appendFileSync('/tmp/arrived', line.slice(9) + '\\n');
      if (isContent && line !== '.') continue;
      if (line === 'DATA') { isContent = true; socket.write('354 go on\\r\\n'); continue; }
      isContent = false;
      socket.write(line === 'QUIT' ? '221 bye\\r\\n' : '250 ok\\r\\n');
    }
  });
}).listen(2526, '127.0.0.1');
`;

const startSink =
  'systemd-run --quiet --unit=sink --collect /usr/lib/sluice/node_modules/.bin/node /tmp/sink.cjs';

const config = (listen: string) => `
spool = "/var/lib/sluice/spool"
control_socket = "/run/sluice/control.sock"
submission_socket = "/run/sluice/submit.sock"
hostname = "mail.example.test"
[[listen]]
address = "${listen}"
[[route]]
relay = ["127.0.0.1:2526"]
[queue]
retry = ["1s"]
`;

function step(name: string): void {
  process.stdout.write(`${name}\n`);
}

function build(folder: string, version: string): void {
  const options = ['--version', version, '--output', folder, '--fast'];
  execFileSync(process.execPath, [join(root, 'tools/package-deb.ts'), ...options], { stdio: 'inherit' });
}

async function arrived(host: DebianHost, wanted: readonly string[]): Promise<void> {
  const all = () => host.shell('cat /tmp/arrived 2>/dev/null || true').split('\n').filter(Boolean).sort();
  await until(`${wanted.length} messages have arrived`, () => all().length >= wanted.length);
  assert.deepEqual(all(), [...wanted].sort());
}

function send(host: DebianHost, subject: string): void {
  const message = `printf 'Subject: ${subject}\\n\\nx\\n' | sluice sendmail -f a@example.com b@example.net`;
  host.run('su', '-s', '/bin/sh', 'nobody', '-c', message);
}

const files = 'find / -xdev \\( -path /packages -o -path /tmp -o -path /run \\) -prune -o -print | sort';
/** What a purge may leave, by Debian Policy or because all packages do: the records of dpkg, logs of the system, the user. */
const mayStay =
  /^\/(?:var\/lib\/(?:dpkg|systemd|apt)|var\/(?:log|cache)|etc\/(?:passwd|group|shadow|gshadow|subuid|subgid)-?)(?:\/|$)/u;

async function tryPackages(host: DebianHost): Promise<void> {
  const before = new Set(host.shell(files).split('\n'));

  step('install');
  host.run('dpkg', '-i', `/packages/sluice_0.1.0-1_${architecture}.deb`);
  assert.equal(host.run('systemctl', 'is-active', 'sluice').trim(), 'active');
  assert.match(host.property('sluice', 'StatusText'), /^Running as /u);
  const pid = host.property('sluice', 'MainPID');
  assert.doesNotMatch(host.run('cat', `/proc/${pid}/status`), /^Uid:.*\b0\b/mu);

  step('first mail');
  host.write('/tmp/sink.cjs', sink);
  host.shell(startSink);
  host.write('/etc/sluice/sluice.toml', config('127.0.0.1:2525'));
  host.run('systemctl', 'reload', 'sluice');
  send(host, 'first');
  await arrived(host, ['first']);

  step('a mistake in the configuration: reload and restart fail, without another try');
  host.write('/etc/sluice/sluice.toml', `${config('127.0.0.1:2525')}\nmistake = 1\n`);
  assert.notEqual(host.try('systemctl', 'reload', 'sluice').status, 0);
  assert.equal(host.run('systemctl', 'is-active', 'sluice').trim(), 'active');
  assert.notEqual(host.try('systemctl', 'restart', 'sluice').status, 0);
  assert.equal(host.property('sluice', 'ExecMainStatus'), '78');
  assert.equal(host.property('sluice', 'SubState'), 'failed');
  host.write('/etc/sluice/sluice.toml', config('127.0.0.1:2525'));
  host.run('systemctl', 'start', 'sluice');

  step('watchdog: a supervisor that stands still is restarted');
  host.shell('mkdir -p /run/systemd/system/sluice.service.d');
  host.write('/run/systemd/system/sluice.service.d/watchdog.conf', '[Service]\nWatchdogSec=4\n');
  host.shell('systemctl daemon-reload; systemctl restart sluice');
  const stopped = host.property('sluice', 'MainPID');
  host.run('kill', '-STOP', stopped);
  await until('systemd has restarted it', () => host.property('sluice', 'NRestarts') === '1');
  await until('it runs again', () => host.property('sluice', 'SubState') === 'running');
  assert.notEqual(host.property('sluice', 'MainPID'), stopped);

  step('sockets from systemd: port 25 without a capability');
  host.shell('cp /usr/share/doc/sluice/examples/sluice.socket /run/systemd/system/');
  host.write(
    '/run/systemd/system/sluice.service.d/sockets.conf',
    '[Unit]\nRequires=sluice.socket\nAfter=sluice.socket\n[Service]\nAmbientCapabilities=\nCapabilityBoundingSet=\n',
  );
  host.write('/etc/sluice/sluice.toml', config('0.0.0.0:25'));
  host.shell('systemctl daemon-reload; systemctl stop sluice; systemctl start sluice.socket sluice');
  assert.match(host.run('cat', `/proc/${host.property('sluice', 'MainPID')}/status`), /^CapEff:\s+0+$/mu);
  const talk = 'exec 3<>/dev/tcp/127.0.0.1/25; read -r greeting <&3; echo "$greeting"';
  assert.match(host.run('bash', '-c', talk), /^220 mail\.example\.test ESMTP/u);
  host.shell('rm -r /run/systemd/system/sluice*; systemctl stop sluice.socket; systemctl daemon-reload');
  host.write('/etc/sluice/sluice.toml', config('127.0.0.1:2525'));
  host.run('systemctl', 'restart', 'sluice');

  step('upgrade with mail in the queue');
  host.run('systemctl', 'stop', 'sink');
  const subjects = Array.from({ length: 20 }, (_, index) => `waits-${index}`);
  for (const subject of subjects) send(host, subject);
  host.run('dpkg', '-i', `/packages/sluice_0.1.0-2_${architecture}.deb`);
  assert.equal(host.run('systemctl', 'is-active', 'sluice').trim(), 'active');
  assert.notEqual(host.property('sluice', 'MainPID'), pid);
  assert.equal(host.shell("grep -c '^hostname' /etc/sluice/sluice.toml").trim(), '1');
  host.shell(startSink);
  await arrived(host, ['first', ...subjects]);

  step('the MTA of the host');
  host.run('dpkg', '-i', '/packages/sluice-mta_0.1.0-2_all.deb');
  host.run(
    'su',
    '-s',
    '/bin/sh',
    'nobody',
    '-c',
    "printf 'Subject: by-mta\\n\\nx\\n' | /usr/lib/sendmail b@example.net",
  );
  await arrived(host, ['first', ...subjects, 'by-mta']);
  host.run('newaliases');
  assert.match(host.run('mailq'), /Nothing waits/u);

  step('remove, and install again: configuration and queue are as before');
  host.run('systemctl', 'stop', 'sink');
  send(host, 'kept');
  host.run('dpkg', '--remove', 'sluice-mta', 'sluice');
  assert.equal(host.try('systemctl', 'is-active', 'sluice').stdout.trim(), 'inactive');
  host.run('dpkg', '-i', `/packages/sluice_0.1.0-2_${architecture}.deb`);
  host.shell(startSink);
  await arrived(host, ['first', ...subjects, 'by-mta', 'kept']);

  step('purge');
  host.run('systemctl', 'stop', 'sink');
  host.run('dpkg', '--purge', 'sluice-mta', 'sluice');
  const left = host
    .shell(files)
    .split('\n')
    .filter((path) => !before.has(path) && !mayStay.test(path));
  assert.deepEqual(left, []);
}

const architecture = execFileSync('dpkg', ['--print-architecture']).toString().trim();
assert.equal(process.getuid?.(), 0, 'npm run test:deb needs root, for namespaces of its own');
makeRoot(base);
const packages = mkdtempSync(join(tmpdir(), 'sluice-packages-'));
try {
  for (const version of ['0.1.0-1', '0.1.0-2']) build(packages, version);
  const host = await DebianHost.start(base, packages);
  try {
    await tryPackages(host);
    step('all well');
  } catch (error) {
    process.stderr.write(host.try('journalctl', '-u', 'sluice', '--no-pager', '-n', '60').stdout);
    throw error;
  } finally {
    await host.stop();
  }
} finally {
  rmSync(packages, { recursive: true, force: true });
}
