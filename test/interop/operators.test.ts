// Operators without root: members of the group of full rights, of the group that may ask, and of none, as real users.

import assert from 'node:assert/strict';
import { existsSync, statSync } from 'node:fs';
import { suite, test } from 'node:test';
import { Ground } from '../../sim/neighbours/ground.ts';
import { sluiceBin } from '../../sim/neighbours/program-file.ts';
import { type Sluice, startSluice } from '../../sim/neighbours/sluice.ts';
import { groupId } from '../../src/process/privileges/group-id.ts';
import { identityOf } from '../../src/process/privileges/identity.ts';
import { send } from './mail.ts';
import { readSocketOf } from '../../src/values/control-sockets.ts';

const [full, reading] = ['games', 'news'] as const;
const setpriv = '/usr/bin/setpriv';

function withoutUsers(): string | false {
  if (process.getuid?.() !== 0) return 'needs root';
  if (!existsSync(setpriv)) return 'setpriv is not installed (Debian: util-linux)';
  try {
    for (const name of ['nobody', 'bin']) identityOf(name);
    for (const name of [full, reading]) groupId(name);
    return false;
  } catch (error) {
    return String(error);
  }
}

/** Runs a command of Sluice as the user "bin" in one more group; returns its output, with its exit code when that is not 0. */
async function as(ground: Ground, sluice: Sluice, groups: string, ...args: string[]): Promise<string> {
  const { uid, gid } = identityOf('bin');
  const who = [
    `--reuid=${uid}`,
    `--regid=${gid}`,
    groups === '' ? '--clear-groups' : `--groups=${groupId(groups)}`,
  ];
  const command = [process.execPath, sluiceBin, ...args, '--config', sluice.configFile];
  const program = ground.start('operator', setpriv, [...who, ...command], { cwd: '/' });
  const code = await program.ended;
  return code === 0 ? program.output : `${code}: ${program.output}`;
}

suite('operators without root', { skip: withoutUsers(), concurrency: 2 }, () => {
  for (const singleProcess of [false, true]) {
    test(`each does what the group may, ${singleProcess ? 'in one process' : 'in several'}`, async (t) => {
      const ground = Ground.of(t);
      const control = { group: full, read_only_group: reading };
      const folder = ground.folder('sockets');
      const sluice = await startSluice(ground, {
        config: {
          user: 'nobody',
          control,
          control_socket: `${folder}/control.sock`,
          processes: { single_process: singleProcess },
          route: [{ discard: true }],
        },
      });
      for (const [path, group] of [
        [`${folder}/control.sock`, full],
        [readSocketOf(`${folder}/control.sock`), reading],
      ] as const) {
        const { gid, mode } = statSync(path);
        assert.deepEqual([gid, mode & 0o777], [groupId(group), 0o660]);
      }
      await Promise.all(
        [full, reading].flatMap((group) =>
          [
            [/^Sluice .*running/u, 'status'] as const,
            [/^Nothing waits/u, 'queue', 'list'] as const,
            [/b\.test/u, 'explain', 'a@b.test'] as const,
          ].map(async ([shown, ...command]) =>
            assert.match(await as(ground, sluice, group, ...command), shown),
          ),
        ),
      );
      assert.match(
        await as(ground, sluice, reading, 'suspend', 'domain:b.test'),
        /^77: CONTROL_READ_ONLY: This user may ask the running Sluice, and not change anything\./u,
      );
      assert.match(await as(ground, sluice, '', 'status'), /^77: CONTROL_DENIED:/u);
      assert.doesNotMatch(await as(ground, sluice, full, 'suspend', 'domain:b.test'), /^\d+:/u);
      assert.match(await as(ground, sluice, reading, 'limits'), /b\.test/u);
      assert.equal(await sluice.program.stop('SIGTERM'), 0);
    });
  }

  test('who has full rights reads mail through the control socket, and who may only ask does not', async (t) => {
    const ground = Ground.of(t);
    const folder = ground.folder('sockets');
    const sluice = await startSluice(ground, {
      config: {
        user: 'nobody',
        control: { group: full, read_only_group: reading },
        control_socket: `${folder}/control.sock`,
        receive: { relay_networks: ['127.0.0.0/8'], large_message: '64KiB' },
        route: [{ relay: ['127.0.0.1:9'] }],
      },
    });
    const header = 'Date: Sat, 28 Nov 2026 20:00:00 +0000\r\nMessage-ID: <x@client.test>\r\n\r\n';
    const large = `${'y'.repeat(70)}\n`.repeat(9_000);
    for (const body of ['secret\n', large]) {
      const content = `${header}${body.replaceAll('\n', '\r\n')}`;
      await send(sluice.port, { from: 'a@client.test', to: ['b@there.test'], content });
    }
    const list = (await as(ground, sluice, full, 'queue', 'list', '--json')).trim().split('\n');
    const ids = list.map((line) => (JSON.parse(line) as { readonly queueId: string }).queueId).toSorted();
    const shown = await Promise.all(
      ids.map((id) => as(ground, sluice, full, 'queue', 'show', id, '--content')),
    );
    assert.ok(shown.some((text) => /^Received: [^]*\n\nsecret\n$/u.test(text)));
    assert.ok(shown.some((text) => text.endsWith(`\n\n${large}`)));
    for (const command of [
      ['queue', 'show', ids[0] ?? '', '--content'],
      ['queue', 'export', ids[0] ?? ''],
    ]) {
      assert.match(await as(ground, sluice, reading, ...command), /^77: CONTROL_READ_ONLY: /u);
    }
    const ref = { store: 0, place: [1, 0, 8] };
    await assert.rejects(sluice.ask({ operation: 'queue.content', queueId: '../../../etc/passwd', ref }), {
      code: 'VALUE_INVALID',
    });
  });
});
