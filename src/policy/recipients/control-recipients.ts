// One file control/recipients of s/qmail that is in use: it is read again when it has changed, and so are the databases that it names; its
// programs run within bounds.

import { resolve } from 'node:path';
import { openTable } from '../../table/open-table.ts';
import { allFailing, type Table } from '../../table/table.ts';
import { Tables, type TablesParts } from '../../table/tables.ts';
import { FollowedFile } from '../followed-file.ts';
import { type ControlAsked, type ControlLine, parseRecipientsControl } from './control-file.ts';
import { ControlSource } from './control-source.ts';
import { ProgramTable, type ProgramTableParts } from '../../table/program-table.ts';
import type { AskedRecipient, RecipientAnswer, RecipientSource } from './recipient-source.ts';
import { SourceReports, type SourceReportsParts } from './source-reports.ts';

/** Some ten thousand lines. */
const mostFileBytes = 1024 * 1024;
/** The file is looked at no more often. */
const lookEveryMs = 1000;

export interface ControlRecipientsParts {
  readonly path: string;
  /** Where relative paths begin, and programs are run. */
  readonly home: string;
  readonly separators: string;
  /** For all programs of the file. */
  readonly programs: Pick<
    ProgramTableParts,
    'environment' | 'timeLimitMs' | 'keepMs' | 'places' | 'nowMs' | 'complain'
  >;
  readonly tables: TablesParts;
  readonly reports: SourceReportsParts;
}

export class ControlRecipients implements RecipientSource {
  readonly isCostly = true;
  readonly #parts: ControlRecipientsParts;
  readonly #reports: SourceReports;
  readonly #tables: Tables;
  readonly #programs = new Map<string, ProgramTable>();
  readonly #source: ControlSource;

  constructor(parts: ControlRecipientsParts) {
    const { path, separators, programs, tables, reports } = parts;
    this.#parts = parts;
    this.#reports = new SourceReports(reports, path, 'Correct the file; it is read again by itself.');
    this.#tables = new Tables(tables, openTable);
    const file = new FollowedFile({
      path,
      mostBytes: mostFileBytes,
      lookEveryMs,
      parse: (text) => this.#use(parseRecipientsControl(text)),
      nowMs: programs.nowMs,
    });
    this.#source = new ControlSource({
      lines: () => file.content(),
      tableOf: (asked) => this.#tableOf(asked),
      separators,
      told: (failure) => {
        if (failure === undefined) this.#reports.worked();
        else this.#reports.failed(`${failure}. Meanwhile recipients are answered with temporary errors.`);
      },
    });
  }

  find(recipient: AskedRecipient): RecipientAnswer | Promise<RecipientAnswer> {
    return this.#source.find(recipient);
  }

  /** Those who still ask are answered that it cannot tell. */
  async close(): Promise<void> {
    this.#reports.close();
    await this.#tables.close();
  }

  /** The file has changed. */
  #use(lines: readonly ControlLine[]): readonly ControlLine[] {
    const paths = lines.flatMap((line) =>
      'asked' in line && line.asked.kind === 'cdb' ? [this.#pathOf(line.asked.path)] : [],
    );
    this.#tables.configure([...new Set(paths)].map((path) => ({ name: path, path, kind: 'cdb' })));
    this.#programs.clear();
    return lines;
  }

  #tableOf(asked: ControlAsked): Table {
    if (asked.kind === 'program') return this.#programOf(asked.command);
    const path = this.#pathOf(asked.path);
    return this.#tables.get(path) ?? notOpen(path);
  }

  #pathOf(path: string): string {
    return resolve(this.#parts.home, path);
  }

  #programOf(command: readonly string[]): ProgramTable {
    const name = command.join(' ');
    let table = this.#programs.get(name);
    if (table === undefined) {
      const { home: folder, programs } = this.#parts;
      const complain = (line: string): void => programs.complain(`${name}: ${line}`);
      table = new ProgramTable({ ...programs, command, folder, complain, input3: mailboxInput, readExit });
      this.#programs.set(name, table);
    }
    return table;
  }
}

/** The form of checkpassword, without a password and a time. */
function mailboxInput(mailbox: string): Uint8Array {
  return Buffer.from(`${mailbox}\0\0\0`);
}

/** 2: it was called in a wrong way; 126 and 127: a shell could not run something. s/qmail takes all but 0 and 111 for an unknown recipient. */
const cannotTell: ReadonlySet<number> = new Set([2, 111, 126, 127]);

function readExit(code: number): boolean | undefined {
  return cannotTell.has(code) ? undefined : code === 0;
}

function notOpen(path: string): Table {
  return { name: path, lookup: (keys) => allFailing(keys, `${path} is not open`) };
}
