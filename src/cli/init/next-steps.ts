// What to do after `sluice init`: the commands, and the records of the DNS that other mail servers look at. Pure.

import type { Answers } from './answers.ts';
import { domainOf } from './questions.ts';

export interface Situation {
  /** The configuration file, absolute. */
  readonly file: string;
  /** The system has the user that it runs as, or none is wanted. */
  readonly hasUser: boolean;
  /** The domains are in the directory already. */
  readonly hasDirectory: boolean;
}

const usualPlace = '/etc/sluice/sluice.toml';

/** @returns lines for a person */
export function nextSteps(answers: Answers, { file, hasUser, hasDirectory }: Situation): readonly string[] {
  const { purpose, runAs, domains } = answers;
  // The usual place is found without the option.
  const at = file === usualPlace ? '' : ` --config ${file}`;
  const user = runAs ?? '';
  const commands = [
    ...(hasUser ? [] : [`useradd --system --user-group --shell /usr/sbin/nologin ${user}`]),
    ...(purpose === 'submission'
      ? [
          ...(hasDirectory ? [] : domains.map((domain) => `sluice domain add ${domain}${at}`)),
          `sluice user add NAME@${domains[0] ?? 'DOMAIN'}${at}`,
        ]
      : []),
    `sluice check${at}`,
    ...signedDomains(answers).map((domain) => `sluice dkim keygen ${domain}${at}    # signs its mail`),
    `sluice serve${at}`,
  ];
  const records = recordsOf(answers);
  return [
    'Next:',
    ...commands.map((command) => `  ${command}`),
    ...(records.length === 0 ? [] : ['', 'In the DNS:', ...records.map((record) => `  ${record}`)]),
  ];
}

/** The domains that mail is sent from, as far as is known. */
function signedDomains({ purpose, domains, hostname }: Answers): readonly string[] {
  if (purpose === 'submission') return domains;
  return purpose === 'relay' ? [domainOf(hostname)] : [];
}

function recordsOf(answers: Answers): readonly string[] {
  const { purpose, hostname, domains } = answers;
  if (purpose === 'smarthost') return [];
  const names = [
    `${hostname}.  A or AAAA: the address of this host; and the PTR record of that address: ${hostname}.`,
  ];
  const mx = purpose === 'mail' ? 10 : 20;
  return [
    ...names,
    ...(purpose === 'mail' || purpose === 'mx-backup'
      ? domains.map(
          (domain) =>
            `${domain}.  MX ${mx} ${hostname}.${purpose === 'mx-backup' ? '    (a higher number than that of the first server)' : ''}`,
        )
      : []),
    ...signedDomains(answers).map(
      (domain) =>
        `${domain}.  TXT "v=spf1 a:${hostname} ~all"    (or a:${hostname} added to the record that is there)`,
    ),
    ...(signedDomains(answers).length === 0 ? [] : ['the record that "sluice dkim keygen" prints']),
  ];
}
