// The new spool that a rescue writes: each rescued record goes to a segment with the id of the one it came from, so that no id
// is used twice later on, and large messages keep their files.

import { readUpTo } from '../file-io.ts';
import { prepareDirectory } from '../segments/directory.ts';
import { largePath, type SpoolLayout } from '../segments/layout.ts';
import { headerBytes, headQueueId, kindLarge } from '../segments/record.ts';
import { type NewRecord, SegmentFile } from '../segments/segment-file.ts';
import type { FoundRecord } from '../segments/segment-index.ts';
import { slotCount, slotOf } from '../queue-id.ts';
import { type CopyPlace, copyFile } from './copied-file.ts';
import { writing } from './copy-error.ts';

/** Records are written and synced together up to this size. */
const groupBytes = 4 * 1024 * 1024;

export class RescuedSpool {
  readonly layout: SpoolLayout;
  readonly #place: CopyPlace;
  #segment: SegmentFile | undefined;
  #group: NewRecord[] = [];
  #bytes = 0;

  private constructor(place: CopyPlace, layout: SpoolLayout) {
    this.#place = place;
    this.layout = layout;
  }

  static async make(place: CopyPlace, layout: SpoolLayout): Promise<RescuedSpool> {
    await writing(place.folder, prepareDirectory(place.files, layout, 0));
    return new RescuedSpool(place, layout);
  }

  /** Begins the segment with this id; `add` adds to it. */
  async begin(id: number): Promise<void> {
    await this.end();
    const options = { slot: slotOf(id), epoch: 0, longLived: false, sync: 'fdatasync' } as const;
    const created = SegmentFile.create(this.#place.files, this.layout, id - slotCount, 0, options);
    this.#segment = await writing(this.#place.folder, created);
  }

  /**
   * Adds a record whose content has been verified.
   * @param fd - of the segment that has it
   * @param large - path of its large file, which has been verified
   */
  async add(fd: number, { at, bytes, head, offset }: FoundRecord, large: string | undefined): Promise<void> {
    const { files } = this.#place;
    const content = Buffer.allocUnsafe(head.contentLength);
    await readUpTo(files, fd, content, content.length, offset + headerBytes + head.envelopeLength);
    if (head.kind === kindLarge && large !== undefined) {
      await copyFile(this.#place, large, largePath(this.layout, headQueueId(head)));
    }
    // Writing a record completes its head with the numbers of its new segment.
    const own = Buffer.from(bytes.subarray(at, at + headerBytes + head.envelopeLength));
    this.#group.push({ head: own, content: [content], length: head.length });
    this.#bytes += head.length;
    await this.#place.pace.took(head.length);
    if (this.#bytes >= groupBytes) await this.#write();
  }

  async #write(): Promise<void> {
    const group = this.#group;
    this.#group = [];
    this.#bytes = 0;
    if (group.length > 0 && this.#segment !== undefined) {
      await writing(this.#place.folder, this.#segment.append(group));
    }
  }

  /** Seals the segment. */
  async end(): Promise<void> {
    await this.#write();
    await this.#segment?.seal();
    this.#segment = undefined;
  }
}
