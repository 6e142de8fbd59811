// A plugin that says which way mail goes and is told of attempts, with Sluice as a program.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ground, until } from '../../sim/neighbours/ground.ts';
import { startSluice } from '../../sim/neighbours/sluice.ts';
import { destination, send } from '../interop/mail.ts';

const source = `
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { goOn, plugin, tempfail, toRelay, toRoute } from 'sluice/plugin';

export default plugin(({ folder }) => ({
  route({ recipient }) {
    if (recipient.startsWith('bulk')) return toRoute('bulk');
    if (recipient.startsWith('hop')) return toRelay('HOP');
    if (recipient.startsWith('later')) return tempfail('451 4.7.1', 'Not now');
    if (recipient.startsWith('broken')) throw new Error('out of order');
    return goOn;
  },
  attempt({ outcome, recipient, route, code, text }) {
    appendFileSync(join(folder, 'told'), JSON.stringify([outcome, recipient, route, code, text]) + '\\\\n');
  },
}));
`.replaceAll('\\\\n', '\\n');

test('mail goes where the plugin says, waits where it fails, and the plugin is told what became of it', async (t) => {
  const ground = Ground.of(t);
  const [usual, bulk, hop] = [
    await destination(ground),
    await destination(ground),
    await destination(ground),
  ];
  const directory = ground.folder('sluice');
  mkdirSync(directory, { recursive: true });
  const file = join(directory, 'router.ts');
  writeFileSync(file, source.replace('HOP', `127.0.0.1:${hop.port}`));
  const sluice = await startSluice(ground, {
    directory,
    config: {
      queue: { retry: ['1h'] },
      route: [
        { relay: [`127.0.0.1:${usual.port}`] },
        { name: 'bulk', domain: ['bulk.invalid'], relay: [`127.0.0.1:${bulk.port}`] },
      ],
      stage: [
        {
          name: 'router',
          kind: 'plugin',
          file,
          delivery: ['route', 'attempt'],
        },
      ],
    },
  });
  const to = ['x@far.test', 'bulk@far.test', 'hop@far.test', 'later@far.test', 'broken@far.test'];
  const replies = await send(sluice.port, {
    from: 'a@client.test',
    to,
    content: 'Subject: x\r\n\r\nHello\r\n',
  });
  assert.match(replies.at(-1) ?? '', /^250/u);
  const arrived = () =>
    [usual, bulk, hop].map(({ messages }) => messages.flatMap(({ recipients }) => recipients));
  await until('three have arrived', () => Promise.resolve(arrived().flat().length === 3));
  assert.deepEqual(arrived(), [['x@far.test'], ['bulk@far.test'], ['hop@far.test']]);
  const told = join(directory, 'spool', 'plugins', 'router', 'told');
  const lines = (): unknown[][] =>
    existsSync(told)
      ? readFileSync(told, 'utf8')
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as unknown[])
      : [];
  await until('the plugin was told', () => Promise.resolve(lines().length === 5));
  const byRecipient = new Map(
    lines().map(([outcome, recipient, ...rest]) => [recipient, [outcome, ...rest]]),
  );
  assert.deepEqual(byRecipient.get('bulk@far.test')?.slice(0, 3), ['delivered', 'bulk', 250]);
  assert.deepEqual(byRecipient.get('hop@far.test')?.slice(0, 3), ['delivered', '', 250]);
  assert.deepEqual(byRecipient.get('later@far.test'), ['deferred', '', 451, 'Not now']);
  assert.equal(byRecipient.get('broken@far.test')?.[0], 'deferred');
  await sluice.shows(
    /broken@far\.test.*plugin "router".*it threw an error: .*out of order/u,
    'queue',
    'list',
  );
  const list = await sluice.shows(/later@far\.test.*451 4\.7\.1 Not now/u, 'queue', 'list');
  const [id = ''] = /\b[0-9A-Z]{15}\b/u.exec(list) ?? [];
  assert.match(await sluice.cli('queue', 'show', id), /Route {6}a plugin is asked when it is due/u);
});

test('a plugin that is only told of attempts stops no incoming mail when it cannot be used', async (t) => {
  const ground = Ground.of(t);
  const mx = await destination(ground);
  const missing = join(ground.folder('none'), 'news.ts');
  const sluice = await startSluice(ground, {
    config: {
      route: [{ relay: [`127.0.0.1:${mx.port}`] }],
      stage: [{ name: 'news', kind: 'plugin', file: missing, delivery: ['attempt'] }],
    },
  });
  const replies = await send(sluice.port, {
    from: 'a@client.test',
    to: ['x@far.test'],
    content: 'Subject: x\r\n\r\nHello\r\n',
  });
  assert.match(replies.at(-1) ?? '', /^250/u);
  await until('it has arrived', () => mx.messages.length === 1);
  await until('the trouble is known', async () =>
    /stage "news" cannot be used: .*news\.ts does not exist/u.test(await sluice.cli('status').catch(String)),
  );
});
