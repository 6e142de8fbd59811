// Aliases of the system before its users: what an alias stands for is addresses, to which the mail goes on without any process of a user, and programs
// and files, which are carried out as the user who has the mail of nobody else.

import { aliasNameOf, aliasSteps } from '../../instructions/alias-steps.ts';
import { droppedText, isNowhere } from '../../instructions/nowhere.ts';
import { type Fault, fault, type Instruction } from '../../instructions/types.ts';
import { partsOf } from '../../address/mailbox-parts.ts';
import { findAliasUser, type FindUser, type SystemPlace } from '../../mailbox/system/find-place.ts';
import type { SystemAliases } from '../../policy/recipients/system-aliases.ts';
import type { SystemSettings } from '../../values/system-way.ts';
import type { PipeEnd } from '../pipe/programs.ts';
import { mostForwards, readReport, type SystemOnward, type SystemReport } from './job.ts';

export interface AliasJob {
  readonly kind: 'job';
  readonly place: SystemPlace;
  readonly steps: readonly Instruction[];
  /** The addresses that it names; none: undefined recipients are added by the files that it includes alone. */
  readonly onward: SystemOnward;
}

export interface AliasMail {
  readonly way: SystemSettings;
  readonly facts: { readonly recipient: string; readonly sender: string };
  readonly isExpanded: boolean;
}

/** @returns undefined: it is no alias; a report: nothing has to be carried out */
export async function aliasJob(
  { way, facts, isExpanded }: AliasMail,
  aliases: SystemAliases,
  find: FindUser,
): Promise<AliasJob | SystemReport | undefined> {
  if (isExpanded || way.aliases.length === 0) return undefined;
  const names = await aliases.read(way.aliases);
  if (names.kind === 'failing') return fault('4.3.5', names.reason);
  const { textOf } = names;
  const name = aliasNameOf(facts.recipient, way.separators, textOf);
  if (name === undefined) return undefined;
  const domain = partsOf(facts.recipient).domain.toLowerCase();
  const found = aliasSteps(name, { domain, permits: way.permits, textOf });
  if (found.kind === 'fault') return found;
  const owner = `owner-${name}`;
  const hasOwner = facts.sender !== '' && textOf(owner) !== undefined;
  const addresses = found.steps.flatMap((step) => (step.kind === 'forward' ? [step.address] : []));
  const onward: SystemOnward = {
    reversePath: hasOwner ? `${owner}@${domain}` : facts.sender,
    recipients: [...new Set(found.hasUser ? [...addresses, `${name}@${domain}`] : addresses)],
    isExpanded: true,
  };
  const steps = found.steps.filter(({ kind }) => kind !== 'forward');
  // Nobody has to be started for it.
  if (steps.every(isNowhere)) return reported(steps.length === 0 ? [] : [droppedText], onward);
  const account = await findAccount(way, find);
  if (account.kind === 'fault') return account;
  const place = {
    kind: 'place',
    separator: '',
    extension: '',
    account: account.user,
    isAliasUser: true,
  } as const;
  return { kind: 'job', place, steps, onward };
}

/** The report of the run, with the addresses of the alias itself. */
export function withAddresses(end: PipeEnd, onward: SystemOnward): PipeEnd | SystemReport {
  const report = end.kind === 'ended' && end.code === 0 ? readReport(end.printed) : undefined;
  if (report === undefined) return end;
  if (report.kind === 'fault') return report;
  const { recipients } = onward;
  const all = [...new Set([...recipients, ...(report.onward?.recipients ?? [])])];
  return reported(report.did, { ...onward, recipients: all });
}

function reported(did: readonly string[], onward: SystemOnward): SystemReport {
  if (onward.recipients.length > mostForwards)
    return fault('4.3.5', `the alias stands for more than ${mostForwards} addresses`);
  if (onward.recipients.length > 0) return { kind: 'done', did, onward };
  // Whoever took this for a delivery would lose the mail.
  return did.length === 0 ? fault('4.3.5', 'the alias stands for nobody') : { kind: 'done', did };
}

async function findAccount(
  settings: SystemSettings,
  find: FindUser,
): Promise<Fault | { readonly kind: 'found'; readonly user: SystemPlace['account'] }> {
  const names = settings.aliasUser === undefined ? ['alias', 'nobody'] : [settings.aliasUser];
  for (const aliasUser of names) {
    const found = await findAliasUser({ aliasUser }, find);
    if (found.kind === 'failing')
      return fault('4.3.0', `it cannot be told whether there is this user: ${found.reason}`);
    if (found.kind === 'user') return { kind: 'found', user: found };
  }
  return fault('4.3.5', `there is no user ${names.join(' or ')}, whom programs and files of aliases need`);
}
