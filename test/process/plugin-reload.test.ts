// A reload to a plugin that cannot be used, with Sluice as a program.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ground, until } from '../../sim/neighbours/ground.ts';
import { startSluice } from '../../sim/neighbours/sluice.ts';
import { send } from '../interop/mail.ts';

/** Refuses all recipients, with a text of its own. */
const refusing = (text: string, setup = ''): string => `
import { plugin, readOptions, reject, text } from 'sluice/plugin';
export default plugin(async ({ options, fetch }) => {
  const { more } = readOptions(options, { more: text('') });
  ${setup}
  return { rcpt: () => reject('550 5.1.1', '${text}' + more) };
});`;

test('a reload to a plugin that cannot be used is refused, and one that fails later puts mail off', async (t) => {
  const ground = Ground.of(t);
  const folder = ground.folder('plugins');
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const one = write('one.ts', refusing('one'));
  const stage = (file: string, options: Readonly<Record<string, string>> = {}) => ({
    processes: { receivers: 1 },
    stage: [{ name: 'tried', kind: 'plugin', file, options }],
  });
  const sluice = await startSluice(ground, { config: stage(one) });
  const replyToRcpt = async (): Promise<string> => {
    const [, reply = ''] = await send(sluice.port, {
      from: 'a@client.test',
      to: ['x@far.test'],
      content: '',
    });
    return reply;
  };
  assert.match(await replyToRcpt(), /^550 5\.1\.1 one$/u);

  const place = String.raw`sluice\.toml:\d+:\d+: stage\[1\]\.`;
  sluice.configure(stage(join(folder, 'gone.ts')));
  await assert.rejects(
    sluice.cli('reload'),
    new RegExp(`CONFIG_REFUSED: .*${place}file: the plugin cannot be used: .*gone\\.ts does not exist`, 'su'),
  );
  sluice.configure(stage(one, { mroe: 'x' }));
  await assert.rejects(
    sluice.cli('reload'),
    new RegExp(`CONFIG_REFUSED: .*${place}options\\.mroe: .*did you mean more\\?`, 'su'),
  );
  assert.match(await replyToRcpt(), /^550 5\.1\.1 one$/u);

  sluice.configure(stage(one, { more: ' and more' }));
  await sluice.cli('reload');
  assert.match(await replyToRcpt(), /^550 5\.1\.1 one and more$/u);

  // What a trial cannot tell: the new plugin is in force, and what it would be asked fails.
  const asking = write('asking.ts', refusing('asking', `await fetch('http://127.0.0.1:1/');`));
  sluice.configure(stage(asking));
  await sluice.cli('reload');
  const reply = await send(sluice.port, { from: 'a@client.test', to: ['x@far.test'], content: '' });
  assert.match(reply[0] ?? '', /^451 4\.3\.0 /u);
  await until('the log warns', () =>
    /stage\[1\]\.file: whether the plugin can be used cannot be said/u.test(JSON.stringify(sluice.events())),
  );
  sluice.configure(stage(one));
  await sluice.cli('reload');
  assert.match(await replyToRcpt(), /^550 5\.1\.1 one$/u);

  // A file that an edit has broken: what runs goes on, and the operator hears of it.
  write('one.ts', 'export default plugin(');
  const said = await sluice.cli('reload');
  assert.match(
    JSON.stringify(said),
    /warning: .*stage\[1\]\.file: the plugin cannot be used: .*SyntaxError/u,
  );
  assert.match(JSON.stringify(said), /The version that runs goes on until a restart\./u);
  assert.match(await replyToRcpt(), /^550 5\.1\.1 one$/u);
});
