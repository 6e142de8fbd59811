// Text on a terminal: no line is longer than the terminal is wide, and no sentence loses a word.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { sluiceBin } from '../../sim/neighbours/program-file.ts';
import { cutLine } from '../../src/cli/cut-line.ts';
import { fitToWidth, widthOf } from '../../src/cli/terminal-text.ts';
import { controlServer } from '../control/fake-source.ts';
import type { Override } from '../../src/control/override.ts';

test('rows are cut, and the hint says how to see them whole', () => {
  const text =
    'ID   TO           LAST ERROR\n1    a@b.example  451 4.7.1 try again later\n2    c@d.example\n\n2 recipients\n';
  assert.equal(
    fitToWidth(text, 30),
    'ID   TO           LAST ERROR\n1    a@b.example  451 4.7.1 tr\n2    c@d.example\n\n2 recipients\n' +
      '(Rows are cut at 30 columns: add "| less -S" to see all of them.)\n',
  );
  assert.equal(fitToWidth(text, 80), text);
});

test('a key of a limit is a row, too', () => {
  assert.equal(
    fitToWidth('each domain; 1 in use\n  a.very.long.example  connections  3/20\n', 25),
    'each domain; 1 in use\n  a.very.long.example  co\n(Rows are cut at 25 columns: add "| less -S" to see all of them.)\n',
  );
});

test('wrapped sentences are indented to their beginning', () => {
  assert.equal(
    fitToWidth('In the way    connections per domain: 20 of 20 are in use (built in)\n', 40),
    'In the way    connections per domain: 20\n              of 20 are in use (built\n              in)\n',
  );
  assert.equal(
    fitToWidth('CONTROL  a\n\nWord by word it goes on.\n', 20),
    'CONTROL  a\n\nWord by word it goes\non.\n',
  );
});

test('for any text, no line is too wide, and sentences keep every letter', () => {
  const word = fc.string({
    unit: fc.constantFrom('a', 'é', '漢', 'e\u0301', '😀', '-'),
    minLength: 1,
    maxLength: 30,
  });
  fc.assert(
    fc.property(
      fc.array(word, { minLength: 1, maxLength: 30 }),
      fc.integer({ min: 20, max: 60 }),
      (words, width) => {
        const text = `Sentence   ${words.join(' ')}\n`;
        const lines = fitToWidth(text, width).split('\n');
        for (const line of lines) assert.equal(cutLine(line, width), line);
        assert.equal(lines.join('').replaceAll(' ', ''), text.replaceAll(/\s/gu, ''));
      },
    ),
  );
});

test('what reaches the terminal moves no cursor and changes no order', async () => {
  const script = `
    const { printText } = await import(${JSON.stringify(new URL('../../src/cli/terminal-text.ts', import.meta.url).href)});
    printText('FROM  TO\\nx\\u202ey@a.test  \\u001b[2J\\r\\u2066z@b.test\\n');`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
  assert.equal(stdout, 'FROM  TO\nx?y@a.test  ?[2J??z@b.test\n');
});

test('a line is cut by columns: wide letters take two, marks none, and no letter is broken', () => {
  assert.equal(cutLine('漢字漢字', 5), '漢字');
  assert.equal(cutLine('e\u0301e\u0301e\u0301', 2), 'e\u0301e\u0301');
  assert.equal(cutLine('ab😀', 3), 'ab');
});

test('only a terminal has a width: that of COLUMNS, else its own', () => {
  assert.equal(widthOf({ isTTY: false, columns: 80 }, { COLUMNS: '40' }), undefined);
  assert.equal(widthOf({ isTTY: true, columns: 80 }, {}), 80);
  assert.equal(widthOf({ isTTY: true, columns: 80 }, { COLUMNS: '132' }), 132);
  assert.equal(widthOf({ isTTY: true, columns: 80 }, { COLUMNS: 'x' }), 80);
  assert.equal(widthOf({ isTTY: true, columns: 0 }, {}), undefined);
});

test(
  'sluice suspend on a terminal of 80 columns cuts there, and nowhere else',
  { skip: !existsSync('/usr/bin/script') && 'script(1) is not installed' },
  async (t) => {
    const override: Override = {
      id: '1',
      kind: 'suspend',
      target: 'domain:example.com',
      label: '',
      quantities: { connections: 0 },
      reason: 'because of a reason that is longer than anybody would like to read in a table '.repeat(2),
      setAtMs: 0,
      by: 'anna',
    };
    const running = await controlServer(t, { overrides: () => [override] });
    const config = join(running.folder, 'sluice.toml');
    writeFileSync(config, 'control_socket = "control.sock"\n');
    const command = `"${process.execPath}" "${sluiceBin}" suspend --config "${config}"`;
    const onTerminal = await run('script', ['-qec', `stty cols 80 && ${command}`, '/dev/null']);
    const lines = onTerminal.trimEnd().split(/\r?\n/u);
    assert.equal(lines.at(-1), '(Rows are cut at 80 columns: add "| less -S" to see all of them.)');
    const widest = Math.max(...lines.map((line) => line.length));
    assert.ok(widest > 70 && widest <= 80, `${widest}`);
    assert.ok((await run('sh', ['-c', command])).includes(override.reason.trim()));
  },
);

function run(file: string, args: readonly string[]): Promise<string> {
  const { COLUMNS: _, ...env } = process.env;
  return new Promise((resolve, reject) => {
    const child = execFile(file, args, { env }, (error, stdout) =>
      error === null ? resolve(stdout) : reject(error),
    );
    child.stdin?.end();
  });
}
