// `npm run bench:held`: connections that are held open, by Sluice with several sender processes and by Postfix with a process
// for each connection, in one run: how many each can hold, and the memory and CPU that they take.

import { parseArgs } from 'node:util';
import { freePort, Ground } from '../sim/neighbours/ground.ts';
import { withoutPostfix } from '../sim/neighbours/postfix.ts';
import { hold, type Held } from './held/hold.ts';
import { heldText } from './held/print.ts';
import { startSinks } from './held/sinks.ts';
import { startHoldingPostfix, startHoldingSluice } from './held/systems.ts';

const help = `npm run bench:held -- [options]
  --connections N   that Sluice is to hold (60000)
  --senders N       its sender processes (4)
  --postfix N       connections that Postfix is to hold; 0 leaves it out (300)
  --limit SECONDS   how long reaching them may take (300)
  --node-options O  for Sluice's processes
  --json            one JSON object
`;

const { values } = parseArgs({
  options: {
    connections: { type: 'string', default: '60000' },
    senders: { type: 'string', default: '4' },
    postfix: { type: 'string', default: '300' },
    limit: { type: 'string', default: '300' },
    'node-options': { type: 'string', default: '' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

/** Connections that one process of the destinations can carry with the usual limit of open files. */
const sinkConnections = 15_000;
const limitMs = Number(values.limit) * 1000;

async function inGround<T>(work: (ground: Ground) => Promise<T>): Promise<T> {
  const ground = new Ground('sluice-held-');
  try {
    return await work(ground);
  } catch (error) {
    ground.lastWords((line) => process.stderr.write(`${line}\n`));
    throw error;
  } finally {
    await ground.end();
  }
}

async function holdWithSluice(connections: number): Promise<Held> {
  return inGround(async (ground) => {
    const sinks = await startSinks(ground, Math.ceil(connections / sinkConnections), await freePort());
    const options = values['node-options'];
    const sluice = await startHoldingSluice(ground, sinks, {
      connections,
      senders: Number(values.senders),
      env: options === '' ? {} : { NODE_OPTIONS: options },
    });
    const held = await hold(sluice, sinks, { connections, limitMs, measureIdle: true, restMs: 2_000 });
    // QUIT on all connections would take longer than the grace of a stop, so their other ends go first.
    await sinks.stop();
    await sluice.stop();
    return held;
  });
}

async function holdWithPostfix(connections: number): Promise<Held> {
  return inGround(async (ground) => {
    const sinks = await startSinks(ground, 1, await freePort());
    const postfix = await startHoldingPostfix(ground, sinks, connections);
    const held = await hold(postfix, sinks, { connections, limitMs, measureIdle: false, restMs: 2_000 });
    await postfix.stop();
    return held;
  });
}

if (values.help) {
  process.stdout.write(help);
} else {
  const withPostfix = Number(values.postfix);
  const missing = withPostfix > 0 && withoutPostfix();
  if (missing) throw new Error(`${missing}; leave it out with --postfix 0`);
  const postfix = withPostfix > 0 ? await holdWithPostfix(withPostfix) : null;
  const sluice = await holdWithSluice(Number(values.connections));
  process.stdout.write(values.json ? `${JSON.stringify({ sluice, postfix })}\n` : heldText(sluice, postfix));
}
