// The tables of one stage: those of each place, in the order in which they are asked.

import { inSlices } from '../../io/slices.ts';
import type { CheckFileName } from '../../values/check-file-name.ts';
import { FollowedFile } from '../followed-file.ts';
import { checkTableOf } from './check-file.ts';
import { type CheckAction, CheckedLine, type CheckPlace, checkPlaces, type CheckTable } from './types.ts';

/** Some ten thousand rules. */
export const mostCheckFileBytes = 16 * 1024 * 1024;

export type CheckFilePlaces = Readonly<Record<CheckPlace, readonly CheckFileName[]>>;

/** The tables as they are now. */
export interface ReadTables {
  has(place: CheckPlace): boolean;
  /** What the first table says that says anything. */
  find(place: CheckPlace, text: string): CheckAction | undefined;
}

/** @throws {Error} with a clause that names the line */
export async function readCheckTable(
  text: string,
  { type, path }: CheckFileName,
  routes: ReadonlySet<string>,
): Promise<CheckTable> {
  const { RE2JS: re2 } = await import('re2js');
  const name = path.slice(path.lastIndexOf('/') + 1);
  return inSlices(checkTableOf(text, { type, name, routes, re2 }));
}

export class CheckTables {
  readonly #files: Readonly<Record<CheckPlace, readonly FollowedFile<CheckTable>[]>>;

  constructor(places: CheckFilePlaces, routes: ReadonlySet<string>) {
    const known = new Map<string, FollowedFile<CheckTable>>();
    const fileOf = (place: CheckFileName): FollowedFile<CheckTable> => {
      const key = `${place.type}:${place.path}`;
      let file = known.get(key);
      if (file === undefined) {
        file = new FollowedFile({
          path: place.path,
          mostBytes: mostCheckFileBytes,
          lookEveryMs: 1000,
          parse: (text) => readCheckTable(text, place, routes),
          nowMs: () => performance.now(),
        });
        known.set(key, file);
      }
      return file;
    };
    const { header, mime, nested, body } = places;
    this.#files = {
      header: header.map(fileOf),
      mime: mime.map(fileOf),
      nested: nested.map(fileOf),
      body: body.map(fileOf),
    };
  }

  has(place: CheckPlace): boolean {
    return this.#files[place].length > 0;
  }

  /** @throws {Error} with a clause, when one of them cannot be read or understood */
  read(): ReadTables | Promise<ReadTables> {
    const contents = checkPlaces.map((place) => this.#files[place].map((file) => file.content()));
    return contents.flat().some((content) => content instanceof Promise)
      ? Promise.all(contents.map((each) => Promise.all(each))).then(readTables)
      : readTables(contents as CheckTable[][]);
  }
}

/** @param all - in the order of `checkPlaces` */
function readTables(all: readonly (readonly CheckTable[])[]): ReadTables {
  const tables = new Map(checkPlaces.map((place, at) => [place, all[at] ?? []]));
  return {
    has: (place) => (tables.get(place)?.length ?? 0) > 0,
    find: (place, text) => {
      const line = new CheckedLine(text);
      for (const table of tables.get(place) ?? []) {
        const action = table.find(line);
        if (action !== undefined) return action;
      }
      return undefined;
    },
  };
}
