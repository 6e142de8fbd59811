// All operations, by name. To add one: declare it in a file of this folder, name it here, and answer it where the compiler
// then reports that the answer is missing.

import { confirmClock } from './clock.ts';
import { checkUserPassword, findUser, liftBans, listBans } from './directory.ts';
import { changePassword, setPassword } from './passwords.ts';
import { crashTest } from './crash-test.ts';
import { askByEtrn } from './etrn.ts';
import { addDiversion, endDiversions, listDiversions } from './diversions.ts';
import { explain } from './explain.ts';
import {
  allowInGreylist,
  forgetInGreylist,
  greylistStats,
  listGreylist,
  listGreylistNetworks,
} from './greylist.ts';
import { limits } from './limits.ts';
import { reopenLog } from './log.ts';
import type { OperationSet, RightsOf, TypesOf } from './operation.ts';
import { listOverrides, setOverrides, unsetOverrides } from './overrides.ts';
import { cancelJob, changeQueue, listJobs } from './queue-change.ts';
import { readContent } from './queue-content.ts';
import { listQueue } from './queue-list.ts';
import { examine, page, ping } from './queue-pages.ts';
import { setQueueState } from './queue-state.ts';
import { listRates, resetRates } from './rates.ts';
import { reload } from './reload.ts';
import { listReports, sendReport, showReport } from './reports.ts';
import { explainSender, listSending, resetSending } from './sending.ts';
import { numbers, status } from './status.ts';
import { srsSender } from './srs.ts';
import { explainStages } from './stages.ts';
import { sts } from './sts.ts';
import { tls } from './tls.ts';
import { tryMail, tryPiece, tryPolicy } from './trial.ts';

/** The manager answers these itself, and the control process passes them on as they are. */
const passedOn = {
  explain,
  limits,
  'override.list': listOverrides,
  'override.set': setOverrides,
  'override.unset': unsetOverrides,
  'divert.add': addDiversion,
  'divert.list': listDiversions,
  'divert.end': endDiversions,
  'clock.confirm': confirmClock,
  'queue.change': changeQueue,
  'queue.etrn': askByEtrn,
  'job.list': listJobs,
  'job.cancel': cancelJob,
  'tls.sts': sts,
  'srs.sender': srsSender,
  'reports.list': listReports,
  'reports.show': showReport,
  'reports.send': sendReport,
  'sending.list': listSending,
  'sending.reset': resetSending,
  'sending.explain': explainSender,
  'policy.stages': explainStages,
  'greylist.list': listGreylist,
  'greylist.networks': listGreylistNetworks,
  'greylist.stats': greylistStats,
  'greylist.allow': allowInGreylist,
  'greylist.forget': forgetInGreylist,
  'rates.list': listRates,
  'rates.reset': resetRates,
};

const control = {
  ...passedOn,
  status,
  reload,
  'log.reopen': reopenLog,
  'crash.test': crashTest,
  tls,
  'queue-list': listQueue,
  'queue.state': setQueueState,
  'queue.content': readContent,
  'user.find': findUser,
  'user.check': checkUserPassword,
  'password.change': changePassword,
  'password.set': setPassword,
  'ban.list': listBans,
  'ban.lift': liftBans,
  'policy.try': tryPolicy,
};

const manager = {
  ...passedOn,
  status: numbers,
  ping,
  page,
  examine,
  'policy.piece': tryPiece,
  'policy.mail': tryMail,
};

/** What commands ask over the control socket. A name stands for one question and one answer: if they change, so does it. */
export type ControlSet = TypesOf<typeof control>;
export const controlOperations: OperationSet<ControlSet> = control;
/** Who may ask for which of them. */
export const operatorRights: RightsOf<ControlSet> = control;

/** What the control process asks the manager. */
export type ManagerSet = TypesOf<typeof manager>;
export const managerOperations: OperationSet<ManagerSet> = manager;
