// `sluice explain`: shows the whole decision about mail for an address: its route, the addresses, the limits, what it waits
// for now, and the next attempt; and about mail of a user, who the user is and what the user may send.

import { type Command, Option } from 'commander';
import type { Config } from '../config/config.ts';
import type { ExplainAnswer } from '../control/operations/explain.ts';
import { configOption, readPlaces } from './config-file.ts';
import { directoryFailing } from './directory-failing.ts';
import { CommandError, exitCodes } from './exit-codes.ts';
import { type ExplainedSender, senderText } from './explain-sender.ts';
import { stagesText } from './explain-stages.ts';
import type { ExplainedMailboxes } from './explain-mailbox.ts';
import { explainText } from './explain-text.ts';
import { clientAddress, recipientAddress, senderAddress } from './mail-options.ts';
import { printText } from './terminal-text.ts';
import { mailboxWayText } from '../values/mailbox-way.ts';
import { systemWayText } from '../values/system-way.ts';
import { ask, type Place } from './until-reachable.ts';

interface Options {
  readonly config?: string;
  readonly as?: string;
  readonly sender?: string;
  readonly tenant?: string;
  readonly client?: string;
  readonly from?: string;
  readonly to?: readonly string[];
  readonly user?: string;
  readonly listen?: string;
  readonly json?: boolean;
}

export function register(program: Command): void {
  program
    .command('explain')
    .argument('[address]', 'a mail address or a domain; it is looked up if no mail waits for it')
    .description('show where mail for an address goes, every limit on its way, and what it waits for')
    .addOption(configOption())
    .option('--as <user>', 'explain the mail of this user, whose sending limits are shown, too')
    .option('--sender <address>', 'the envelope sender, if routes depend on it; <> for bounces')
    .option(
      '--tenant <name>',
      "explain the mail of this tenant ('' is mail of no tenant); without it, of the tenant that --sender belongs to, or that has most mail",
    )
    .addOption(
      new Option(
        '--client <address>',
        'show which stages mail of this client would meet, in which order, and what each is configured with; local for a program of this host',
      )
        .argParser(clientAddress)
        .conflicts(['as', 'sender', 'tenant']),
    )
    .option('--from <address>', "with --client: the envelope sender; '<>' for a bounce", senderAddress)
    .option(
      '--to <address>',
      'with --client: a recipient, whose way is shown, too; several times for several',
      recipientAddress,
    )
    .addOption(
      new Option(
        '--user <name>',
        'as if this user had logged in; --as shows what the user may send, too',
      ).conflicts('as'),
    )
    .option('--listen <address>', 'with --client: the listener, as in [[listen]] (default: the first one)')
    .option('--json', 'print JSON for programs')
    .action(explain);
}

async function explain(address: string | undefined, options: Options, command: Command): Promise<void> {
  const places = readPlaces(options.config);
  if (options.client !== undefined) {
    await explainClient(places, options.client, address, options);
    return;
  }
  const alone = (['from', 'to', 'listen'] as const).find((name) => options[name] !== undefined);
  if (alone !== undefined) command.error(`error: --${alone} is for mail of a client: name it with --client`);
  if (options.as !== undefined) {
    await explainUser(places, options.as, address, options);
    return;
  }
  if (address === undefined) command.error('error: name a mail address or a domain, or a user with --as');
  const answer = await askAbout(places, address, options);
  const { target } = answer.route;
  const delivered =
    target.startsWith(mailboxWayText) && address.includes('@')
      ? await mailboxesHere(places, address, options.config)
      : undefined;
  if (options.json === true) {
    const facts = { ...answer, ...(delivered !== undefined && { delivered }) };
    process.stdout.write(`${JSON.stringify(facts)}\n`);
    return;
  }
  printText(explainText(answer, Date.now()));
  if (delivered !== undefined) {
    const { mailboxesText } = await import('./explain-mailbox.ts');
    printText(mailboxesText(delivered, address));
  }
  if (address.includes('@') && target.startsWith(systemWayText))
    printText(await userOfSystem(address, options.config));
}

/** As a start would read it. */
async function configOf(given: string | undefined): Promise<Config | undefined> {
  const { loadConfig } = await import('../config/config.ts');
  const { findConfigFile } = await import('../config/read/find-config.ts');
  const file = findConfigFile(given);
  return file === undefined ? undefined : loadConfig(file);
}

async function userOfSystem(address: string, file: string | undefined): Promise<string> {
  const { systemUserText } = await import('./explain-system-user.ts');
  const config = await configOf(file);
  return config === undefined ? '' : systemUserText(config.local, address);
}

async function mailboxesHere(
  places: Place,
  address: string,
  file: string | undefined,
): Promise<ExplainedMailboxes | undefined> {
  const { explainMailboxes } = await import('./explain-mailbox.ts');
  const config = await configOf(file);
  if (config === undefined) return undefined;
  const find = (each: string) => ask(places, { operation: 'user.find', address: each });
  return explainMailboxes(config, { find }, address, Date.now());
}

/** Which stages are met, and then where the mail goes. */
async function explainClient(
  places: Place,
  client: string,
  address: string | undefined,
  { from = '', to = [], user, listen, json }: Options,
): Promise<void> {
  const recipients = address === undefined ? to : [address, ...to];
  const name = user === undefined ? undefined : await addressOfUser(places, user);
  const question = {
    from,
    client,
    ...(recipients.length > 0 && { to: recipients }),
    ...(name !== undefined && { user: name }),
    ...(listen !== undefined && { listener: listen }),
  };
  const stages = await ask(places, { operation: 'policy.stages', ...question });
  const { sender, recipients: all } = stages.rewritten ?? {};
  const mail: ExplainAnswer[] = [];
  for (const [index, given] of recipients.entries())
    mail.push(
      await ask(places, {
        operation: 'explain',
        address: all?.[index]?.becomes ?? given,
        sender: sender?.becomes ?? from,
        tenant: stages.tenant,
        client,
        listener: stages.listener,
        ...(name !== undefined && { user: name }),
      }),
    );
  if (json === true) process.stdout.write(`${JSON.stringify({ ...question, ...stages, mail })}\n`);
  else {
    printText(stagesText(stages, question));
    for (const each of mail) printText(`\n${explainText(each, Date.now())}`);
  }
}

/** @throws {CommandError} when the directory does not know the user */
async function addressOfUser(places: Place, user: string): Promise<string> {
  const found = await ask(places, { operation: 'user.find', address: user });
  if (found.kind === 'user') return found.user.address;
  if (found.kind === 'failing') throw directoryFailing(found);
  throw new CommandError(
    exitCodes.noUser,
    'EXPLAIN_USER',
    `There is no user with the address ${user}.`,
    '"sluice user list" shows the users that Sluice keeps itself.',
  );
}

async function explainUser(
  places: Place,
  user: string,
  address: string | undefined,
  options: Options,
): Promise<void> {
  const found = await ask(places, { operation: 'user.find', address: user });
  const sender = reversePath(options) ?? (found.kind === 'user' ? found.user.address : user);
  const name = found.kind === 'user' ? found.user.address : user;
  const answer = await ask(places, { operation: 'sending.explain', user: name, sender });
  const explained: ExplainedSender = { user, found, sender, answer };
  const mail =
    address === undefined
      ? undefined
      : await askAbout(places, address, { tenant: answer.tenant, ...options, sender, user: name });
  if (options.json === true) process.stdout.write(`${JSON.stringify({ ...explained, mail })}\n`);
  else {
    printText(senderText(explained, Date.now()));
    if (mail !== undefined) printText(`\n${explainText(mail, Date.now())}`);
  }
}

function askAbout(
  places: Place,
  address: string,
  options: Pick<Options, 'sender' | 'tenant' | 'user'>,
): Promise<ExplainAnswer> {
  const sender = reversePath(options);
  return ask(places, {
    operation: 'explain',
    address,
    ...(sender !== undefined && { sender }),
    ...(options.tenant !== undefined && { tenant: options.tenant }),
    ...(options.user !== undefined && { user: options.user }),
  });
}

function reversePath({ sender }: Pick<Options, 'sender'>): string | undefined {
  return sender === '<>' ? '' : sender;
}
