// Checks the messages of commits: a subject that says the effect in at most 72 characters, then a body that says why.
// `npm run check:commits` reads the history; the hook in tools/git-hooks gives it one message before it is committed.

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Older commits are not checked. Compared with the author date, which a rebase keeps. */
const since = new Date('2026-11-28T22:00:00Z');

const mostSubject = 72;
const mostLine = 100;

/** The faults of a message, one sentence each. Exported so that it can be tested. */
export function faultsOfMessage(message: string): string[] {
  const [subject = '', second, ...body] = message.trimEnd().split('\n');
  const faults: string[] = [];
  const length = [...subject].length;
  if (length > mostSubject)
    faults.push(`the subject has ${length} characters; at most ${mostSubject} are allowed`);
  if (subject.endsWith('.')) faults.push('the subject ends with a full stop');
  if (subject.trim().split(/\s+/u).length < 3)
    faults.push('the subject has fewer than three words, too few to say the effect');
  if (second !== undefined && second !== '') faults.push('no blank line follows the subject');
  // A line of one word, such as a link, cannot be wrapped.
  const long = body.find((line) => [...line].length > mostLine && line.trim().includes(' '));
  if (long !== undefined) faults.push(`a line of the body is longer than ${mostLine} characters: ${long}`);
  return faults;
}

interface Commit {
  readonly hash: string;
  readonly message: string;
}

/** Commits since a date, the newest first; undefined without a history. Git writes the subjects of merges: left out. */
function commitsSince(date: Date): Commit[] | undefined {
  const { status, stdout, stderr, error } = spawnSync(
    'git',
    ['log', '--no-merges', '-z', '--format=%h %at %B'],
    { encoding: 'utf8', maxBuffer: 256 * 1024 * 1024 },
  );
  if (status !== 0) {
    process.stderr.write(
      `Checking commits: git log failed, no commit was checked: ${error?.message ?? stderr}`,
    );
    return undefined;
  }
  return stdout
    .split('\0')
    .filter((entry) => entry !== '')
    .map((entry) => {
      const [hash = '', seconds = ''] = entry.split(' ', 2);
      return { hash, seconds: Number(seconds), message: entry.slice(hash.length + seconds.length + 2) };
    })
    .filter(({ seconds }) => seconds * 1000 >= date.getTime());
}

/** The message without comments and the text below the scissors line, which git removes only after the hook. */
function written(file: string): string {
  const [text = ''] = readFileSync(file, 'utf8').split(/^# -+ >8 -+$/mu);
  return text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n')
    .trimStart();
}

function main(file: string | undefined): void {
  const commits =
    file === undefined ? (commitsSince(since) ?? []) : [{ hash: 'This message', message: written(file) }];
  const faults = commits.flatMap(({ hash, message }) =>
    faultsOfMessage(message).map((fault) => `${hash}: ${fault}\n    ${message.split('\n', 1)[0]}\n`),
  );
  process.stdout.write(faults.join(''));
  if (faults.length > 0) process.exitCode = 1;
}

if (import.meta.main) main(process.argv[2]);
