// `sluice qmq` as a program: from a list to fragments and queues, without touching what somebody has changed or what has mail.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ground } from '../../sim/neighbours/ground.ts';
import { startSluice } from '../../sim/neighbours/sluice.ts';
import { send } from '../interop/mail.ts';

const list = 'CONCURRENCY=40\nSKELETON_LIFETIME=1440\n01:news\n90:BOUNCES\n';

test('a list becomes stopped queues of a running instance, which a reload puts in force', async (t) => {
  const sluice = await startSluice(Ground.of(t), {
    // No name is looked up in the DNS, and nothing is delivered.
    config: { queues: { base: {} }, route: [{ relay: ['127.0.0.1:9'] }], deliver: { max_connections: 0 } },
  });
  const { directory } = sluice;
  const file = join(directory, 'qmq.conf');
  const fragments = join(directory, 'conf.d');
  await assert.rejects(sluice.cli('qmq'), /QMQ_LIST: Reading the list of queues in .*qmq\.conf/u);
  writeFileSync(file, list);
  assert.match(await sluice.cli('qmq'), /01 +news .*to be made[\s\S]*1\. "sluice qmq all" makes/u);
  await assert.rejects(sluice.cli('qmq', 'all'), /1440 minutes are 24 hours/u);
  assert.ok(!existsSync(fragments), 'nothing was made');

  const made = await sluice.cli('qmq', 'all', '--lifetime-unit', 'minutes');
  assert.match(
    made,
    /made .*qmq-01-news\.toml\nmade .*qmq-90-BOUNCES\.toml\nThe whole configuration is right/u,
  );
  const news = join(fragments, 'qmq-01-news.toml');
  assert.match(
    readFileSync(news, 'utf8'),
    /\[queues\.news\]\nstopped = true\nlifetime = "1440m"\nmax_connections = 40/u,
  );
  assert.equal(
    await sluice.cli('qmq', 'all', '--lifetime-unit', 'minutes').then((text) => text.split('\n')[0]),
    'Nothing had to be written.',
  );

  writeFileSync(file, list.replace('40', '50'));
  writeFileSync(news, `${readFileSync(news, 'utf8')}# mine\n`);
  const again = await sluice.cli('qmq', 'conf', '--lifetime-unit', 'minutes');
  assert.match(
    again,
    /changed .*qmq-90-BOUNCES\.toml\nleft alone, since it was changed by hand: .*qmq-01-news\.toml/u,
  );
  assert.match(readFileSync(join(fragments, 'qmq-90-BOUNCES.toml'), 'utf8'), /max_connections = 50/u);

  writeFileSync(file, `${list}95:news2:192.0.2.7\n`);
  await assert.rejects(sluice.cli('qmq', 'build', '--lifetime-unit', 'minutes'), /QMQ_SOURCE/u);
  writeFileSync(file, `PORT=2500\n${list}`);
  const before = readdirSync(fragments);
  await assert.rejects(sluice.cli('qmq', 'purge', 'nobody', '--yes'), /QMQ_UNKNOWN/u);
  assert.deepEqual(readdirSync(fragments), before);

  await sluice.cli('reload');
  await sluice.shows(/news.*stopped/u, 'status');
  await sluice.cli('qmq', 'start', 'news');
  writeFileSync(join(fragments, 'zz.toml'), '[[assignment]]\nqueue = "news"\ndomain = ["news.test"]\n');
  await sluice.cli('reload');
  const replies = await send(sluice.port, {
    from: 'a@a.test',
    to: ['x@news.test'],
    content: 'Subject: x\r\n\r\nx\r\n',
  });
  assert.match(replies.at(-1) ?? '', /^250/u, replies.join('\n'));
  await assert.rejects(sluice.cli('qmq', 'purge', 'news', '--yes'), /QMQ_IN_USE/u);
  await sluice.cli('qmq', 'stop', 'news');
  await assert.rejects(sluice.cli('qmq', 'purge', 'news', '--yes'), /QMQ_HAS_MAIL/u);
  assert.ok(existsSync(news));
  assert.match(await sluice.cli('qmq', 'purge', '90', '--yes'), /Removed .*qmq-90-BOUNCES\.toml/u);
  assert.deepEqual(readdirSync(fragments), ['qmq-01-news.toml', 'zz.toml']);
});
