// `sluice login check`: logs in once at each smarthost whose route has a credential, as senders do, and sends no mail.

import type { Command } from 'commander';
import type { Config } from '../config/config.ts';
import { PlaceProofs } from '../deliver/smtp/place-proofs.ts';
import type { LineContext } from '../deliver/connection-context.ts';
import { SaltedPasswords } from '../deliver/login/salted-passwords.ts';
import { Secrets } from '../deliver/login/secrets.ts';
import { TokenCommands } from '../deliver/login/token-commands.ts';
import { BrokenHandshakes } from '../deliver/tls/broken-handshakes.ts';
import { ClientContexts } from '../deliver/tls/client-contexts.ts';
import { SessionCache } from '../deliver/tls/session-cache.ts';
import { trustSystemAuthorities } from '../deliver/tls/system-authorities.ts';
import { Deadlines } from '../io/deadlines.ts';
import { dial } from '../io/dial.ts';
import { openResolver } from '../manager/open-resolver.ts';
import { SecretDesk } from '../process/supervise/secret-desk.ts';
import { isSocketHop } from '../route/next-hop.ts';
import { createRouter } from '../route/create-router.ts';
import { planKey } from '../route/plan-key.ts';
import { SenderLogins } from '../route/sender-logins.ts';
import type { NextHopAddress } from '../route/types.ts';
import { credentialSettings } from '../settings/credentials.ts';
import { routeRules } from '../settings/route-rules.ts';
import { deliverySettings } from '../settings/settings.ts';
import { handshakeSettings, tlsRules } from '../settings/tls-rules.ts';
import { Troubles } from '../stats/troubles.ts';
import { ClientIdentities } from '../tls/client-identities.ts';
import { configOption, readConfig } from './config-file.ts';
import { CommandError, exitCodes } from './exit-codes.ts';
import { attemptLogin } from './login-attempt.ts';
import { printText } from './terminal-text.ts';
import { table } from './text-table.ts';

interface Checked {
  readonly route: string;
  readonly credential: string;
  /** The address, or the name of the route where none is found. */
  readonly endpoint: string;
  readonly isRight: boolean;
  /** The mechanism, or what is wrong. */
  readonly result: string;
}

export function register(program: Command): void {
  program
    .command('login')
    .description('log-ins at other servers')
    .command('check')
    .description('log in at the smarthosts of all routes with a credential; exits with 1 when one refuses')
    .argument('[credential]', 'only by this [[credential]]')
    .addOption(configOption())
    .option('--json', 'print JSON for programs')
    .action(check);
}

async function check(
  only: string | undefined,
  options: { readonly config?: string; readonly json?: boolean },
): Promise<void> {
  const config = readConfig(options.config);
  if (only !== undefined && !config.credential.some(({ name }) => name === only)) {
    const advice = `There are: ${config.credential.map(({ name }) => name).join(', ') || 'none'}.`;
    throw new CommandError(
      exitCodes.usage,
      'LOGIN_CHECK_NAME',
      `There is no [[credential]] "${only}".`,
      advice,
    );
  }
  const found = await checkAll(config, only);
  if (options.json === true) process.stdout.write(`${JSON.stringify(found)}\n`);
  else if (found.length === 0) printText('No route has a credential: there is nothing to check.\n');
  else {
    const rows = found.map((each) => [
      each.route,
      each.endpoint,
      each.credential,
      each.isRight ? `logs in by ${each.result}` : `fails: ${each.result}`,
    ]);
    printText(table(['ROUTE', 'ENDPOINT', 'CREDENTIAL', 'RESULT'], rows));
  }
  if (found.some(({ isRight }) => !isRight)) process.exitCode = exitCodes.failed;
}

async function checkAll(config: Config, only: string | undefined): Promise<Checked[]> {
  const resolver = openResolver(config, () => performance.now());
  const deadlines = new Deadlines();
  deadlines.start();
  trustSystemAuthorities();
  const { hostname, deliver, route, credential } = config;
  const rules = routeRules({ route, credential });
  const router = createRouter({
    rules,
    resolver,
    isOwnAddress: () => false,
    ownNames: [hostname],
    ipv4: deliver.ipv4,
    ipv6: deliver.ipv6,
    smtpPort: deliver.port,
    // What domains publish does not count on the way to a smarthost, but TLSA records; a host that has to have some is looked at by senders.
    tls: { defaultLevel: deliver.tls, rules: tlsRules(config), sts: undefined, dane: undefined },
    random: Math.random,
  });
  const context = contextOf(config, deadlines);
  const found: Checked[] = [];
  const seen = new Set<string>();
  try {
    for (const rule of rules) {
      for (const variant of SenderLogins.of(rule)?.variants ?? []) {
        const key = planKey(variant);
        const name = variant.target.kind === 'smarthost' ? (variant.target.login?.credential ?? '') : '';
        if (seen.has(key) || (only !== undefined && name !== only)) continue;
        seen.add(key);
        const place = { route: rule.name, credential: name };
        const plan = await router.resolve(`${key}:check.invalid`);
        if (plan.kind === 'error') found.push({ ...place, endpoint: '-', isRight: false, result: plan.text });
        else for (const hop of plan.addresses) found.push({ ...place, ...(await checkHop(context, hop)) });
      }
    }
  } finally {
    resolver.close();
    deadlines.stop();
  }
  return found;
}

async function checkHop(
  context: LineContext,
  hop: NextHopAddress,
): Promise<Pick<Checked, 'endpoint' | 'isRight' | 'result'>> {
  if (!isSocketHop(hop)) return { endpoint: hop.key, isRight: false, result: 'it is no server' };
  return { endpoint: hop.key, ...(await attemptLogin(context, hop)) };
}

function contextOf(config: Config, deadlines: Deadlines): LineContext {
  const secrets = new Secrets();
  // What cannot be read is the result of the log-in that needs it.
  const log = { info: () => undefined, warn: () => undefined };
  secrets.use(new SecretDesk(config, { log, troubles: new Troubles() }).secrets);
  return {
    settings: deliverySettings(config),
    deadlines,
    dial,
    proofs: new PlaceProofs(config.processes.senders),
    tls: {
      contexts: new ClientContexts(handshakeSettings(config), new ClientIdentities()),
      sessions: new SessionCache(),
      broken: new BrokenHandshakes(),
    },
    logins: {
      credentials: credentialSettings(config),
      secrets,
      salted: new SaltedPasswords(),
      commands: new TokenCommands(),
    },
  };
}
