// Reports as another implementation reads them (Python's email package), and a mailing to very many hosts, whose failures are one report.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import PostalMime from 'postal-mime';
import { combined, refuses, slow } from '../../sim/mx/personality.ts';
import { Ground, until } from '../../sim/neighbours/ground.ts';
import { startSluice } from '../../sim/neighbours/sluice.ts';
import { reports } from '../bounce/reports.ts';
import { destination, send } from './mail.ts';

const isThere = spawnSync('python3', ['--version'], { stdio: 'ignore' }).status === 0;
const skip = isThere ? false : 'Python is not installed (Debian: python3)';

/** Prints what a reader of mail finds in a report. */
const program = `
import email, email.policy, json, sys
message = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.default)
def groups(part):
    if part.get_content_type() == 'message/delivery-status':
        return [[[k, str(v)] for k, v in g.items()] for g in part.get_payload()]
    if part.get_content_type() == 'message/global-delivery-status':
        # This package knows no UTF-8 in such a part: the groups are read from its text.
        payload = part.get_payload()
        text = payload[0].as_bytes() if isinstance(payload, list) else part.get_payload(decode=True)
        text = text.decode('utf-8', 'surrogateescape')
        return [[line.split(': ', 1) for line in g.replace('\\r', '').replace('\\n ', ' ').split('\\n') if ': ' in line] for g in text.replace('\\r', '').split('\\n\\n') if g.strip()]
    return None
parts = list(message.iter_parts())
print(json.dumps({
    'type': message.get_content_type(),
    'report': message.get_param('report-type'),
    'defects': [repr(d) for p in message.walk() for d in p.defects],
    'automatic': message['Auto-Submitted'],
    'to': str(message['To']),
    'subject': str(message['Subject']),
    'parts': [p.get_content_type() for p in parts],
    'text': parts[0].get_content(),
    'groups': groups(parts[1]),
}))
`;

interface ReadReport {
  readonly type: string;
  readonly report: string;
  readonly defects: readonly string[];
  readonly automatic: string;
  readonly to: string;
  readonly subject: string;
  readonly parts: readonly string[];
  readonly text: string;
  readonly groups: readonly (readonly (readonly [string, string])[])[];
}

function read(report: Uint8Array): ReadReport {
  const input = Buffer.from(report);
  const output = execFileSync('python3', ['-c', program], { input, encoding: 'utf8', maxBuffer: 2 ** 26 });
  return JSON.parse(output) as ReadReport;
}

/** The address of a field, without its type and its escapes (RFC 6533 3). */
function plainAddress(field: string | undefined): string | undefined {
  return field
    ?.replace(/^[^;]*; /u, '')
    .replaceAll(/\\x\{([0-9A-F]+)\}/gu, (_, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16)));
}

suite('golden reports, read by postal-mime', () => {
  const folder = new URL('../bounce/golden/', import.meta.url);
  for (const name of readdirSync(folder)) {
    if (!name.endsWith('.eml')) continue;
    test(`${name} has its addressee, its text, and the message`, async () => {
      const options = reports[name.slice(0, -'.eml'.length)];
      assert.ok(options !== undefined);
      const report = await PostalMime.parse(readFileSync(new URL(name, folder)), {
        forceRfc822Attachments: true,
      });
      assert.equal(report.to?.[0]?.address, options.sender);
      assert.equal(report.from?.address, options.from);
      assert.equal(report.messageId, `<${options.messageId}>`);
      assert.match(report.subject ?? '', /\S/u);
      for (const { address } of options.recipients) assert.ok(report.text?.includes(`<${address}>`), address);
      const [status, original, ...more] = report.attachments;
      assert.deepEqual(more, []);
      assert.match(status?.mimeType ?? '', /^message\/(?:global-)?delivery-status$/u);
      assert.match(
        original?.mimeType ?? '',
        /^(?:message\/(?:rfc822|global|global-headers)|text\/rfc822-headers)$/u,
      );
      const { content } = status!;
      const groups = (typeof content === 'string' ? content : Buffer.from(content as ArrayBuffer).toString())
        .replaceAll('\r', '')
        .trim()
        .split('\n\n');
      assert.equal(groups.length, 1 + options.recipients.length);
      assert.deepEqual(
        groups.slice(1).map((group) => /^Action: (.*)$/mu.exec(group)?.[1]),
        options.recipients.map(({ action }) => action),
      );
    });
  }
});

suite('golden reports', { skip }, () => {
  const folder = new URL('../bounce/golden/', import.meta.url);
  for (const name of readdirSync(folder)) {
    if (!name.endsWith('.eml')) continue;
    test(`${name} is read as it is meant`, () => {
      const options = reports[name.slice(0, -'.eml'.length)];
      assert.ok(options !== undefined);
      const report = read(readFileSync(new URL(name, folder)));
      assert.equal(report.type, 'multipart/report');
      assert.equal(report.parts[1], `message/${report.report}`);
      assert.equal(report.automatic, 'auto-replied');
      assert.deepEqual(report.defects, []);
      const [message, ...groups] = report.groups;
      assert.equal(new Map(message).get('Reporting-MTA'), `dns; ${options.reportingMta}`);
      assert.deepEqual(
        groups.map((fields) => {
          const group = new Map(fields);
          return [plainAddress(group.get('Final-Recipient')), group.get('Action'), group.get('Status')];
        }),
        options.recipients.map(({ address, action, status }) => [address, action, status]),
      );
      for (const { address } of options.recipients) assert.ok(report.text.includes(`<${address}>`));
    });
  }
});

/** The fields for each recipient as both readers find them. */
async function groupsOf(content: Uint8Array): Promise<readonly Readonly<Record<string, string>>[]> {
  const groups = read(content)
    .groups.slice(1)
    .map((fields) => Object.fromEntries(fields));
  const { attachments } = await PostalMime.parse(content, { forceRfc822Attachments: true });
  const status = attachments.find(({ mimeType }) => mimeType === 'message/delivery-status');
  assert.ok(status !== undefined);
  const text = Buffer.from(status.content as ArrayBuffer).toString();
  for (const group of groups) {
    for (const [name, value] of Object.entries(group)) assert.ok(text.includes(`${name}: ${value}`), name);
  }
  return groups;
}

test(
  'a recipient whose mail went on to several addresses is reported as expanded, and nobody of them as anything',
  { skip },
  async (t) => {
    const ground = Ground.of(t);
    const home = await destination(ground);
    const far = await destination(ground);
    const sluice = await startSluice(ground, {
      config: {
        route: [
          { name: 'team', domain: ['team.test'], redirect: ['anna@far.test', 'zoe@far.test'] },
          { name: 'moved', domain: ['moved.test'], redirect: ['otto@far.test'] },
          { domain: ['far.test'], relay: [`127.0.0.1:${far.port}`] },
          { domain: ['home.test'], relay: [`127.0.0.1:${home.port}`] },
        ],
      },
    });
    const mail = { from: 'a@home.test', content: 'Subject: news\r\n\r\nHello\r\n' };
    await send(sluice.port, {
      ...mail,
      to: ['all@team.test'],
      mailParameters: ' ENVID=E1',
      rcptParameters: ' NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;list@old.test',
    });
    await until(
      'the mail went on, and a report came',
      () => far.messages.length > 0 && home.messages.length > 0,
    );
    const [report] = home.messages;
    const [group, ...more] = await groupsOf(report!.content);
    assert.deepEqual(more, []);
    assert.deepEqual(
      ['Original-Recipient', 'Final-Recipient', 'Action', 'Status', 'Remote-MTA'].map(
        (name) => group?.[name],
      ),
      ['rfc822; list@old.test', 'rfc822; all@team.test', 'expanded', '2.0.0', undefined],
    );
    assert.match(report!.content.toString(), /^Original-Envelope-Id: E1\r$/mu);
    // With one address there is nothing to expand: what was asked for goes on to the next server, which has DSN.
    await send(sluice.port, { ...mail, to: ['otto@moved.test'], rcptParameters: ' NOTIFY=SUCCESS' });
    await until('each address has the mail', () => {
      const recipients = far.messages.flatMap((message) => message.recipients);
      return recipients.toSorted().join(',') === 'anna@far.test,otto@far.test,zoe@far.test';
    });
    const asked = far.messages
      .flatMap(({ rcpts }) => rcpts)
      .filter((line) => line.includes('NOTIFY=SUCCESS'));
    assert.equal(asked.length, 1);
    assert.match(asked[0]!, /^RCPT TO:<otto@far\.test> NOTIFY=SUCCESS/u);
    assert.equal(home.messages.length, 1);
  },
);

test('reports leave by a route, from an address, and for a tenant of their own', { skip }, async (t) => {
  const ground = Ground.of(t);
  const far = await destination(ground, { personality: refuses(/^no/u, '550 5.1.1 No such user') });
  const home = await destination(ground);
  const sluice = await startSluice(ground, {
    config: {
      source: [{ address: '127.0.0.2' }, { address: '127.0.0.3', helo_name: 'reports.sluice.test' }],
      bounce: { tenant: 'reports', route: 'reports' },
      tenant: [{ name: 'reports', sender: ['reports.invalid'] }],
      route: [
        {
          name: 'reports',
          domain: ['reports.invalid'],
          relay: [`127.0.0.1:${home.port}`],
          source: ['127.0.0.3'],
        },
        { name: 'usual', relay: [`127.0.0.1:${far.port}`], source: ['127.0.0.2'] },
      ],
    },
  });
  const content = 'Subject: news\r\n\r\nHello\r\n';
  await send(sluice.port, { from: 'a@home.test', to: ['yes@far.test', 'no@far.test'], content });
  await until('mail and report are there', () => far.messages.length > 0 && home.messages.length > 0);
  assert.deepEqual([far.messages[0]?.client, home.messages[0]?.client], ['127.0.0.2', '127.0.0.3']);
  const [received] = await sluice.logged(({ via }) => via === 'bounce');
  assert.equal(received?.['tenant'], 'reports');
  assert.match(await sluice.cli('explain', 'x@far.test'), /127\.0\.0\.1:\d+, from 127\.0\.0\.2/u);
});

test(
  'a message to 1,000 recipients of 300 hosts has one report about all that failed',
  { skip },
  async (t) => {
    const ground = Ground.of(t);
    const home = await destination(ground);
    const personality = combined(slow(20), refuses(/^no/u, '550 5.1.1 No such user'));
    const route: { domain: string[]; relay: string[] }[] = [
      { domain: ['home.test'], relay: [`127.0.0.1:${home.port}`] },
    ];
    for (let host = 0; host < 300; host++) {
      const { port } = await destination(ground, {
        address: `127.0.${1 + (host >> 7)}.${1 + (host & 127)}`,
        personality,
      });
      route.push({
        domain: [`d${host}.test`],
        relay: [`127.0.${1 + (host >> 7)}.${1 + (host & 127)}:${port}`],
      });
    }
    const sluice = await startSluice(ground, { config: { route } });
    const to = Array.from(
      { length: 1_000 },
      (_, at) => `${at % 10 === 9 ? 'yes' : 'no'}${at}@d${at % 300}.test`,
    );
    await send(sluice.port, { from: 'a@home.test', to, content: 'Subject: news\r\n\r\nHello\r\n' });
    await until('the queue is empty', async () => {
      const failed = sluice.events().filter(({ event }) => event === 'bounced').length;
      return failed === 900 && home.messages.length > 0;
    });
    assert.equal(home.messages.length, 1);
    const report = read(home.messages[0]!.content);
    const addresses = report.groups.slice(1).map((fields) => new Map(fields).get('Final-Recipient'));
    assert.deepEqual(
      addresses,
      to.filter((address) => address.startsWith('no')).map((address) => `rfc822; ${address}`),
    );
    assert.equal(await sluice.program.stop('SIGTERM'), 0);
    assert.equal(home.messages.length, 1);
  },
);
