// What is wrong with the files of taps, of checks and of plugins of qmail-spp, and with programs of filters now, for `sluice check`: lines that nobody
// understands, programs that are missing.

import { constants } from 'node:fs';
import { access, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Config } from '../config/config.ts';
import type { ConfigWarning } from '../config/read/config-warning.ts';
import { programFault } from '../config/check/program-fault.ts';
import type { ContentChecksStageConfig, OpensmtpdFilterConfig } from '../config/stage-config.ts';
import { readCheckTable } from '../policy/checks/check-tables.ts';
import { parseSppControl, parseTenantSppControl } from '../policy/qmail-spp/control-file.ts';
import { parseTapFile } from '../policy/taps/tap-file.ts';
import { routeNames } from '../settings/route-rules.ts';
import { unreadTapFiles } from './tap-file-problems.ts';

type Stage = Config['stage'][number];

/** Reads each of them once, but no file of taps that is not there: that is more than a warning. */
export async function stageFileProblems({
  tap,
  stage,
  route,
}: Pick<Config, 'tap' | 'stage' | 'route'>): Promise<ConfigWarning[]> {
  const found: ConfigWarning[] = [];
  const gone = new Set(unreadTapFiles({ tap }).flatMap(({ file, isDenied }) => (isDenied ? [] : [file])));
  for (const [index, { file }] of tap.entries()) {
    const problem = file === undefined || gone.has(file) ? undefined : await tapProblem(file);
    if (problem !== undefined) found.push({ path: ['tap', index, 'file'], message: problem });
  }
  for (const [index, each] of stage.entries()) {
    if (each.kind === 'content-checks') {
      for (const [key, message] of await checkProblems(each, routeNames(route)))
        found.push({ path: ['stage', index, key], message });
    }
    if (each.kind === 'opensmtpd-filter') {
      const message = filterProblem(each);
      if (message !== undefined) found.push({ path: ['stage', index, 'command', 0], message });
    }
    if (each.kind !== 'qmail-spp') continue;
    for (const message of await pluginProblems(each))
      found.push({ path: ['stage', index, 'plugins'], message });
  }
  return found;
}

async function checkProblems(
  { headerChecks, mimeHeaderChecks = [], nestedHeaderChecks = [], bodyChecks }: ContentChecksStageConfig,
  routes: ReadonlySet<string>,
): Promise<readonly (readonly [key: string, message: string])[]> {
  const problems: [string, string][] = [];
  for (const [key, files] of [
    ['header_checks', headerChecks],
    ['mime_header_checks', mimeHeaderChecks],
    ['nested_header_checks', nestedHeaderChecks],
    ['body_checks', bodyChecks],
  ] as const) {
    for (const file of files) {
      try {
        await readCheckTable(await readFile(file.path, 'utf8'), file, routes);
      } catch (error) {
        problems.push([
          key,
          `${file.path} cannot be used, so that mail is answered as on_failure says: ${reasonOf(error)}`,
        ]);
      }
    }
  }
  return problems;
}

async function tapProblem(file: string): Promise<string | undefined> {
  try {
    parseTapFile(await readFile(file, 'utf8'));
    return undefined;
  } catch (error) {
    return `${file} cannot be used, so that mail is answered 451: ${reasonOf(error)}`;
  }
}

async function pluginProblems({
  plugins: file,
  home,
  tenant,
}: Extract<Stage, { readonly kind: 'qmail-spp' }>): Promise<readonly string[]> {
  try {
    const text = await readFile(file, 'utf8');
    const plugins = tenant === undefined ? parseSppControl(text) : parseTenantSppControl(text);
    const problems: string[] = [];
    for (const plugin of new Set(Object.values(plugins).flat())) {
      if (plugin.startsWith(':')) continue; // a command for the shell
      const path = resolve(home, plugin);
      const isThere = await access(path, constants.X_OK).then(
        () => true,
        () => false,
      );
      if (isThere) continue;
      const line = text.split('\n').findIndex((each) => each.trim() === plugin) + 1;
      problems.push(`${file}, line ${line}: ${path} cannot be run by this user, or does not exist`);
    }
    return problems;
  } catch (error) {
    return [`${file} cannot be used, so that mail is answered as on_failure says: ${reasonOf(error)}`];
  }
}

/** Undefined: there is none that this command can see. */
function filterProblem({ command: [program = ''], environment }: OpensmtpdFilterConfig): string | undefined {
  const then = 'so that mail is answered as on_failure says';
  if (program.includes('/')) {
    const fault = programFault(program);
    return fault?.isFatal === true ? `${fault.reason}, ${then}` : fault?.reason;
  }
  const folders = (environment['PATH'] ?? process.env['PATH'] ?? '').split(':');
  const isThere = folders.some((folder) => programFault(join(folder, program))?.isFatal !== true);
  return isThere ? undefined : `no folder of PATH has the program ${program}, ${then}; name it with its path`;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
