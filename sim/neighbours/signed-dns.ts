// DNS with signatures: zones on Debian's nsd, signed by ldns-signzone, behind Debian's unbound, which validates with the keys of these
// zones as trust anchors. All on loopback.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { freePort, type Ground } from './ground.ts';
import { startNsd, withoutNsd } from './nsd.ts';

/** Why signed DNS cannot be had here, or false. */
export function withoutSignedDns(): string | false {
  if (!existsSync('/usr/sbin/unbound')) return 'unbound is not installed (Debian: unbound)';
  if (!existsSync('/usr/bin/ldns-signzone')) return 'ldns-signzone is not installed (Debian: ldnsutils)';
  return withoutNsd();
}

export interface SignedZones {
  /** Records of zones that are signed, by name, as for `startNsd`. */
  readonly signed: Readonly<Record<string, string>>;
  /** Those of them whose missing names are shown by NSEC3 (RFC 5155) and not by NSEC. */
  readonly hashed: readonly string[];
  /** Records of zones that are not: a signed one delegates to them without a DS record. */
  readonly unsigned: Readonly<Record<string, string>>;
  /** Changes a signed zone after it was signed, as somebody on the way would. */
  readonly forge?: (zoneFile: string) => string;
}

/** Starts both servers. Returns the port of the validating one, on 127.0.0.1. */
export async function startSignedDns(ground: Ground, zones: SignedZones): Promise<{ readonly port: number }> {
  const home = ground.folder('unbound');
  const anchors: string[] = [];
  const all = { ...zones.signed, ...zones.unsigned };
  const nsd = await startNsd(ground, all, async (zone, file) => {
    if (!(zone in zones.signed)) return;
    const key = (
      await ground.run('ldns-keygen', ['-a', 'ECDSAP256SHA256', '-k', zone], { cwd: home })
    ).trim();
    const denial = zones.hashed.includes(zone) ? ['-n'] : [];
    await ground.run('ldns-signzone', [...denial, '-f', `${file}.signed`, file, join(home, basename(key))], {
      cwd: home,
    });
    const signed = readFileSync(`${file}.signed`, 'utf8');
    writeFileSync(file, zones.forge?.(signed) ?? signed);
    anchors.push(join(home, `${basename(key)}.key`));
  });
  const port = await freePort();
  const config = join(home, 'unbound.conf');
  writeFileSync(
    config,
    `server:
  interface: 127.0.0.1@${port}
  username: ""
  chroot: ""
  directory: "${home}"
  pidfile: ""
  use-syslog: no
  do-daemonize: no
  do-ip6: no
  num-threads: 1
  do-not-query-localhost: no
  module-config: "validator iterator"
  verbosity: 1
  local-zone: "test." nodefault
${anchors.map((file) => `  trust-anchor-file: "${file}"\n`).join('')}
remote-control:
  control-enable: no
${Object.keys(all)
  .map((zone) => `stub-zone:\n  name: "${zone}"\n  stub-addr: 127.0.0.1@${nsd.port}\n`)
  .join('')}`,
  );
  const unbound = ground.start('unbound', '/usr/sbin/unbound', ['-d', '-c', config]);
  await unbound.line(/start of service/u);
  return { port };
}
