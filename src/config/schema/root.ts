// The whole configuration file: from this one schema come validation, defaults, the reference page and the JSON Schema.

import { z } from 'zod';

import { mostReceivers, mostSenders } from '../most-processes.ts';
import { adapt, reactions } from './adapt.ts';
import { bounce } from './bounce.ts';
import { certificates } from './certificate.ts';
import { clients } from './clients.ts';
import { control } from './control.ts';
import { crash } from './crash.ts';
import { credentials } from './credential.ts';
import { deliver } from './deliver.ts';
import { deliveryHere } from './delivery-here.ts';
import { directories, login } from './directory.ts';
import { dns } from './dns.ts';
import { etrnTables } from './etrn.ts';
import { duration, expected, key, textOf, wholeNumber, yesNo, tableOf } from './fields.ts';
import { front } from './front.ts';
import { limits } from './limit.ts';
import { listeners } from './listen.ts';
import { log } from './log.ts';
import { pop3 } from './pop3.ts';
import { provisioning } from './provisioning.ts';
import { quarantine } from './quarantine.ts';
import { queue } from './queue.ts';
import { diversions } from './diversion.ts';
import { assignments, queues } from './queues.ts';
import { receive } from './receive.ts';
import { quirks } from './quirk.ts';
import { recipientChecks } from './recipients.ts';
import { reports } from './reports.ts';
import { rewrites } from './rewrite.ts';
import { routes } from './route.ts';
import { routeTables } from './route-table.ts';
import { schedules } from './schedule.ts';
import { sendingLimits } from './sending-limit.ts';
import { signing, signingKeys } from './signing-key.ts';
import { sources } from './source.ts';
import { srs } from './srs.ts';
import { statistics } from './statistics.ts';
import { configuredStages } from './stage.ts';
import { tables } from './table.ts';
import { taps } from './tap.ts';
import { tenants } from './tenant.ts';
import { tlsRules } from './tls.ts';
import { tokenIssuers } from './token-issuer.ts';
import { checkTogether } from './together.ts';
import { hostName } from './texts.ts';
import { user, users } from './user.ts';
import { verification, verificationRules } from './verification.ts';

function path() {
  return z.string({ error: expected('the name of a file or folder') }).min(1, 'must not be empty');
}

const processes = tableOf({
  receivers: key(
    wholeNumber(1, mostReceivers).default(1),
    'Processes that receive mail; they share the listening ports.',
  ),
  senders: key(
    wholeNumber(1, mostSenders).default(1),
    'Processes that deliver mail. Plaintext connections need little CPU time: start with one process for each core.',
  ),
  single_process: key(
    yesNo().default(false),
    'Run everything in one process: for a small machine, or to try things.',
  ),
});

const stop = tableOf({
  grace: key(
    duration().prefault('20s'),
    'On stop, transactions under way get this long to finish. What is not finished stays in the queue.',
  ),
});

/** Every key of the file, in snake_case as it is written there. */
export const root = tableOf({
  hostname: key(
    textOf('a host name such as "mail.example.com"', hostName).optional(),
    'The full name of this host: used in the greeting, EHLO, Received lines and bounces.',
    { defaultText: "the system's host name", example: '"mail.example.com"' },
  ),
  spool: key(
    path().prefault('./var/spool'),
    'The folder where accepted mail is kept. A relative path starts at the folder of the configuration file.',
  ),
  control_socket: key(
    path().prefault('./var/control.sock'),
    'The Unix socket through which commands such as sluice queue, status and reload reach the running Sluice.',
  ),
  submission_socket: key(
    path().optional(),
    'The Unix socket through which sluice sendmail hands mail in. Every program of this host may write to it.',
    { defaultText: 'submit.sock beside control_socket', example: '"/run/sluice/submit.sock"' },
  ),
  user: key(
    user().optional(),
    'The user of the system that Sluice runs as when root starts it: only the supervisor, which reads no byte from the network, stays root. Another user who starts Sluice must be this one. docs/security.md says more.',
    { defaultText: 'the user who starts it', example: '"sluice"' },
  ),
  users: key(
    users.prefault({}),
    'Users of their own for the kinds of processes, so that none can reach into another. They share the primary group of user.',
  ),
  control: key(
    control.prefault({}),
    'Who may ask and change the running Sluice, beside root and the user that it runs as. docs/operators.md says more.',
  ),
  processes: key(processes.prefault({}), 'How many processes share the work.'),
  listen: key(
    listeners.prefault([{ address: '127.0.0.1:2525' }]),
    'An address to receive mail on; repeat the table for more of them. Its keys of the same name as in [receive] count instead of those, for this listener alone.',
  ),
  certificate: key(
    certificates.prefault([]),
    'A certificate of this server for TLS. The first is for clients that ask for no name, or for one that no certificate has. Two for the same name, one with an RSA and one with an ECDSA key, are served side by side. Without any, Sluice makes one that it signs itself, which is enough for encryption without a check of names.',
  ),
  receive: key(receive.prefault({}), 'Who may hand mail in, how much of it, and how long a client may take.'),
  front: key(
    front,
    'A front end: an instance without a queue, which hands mail to central servers. docs/front.md says more.',
  ),
  pop3: key(pop3.prefault({}), 'Listeners of POP3; docs/pop3.md says more.'),
  clients: key(clients.prefault({}), 'Rules for single clients, networks, names and users.'),
  queue: key(
    queue.prefault({}),
    'How long mail waits, when it is tried again, and how it is kept safe on disk.',
  ),
  queues: key(
    queues.prefault({}),
    'A queue beside that of [queue]: with a store of its own, so that a disk that is full or fails holds up its mail alone. All queues share the limits, so that no destination gets more because there are several. docs/queues.md says more.',
  ),
  assignment: key(
    assignments.prefault([]),
    'Whose mail a queue gets. For each recipient, the first that matches counts; mail that none matches is in the queue of [queue].',
  ),
  provisioning: key(
    provisioning.prefault({}),
    'What is special about domains: their queue, their state, who gets copies. docs/provisioning.md says more.',
  ),
  diversion: key(
    diversions.prefault([]),
    'A storm in which mail goes to another queue by itself: from which rate, share of failures or delay of a stage on, and when that ends. docs/storms.md says more.',
  ),
  quarantine: key(
    quarantine.prefault({}),
    'How long mail stays that a stage or a verification has held when it was accepted; docs/quarantine.md says more.',
  ),
  deliver: key(
    deliver.prefault({}),
    'Outgoing connections: how many, from where, and how long a destination may take.',
  ),
  dns: key(dns.prefault({}), 'How names are looked up in the DNS.'),
  route: key(
    routes.prefault([]),
    'Where mail goes. The most specific match wins: the domain itself, then the longest "*.suffix", then the sender, then the route that has neither. Mail without a route goes to its MX.',
  ),
  ...deliveryHere,
  route_table: key(
    routeTables.prefault([]),
    'A table that says where mail goes: of Sluice, Postfix or qmail. They are asked in the order of the file, before the [[route]] tables.',
  ),
  credential: key(
    credentials.prefault([]),
    'A log-in at other servers, for routes that name it: a provider that takes mail of its customers only. docs/routing.md has examples.',
  ),
  tls: key(
    tlsRules.prefault([]),
    'Which TLS connections to other hosts must have, where tls in [deliver] is not enough. The first table that matches counts, alone; a table without domain and mx is for all others. What domains publish by MTA-STS and DANE comes before the levels none, opportunistic and required; docs/tls-out.md says more.',
  ),
  quirk: key(
    quirks.prefault([]),
    'Hosts that announce SMTP extensions which do not work there, and the extensions that are therefore not used with them. When several tables match a host, the extensions of all of them are ignored.',
  ),
  etrn: key(
    etrnTables.prefault([]),
    'Servers that are asked by ETRN for the mail that waits there for this one: backup MX hosts. docs/backup-mx.md says more.',
  ),
  tenant: key(
    tenants.prefault([]),
    'A tenant whose mail is kept apart from other mail. When mail of several tenants waits for the same destination or limit, the tenants take turns, so that a million messages of one do not hold up ten of another. A message belongs to the first tenant in the file that matches it.',
  ),
  table: key(
    tables.prefault([]),
    'A table: keys and values from a file, which other parts of the configuration refer to by name. It is read again when it changes; docs/tables.md has the formats.',
  ),
  directory: key(
    directories.prefault([]),
    'A source of users and domains: who they are, their passwords, where their mail is kept, and from which addresses they may send. Several are asked in the order of the file; the first that knows a user decides. docs/users.md has examples.',
  ),
  login: key(login.prefault({}), 'How the passwords of users are checked.'),
  token_issuer: key(
    tokenIssuers.prefault([]),
    'An issuer of tokens (OAuth 2) by which users of the directory may log in, with OAUTHBEARER and XOAUTH2. docs/users.md has examples.',
  ),
  signing: key(signing.prefault({}), 'Keys that sign mail, in the layout of another server.'),
  signing_key: key(
    signingKeys.prefault([]),
    'A private key that signs mail of users who have logged in, and of clients that may relay, by DKIM; and the reports of this host. All keys for the most specific domain sign, so that a message may have several signatures. docs/dkim.md says how to make a key and publish it.',
  ),
  srs: key(
    srs.prefault({}),
    'How the senders of mail that is passed on are rewritten (SRS), on each [[route]] with srs = true: SPF lets no server but those of its domain send for a foreign sender. docs/srs.md says how to set it up.',
  ),
  recipients: key(
    recipientChecks.prefault([]),
    'Which mailboxes a domain has. A recipient whose domain is named here and who is not in the table is refused with 550 5.1.1; mail for postmaster is always accepted.',
  ),
  rewrite: key(
    rewrites.prefault([]),
    'Addresses that become others while mail comes in, in the order of the file. docs/rewriting.md says more.',
  ),
  stage: key(
    configuredStages.prefault([]),
    'Programs of other makers that decide about mail that comes in, in the order of the file. docs/qmail-spp.md has an example.',
  ),
  tap: key(
    taps.prefault([]),
    'Mail of which an archive gets a copy. Each [[tap]] copies a message once at most. Recipients do not see it, and senders hear nothing of a copy that fails. docs/taps.md says more.',
  ),
  verification: key(
    verification.prefault({}),
    'Whether mail of clients that have not logged in and may not relay is verified by SPF, DKIM and DMARC, and what becomes of it by each result. "accept": the result is only logged; "mark": it is in the Authentication-Results field, too; "quarantine": the message is held until it is released by sluice queue release; "tempfail" and "reject": the client is refused. The most severe of those that apply counts. docs/verification.md says more.',
  ),
  verification_rule: key(
    verificationRules.prefault([]),
    'Other keys of [verification] for some listeners or tenants. The rules that match apply in the order of the file: each replaces the keys that it gives.',
  ),
  source: key(
    sources.prefault([]),
    'An address of this host that connections are made from. With several, each connection uses one that has room; with none, the system chooses.',
  ),
  limit: key(
    limits.prefault([]),
    'How many connections and messages go where; docs/limits.md has examples. Limits with different per apply together; of two with the same per, the one with the more specific match replaces the other. The built-in limits are 20 connections per domain, 50 per site and 20 per ip. A limit with the same per that sets connections and has no match replaces a built-in one.',
  ),
  schedule: key(
    schedules.prefault([]),
    'Other times for mail of some domains, routes or tenants: when it is tried again, how long it waits, when it may go. Of several schedules that match, the most specific one that gives a key counts, key by key: by domain first (the domain itself, then the longest "*.suffix"), then by route, then by tenant. docs/schedules.md has examples.',
  ),
  sending_limit: key(
    sendingLimits.prefault([]),
    'How many messages and recipients whoever sends through this server may hand in; docs/sending-limits.md has examples. It holds for users who have logged in, and for clients that may relay, such as relay_networks and programs of this host. Limits with different by hold together; of two with the same by, the one that names the user, client, tenant or domain more specifically replaces the other.',
  ),
  adapt: key(
    adapt.prefault({}),
    'How the number of connections to a site follows its replies, within the limits.',
  ),
  reaction: key(
    reactions.prefault([]),
    'What to do after a certain reply of a destination. The first reaction that matches counts: those of the file in their order, then the built-in ones.',
  ),
  bounce: key(bounce.prefault({}), 'The reports that go back to senders (DSNs, RFC 3464).'),
  reports: key(
    reports.prefault({}),
    'Reports to other domains about their mail, which programs read. docs/reports.md says more.',
  ),
  log: key(log.prefault({}), 'What is logged, where, and in which format.'),
  statistics: key(
    statistics.prefault({}),
    'Numbers about this server for programs that keep and plot them. docs/statistics.md says more.',
  ),
  stop: key(stop.prefault({}), 'What happens on stop.'),
  crash: key(
    crash.prefault({}),
    'What is kept of a process that crashed, and when one that stands still is ended; docs/crash.md says more.',
  ),
}).superRefine(checkTogether);
