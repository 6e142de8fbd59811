// The page docs/submission.md, run word for word in a network of its own: its configuration, its commands, and what it says
// that they print.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { Ground } from '../../sim/neighbours/ground.ts';
import { sluiceBin } from '../../sim/neighbours/sluice.ts';
import { fencesOf, pages } from '../docs/pages.ts';
import { withoutSwaks } from './swaks.ts';

function withoutNetwork(): string | false {
  const { status } = spawnSync('unshare', ['-n', 'ip', 'link', 'set', 'lo', 'up'], { stdio: 'ignore' });
  return status !== 0 && 'a network of its own needs root, unshare and ip';
}

const marker = '@@@';
/** Ends the server that the page has started, however the script ends. */
const prologue = `ip link set lo up
trap 'kill $! 2>/dev/null; wait' EXIT
`;
/** It says so when it listens; its status can be asked for before that. */
const started = `until grep -q 'is running as' serve.log; do kill -0 $! || { cat serve.log; exit 1; }; done
`;

suite('A submission server in ten minutes', { skip: withoutSwaks() || withoutNetwork() }, () => {
  test('the commands of the page print what it says', async (t) => {
    const ground = Ground.of(t);
    const page = pages.find(({ file }) => file === 'docs/submission.md');
    assert.ok(page !== undefined);
    const sluice = join(ground.folder('bin'), 'sluice');
    writeFileSync(sluice, `#!/bin/sh\nexec "${process.execPath}" "${sluiceBin}" "$@"\n`);
    chmodSync(sluice, 0o755);
    let script = prologue;
    const expected: string[][] = [];
    for (const { language, text } of fencesOf(page)) {
      if (language === 'toml') writeFileSync(join(ground.directory, 'sluice.toml'), text);
      if (language === 'text') expected.at(-1)?.push(...text.trim().split('\n'));
      if (language !== 'sh') continue;
      expected.push([]);
      script += `echo ${marker}\n`;
      for (const command of text.trim().split('\n')) {
        script += command.endsWith('&')
          ? `${command.slice(0, -1)} > serve.log 2>&1 < /dev/null &\n${started}`
          : `echo 'a long password' | ${command} 2>&1\n`;
      }
    }
    const output = await ground.run('unshare', ['-n', 'bash', '-c', script], {
      env: { ...process.env, PATH: `${join(ground.directory, 'bin')}:${process.env['PATH']}` },
    });
    const printed = output.split(`${marker}\n`).slice(1);
    assert.equal(printed.length, expected.length);
    for (const [index, lines] of expected.entries()) {
      // Each line after the one before it: four refusals are four.
      let rest = printed[index] ?? '';
      for (const line of lines) {
        const at = rest.indexOf(line);
        assert.notEqual(at, -1, `"${line}" is not printed after what comes before it:\n${printed[index]}`);
        rest = rest.slice(at + line.length);
      }
    }
  });
});
