// rspamd (Debian: rspamd) with its checks of SPF, DKIM, DMARC and ARC alone, which asks one name server, and what it says about messages.

import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, type Ground, listening } from '../../../sim/neighbours/ground.ts';
import { type CorpusMessage, together, type Verdict } from './case.ts';

/** Why rspamd cannot be used here, or false. */
export function withoutRspamd(): string | false {
  const isThere = spawnSync('rspamd', ['--version'], { stdio: 'ignore' }).status === 0;
  return !isThere && 'rspamd is not installed (Debian: rspamd)';
}

const plugins = '/usr/share/rspamd/plugins';

function configuration(folder: string, port: number, dnsPort: number): string {
  return `
options {
  filters = "dkim";
  dns { nameserver = ["127.0.0.1:${dnsPort}"]; timeout = 3s; retransmits = 2; sockets = 4; }
  url_tld = "${folder}/suffixes";
  control_socket = "${folder}/control.sock mode=0600";
  hs_cache_dir = "${folder}/";
  tempdir = "${folder}";
  local_addrs = [];
  task_timeout = 20s;
}
logging { type = "console"; level = "warning"; }
worker "normal" { bind_socket = "127.0.0.1:${port}"; count = 1; }
dkim { time_jitter = 60; }
spf { }
dmarc { }
arc { }
modules { ${['spf', 'dmarc', 'arc'].map((name) => `path = "${plugins}/${name}.lua";`).join(' ')} }
lua = "/usr/share/rspamd/rules/rspamd.lua";
metric { actions { reject = 1000; } }
`;
}

export class Scanner {
  readonly #url: string;

  private constructor(port: number) {
    this.#url = `http://127.0.0.1:${port}/checkv2`;
  }

  /** @param dnsPort - of the name server on loopback */
  static async start(ground: Ground, dnsPort: number): Promise<Scanner> {
    const folder = ground.folder('rspamd');
    const port = await freePort();
    // Its own list of public suffixes takes long to read, and the corpus has one alone.
    writeFileSync(join(folder, 'suffixes'), 'test\n');
    const config = join(folder, 'rspamd.conf');
    writeFileSync(config, configuration(folder, port, dnsPort));
    // As root it would want another user, who has to own its files.
    const program = ground.start('rspamd', 'rspamd', ['-f', '-i', '-c', config]);
    await listening(program, port);
    return new Scanner(port);
  }

  async scan({ content, client, helo, from }: CorpusMessage): Promise<Verdict> {
    const response = await fetch(this.#url, {
      method: 'POST',
      headers: { ip: client, helo, from: `<${from}>`, rcpt: 'a@far.test' },
      body: Buffer.from(content, 'latin1'),
    });
    const answer = (await response.json()) as { readonly symbols: Readonly<Record<string, unknown>> };
    return verdictOf(answer.symbols);
  }
}

type Symbols = Readonly<Record<string, unknown>>;

const spfResults: Readonly<Record<string, string>> = {
  R_SPF_ALLOW: 'pass',
  R_SPF_FAIL: 'fail',
  R_SPF_SOFTFAIL: 'softfail',
  R_SPF_NEUTRAL: 'neutral',
  R_SPF_DNSFAIL: 'temperror',
  R_SPF_PERMFAIL: 'permerror',
  R_SPF_NA: 'none',
};
const dmarcResults: Readonly<Record<string, string>> = {
  DMARC_POLICY_ALLOW: 'pass',
  DMARC_POLICY_REJECT: 'fail reject',
  DMARC_POLICY_QUARANTINE: 'fail quarantine',
  DMARC_POLICY_SOFTFAIL: 'fail none',
  DMARC_NA: 'none',
  DMARC_BAD_POLICY: 'permerror',
  DMARC_DNSFAIL: 'temperror',
};
const arcResults: Readonly<Record<string, string>> = {
  ARC_ALLOW: 'pass',
  ARC_REJECT: 'fail',
  ARC_INVALID: 'fail',
  ARC_DNSFAIL: 'temperror',
  ARC_NA: 'none',
};
const dkimResults: Readonly<Record<string, string>> = {
  R_DKIM_ALLOW: 'pass',
  R_DKIM_REJECT: 'fail',
  R_DKIM_PERMFAIL: 'permerror',
  R_DKIM_TEMPFAIL: 'temperror',
};

function verdictOf(symbols: Symbols): Verdict {
  return {
    dkim: resultOf(symbols, dkimResults),
    spf: resultOf(symbols, spfResults),
    dmarc: resultOf(symbols, dmarcResults),
    arc: resultOf(symbols, arcResults),
  };
}

function resultOf(symbols: Symbols, results: Readonly<Record<string, string>>): string {
  return together(
    Object.entries(results)
      .filter(([name]) => name in symbols)
      .map(([, result]) => result),
  );
}
