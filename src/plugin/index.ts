// `sluice/plugin`: what authors of plugins import. docs/plugins.md tells how to write one.

export { goOn } from '../policy/stage.ts';
export type {
  BodyFacts,
  ClientFacts,
  Edit,
  HeaderFacts,
  MailFacts,
  RcptFacts,
  RecipientFacts,
  SessionFacts,
  StageResult,
  TransactionFacts,
  Verdict,
} from '../policy/stage.ts';
export { listedName, networkAround } from './addresses.ts';
export * from './delivery-answers.ts';
export type * from './delivery-types.ts';
export * from './edits.ts';
export * from './options.ts';
export { plugin } from './plugin.ts';
export type * from './types.ts';
export * from './verdicts.ts';
