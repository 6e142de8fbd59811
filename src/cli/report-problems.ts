// What keeps reports to other domains from going out, for `sluice check`.

import type { Config } from '../config/config.ts';
import type { ConfigWarning } from '../config/read/config-warning.ts';
import { submitterOf } from '../reports/report.ts';
import { reportSettings } from '../settings/report-settings.ts';
import { signingRules } from '../settings/signing.ts';

export function reportProblems(config: Config): ConfigWarning[] {
  const { kinds, reporter } = reportSettings(config);
  const author = submitterOf(reporter);
  const [kind] = kinds;
  if (
    kind === undefined ||
    signingRules(config).choose({ author, tenant: '', user: '', routes: [] }).length > 0
  )
    return [];
  const key = config.reports.from === undefined ? kind : 'from';
  const message = `no [[signing_key]] is for ${author}, the domain of ${reporter.from}: no report goes out by mail, because receivers throw unsigned ones away`;
  return [{ path: ['reports', key], message }];
}
