// The configuration itself: what "sluice check" warns of, except for what other checks look at more closely.

import { isAboutProgram } from '../../config/check/way-warnings.ts';
import { configWarnings } from '../../config/check/warnings.ts';
import type { ConfigError, ConfigProblem } from '../../config/read/config-error.ts';
import { placedText, placeWarnings } from '../../config/read/config-warning.ts';
import { backupProblems } from '../backup-problems.ts';
import { directoryProblems } from '../directory-problems.ts';
import { issuerProblems } from '../issuer-problems.ts';
import { recipientProblems } from '../recipient-problems.ts';
import { tableProblems } from '../table-problems.ts';
import { userWarnings } from '../user-warnings.ts';
import type { Check } from './check.ts';
import { error, type Finding, warning } from './finding.ts';
import { isAboutLimits } from './limits.ts';

export const configuration: Check = {
  kind: 'config',
  subject: 'the configuration',
  look: async ({ config, isOffline }) =>
    warningFindings(
      placeWarnings(
        [
          ...configWarnings(config).filter(({ path }) => !isAboutLimits(path) && !isAboutProgram(path)),
          ...userWarnings(config),
          ...(await tableProblems(config)),
          ...(await recipientProblems(config)),
          ...(await directoryProblems(config)),
          ...(isOffline ? [] : await issuerProblems(config)),
          ...(isOffline ? [] : await backupProblems(config)),
        ],
        config.file,
      ),
    ),
};

export function warningFindings(problems: readonly ConfigProblem[]): readonly Finding[] {
  return problems.map((each) => warning('config-warning', sentence(placedText(each)), mendOf(each)));
}

function sentence(text: string): string {
  return text.endsWith('.') ? text : `${text}.`;
}

function mendOf({ file, line }: ConfigProblem): string {
  if (file === '') return 'Make a configuration file; docs/getting-started.md begins with one.';
  return `Correct ${line === 0 ? file : `line ${line} of ${file}`}, then: sluice check && sluice reload`;
}

/** A file that cannot be used: nothing else can be looked at. */
export function mistakeFindings({ problems, advice }: ConfigError): readonly Finding[] {
  return problems.map((each) => error('config-invalid', `${placedText(each)}`, advice));
}
