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
