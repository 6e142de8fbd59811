// A reload to files of taps that cannot be read, with Sluice as a program.

import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ground } from '../../sim/neighbours/ground.ts';
import { startSluice } from '../../sim/neighbours/sluice.ts';
import { send } from '../interop/mail.ts';

test('a reload to a file of taps that is not there is refused, and one that vanishes later puts mail off', async (t) => {
  const ground = Ground.of(t);
  const folder = ground.folder('taps');
  const config = (...files: readonly string[]) => ({
    processes: { receivers: 1 },
    tap: files.map((file, index) => ({ name: `archive${index}`, file: join(folder, file) })),
  });
  const sluice = await startSluice(ground, { config: config() });
  /** Of the end of the message, or of the command before it that was refused. */
  const reply = async (): Promise<string> => {
    const replies = await send(sluice.port, {
      from: 'a@client.test',
      to: ['x@far.test'],
      content: 'Subject: x\r\n\r\nx\r\n',
    });
    return replies.at(-1) ?? '';
  };
  assert.match(await reply(), /^250 2\.0\.0 /u);

  sluice.configure(config('gone'));
  const place = String.raw`sluice\.toml:\d+:\d+: tap\[1\]\.file: `;
  await assert.rejects(
    sluice.cli('reload'),
    new RegExp(`CONFIG_REFUSED: .*${place}.*gone cannot be read \\(ENOENT\\)`, 'su'),
  );
  assert.match(await reply(), /^250 2\.0\.0 /u);

  writeFileSync(join(folder, 'there'), 'T:nobody@else\\.test:archive@archive.test\n');
  sluice.configure(config('there'));
  await sluice.cli('reload');
  assert.match(await reply(), /^250 2\.0\.0 /u);

  // It is the one in force, and not a new one.
  rmSync(join(folder, 'there'));
  await sluice.cli('reload');
  assert.match(await reply(), /^451 4\.3\.0 /u);
});
