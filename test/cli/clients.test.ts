// sluice clients explain, and what sluice check says of rules for clients.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { startDnsServer } from '../../sim/dns/dns-server.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { type RunResult, sluice } from './run.ts';

const rules = `192.0.2.0/24 relay=@fax.example size=10MiB TEAM=sales
198.51.100.7 deny Go away
*.partner.example size=none
user:joe@example.com relay
local defer
`;

async function world(t: TestContext, files: Readonly<Record<string, string>> = {}) {
  const folder = temporaryFolder(t, 'clients');
  const dns = await startDnsServer({
    zone: {
      '1.113.0.203.in-addr.arpa': { ptr: ['mail.partner.example'] },
      'mail.partner.example': { a: ['203.0.113.1'] },
      '2.113.0.203.in-addr.arpa': { behaviour: 'servfail' },
    },
  });
  folder.atEnd(() => dns.close());
  const configuration = `hostname = "mx.example.com"
dns.servers = ["${dns.address}:${dns.port}"]
[[table]]
name = "clients"
path = "clients.rules"
[clients]
rules = "clients"
[[listen]]
address = "127.0.0.1:2525"
[[listen]]
address = "127.0.0.1:2526"
client_rules = ""
`;
  const all = { 'sluice.toml': configuration, 'clients.rules': rules, ...files };
  for (const [name, text] of Object.entries(all)) writeFileSync(`${folder.path}/${name}`, text);
  const run = (...args: string[]): Promise<RunResult> => sluice(args, { cwd: folder.path });
  return { explain: (...args: string[]) => run('clients', 'explain', ...args), run };
}

test('the rule that holds is explained', async (t) => {
  const { explain } = await world(t);
  for (const [args, stdout] of [
    [
      ['192.0.2.7', '--name', 'x.example'],
      `The rule for 192.0.2.0/24 holds: relay=@fax.example size=10MiB TEAM=sales
  It may send to anyone; @fax.example is appended to each recipient.
  Its messages may have 10MiB (10485760 bytes).
  Stages are told TEAM=sales
`,
    ],
    [['198.51.100.7'], 'The rule for 198.51.100.7 holds: deny Go away\n  The client is refused (554).\n'],
    [
      ['203.0.113.1'],
      `203.0.113.1 has the name mail.partner.example.
The rule for *.partner.example holds: size=none
  Its messages may have any size.
`,
    ],
    [['203.0.113.3'], '203.0.113.3 has no verified name.\nNo rule holds.\n'],
    [
      ['203.0.113.3', '--name', 'A.Partner.example', '--user', 'joe@example.com'],
      'The rule for user:joe@example.com holds: relay\n  It may send to anyone.\n',
    ],
    [['local'], 'The rule for local holds: defer\n  The client is refused for now (421).\n'],
  ] as const)
    assert.deepEqual(await explain(...args), { code: 0, stdout, stderr: '' });
  const { code, stdout } = await explain('203.0.113.2');
  assert.equal(code, 75);
  assert.match(stdout, /^The name of 203\.0\.113\.2 cannot be looked up now: .*\n.*\nNo rule holds\.\n$/u);
  const json = await explain('203.0.113.1', '--json');
  assert.deepEqual(JSON.parse(json.stdout), {
    address: '203.0.113.1',
    names: ['mail.partner.example'],
    who: '*.partner.example',
    rule: { kind: 'allow', maxMessageBytes: 0, variables: {} },
  });
});

test('mistakes of the command line are told', async (t) => {
  const { explain } = await world(t);
  for (const [args, code, expected] of [
    [['mail.example.com'], 64, /^CLIENT_ADDRESS: "mail\.example\.com" is not an IP address\./],
    [
      ['192.0.2.1', '--listener', '127.0.0.1:25'],
      64,
      /^LISTENER_UNKNOWN: .*\n +There are 127\.0\.0\.1:2525, 127\.0\.0\.1:2526/,
    ],
    [['192.0.2.1', '--listener', '127.0.0.1:2526'], 64, /^CLIENT_RULES_NONE: /],
  ] as const) {
    const result = await explain(...args);
    assert.equal(result.code, code, args.join(' '));
    assert.match(result.stderr, expected);
  }
  const broken = await world(t, { 'clients.rules': 'allow\n' });
  const { code, stderr } = await broken.explain('192.0.2.1');
  assert.equal(code, 75);
  assert.match(
    stderr,
    /^TABLE_BROKEN: Reading the table "clients" from .*: line 1 does not say what happens/,
  );
});

test('sluice check names the line with a mistake, and warns of rules that let everyone relay', async (t) => {
  const broken = await world(t, { 'clients.rules': '# ours\n10.0.0.1 relai\n' });
  assert.match(
    (await broken.run('check')).stdout,
    /warning: \.\/sluice\.toml:\d+:\d+: .*line 2: "relai" is no word of a rule \(did you mean "relay"\?\)\.$/mu,
  );
  const open = await world(t, {
    'clients.rules': '* relay\n10.0.0.0/8 relay=fax\n10.0.0.0/7 relay=@fax.example\n::/0 relay\n',
  });
  const { stdout } = await open.run('check');
  assert.match(
    stdout,
    /2 rules, such as that for "\*", let a large part of the Internet send mail to anyone/,
  );
  assert.match(stdout, /"fax" is appended to recipients as it is, and begins with neither "@" nor "\."/);
});
