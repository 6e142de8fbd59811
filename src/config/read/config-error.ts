// The error of a configuration that cannot be used. It lists all problems, each with its place, what is allowed, and how to correct it.

import { SluiceError } from '../../errors/sluice-error.ts';
import { TextFileError } from './text-file.ts';

/** One problem in a configuration file. */
export interface ConfigProblem {
  readonly file: string;
  /** 1 or more; 0 when the problem is the file as a whole. */
  readonly line: number;
  /** 1 or more, counted in UTF-16 units; 0 when the problem is the file as a whole. */
  readonly column: number;
  /** The key as in the file, e.g. `receive.max_recipients` or `route[2].relay`; empty when the problem is not of a key. */
  readonly key: string;
  readonly message: string;
  /** The closest valid name, for a misspelt key or word. */
  readonly suggestion?: string;
  /** The line of the file, with a mark under the place. */
  readonly excerpt?: string;
}

/** A configuration cannot be used. Code `CONFIG_INVALID`, or `CONFIG_UNREADABLE` when the file cannot be read. */
export class ConfigError extends SluiceError {
  readonly problems: readonly ConfigProblem[];

  constructor(
    problems: readonly ConfigProblem[],
    code: 'CONFIG_INVALID' | 'CONFIG_UNREADABLE' = 'CONFIG_INVALID',
    advice = 'Correct the file and try again; `sluice config show --defaults` prints every key with its meaning.',
    options?: ErrorOptions,
  ) {
    super(code, problems.map(formatProblem).join('\n'), advice, options);
    this.problems = problems;
  }

  /** The file itself cannot be read. */
  static unreadable(file: string, cause: unknown): ConfigError {
    if (cause instanceof TextFileError) {
      const { line, column, message } = cause;
      return new ConfigError([{ file, line, column, key: '', message }], undefined, undefined, { cause });
    }
    const problem = {
      file,
      line: 0,
      column: 0,
      key: '',
      message: `cannot read the configuration file: ${systemReason(cause)}`,
    };
    return new ConfigError(
      [problem],
      'CONFIG_UNREADABLE',
      'Name a file that exists and that this user may read, with --config or SLUICE_CONFIG.',
      { cause },
    );
  }
}

/** `file:line:column: key: message`, and below it the excerpt. */
export function formatProblem(problem: ConfigProblem): string {
  const place = problem.line === 0 ? problem.file : `${problem.file}:${problem.line}:${problem.column}`;
  const key = problem.key === '' ? '' : `${problem.key}: `;
  const excerpt = problem.excerpt === undefined ? '' : `\n${problem.excerpt}`;
  return `${place}: ${key}${problem.message}${excerpt}`;
}

/** The reason for which the system could not use a file, in words. */
export function systemReason(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') return 'it does not exist';
  if (code === 'EACCES' || code === 'EPERM') return 'this user may not read it';
  if (code === 'EISDIR') return 'it is a folder';
  if (code === 'ENOSPC' || code === 'EDQUOT') return 'there is no space left';
  return error instanceof Error ? error.message : String(error);
}
