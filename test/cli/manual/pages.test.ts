// The manual pages: they name every command, option and key, and formatters of manual pages find no mistake in them.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { commands } from '../../../src/cli/main.ts';
import { allCommands, describeCommand } from '../../../src/cli/manual/command-doc.ts';
import { commandsPage } from '../../../src/cli/manual/commands-page.ts';
import { configPage } from '../../../src/cli/manual/config-page.ts';
import { quoted, roff } from '../../../src/cli/manual/roff.ts';
import { describeConfig } from '../../../src/config/show/describe.ts';

const date = Date.UTC(2026, 10, 29);
const program = describeCommand(await commands());
const pages = [
  ['sluice.8', commandsPage(program, '1.2.3', date)],
  ['sluice.toml.5', configPage('1.2.3', date)],
] as const;

/** The page as a terminal shows it; undefined without the formatter. */
function shown(
  command: string,
  args: readonly string[],
  page: string,
): { text: string; faults: string } | undefined {
  const { error, stdout, stderr } = spawnSync(command, args, { input: page, encoding: 'utf8' });
  return error === undefined ? { text: stdout, faults: stderr } : undefined;
}

test('sluice(8) has every command with each of its options', () => {
  const [[, page]] = pages;
  const leaves = allCommands(program).filter(
    ({ path, commands: inner }) => path !== '' && inner.length === 0,
  );
  assert.ok(leaves.length > 40);
  for (const { path, options } of leaves) {
    const begin = page.search(new RegExp(`^\\.SS "sluice ${RegExp.escape(roff(path))}[ "]`, 'm'));
    assert.notEqual(begin, -1, path);
    const lines = new Set(page.slice(begin, page.indexOf('\n.S', begin + 1)).split('\n'));
    for (const { flags, long } of options) {
      if (long !== '--help') assert.ok(lines.has(`.B ${roff(flags)}`), `${path} ${flags}`);
    }
  }
});

test('sluice.toml(5) has every key of every table', () => {
  const page = pages[1][1];
  for (const { path, isList, keys } of describeConfig()) {
    const name = path === '' ? 'Top of the file' : isList ? `[[${path}]]` : `[${path}]`;
    const begin = page.indexOf(`.SS "${roff(name)}"\n`);
    assert.notEqual(begin, -1, name);
    const lines = new Set(page.slice(begin, page.indexOf('\n.S', begin + 1)).split('\n'));
    for (const { name: key, type } of keys) {
      assert.ok(lines.has(`.BR "${roff(key)}" ${quoted(` (${type})`)}`), `${name} ${key}`);
    }
  }
});

for (const [name, page] of pages) {
  test(`mandoc and groff find no mistake in ${name}`, (t) => {
    const lint = shown('mandoc', ['-Tlint'], page);
    const set = shown('groff', ['-ww', '-man', '-Tutf8'], page);
    if (lint === undefined || set === undefined) {
      t.skip('mandoc or groff is not installed');
      return;
    }
    assert.equal(lint.text + lint.faults, '');
    // A long value in an example has no place at which it could be broken.
    assert.equal(set.faults.replaceAll(/^.*can't (?:break|adjust) line\n/gm, ''), '');
  });
}

test('text of any kind is shown as it is, and nothing of it is a request', (t) => {
  const text = `.so /etc/passwd\n'br\n\\fBx\\e "a" 'b' --long – ü`;
  const page = `.TH X 8 2026-11-29\n.SH NAME\nx \\- y\n.SH Z\n.nf\n${roff(text).replaceAll('\n', '\n.br\n')}\n.fi\n`;
  const found = shown('mandoc', ['-Tutf8', '-O', 'width=100'], page);
  if (found === undefined) {
    t.skip('mandoc is not installed');
    return;
  }
  for (const line of text.split('\n')) assert.ok(found.text.includes(line), line);
});
