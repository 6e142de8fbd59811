// The fragment of the configuration that a queue of the list has: conf.d/qmq-ID-NAME.toml. Pure. Promise: a file that somebody has changed since
// it was made is known as such.

import { createHash } from 'node:crypto';

import type { QmqInstance } from './read-instances.ts';

export interface FragmentSettings {
  readonly concurrency: number | undefined;
  /** As in the configuration: `24h`. */
  readonly lifetime: string | undefined;
  readonly basePort: number | undefined;
  /** Where stores are kept; undefined: where Sluice keeps them. */
  readonly folder: string | undefined;
  /** Has the configuration a [[source]] with this address already? */
  readonly hasSource: (ip: string) => boolean;
}

export function fragmentName({ id, name }: QmqInstance): string {
  return `qmq-${id}-${name}.toml`;
}

/** The port of its listener; undefined: it has none. */
export function portOf({ id }: QmqInstance, basePort: number | undefined): number | undefined {
  return basePort === undefined ? undefined : basePort + Number(id);
}

export function fragmentText(instance: QmqInstance, settings: FragmentSettings): string {
  const body = bodyOf(instance, settings);
  return `${headOf(body)}\n${body}`;
}

/** Is it as it was made? */
export function isAsMade(text: string): boolean {
  const end = text.indexOf('\n');
  return end !== -1 && text.slice(0, end) === headOf(text.slice(end + 1));
}

function headOf(body: string): string {
  const digest = createHash('sha256').update(body).digest('hex').slice(0, 16);
  return `# Made by "sluice qmq" (${digest}). A file that is changed by hand is left alone.`;
}

function bodyOf(
  instance: QmqInstance,
  { concurrency, lifetime, basePort, folder, hasSource }: FragmentSettings,
): string {
  const { name, ip } = instance;
  const port = portOf(instance, basePort);
  const listen = `127.0.0.1:${port}`;
  const parts = [
    table(`[queues.${name}]`, {
      stopped: true,
      path: folder === undefined ? undefined : `${folder}/${name}`,
      lifetime,
      max_connections: concurrency,
      source: ip === undefined ? undefined : [ip],
    }),
  ];
  if (ip !== undefined && !hasSource(ip)) parts.push(table('[[source]]', { address: ip }));
  if (port !== undefined) parts.push(table('[[listen]]', { address: listen }));
  const assignment = assignmentOf(instance, port === undefined ? undefined : [listen]);
  if (assignment !== undefined) parts.push(table('[[assignment]]', { queue: name, ...assignment }));
  else parts.push(hintOf(name));
  return parts.join('\n');
}

/** Whose mail it gets: of a bounce queue, reports; of others, what comes in at its port. */
function assignmentOf({ name }: QmqInstance, listen: readonly string[] | undefined): Values | undefined {
  if (/^bounces?$/iu.test(name)) return { reports: true };
  return listen === undefined ? undefined : { listen };
}

function hintOf(name: string): string {
  if (/^spam$/iu.test(name))
    return `# [[assignment]]\n# queue = "${name}"\n# results = ["rspamd.verdict=spam"]   # STAGE.KEY=VALUE\n`;
  if (/^backup$/iu.test(name))
    return `# Mail gets here by "sluice divert add --to ${name}", and by [[diversion]].\n`;
  return `# [[assignment]]\n# queue = "${name}"\n# domain = ["example.com"]   # or tenant, sender, client, user, listen\n`;
}

type Value = string | number | boolean | readonly string[] | undefined;
type Values = Readonly<Record<string, Value>>;

/** JSON's texts, numbers and lists of texts are those of TOML, too. */
function table(head: string, values: Values): string {
  const lines = Object.entries(values).flatMap(([key, value]) =>
    value === undefined ? [] : [`${key} = ${JSON.stringify(value)}\n`],
  );
  return `${head}\n${lines.join('')}`;
}
