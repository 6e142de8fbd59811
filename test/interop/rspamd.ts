// `npm run test:rspamd`: verifies a corpus of messages with Sluice and with rspamd (Debian: rspamd), over the same DNS, and compares what the two say
// by SPF, DKIM, DMARC and ARC. Fails at a difference whose reason is not known. `--all` prints every verdict.

import { startDnsServer } from '../../sim/dns/dns-server.ts';
import { Ground } from '../../sim/neighbours/ground.ts';
import { arcCorpus, sealer } from './rspamd/arc-corpus.ts';
import type { CorpusMessage, Method, Verdict } from './rspamd/case.ts';
import { dkimCorpus } from './rspamd/dkim-corpus.ts';
import { dmarcCorpus } from './rspamd/dmarc-corpus.ts';
import { type KnownDifference, knownDifferences } from './rspamd/known-differences.ts';
import { Scanner, withoutRspamd } from './rspamd/scanner.ts';
import { spfCorpus } from './rspamd/spf-corpus.ts';
import { VerifyingSluice } from './rspamd/verifier.ts';

const methods: readonly Method[] = ['dkim', 'spf', 'dmarc', 'arc'];
const parts = [dkimCorpus(), spfCorpus(), dmarcCorpus(), arcCorpus()];
const messages: readonly CorpusMessage[] = parts.flatMap((part) => part.messages);
const zone = Object.assign({}, ...parts.map((part) => part.zone));

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** The known differences that were met. */
const met = new Set<KnownDifference>();

/** @returns how many differences have no known reason */
function compare({ name }: CorpusMessage, ours: Verdict, theirs: Verdict): number {
  let faults = 0;
  for (const method of methods) {
    if (ours[method] === theirs[method]) continue;
    const known = knownDifferences.find((each) => each.method === method && each.messages.test(name));
    if (known !== undefined) {
      met.add(known);
      continue;
    }
    faults++;
    print(`${name}: ${method} differs: Sluice "${ours[method]}", rspamd "${theirs[method]}"`);
  }
  return faults;
}

async function test(ground: Ground): Promise<void> {
  const dns = await startDnsServer({ zone });
  ground.atEnd(() => dns.close());
  const scanner = await Scanner.start(ground, dns.port);
  const sluice = await VerifyingSluice.start(ground, dns.port, [sealer]);
  const ours = await sluice.verify(messages);
  let faults = 0;
  for (const [at, message] of messages.entries()) {
    const theirs = await scanner.scan(message);
    const own = ours[at]!;
    if (process.argv.includes('--all'))
      print(`${message.name}\n  Sluice ${JSON.stringify(own)}\n  rspamd ${JSON.stringify(theirs)}`);
    faults += compare(message, own, theirs);
  }
  for (const { messages: which, method, why } of knownDifferences.filter((each) => !met.has(each))) {
    faults++;
    print(`known differences that are none: ${method} of ${which.source} (${why})`);
  }
  print(`${messages.length} messages, ${met.size} kinds of known differences, ${faults} faults`);
  if (faults > 0) process.exitCode = 1;
}

const missing = withoutRspamd();
if (missing !== false) {
  process.stderr.write(`${missing}\n`);
  process.exitCode = 1;
} else {
  const ground = new Ground('sluice-rspamd-');
  try {
    await test(ground);
  } catch (error) {
    ground.lastWords((line) => process.stderr.write(`${line}\n`));
    throw error;
  } finally {
    await ground.end();
  }
}
