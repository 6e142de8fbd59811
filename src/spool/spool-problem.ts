// What is wrong with a spool, or with a message in it, as recovery and maintenance find it.

/** A problem in the spool, found by recovery, maintenance or `sluice spool check`. */
export interface SpoolProblem {
  /**
   * - `segment`, `journal`, `index`, `holds`, `format`: this file is damaged or missing
   * - `torn`: the end of a file is not readable: a crash cut it off before it was acknowledged, or it is damaged
   * - `content`: a message is damaged
   * - `missing`: a message, or the file of a large message, is missing
   * - `orphan`: a large file belongs to no message
   * - `unwritten`: the file `holds` could not be written
   * - `doubt`: it is unknown which messages were held, so all are held
   * - `aside`: a damaged file is kept in the folder `damaged`
   */
  readonly kind:
    | 'segment'
    | 'journal'
    | 'torn'
    | 'index'
    | 'content'
    | 'missing'
    | 'orphan'
    | 'holds'
    | 'unwritten'
    | 'doubt'
    | 'format'
    | 'aside';
  /** The segment, journal file or queue id concerned. */
  readonly place: string;
  readonly text: string;
  /** The message concerned, as far as it is known. */
  readonly message?: DamagedMessage | undefined;
}

/** A message that cannot be delivered because its stored form is damaged. */
export interface DamagedMessage {
  readonly queueId: string;
  /** Empty for the null reverse-path. */
  readonly reversePath: string;
  /** The recipients that still wait. */
  readonly recipients: readonly string[];
}
