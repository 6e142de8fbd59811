// Tables of Postfix and qmail say which way mail goes, with Sluice as a program; a change of a table reaches the mail that waits. Mail goes to other hosts
// while those of its route cannot be reached.

import assert from 'node:assert/strict';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ground, until } from '../../sim/neighbours/ground.ts';
import { startSluice } from '../../sim/neighbours/sluice.ts';
import { destination, send } from '../interop/mail.ts';

const content = 'Subject: x\r\n\r\nHello\r\n';

test('a transport table and smtproutes are read as they are, and a change reaches the mail that waits without a reload', async (t) => {
  const ground = Ground.of(t);
  const [one, two, usual] = [await destination(ground), await destination(ground), await destination(ground)];
  const directory = ground.folder('sluice');
  mkdirSync(directory, { recursive: true });
  const file = (name: string) => join(directory, name);
  const replace = (name: string, text: string) => {
    writeFileSync(`${file(name)}.new`, text);
    renameSync(`${file(name)}.new`, file(name));
  };
  const transport = (later: string) =>
    [
      '# Where mail goes',
      `one.test   smtp:[127.0.0.1]:${one.port}`,
      '.one.test',
      `           relay:[127.0.0.1]:${one.port}`,
      `Joe@Usual.test  :[127.0.0.1]:${one.port}`,
      'gone.test  error:5.7.1 Not to him',
      'named.test named:',
      'usual.test :',
      `later.test ${later}`,
      '',
    ].join('\n');
  replace('transport', transport('retry:4.3.2 Not now'));
  replace('smtproutes', `two.test:127.0.0.1:${two.port}\nqmtp.test:\n`);
  const sluice = await startSluice(ground, {
    directory,
    config: {
      queue: { retry: ['1h'] },
      route: [
        { relay: [`127.0.0.1:${usual.port}`] },
        { name: 'named', domain: ['named.invalid'], relay: [`127.0.0.1:${two.port}`] },
      ],
      table: [
        { name: 'transport', path: file('transport'), kind: 'postmap' },
        { name: 'smtproutes', path: file('smtproutes'), kind: 'smtproutes' },
      ],
      route_table: [{ table: 'transport' }, { table: 'smtproutes' }],
    },
  });
  const to = [
    'x@one.test',
    'x@Deep.one.test',
    'joe@usual.test',
    'x@usual.test',
    'x@two.test',
    'x@named.test',
    'x@later.test',
    'x@gone.test',
  ];
  const replies = await send(sluice.port, { from: 'a@client.test', to, content });
  assert.match(replies.at(-1) ?? '', /^250/u);
  const arrived = () =>
    [one, two, usual].map(({ messages }) =>
      messages
        .flatMap(({ recipients }) => recipients)
        .filter((address) => address !== 'a@client.test')
        .sort(),
    );
  await until('six have arrived', () => arrived().flat().length === 6);
  assert.deepEqual(arrived(), [
    ['joe@usual.test', 'x@Deep.one.test', 'x@one.test'],
    ['x@named.test', 'x@two.test'],
    ['x@usual.test'],
  ]);
  await until('one waits', async () =>
    /x@later\.test.*450 4\.3\.2 Not now/u.test(await sluice.cli('queue', 'list')),
  );
  await until('one goes back', () =>
    usual.messages.some(({ recipients }) => recipients.includes('a@client.test')),
  );
  assert.match(
    await sluice.cli('explain', 'x@one.test'),
    /Route {6}127\.0\.0\.1:\d+ \(the table transport says so\)/u,
  );
  assert.match(
    await sluice.cli('explain', 'x@named.test'),
    /the table transport says so: \[\[route\]\] named/u,
  );

  replace('transport', transport(`smtp:[127.0.0.1]:${two.port}`));
  // Beside it may be the report of the one that goes back.
  const [, id = ''] = /\b([0-9A-Z]{15})\b.*x@later\.test/u.exec(await sluice.cli('queue', 'list')) ?? [];
  await until(
    'it has another way',
    async () =>
      /Route {6}a table chose where it goes/u.test(await sluice.cli('queue', 'show', id)) &&
      !/Not now/u.test(await sluice.cli('explain', 'x@later.test')),
  );
  await sluice.cli('queue', 'retry', '--all');
  await until('it has arrived', () =>
    two.messages.some(({ recipients }) => recipients.includes('x@later.test')),
  );
});

test('mail goes to the hosts of the next route while those of its own cannot be reached', async (t) => {
  const ground = Ground.of(t);
  const [gone, second, last] = [
    await destination(ground),
    await destination(ground),
    await destination(ground),
  ];
  await gone.close();
  const sluice = await startSluice(ground, {
    config: {
      route: [
        { relay: [`127.0.0.1:${gone.port}`], else: 'second' },
        { name: 'second', domain: ['second.invalid'], relay: [`127.0.0.1:${second.port}`] },
        {
          name: 'other',
          domain: ['other.test'],
          relay: [`127.0.0.1:${gone.port}`],
          fallback_relay: [`127.0.0.1:${last.port}`],
          remove_header: ['X-Internal-*'],
          replace_header: ['Organization: Example Ltd', 'X-None: no'],
          add_header: ['X-Route: other'],
        },
      ],
    },
  });
  const to = ['x@one.test', 'x@other.test'];
  const edited = `X-Internal-One: 1\r\nOrganization: Us\r\n and them\r\nx-internal-two: 2\r\n${content}`;
  const replies = await send(sluice.port, { from: 'a@client.test', to, content: edited });
  assert.match(replies.at(-1) ?? '', /^250/u);
  await until('both have arrived', () => second.messages.length === 1 && last.messages.length === 1);
  assert.deepEqual(
    [second, last].map(({ messages }) => messages.flatMap(({ recipients }) => recipients)),
    [['x@one.test'], ['x@other.test']],
  );
  const textOf = ({ messages }: { readonly messages: readonly { readonly content: Uint8Array }[] }): string =>
    Buffer.from(messages[0]?.content ?? []).toString();
  const fields = edited.slice(0, edited.indexOf('Subject'));
  assert.ok(textOf(second).includes(`\r\n${fields}`));
  const changed = textOf(last);
  assert.match(
    changed,
    /^Received: .*\r\nOrganization: Example Ltd\r\nSubject: x\r\n.*\r\nX-Route: other\r\n\r\nHello\r\n$/su,
  );
  assert.doesNotMatch(changed, /X-Internal|X-None|and them/iu);
});
