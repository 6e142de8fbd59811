// The examples of the pages work as they are: configurations are valid, commands exist.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { Command } from 'commander';
import { parseConfig } from '../../src/config/config.ts';
import { fencesOf, type Page, pages, root } from './pages.ts';

const run = promisify(execFile);

for (const page of pages) {
  for (const { language, text, line } of fencesOf(page)) {
    if (language === 'toml') {
      test(`the configuration at ${page.file}:${line} is valid`, () => {
        parseConfig(text, join(root, 'sluice.toml'));
      });
    }
    if (language === 'json') {
      test(`the JSON at ${page.file}:${line} is JSON`, () => {
        for (const each of text.trim().split('\n')) assert.equal(typeof JSON.parse(each), 'object');
      });
    }
  }
}

/** Commands of the program, from its help. */
async function listedCommands(): Promise<string[]> {
  const { stdout } = await run(process.execPath, [join(root, 'src/cli/main.ts'), '--help']);
  const [, list = ''] = stdout.split(/^Commands:$/m);
  return [...list.matchAll(/^ {2}([a-z-]+)/gm)]
    .map(([, name = '']) => name)
    .filter((name) => name !== 'help');
}

/** Subcommands by the name of their command: `queue` has `list`, `show` and so on. */
async function commandsBelow(names: readonly string[]): Promise<Map<string, string[]>> {
  const program = new Command();
  for (const name of names) {
    const file = (await import(join(root, `src/cli/${name}.ts`))) as { register: (program: Command) => void };
    file.register(program);
  }
  return new Map(
    program.commands.map((command) => [command.name(), command.commands.map((each) => each.name())]),
  );
}

/** `sluice ...` in code: in fenced blocks for the shell, and between backticks. */
function callsIn(page: Page): string[][] {
  const shell = fencesOf(page).filter(({ language }) => language === 'sh' || language === 'ini');
  const code = [
    ...shell.map(({ text }) => text),
    ...[...page.text.replaceAll(/^```.*?^```$/gms, '').matchAll(/`([^`\n]+)`/g)].map(([, text = '']) => text),
  ];
  return code.flatMap((text) =>
    [...text.matchAll(/(?:^|[\s/|(])sluice((?: [a-z]+(?:-[a-z]+)*)+)/g)].map(([, words = '']) =>
      words.trim().split(' '),
    ),
  );
}

test('every command is on a page of the docs', async () => {
  const named = new Set(
    pages
      .filter(({ file }) => file.startsWith('docs/'))
      .flatMap((page) => callsIn(page))
      .map(([name]) => name),
  );
  assert.deepEqual(
    (await listedCommands()).filter((name) => !named.has(name)),
    [],
  );
});

test('every sluice command that a page names exists', async () => {
  const groups = await commandsBelow(await listedCommands());
  let seen = 0;
  for (const page of pages) {
    for (const [name = '', second] of callsIn(page)) {
      const commands = groups.get(name);
      assert.ok(commands !== undefined, `${page.file}: there is no "sluice ${name}"`);
      if (commands.length > 0 && second !== undefined) {
        assert.ok(commands.includes(second), `${page.file}: there is no "sluice ${name} ${second}"`);
      }
      seen++;
    }
  }
  assert.ok(
    seen > 50,
    `only ${seen} commands were found in the pages: are they still looked for in the right way?`,
  );
});
