// `sluice explain --client` with Sluice as a program: the points that a plugin has, what addresses are rewritten to, and who is asked for the way.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ground } from '../../sim/neighbours/ground.ts';
import { startSluice } from '../../sim/neighbours/sluice.ts';

test('explain shows the points of plugins, the rules of rewriting and what becomes of addresses', async (t) => {
  const ground = Ground.of(t);
  const directory = ground.folder('sluice');
  const file = (name: string, text: string): string => {
    const path = join(directory, name);
    writeFileSync(path, text);
    return path;
  };
  const plugin = (points: string): string =>
    `import { goOn, plugin } from 'sluice/plugin';\nexport default plugin(() => ({ ${points} }));\n`;
  const config = {
    receive: { relay_networks: ['10.0.0.0/8'], relay_domains: ['example.org', 'new.example'] },
    table: [
      {
        name: 'canonical',
        path: file('canonical.map', '@old.example @new.example\nbad@here.example no address\n'),
      },
    ],
    rewrite: [
      { kind: 'canonical', table: 'canonical' },
      { kind: 'masquerade', domains: ['!lab.new.example', 'new.example'] },
    ],
    stage: [
      {
        name: 'names',
        kind: 'plugin',
        file: file('names.ts', plugin('rcpt: () => goOn, content: () => goOn')),
      },
      {
        name: 'router',
        kind: 'plugin',
        file: file('router.ts', plugin('route: () => goOn')),
        delivery: ['route'],
      },
    ],
    route: [{ name: 'new', domain: ['new.example'], relay: ['127.0.0.1:1'] }],
  };
  const sluice = await startSluice(ground, { config, directory });
  const envelope = ['--from', 'joe@web7.new.example', '--to', 'eve@old.example'];
  // Until they were set up, plugins count as asked at more points.
  await sluice.cli(
    'policy',
    'try',
    file('mail.eml', 'Subject: x\n\nx\n'),
    ...envelope,
    '--client',
    '10.0.0.1',
  );
  const ours = await sluice.cli('explain', '--client', '10.0.0.1', ...envelope);
  assert.match(ours, /^Sender {7}<joe@web7\.new\.example>, rewritten to <joe@new\.example>$/m);
  assert.match(ours, /^Recipient {4}<eve@old\.example>, rewritten to <eve@new\.example>$/m);
  assert.match(
    ours,
    /^ +rewriting .*\[\[rewrite\]\] .*kind=canonical .*table=canonical .*; \[\[rewrite\]\] .*domains=\["!lab\.new\.example","new\.example"\]/m,
  );
  const pointsOf = (stage: string): readonly string[] => {
    let at = '';
    return ours.split('\n').flatMap((line) => {
      const [, point = '', name] = /^(\w*) +([\w-]+) +\d+s /u.exec(line) ?? [];
      if (point !== '') at = point;
      return name === stage ? [at] : [];
    });
  };
  assert.deepEqual(pointsOf('names'), ['rcpt', 'content']);
  assert.deepEqual(pointsOf('router'), ['route']);
  assert.deepEqual(pointsOf('rewriting'), ['mail', 'rcpt', 'headers']);
  // The way is that of the new address.
  assert.match(
    ours,
    /^Mail for {3}eve@new\.example\nRoute {6}127\.0\.0\.1:1 \(\[\[route\]\] new\)\nAsked {6}.*\[\[stage\]\] router$/m,
  );

  const [wrong, strangers] = await Promise.all([
    sluice.cli('explain', '--client', '10.0.0.1', '--from', 'bad@here.example'),
    sluice.cli('explain', '--client', '192.0.2.1', ...envelope),
  ]);
  assert.match(
    wrong,
    /^Sender {7}<bad@here\.example>, of which nobody can tell now what it is rewritten to: .*no address/m,
  );
  assert.doesNotMatch(strangers, /rewritten to/);
  assert.match(strangers, /^rewriting +it is for users who have logged in, and clients that may relay$/m);
});

test('explain takes a user that there is, and no other', async (t) => {
  const ground = Ground.of(t);
  const directory = ground.folder('sluice');
  const path = join(directory, 'users.jsonl');
  writeFileSync(path, '{"user":"joe@shop.example","password":"{PLAIN}x"}\n', { mode: 0o600 });
  const config = {
    receive: { relay_domains: ['example.org'] },
    directory: [{ name: 'users', kind: 'users', path }],
  };
  const sluice = await startSluice(ground, { config, directory });
  const asked = (user: string) => sluice.cli('explain', '--client', '192.0.2.1', '--user', user);
  assert.match(await asked('JOE@shop.example'), /^Client .* which may relay\nUser {9}joe@shop\.example$/m);
  await assert.rejects(
    asked('nobody@shop.example'),
    /EXPLAIN_USER: There is no user with the address nobody@/,
  );
});
