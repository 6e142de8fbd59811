// `sluice srs check`: are the secrets in order, is anything rewritten, and do the DNS records of the SRS domain let bounces come here and mail go out?

import type { Command } from 'commander';
import type { Config } from '../config/config.ts';
import type { SrsConfig } from '../config/srs-config.ts';
import type { Resolver } from '../dns/types.ts';
import { openResolver } from '../manager/open-resolver.ts';
import { readSrsSecretFile } from '../process/watch/srs-secret-file.ts';
import { checkHost, mailFromQuery } from '../spf/check-host.ts';
import { isSpfRecord } from '../spf/parse-record.ts';
import { leastSecretCharacters } from '../srs/srs-secrets.ts';
import { configOption, readConfig } from './config-file.ts';
import { exitCodes } from './exit-codes.ts';
import { configuredSrs } from './srs-config.ts';

interface Options {
  readonly config?: string;
  readonly json?: boolean;
}

/** What was found about one thing. */
interface Finding {
  readonly about: 'secrets' | 'routes' | 'MX' | 'SPF';
  readonly ok: boolean;
  readonly text: string;
}

export function registerCheck(srs: Command): void {
  srs
    .command('check')
    .description(
      'look at the secrets, and at the MX and SPF records of the domain of [srs]; exits with 1 when something is not right',
    )
    .addOption(configOption())
    .option('--json', 'print one line of JSON for each finding')
    .action(check);
}

async function check({ config: named, json }: Options): Promise<void> {
  const config = readConfig(named);
  const srs = configuredSrs(config);
  const resolver = openResolver(config, () => performance.now());
  try {
    const findings = [
      secrets(srs),
      routes(config),
      await exchangers(srs, config, resolver),
      ...(await senders(srs, config, resolver)),
    ];
    for (const { about, ok, text } of findings) {
      if (!ok) process.exitCode = exitCodes.failed;
      process.stdout.write(
        json === true
          ? `${JSON.stringify({ about, ok, text })}\n`
          : `${ok ? 'ok ' : 'NOT'}  ${about}: ${text}\n`,
      );
    }
  } finally {
    resolver.close();
  }
}

function secrets({ secretFile }: SrsConfig): Finding {
  const found = readSrsSecretFile(secretFile);
  if (found.kind === 'missing') return { about: 'secrets', ok: false, text: found.reason };
  const [first = '', ...more] = found.secrets;
  if (first.length < leastSecretCharacters)
    return {
      about: 'secrets',
      ok: false,
      text: `${secretFile}: the first secret has ${first.length} characters, and can be guessed; make another with "sluice srs secret"`,
    };
  const others =
    more.length === 0 ? '' : `, and ${more.length} of before that are good for addresses that come back`;
  return { about: 'secrets', ok: true, text: `${secretFile} has one that signs${others}` };
}

function routes({ route }: Config): Finding {
  const count = route.filter(({ srs }) => srs === true).length;
  if (count === 0)
    return { about: 'routes', ok: false, text: 'no [[route]] has srs = true, so no sender is rewritten' };
  return { about: 'routes', ok: true, text: `${count} of ${route.length} with srs = true` };
}

async function exchangers({ domain }: SrsConfig, { hostname }: Config, resolver: Resolver): Promise<Finding> {
  const answer = await resolver.mx(domain);
  if (answer.kind === 'failed') return { about: 'MX', ok: false, text: `${domain}: ${answer.reason}` };
  if (answer.kind !== 'found')
    return {
      about: 'MX',
      ok: false,
      text: `${domain} has no MX record; publish  ${domain}. IN MX 10 ${hostname}.  so that bounces come here`,
    };
  const hosts = answer.records.map(({ exchange }) => exchange);
  const names = hosts.join(', ');
  return hosts.some((host) => host.toLowerCase() === hostname.toLowerCase())
    ? { about: 'MX', ok: true, text: `${domain} has ${names}` }
    : {
        about: 'MX',
        ok: false,
        text: `${domain} has ${names}, and this host is ${hostname}: bounces come here only if one of them passes them on`,
      };
}

/** For each of our own addresses where they are configured; otherwise only whether there is a record. */
async function senders(
  { domain }: SrsConfig,
  { hostname, source }: Config,
  resolver: Resolver,
): Promise<Finding[]> {
  if (source.length === 0) return [await record(domain, resolver)];
  return Promise.all(
    source.map(async ({ address, heloName }): Promise<Finding> => {
      const nowSeconds = Math.floor(Date.now() / 1000);
      const session = { ip: address, helo: heloName, receiver: hostname, nowSeconds };
      const verdict = await checkHost(mailFromQuery(`x@${domain}`, session), resolver);
      return {
        about: 'SPF',
        ok: verdict.result === 'pass',
        text: `${domain} from ${address}: ${verdict.result}${verdict.result === 'pass' ? '' : ` (${verdict.reason})`}`,
      };
    }),
  );
}

async function record(domain: string, resolver: Resolver): Promise<Finding> {
  const answer = await resolver.txt(domain);
  if (answer.kind === 'failed') return { about: 'SPF', ok: false, text: `${domain}: ${answer.reason}` };
  const records = answer.kind === 'found' ? answer.records.filter((text) => isSpfRecord(text)) : [];
  const [first] = records;
  if (first === undefined)
    return {
      about: 'SPF',
      ok: false,
      text: `${domain} has no SPF record, so that nobody knows that this server may send for it`,
    };
  // RFC 7208 4.5.
  if (records.length > 1)
    return {
      about: 'SPF',
      ok: false,
      text: `${domain} has ${records.length} SPF records, and one alone is allowed`,
    };
  return {
    about: 'SPF',
    ok: true,
    text: `${domain} has "${first}"; see that it names the addresses that this server sends from`,
  };
}
