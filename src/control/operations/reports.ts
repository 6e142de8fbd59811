// The operations about reports to other domains: what became of each, what is in one, and to send one now.

import { z } from 'zod';
import { reportKinds, type ReportName } from '../../reports/report.ts';
import { text } from './common.ts';

/** A report, with what became of it. */
export interface ShownReport extends ReportName {
  /** `counting`: its day is not over. `due`: it is sent at `atMs`. `off`: reports of its kind are not sent. Others as in the ledger. */
  readonly state: 'counting' | 'due' | 'off' | 'sent' | 'unwanted' | 'failed' | 'waiting';
  readonly destinations: readonly {
    readonly uri: string;
    readonly state: 'sent' | 'waiting' | 'failed';
    readonly detail: string;
  }[];
  readonly attempts: number;
  /** Unix ms: of the next attempt, or of the last one when there is no next. */
  readonly atMs: number;
  readonly reason: string;
}

const name = {
  kind: z.enum(reportKinds),
  /** In lower-case A-labels. */
  domain: text.min(1),
  day: z.iso.date(),
};

const shown: z.ZodType<ShownReport> = z.object({
  ...name,
  state: z.enum(['counting', 'due', 'off', 'sent', 'unwanted', 'failed', 'waiting']),
  destinations: z.array(
    z.object({ uri: z.string(), state: z.enum(['sent', 'waiting', 'failed']), detail: z.string() }),
  ),
  attempts: z.number(),
  atMs: z.number(),
  reason: z.string(),
});

export interface ReportsQuestion {
  /** At most so many, the newest days first. */
  readonly most: number;
}

export interface ReportsAnswer {
  readonly reports: readonly ShownReport[];
  readonly total: number;
}

const question: z.ZodType<ReportsQuestion> = z.strictObject({ most: z.int().min(1) });
const answer: z.ZodType<ReportsAnswer> = z.object({ reports: z.array(shown), total: z.number() });
export const listReports = { role: 'read' as const, question, answer };

const oneReport: z.ZodType<ReportName> = z.strictObject(name);

/** The report as text, JSON or XML; null: there is nothing to report. */
export const showReport = { role: 'read' as const, question: oneReport, answer: z.string().nullable() };

/** Null: there is nothing to report, or its day is not over. */
export const sendReport = { role: 'change' as const, question: oneReport, answer: shown.nullable() };
