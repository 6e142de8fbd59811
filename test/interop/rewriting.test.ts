// The same tables, settings and messages through Debian's Postfix and through Sluice: the same addresses reach the destination.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { freePort, Ground, until } from '../../sim/neighbours/ground.ts';
import { startPostfix, withoutPostfix } from '../../sim/neighbours/postfix.ts';
import { startSluice } from '../../sim/neighbours/sluice.ts';
import { destination, send } from './mail.ts';

const hostname = 'relay.test';
const skip = withoutPostfix();

interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  readonly fields: readonly string[];
}

/** What leaves, without differences that mean nothing: folds, blanks between words, fields that a relay adds. */
interface Left {
  readonly from: string;
  readonly to: readonly string[];
  readonly fields: readonly string[];
}

const added = /^(?:received|(?:resent-)?(?:date|message-id)):/iu;

function leftOf(sender: string, recipients: readonly string[], content: string): Left {
  const header = content.slice(0, content.indexOf('\r\n\r\n'));
  const fields = header
    .replaceAll(/\r\n[ \t]+/gu, ' ')
    .split('\r\n')
    .filter((field) => !added.test(field))
    .map((field) => field.replaceAll(/[ \t]+/gu, ' ').replaceAll(/ ?, ?/gu, ', '));
  return { from: sender, to: recipients.toSorted(), fields };
}

/** Sends all mail to both, and compares what has left. */
async function compared(
  t: TestContext,
  tables: Readonly<Record<string, readonly string[]>>,
  postfixSettings: (path: (table: string) => string) => Readonly<Record<string, string>>,
  rewrite: readonly Readonly<Record<string, boolean | string | readonly string[]>>[],
  mails: readonly Mail[],
): Promise<readonly Left[]> {
  const ground = Ground.of(t);
  const folder = ground.folder('tables');
  const pathOf = (name: string): string => join(folder, `${name}.map`);
  for (const [name, lines] of Object.entries(tables)) writeFileSync(pathOf(name), `${lines.join('\n')}\n`);
  const results: Left[][] = [];
  for (const program of ['postfix', 'sluice'] as const) {
    const mx = await destination(ground);
    const main = {
      relayhost: `[127.0.0.1]:${mx.port}`,
      myhostname: hostname,
      myorigin: hostname,
      mydestination: hostname,
      local_header_rewrite_clients: 'permit_mynetworks',
      local_transport: `smtp:[127.0.0.1]:${mx.port}`,
      ...postfixSettings((name) => `texthash:${pathOf(name)}`),
    };
    const config = {
      hostname,
      table: Object.keys(tables).map((name) => ({ name, path: pathOf(name) })),
      rewrite,
      route: [{ relay: [`127.0.0.1:${mx.port}`] }],
    };
    const { port } =
      program === 'postfix'
        ? await startPostfix(ground, 'postfix', { main })
        : await startSluice(ground, { port: await freePort(), config });
    for (const [index, { from, to, fields }] of mails.entries()) {
      const header = [`X-Number: ${index}`, ...fields].map((field) => `${field}\r\n`).join('');
      const replies = await send(port, { from, to, content: `${header}\r\nHello\r\n` });
      assert.match(replies.at(-1) ?? '', /^250/, `${program}: ${fields.join(' | ')}: ${replies.join(' | ')}`);
    }
    await until(`${program} has delivered all`, () => mx.messages.length === mails.length);
    const numbered = mx.messages.map(({ sender, recipients, content }) => {
      const text = content.toString();
      return { number: Number(/^X-Number: (\d+)/mu.exec(text)?.[1]), left: leftOf(sender, recipients, text) };
    });
    results.push(numbered.toSorted((a, b) => a.number - b.number).map(({ left }) => left));
  }
  const [postfix = [], sluice = []] = results;
  assert.deepEqual(sluice, postfix);
  return sluice;
}

const canonical = [
  'joe@a.test            joe.smith@new.test',
  'ann+lists@a.test      lists@new.test',
  'ann@a.test            ann.jones@new.test',
  '@a.test               @b.test',
  'only@c.test           @d.test',
  'root                  admin@new.test',
  'bare@c.test           bob',
  'one@c.test            two@c.test',
  'two@c.test            three@c.test',
  'self@c.test           self@c.test',
];

const addresses = [
  'joe@a.test',
  'JOE@A.Test',
  'joe+x@a.test',
  'joe+x+y@a.test',
  'ann+lists@a.test',
  'ann+other@a.test',
  'ann@a.test',
  'eve@a.test',
  'Eve+x@a.test',
  'only+else@c.test',
  `root@${hostname}`,
  `root+x@${hostname}`,
  'root@c.test',
  'bare@c.test',
  'one@c.test',
  'self@c.test',
  'nobody@elsewhere.test',
];

/** Each address in each place. */
const everywhere: readonly Mail[] = addresses.map((address) => ({
  from: address,
  to: [address],
  fields: [
    `From: Name <${address}>`,
    `Sender: ${address}`,
    `Reply-To: ${address}`,
    `Errors-To: ${address}`,
    `Disposition-Notification-To: <${address}>`,
    `To: ${address}`,
    `Cc: "Quoted, @ name" <${address}>`,
    `Resent-From: ${address}`,
    `Resent-To: ${address}`,
    `Resent-Reply-To: ${address}`,
    `X-Other: ${address}`,
    `Delivered-To: ${address}`,
    `Subject: ${address}`,
  ],
}));

/** Forms of a list. */
const forms: readonly Mail[] = [
  'joe@a.test, eve@a.test,nobody@elsewhere.test',
  'Joe <joe@a.test>,\r\n\tEve <eve@a.test>',
  '"Joe, <x@a.test> (c)" <joe@a.test>',
  '=?utf-8?q?J=C3=B6rg?= <joe@a.test>',
  'Team: joe@a.test, eve@a.test;',
  'Undisclosed recipients:;',
  'joe@a.test (Joe)',
  '<joe@a.test>',
].map((list) => ({
  from: 'a@client.test',
  to: ['b@far.test'],
  fields: ['From: a@client.test', `To: ${list}`, `Reply-To: ${list}`],
}));

suite('Postfix rewrites the same', { skip }, () => {
  test('by canonical_maps, for all classes, with subaddresses', async (t) => {
    const left = await compared(
      t,
      { canonical },
      (path) => ({ canonical_maps: path('canonical'), recipient_delimiter: '+' }),
      [{ kind: 'canonical', table: 'canonical', subaddress: '+' }],
      [...everywhere, ...forms],
    );
    assert.deepEqual([left[0]?.from, left[0]?.to], ['joe.smith@new.test', ['joe.smith@new.test']]);
    assert.ok(left[0]?.fields.includes('To: joe.smith@new.test'));
    assert.ok(left[0]?.fields.includes('X-Other: joe@a.test'));
  });

  test('by canonical_maps without propagation, and without subaddresses', async (t) => {
    const table = { canonical };
    await compared(
      t,
      table,
      (path) => ({
        canonical_maps: path('canonical'),
        recipient_delimiter: '+',
        propagate_unmatched_extensions: '',
      }),
      [{ kind: 'canonical', table: 'canonical', subaddress: '+', keep_subaddress: false }],
      everywhere,
    );
    await compared(
      t,
      table,
      (path) => ({ canonical_maps: path('canonical'), recipient_delimiter: '' }),
      [{ kind: 'canonical', table: 'canonical' }],
      everywhere,
    );
  });

  test('by sender_canonical_maps, recipient_canonical_maps and canonical_classes', async (t) => {
    await compared(
      t,
      { sender: ['joe@a.test ann@a.test'], recipient: ['joe@a.test two@c.test'], canonical },
      (path) => ({
        sender_canonical_maps: path('sender'),
        recipient_canonical_maps: path('recipient'),
        canonical_maps: path('canonical'),
        canonical_classes: 'envelope_sender, header_recipient',
      }),
      [
        { kind: 'canonical', table: 'sender', of: ['envelope-sender', 'header-sender'] },
        { kind: 'canonical', table: 'recipient', of: ['envelope-recipient', 'header-recipient'] },
        { kind: 'canonical', table: 'canonical', of: ['envelope-sender', 'header-recipient'] },
      ],
      everywhere,
    );
  });

  test('by masquerade_domains with exceptions and domains that are kept', async (t) => {
    const mails = [
      'joe@host.example.com',
      'joe@a.host.EXAMPLE.com',
      'joe@example.com',
      'joe@notexample.com',
      'joe@lab.example.com',
      'joe@a.lab.example.com',
      'root@host.example.com',
      'Root@host.example.com',
      'root+x@host.example.com',
      'joe@host.a.test',
    ].map((address) => ({
      from: address,
      to: [address],
      fields: [`From: ${address}`, `Reply-To: Name <${address}>`, `To: ${address}`, `X-Other: ${address}`],
    }));
    await compared(
      t,
      { canonical: ['joe@host.a.test joe@host.example.com'] },
      (path) => ({
        canonical_maps: path('canonical'),
        masquerade_domains: '!lab.example.com, example.com',
        masquerade_exceptions: 'root',
      }),
      [
        { kind: 'canonical', table: 'canonical' },
        { kind: 'masquerade', domains: ['!lab.example.com', 'example.com'], exceptions: ['root'] },
      ],
      mails,
    );
  });
});
