// A process of Sluice is killed while programs run and archives are written: nothing is lost, and nothing comes more than twice.

import assert from 'node:assert/strict';
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { Ground, until } from '../../sim/neighbours/ground.ts';
import { type Sluice, startSluice } from '../../sim/neighbours/sluice.ts';
import { send } from './mail.ts';

const content = 'Subject: x\r\n\r\nHello\r\n';
const as = process.getuid?.() === 0 ? { as: 'nobody' } : {};
const numbers = [0, 1, 2, 3, 4, 5];

/** Until it is accepted: while a receiver is away, clients come again. */
async function handIn(sluice: Sluice, to: readonly string[]): Promise<void> {
  const mail = { from: 'a@client.test', to, content };
  await until(`mail to ${to.join(', ')} is accepted`, async () => {
    const replies = await send(sluice.port, mail).catch(() => []);
    return replies.at(-1)?.startsWith('250') === true;
  });
}

function countsOf(file: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const line of (existsSync(file) ? readFileSync(file, 'utf8') : '').split('\n'))
    if (line !== '') counts.set(line, (counts.get(line) ?? 0) + 1);
  return counts;
}

/** What a command says while the manager is started again. @throws any other error */
function beingRestarted(error: Error): string {
  if (error.message.includes('MANAGER_LOST')) return error.message;
  throw error;
}

suite('processes that are killed while programs run', { concurrency: 2 }, () => {
  for (const role of ['manager', 'sender', 'receiver']) {
    test(`the ${role}`, async (t) => {
      const ground = Ground.of(t);
      const folder = ground.folder('programs');
      chmodSync(folder, 0o777);
      const [begun = '', ended = '', go = ''] = ['begun', 'ended', 'go'].map((name) => join(folder, name));
      const script =
        'echo "$1" >> "$2"; until [ -e "$4" ]; do sleep 0.05; done; cat > /dev/null; echo "$1" >> "$3"';
      const maildir = join(ground.folder('archive'), 'all');
      const sluice = await startSluice(ground, {
        config: {
          processes: { single_process: false, receivers: 1, senders: 1 },
          queue: { retry: ['1s'] },
          route: [
            {
              name: 'program',
              domain: ['program.test'],
              pipe: ['/bin/sh', '-c', script, 'sh', '${recipient}', begun, ended, go],
              ...as,
            },
            { name: 'archive', domain: ['archive.test'], archive: { maildir } },
          ],
        },
      });
      const programs = numbers.map((number) => `${number}@program.test`);
      for (const number of numbers)
        await handIn(sluice, [`${number}@program.test`, `${number}@archive.test`]);
      await until('all programs run', () => countsOf(begun).size === numbers.length);
      const killed = sluice.pidOf(role);
      process.kill(killed, 'SIGKILL');
      // Mail comes and goes meanwhile.
      for (const number of [6, 7]) await handIn(sluice, [`${number}@archive.test`]);
      writeFileSync(go, '', { mode: 0o644 });
      await until(
        'the queue is empty',
        async () => (await sluice.cli('queue', 'list').catch(beingRestarted)) === 'Nothing waits.\n',
      );
      assert.notEqual(sluice.pidOf(role), killed);
      const runs = countsOf(ended);
      assert.deepEqual([...runs.keys()].toSorted(), programs);
      for (const [recipient, count] of runs) assert.ok(count <= 2, `${recipient}: ${count} times`);
      const kept = readdirSync(join(maildir, 'new')).map((name) =>
        readFileSync(join(maildir, 'new', name), 'utf8'),
      );
      for (const number of [...numbers, 6, 7]) {
        const copies = kept.filter((mail) => mail.includes(`Delivered-To: ${number}@archive.test\n`));
        assert.ok(copies.length === 1 || copies.length === 2, `${number}: ${copies.length} copies`);
        for (const mail of copies) assert.ok(mail.endsWith('\n\nHello\n'));
      }
    });
  }
});
