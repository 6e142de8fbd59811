// The files of a damaged spool that may have mail: segments by their names, and stray files that begin like one. A folder or file
// that cannot be read is told, and the rescue goes on with the others.

import { basename } from 'node:path';
import type { FileLayer } from '../file-layer.ts';
import { indexPath, segmentPath, type SpoolLayout } from '../segments/layout.ts';
import { type IndexContents, readIndex } from '../segments/segment-index.ts';
import { parseSegmentName, segmentName } from '../queue-id.ts';
import { systemCode } from '../spool-error.ts';
import type { RescueFinding } from './rescue-report.ts';
import { headerOf } from './segment-tag.ts';

/** A file that may be a segment. */
export interface Source {
  readonly path: string;
  /** How the report calls it. */
  readonly name: string;
  readonly id: number;
  /** False: only its index is left. */
  readonly hasFile: boolean;
}

export class RescueSources {
  readonly #files: FileLayer;
  readonly #layout: SpoolLayout;
  readonly #report: (finding: RescueFinding) => void;

  constructor(files: FileLayer, layout: SpoolLayout, report: (finding: RescueFinding) => void) {
    this.#files = files;
    this.#layout = layout;
    this.#report = report;
  }

  /** The names in a folder; none when it cannot be read, which is told. */
  async names(folder: string): Promise<readonly string[]> {
    try {
      return await this.#files.readdir(folder);
    } catch (error) {
      const why = `the folder cannot be read: ${error instanceof Error ? error.message : String(error)}`;
      this.#report({ kind: 'file', file: basename(folder), why });
      return [];
    }
  }

  /**
   * Files that may be segments, oldest first.
   * @param also - paths of stray files
   */
  async list(also: readonly string[]): Promise<readonly Source[]> {
    const found = new Map<string, Source>();
    for (const name of (await this.names(this.#layout.segments)).toSorted()) {
      const id = parseSegmentName(name.replace(/\.index$/, ''));
      if (id < 0) continue;
      const path = segmentPath(this.#layout, id);
      const hasFile = !name.endsWith('.index');
      if (hasFile || !found.has(path))
        found.set(path, { path, name: `segments/${segmentName(id)}`, id, hasFile });
    }
    for (const path of also) {
      const id = await this.#idIn(path);
      if (id >= 0) found.set(path, { path, name: path, id, hasFile: true });
      else this.#report({ kind: 'file', file: path, why: 'it does not begin like a segment' });
    }
    return [...found.values()].toSorted((a, b) => a.id - b.id);
  }

  /** The id in the header of a stray file; -1 when it has none. */
  async #idIn(path: string): Promise<number> {
    const fd = await this.#files.open(path, 'r').catch(() => undefined);
    if (fd === undefined) return -1;
    try {
      return (await headerOf(this.#files, fd))?.id ?? -1;
    } finally {
      await this.#files.close(fd);
    }
  }

  /** Undefined when it cannot be opened, which is told. */
  async open(source: Source): Promise<number | undefined> {
    try {
      return await this.#files.open(source.path, 'r');
    } catch (error) {
      const why = `it cannot be opened: ${error instanceof Error ? error.message : String(error)}`;
      this.#report({ kind: 'file', file: source.name, why });
      return undefined;
    }
  }

  /** Undefined without an index; a damaged one has the entries that are whole. */
  async index({ id, name, path }: Source): Promise<IndexContents | undefined> {
    const file = path === segmentPath(this.#layout, id) ? indexPath(this.#layout, id) : `${path}.index`;
    try {
      const index = await readIndex(this.#files, file, id);
      if (!index.isWhole) {
        const why = `the index is damaged; ${index.records.length} of its entries can be read`;
        this.#report({ kind: 'file', file: `${name}.index`, why });
      }
      return index;
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return undefined;
      const why = `the index cannot be read: ${error instanceof Error ? error.message : String(error)}`;
      this.#report({ kind: 'file', file: `${name}.index`, why });
      return undefined;
    }
  }
}
