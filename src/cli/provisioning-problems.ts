// Records in the table of [provisioning] that cannot be used, for `sluice check`: mail for their domains would be answered 451.

import { open } from 'node:fs/promises';
import type { Config } from '../config/config.ts';
import type { ConfigWarning } from '../config/read/config-warning.ts';
import { editableForms } from '../table/alias-lines.ts';
import { readRecords } from '../table/cdb/all-records.ts';
import { TableError } from '../table/table-error.ts';
import { readEntries, type TakeEntry } from '../table/text-entries.ts';
import { recordFault } from './record-fault.ts';

/** More are counted. */
const mostShown = 20;

/** Reads the table once. What cannot be read at all is told with the table. */
export async function provisioningProblems(config: Config): Promise<ConfigWarning[]> {
  const settings = config.table.find(({ name }) => name === config.provisioning.table);
  if (settings === undefined) return [];
  const { path: file } = settings;
  const path = ['provisioning', 'table'];
  const messages: string[] = [];
  for (const [name, { text, line }] of await recordsOf(settings)) {
    const why = recordFault(config, name, text);
    if (why === undefined) continue;
    const place = line === undefined ? file : `${file}, line ${line}`;
    messages.push(
      `${place}: the record of ${name} cannot be used, and its mail is answered 451: ${why}; correct it, or take it back with "sluice provision unset ${name}"`,
    );
  }
  const more = messages.length - mostShown;
  return [
    ...messages.slice(0, mostShown).map((message) => ({ path, message })),
    ...(more > 0 ? [{ path, message: `${file}: ${more} more records like these` }] : []),
  ];
}

interface PlacedRecord {
  readonly text: string;
  /** The first one; undefined where the file has no lines. */
  readonly line: number | undefined;
}

/** By the key. Of tables that are asked by a query, nobody knows the keys. */
async function recordsOf({
  kind,
  path,
}: Config['table'][number]): Promise<ReadonlyMap<string, PlacedRecord>> {
  const found = new Map<string, PlacedRecord>();
  const take = (key: Buffer, value: Buffer, line?: number): void => {
    const name = key.toString();
    const before = found.get(name);
    const text = before === undefined ? value.toString() : `${before.text} ${value.toString()}`;
    found.set(name, { text, line: before?.line ?? line });
  };
  if (kind !== 'key-value' && kind !== 'aliases' && kind !== 'cdb') return found;
  try {
    const handle = await open(path);
    try {
      if (kind === 'cdb') await readRecords(handle, take);
      else await readEntries(handle, editableForms[kind], take satisfies TakeEntry, () => undefined);
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (!(error instanceof TableError) && (error as NodeJS.ErrnoException).syscall === undefined) throw error;
  }
  return found;
}
