// What taps are in force, for the log: a line at the start for each, and one for each change after that. Promises: what did not change has no line, and
// a line is of bounded length.

import { createHash } from 'node:crypto';
import type { LogFields } from '../../log/event.ts';
import type { Events } from '../../log/events.ts';
import type { FileChange } from '../followed-file.ts';
import type { TapRules } from './tap-rules.ts';

/** Lines of a file that are shown in one line of the log. */
const mostShown = 50;

/** Where a change comes from. */
export interface TapOrigin {
  /** The file that was changed. */
  readonly file: string;
  /** The number of the user that it belongs to; undefined: there is no file. */
  readonly owner: number | undefined;
  /** Unix ms. */
  readonly modifiedAtMs: number | undefined;
}

export class TapAudit {
  readonly #events: Pick<Events, 'happened'>;
  /** Taps of the configuration, by name; undefined before the first. */
  #taps: ReadonlyMap<string, string> | undefined;

  constructor(events: Pick<Events, 'happened'>) {
    this.#events = events;
  }

  /** @param taps - what each tap of the configuration says, by its name */
  configured(taps: ReadonlyMap<string, string>, origin: TapOrigin): void {
    const before = this.#taps;
    this.#taps = taps;
    const how = before === undefined ? 'start' : 'reload';
    for (const name of new Set([...(before?.keys() ?? []), ...taps.keys()])) {
      const [was, is] = [before?.get(name), taps.get(name)];
      if (was === is) continue;
      this.#tell({ how, tap: name, ...originFields(origin), ...changeOf(listOf(was), listOf(is)) });
    }
  }

  /** A file of taps was read. */
  fileRead(file: string, { content, before, text, owner, modifiedAtMs }: FileChange<TapRules>): void {
    const how = before === undefined ? 'start' : 'file';
    const change = changeOf(linesOf(before), linesOf(content));
    this.#tell({
      how,
      ...originFields({ file, owner, modifiedAtMs }),
      lines: content.count,
      digest: createHash('sha256').update(text).digest('hex'),
      // At the start everything would be new: the digest says whether it is as before.
      ...(before !== undefined && change),
    });
  }

  #tell(fields: Parameters<typeof happenedFields>[0]): void {
    this.#events.happened('tapsChanged', happenedFields(fields));
  }
}

function happenedFields<Fields extends TapsChanged>(fields: Fields): TapsChanged {
  return fields;
}

interface TapsChanged extends LogFields {
  readonly how: 'start' | 'reload' | 'file';
  readonly tap?: string | undefined;
  readonly file: string;
  readonly owner?: number | undefined;
  readonly modified?: string | undefined;
  readonly lines?: number | undefined;
  readonly digest?: string | undefined;
  readonly added?: readonly string[] | undefined;
  readonly removed?: readonly string[] | undefined;
  readonly moreAdded?: number | undefined;
  readonly moreRemoved?: number | undefined;
}

function originFields({
  file,
  owner,
  modifiedAtMs,
}: TapOrigin): Pick<TapsChanged, 'file' | 'owner' | 'modified'> {
  const modified = modifiedAtMs === undefined ? undefined : new Date(modifiedAtMs).toISOString();
  return { file, owner, modified };
}

function listOf(text: string | undefined): readonly string[] {
  return text === undefined ? [] : [text];
}

/** Without their numbers: a line that has moved is the same. */
function linesOf(rules: TapRules | undefined): readonly string[] {
  return rules?.texts.map((text) => text.replace(/^line \d+: /, '')) ?? [];
}

function changeOf(
  before: readonly string[],
  after: readonly string[],
): Pick<TapsChanged, 'added' | 'removed' | 'moreAdded' | 'moreRemoved'> {
  const added = without(after, before);
  const removed = without(before, after);
  return {
    added: added.length === 0 ? undefined : added.slice(0, mostShown),
    removed: removed.length === 0 ? undefined : removed.slice(0, mostShown),
    moreAdded: added.length > mostShown ? added.length - mostShown : undefined,
    moreRemoved: removed.length > mostShown ? removed.length - mostShown : undefined,
  };
}

/** Those that the others have not, as often as they have them not. */
function without(texts: readonly string[], others: readonly string[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const text of others) counts.set(text, (counts.get(text) ?? 0) + 1);
  return texts.filter((text) => {
    const count = counts.get(text) ?? 0;
    counts.set(text, count - 1);
    return count <= 0;
  });
}
