// Operators without root: members of the group of full rights, of the group that may ask, and of none, as real users.

import assert from 'node:assert/strict';
import { existsSync, statSync } from 'node:fs';
import { suite, test } from 'node:test';
import { Ground } from '../../sim/neighbours/ground.ts';
import { type Sluice, sluiceBin, startSluice } from '../../sim/neighbours/sluice.ts';
import { groupId } from '../../src/process/privileges/group-id.ts';
import { identityOf } from '../../src/process/privileges/identity.ts';
import { readSocketOf } from '../../src/values/read-socket.ts';

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

suite('operators without root', { skip: withoutUsers() }, () => {
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
      for (const group of [full, reading]) {
        assert.match(await as(ground, sluice, group, 'status'), /^Sluice .*running/u);
        assert.match(await as(ground, sluice, group, 'queue', 'list'), /^Nothing waits/u);
        assert.match(await as(ground, sluice, group, 'explain', 'a@b.test'), /b\.test/u);
      }
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
});
