// Queues that store mail compressed, with Sluice as a program: switched on over mail that waits, and off again.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ground, until } from '../../sim/neighbours/ground.ts';
import { startSluice, type SluiceConfig } from '../../sim/neighbours/sluice.ts';
import { parseConfig } from '../../src/config/config.ts';
import { storeSettings } from '../../src/process/roles/stores.ts';
import { recordMagic } from '../../src/spool/segments/record.ts';
import { destination, send } from '../interop/mail.ts';

/** How the records of a spool are stored: their codecs, in the order in which they came. */
function codecsIn(spool: string): (number | undefined)[] {
  const folder = join(spool, 'segments');
  const names = readdirSync(folder).filter((name) => /^[0-9A-Z]+$/u.test(name));
  const found: (number | undefined)[] = [];
  for (const name of names.toSorted()) {
    const bytes = readFileSync(join(folder, name));
    for (let at = bytes.indexOf(recordMagic); at !== -1; at = bytes.indexOf(recordMagic, at + 1))
      found.push(bytes[at + 9]);
  }
  return found;
}

test('compression is switched on over mail that waits, and off: all of it arrives as it came', async (t) => {
  const ground = Ground.of(t);
  const mx = await destination(ground);
  const base = {
    route: [{ relay: [`127.0.0.1:${mx.port}`] }],
    queues: { news: { compression: 'none' } },
    assignment: [{ queue: 'news', domain: ['news.test'] }],
  };
  const held = { ...base, deliver: { max_connections: 0 } };
  const bodies = ['one', 'two', 'three'].map((word) =>
    `${`${word} and more of it. `.repeat(3)}\r\n`.repeat(3_000),
  );
  const beginning = (body: string): string => body.slice(0, body.indexOf('\r\n', 4_000) + 2);
  const zstd = { ...held, queue: { compression: 'zstd' } };
  let directory: string | undefined;
  let spool = '';
  const take = async (config: SluiceConfig, body: string): Promise<void> => {
    const sluice = await startSluice(ground, { config, ...(directory !== undefined && { directory }) });
    ({ directory, spool } = sluice);
    for (const content of [body, beginning(body)]) {
      const to = ['a@far.test', 'b@news.test'];
      const replies = await send(sluice.port, {
        from: 'x@a.example',
        to,
        content: `Subject: x\r\n\r\n${content}`,
      });
      assert.match(replies.at(-1) ?? '', /^250/u, replies.join('\n'));
    }
    await sluice.whole();
  };
  for (const [index, body] of bodies.entries()) await take(index === 1 ? zstd : held, body);
  assert.deepEqual(codecsIn(spool).toSorted(), [0, 0, 0, 0, 1, 1]);
  assert.deepEqual(codecsIn(join(spool, '../queues/news')), [0, 0, 0, 0, 0, 0], 'not in the other queue');

  const sluice = await startSluice(ground, { config: base, directory: directory ?? '' });
  await until('all have arrived', () => mx.messages.length === 12);
  const found = mx.messages.map(({ content }) => {
    const text = content.toString('latin1');
    return text.slice(text.indexOf('\r\n\r\n') + 4);
  });
  const sent = bodies.flatMap((body) => [body, body, beginning(body), beginning(body)]);
  assert.deepEqual(found.toSorted(), sent.toSorted());
  await sluice.whole();
});

test('a queue that says nothing is compressed as that of [queue]', () => {
  const levels = (text: string): (number | undefined)[] =>
    storeSettings(parseConfig(text, '/etc/sluice/sluice.toml')).map(
      ({ compressionLevel }) => compressionLevel,
    );
  assert.deepEqual(levels('[queues.a]\n[queues.b]\ncompression = "zstd"\ncompression_level = 7'), [
    undefined,
    undefined,
    7,
  ]);
  const own = '[queues.a]\n[queues.b]\ncompression = "none"\n[queues.c]\ncompression_level = 19\n';
  assert.deepEqual(levels(`[queue]\ncompression = "zstd"\ncompression_level = 3\n${own}`), [
    3,
    3,
    undefined,
    19,
  ]);
});
