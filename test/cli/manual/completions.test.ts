// The completions in the shells themselves: what they offer is what the commands have.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { suite, test, type TestContext } from 'node:test';
import { commands } from '../../../src/cli/main.ts';
import { bashCompletion } from '../../../src/cli/manual/bash-completion.ts';
import { allCommands, type CommandDoc, describeCommand } from '../../../src/cli/manual/command-doc.ts';
import { namesOf } from '../../../src/cli/manual/completion-parts.ts';
import { fishCompletion } from '../../../src/cli/manual/fish-completion.ts';
import { zshCompletion } from '../../../src/cli/manual/zsh-completion.ts';
import { sluice } from '../run.ts';

const program = describeCommand(await commands());
const all = allCommands(program);

/** Runs a script; undefined, and the test is skipped, without the shell. */
function run(t: TestContext, shell: string, args: readonly string[], script: string): string | undefined {
  const { error, status, stdout, stderr } = spawnSync(shell, args, { input: script, encoding: 'utf8' });
  if (error !== undefined) {
    t.skip(`${shell} is not installed`);
    return undefined;
  }
  assert.deepEqual([status, stderr], [0, ''], stderr);
  return stdout;
}

type Question = readonly [words: readonly string[], offered: readonly string[]];

/** What is asked of each shell: the words so far, and what must be offered next. */
const questions: readonly Question[] = [
  ...all.flatMap(questionsOf),
  [['queue', 'list', '--state', 'h'], ['held']],
  [['queue', 'list', '--limit', '5', '--sen'], ['--sender']],
  [
    ['completion', ''],
    ['bash', 'zsh', 'fish'],
  ],
];

function questionsOf(command: CommandDoc): Question[] {
  const words = command.path === '' ? [] : command.path.split(' ');
  const flags = optionsOf(command).filter((name) => name.startsWith('--'));
  const options: Question = [words.concat('--'), flags];
  const names = command.commands.map(({ name }) => name);
  return names.length === 0 ? [options] : [options, [words.concat(''), names]];
}

function optionsOf({ options }: CommandDoc): string[] {
  return options.flatMap(namesOf);
}

function sorted(words: readonly string[]): string[] {
  return [...new Set(words)].filter((word) => word !== '').toSorted();
}

suite('the completion', () => {
  test('of bash offers the commands, options and values that there are', (t) => {
    const asks = questions.map(
      ([words]) => `ask ${['sluice', ...words].map((word) => `'${word}'`).join(' ')}`,
    );
    const script = `${bashCompletion(program)}
ask() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _sluice; echo "\${COMPREPLY[*]}"; }
${asks.join('\n')}
`;
    const found = run(t, 'bash', ['--norc', '-s'], script)?.split('\n');
    if (found === undefined) return;
    for (const [index, [words, offered]] of questions.entries()) {
      assert.deepEqual(sorted(found[index]?.split(' ') ?? []), sorted(offered), words.join(' '));
    }
  });

  test('of bash offers files where one is wanted', (t) => {
    const script = `cd /etc; ${bashCompletion(program)}
COMP_WORDS=(sluice serve --config pass); COMP_CWORD=3; _sluice; echo "\${COMPREPLY[*]}"
COMP_WORDS=(sluice spool check pass); COMP_CWORD=3; _sluice; echo "\${COMPREPLY[*]}"
complete -p sluice`;
    const found = run(t, 'bash', ['--norc', '-s'], script)?.split('\n');
    if (found === undefined) return;
    assert.ok(found[0]?.split(' ').includes('passwd') && found[1]?.split(' ').includes('passwd'));
    assert.equal(found[2], 'complete -o bashdefault -F _sluice sluice');
  });

  test('of zsh offers the commands, options and values that there are', (t) => {
    // The functions of zsh's completion work at a terminal only: here they print what they are given.
    const asks = questions.map(
      ([words]) => `ask ${['sluice', ...words].map((word) => `'${word}'`).join(' ')}`,
    );
    const script = `${zshCompletion(program)}
_describe() { local each; for each in \${(P)argv[-1]}; do print -rn -- "\${each%%:*} "; done }
compadd() { shift; local each; for each in $@; do print -rn -- "$each "; done }
_message() { : }
_files() { print -n 'FILES ' }
ask() { words=("$@"); CURRENT=$#; _sluice; print; }
${asks.join('\n')}
ask sluice serve --config ''
`;
    const found: string[] | undefined = run(t, 'zsh', ['-f', '-s'], script)?.split('\n');
    if (found === undefined) return;
    for (const [index, [words, offered]] of questions.entries()) {
      const last = words.at(-1) ?? '';
      const fitting: string[] =
        found[index]?.split(' ').filter((word: string) => word.startsWith(last)) ?? [];
      assert.deepEqual(sorted(fitting), sorted(offered), words.join(' '));
    }
    assert.equal(found[questions.length], 'FILES ');
  });

  test('of fish offers the commands, options and values that there are', (t) => {
    const asks = questions.map(
      ([words]) => `echo (complete -C '${['sluice', ...words].join(' ')}' | string split -f1 \\t)`,
    );
    const script = `${fishCompletion(program)}\n${asks.join('\n')}\n`;
    const found = run(t, 'fish', ['--no-config', '-c', script], '')?.split('\n');
    if (found === undefined) return;
    for (const [index, [words, offered]] of questions.entries()) {
      assert.deepEqual(sorted(found[index]?.split(' ') ?? []), sorted(offered), words.join(' '));
    }
  });

  test('is printed by the command', async () => {
    const { code, stdout } = await sluice(['completion', 'bash']);
    assert.deepEqual([code, stdout], [0, bashCompletion(program)]);
    const { code: wrong, stderr } = await sluice(['completion', 'csh']);
    assert.equal(wrong, 64);
    assert.match(stderr, /Allowed choices are bash, zsh, fish/);
  });
});
