// Golden dialogues about AUTH (RFC 4954) on the client's side: each mechanism, other mechanisms after 504 and 534 and never after 535, and
// servers that offer none, say nothing sensible, or cannot prove that they know the password.

import type { Dialogue } from './transcript.ts';

const greeted = `
  S: 220 mx.example.com ESMTP
  C: EHLO client.example.org`;

function offering(line: string): string {
  return `${greeted}
  S: 250-mx.example.com
  S: 250 ${line}
  E: login`;
}

const taken = `
  S: 235 2.7.0 welcome
  E: ready
  ! begin
  C: MAIL FROM:<sender@example.org>
  S: 250 ok
  C: RCPT TO:<user@example.com>
  S: 250 ok
  C: DATA
  S: 354 go
  E: content
  ! contentSent
  S: 250 taken
  E: done, reusable: 0 delivered (250  taken)
  E: ready
  ! quit
  C: QUIT
  S: 221 bye
  E: close`;

const over = `
  C: QUIT
  S: 221 bye
  E: close`;

/** \0user\0pencil */
const plain = 'AHVzZXIAcGVuY2ls';
/** The exchange of RFC 7677 3. */
const scram = {
  first: 'biwsbj11c2VyLHI9ck9wck5HZndFYmVSV2diTkVrcU8=',
  salted:
    'cj1yT3ByTkdmd0ViZVJXZ2JORWtxTyVodllEcFdVYTJSYVRDQWZ1eEZJbGopaE5sRiRrMCxzPVcyMlphSjBTTlk3c29Fc1VFamI2Z1E9PSxpPTQwOTY=',
  proof:
    'Yz1iaXdzLHI9ck9wck5HZndFYmVSV2diTkVrcU8laHZZRHBXVWEyUmFUQ0FmdXhGSWxqKWhObEYkazAscD1kSHpiWmFwV0lrNGpVaE4rVXRlOXl0YWc5empmTUhnc3FtbWl6N0FuZFZRPQ==',
  signature: 'dj02cnJpVFJCaTIzV3BSUi93dHVwK21NaFVaVW4vZEI1bkxUSlJzamw5NUc0PQ==',
};

const scramBegun = `${offering('AUTH SCRAM-SHA-256')}
  ! logIn SCRAM-SHA-256
  C: AUTH SCRAM-SHA-256 ${scram.first}
  S: 334 ${scram.salted}
  E: derive
  ! derived
  C: ${scram.proof}`;

export const loginDialogues: readonly Dialogue[] = [
  {
    name: 'AUTH PLAIN with an initial response, and a message',
    options: { logsIn: true },
    text: `${offering('AUTH PLAIN LOGIN')}
      ! logIn PLAIN LOGIN
      C: AUTH PLAIN ${plain}${taken}`,
  },
  {
    name: 'AUTH=PLAIN of a server from before the standard',
    options: { logsIn: true },
    text: `${offering('AUTH=PLAIN LOGIN')}
      ! logIn PLAIN
      C: AUTH PLAIN ${plain}${taken}`,
  },
  {
    name: 'mechanisms in several lines and in any case',
    options: { logsIn: true },
    text: `${greeted}
      S: 250-mx.example.com
      S: 250-auth login
      S: 250 AUTH=LOGIN plain
      E: login
      ! logIn PLAIN
      C: AUTH PLAIN ${plain}${taken}`,
  },
  {
    name: 'AUTH LOGIN, whose prompts may say anything, even what is no base64',
    options: { logsIn: true },
    text: `${offering('AUTH LOGIN')}
      ! logIn LOGIN
      C: AUTH LOGIN
      S: 334 Your name, please!
      C: dXNlcg==
      S: 334
      C: cGVuY2ls${taken}`,
  },
  {
    name: 'AUTH LOGIN that asks a third time is cancelled',
    options: { logsIn: true },
    text: `${offering('AUTH LOGIN')}
      ! logIn LOGIN
      C: AUTH LOGIN
      S: 334 VXNlcm5hbWU6
      C: dXNlcg==
      S: 334 UGFzc3dvcmQ6
      C: cGVuY2ls
      S: 334 UGFzc3dvcmQ6
      C: *
      S: 501 5.7.0 cancelled
      E: failed, temporary: AUTH: the server asks for more than a name and a password${over}`,
  },
  {
    name: 'AUTH SCRAM-SHA-256 with the exchange of RFC 7677 3',
    options: { logsIn: true },
    text: `${scramBegun}
      S: 334 ${scram.signature}
      C: ${taken}`,
  },
  {
    name: 'a server that says welcome without its signature is not believed',
    options: { logsIn: true },
    text: `${scramBegun}
      S: 235 2.7.0 welcome
      E: failed, temporary: AUTH: the server has accepted the log-in without a proof that it knows the password${over}`,
  },
  {
    name: 'a server with a wrong signature is not believed',
    options: { logsIn: true },
    text: `${scramBegun}
      S: 334 dj1BQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBPQ==
      C: *
      S: 235 2.7.0 welcome
      E: failed, temporary: AUTH: the server could not prove that it knows the password: it may be another one${over}`,
  },
  {
    name: 'a wrong password ends the session, and no other mechanism is tried',
    options: { logsIn: true },
    text: `${offering('AUTH SCRAM-SHA-256 PLAIN')}
      ! logIn PLAIN LOGIN
      C: AUTH PLAIN ${plain}
      S: 535 5.7.8 no
      E: failed, temporary: 535 5.7.8 no (in reply to AUTH)${over}`,
  },
  {
    name: 'a mechanism that the server does not know gives way to the next one',
    options: { logsIn: true },
    text: `${offering('AUTH LOGIN PLAIN')}
      ! logIn PLAIN LOGIN
      C: AUTH PLAIN ${plain}
      S: 504 5.5.4 what?
      C: AUTH LOGIN
      S: 334
      C: dXNlcg==
      S: 334
      C: cGVuY2ls${taken}`,
  },
  {
    name: 'a mechanism that is too weak gives way to the next one, until there is none',
    options: { logsIn: true },
    text: `${offering('AUTH LOGIN PLAIN')}
      ! logIn PLAIN LOGIN
      C: AUTH PLAIN ${plain}
      S: 534 5.7.9 too weak
      C: AUTH LOGIN
      S: 534 5.7.9 too weak, too
      E: failed, temporary: 534 5.7.9 too weak, too (in reply to AUTH)${over}`,
  },
  {
    name: 'a server that cannot tell now',
    options: { logsIn: true },
    text: `${offering('AUTH PLAIN')}
      ! logIn PLAIN
      C: AUTH PLAIN ${plain}
      S: 454 4.7.0 later
      E: failed, temporary: 454 4.7.0 later (in reply to AUTH)${over}`,
  },
  {
    name: 'a server that closes instead of an answer',
    options: { logsIn: true },
    text: `${offering('AUTH PLAIN')}
      ! logIn PLAIN
      C: AUTH PLAIN ${plain}
      S: 421 4.7.0 too many failures
      E: failed, temporary: 421 4.7.0 too many failures (in reply to AUTH)
      E: close`,
  },
  {
    name: 'a reply that repeats the password is not shown',
    options: { logsIn: true },
    text: `${offering('AUTH PLAIN')}
      ! logIn PLAIN
      C: AUTH PLAIN ${plain}
      S: 535 5.7.8 pencil is wrong
      E: failed, temporary: 535 5.7.8 (the text of the server is left out: it has the secret in it) (in reply to AUTH)${over}`,
  },
  {
    name: 'a reply with which the server closes is not shown either when it repeats what was sent',
    options: { logsIn: true },
    text: `${offering('AUTH PLAIN')}
      ! logIn PLAIN
      C: AUTH PLAIN ${plain}
      S: 421 4.7.0 no ${plain}
      E: failed, temporary: 421 4.7.0 (the text of the server is left out: it has the secret in it) (in reply to AUTH)
      E: close`,
  },
  {
    name: 'a reply that repeats the password in base64 is not shown',
    options: { logsIn: true },
    text: `${offering('AUTH PLAIN')}
      ! logIn PLAIN
      C: AUTH PLAIN ${plain}
      S: 454 4.7.0 cGVuY2ls cannot be looked up
      E: failed, temporary: 454 4.7.0 (the text of the server is left out: it has the secret in it) (in reply to AUTH)${over}`,
  },
  {
    name: 'a refusal of the mail that repeats the password is not shown',
    options: { logsIn: true },
    text: `${offering('AUTH PLAIN')}
      ! logIn PLAIN
      C: AUTH PLAIN ${plain}
      S: 235 2.7.0 welcome
      E: ready
      ! begin
      C: MAIL FROM:<sender@example.org>
      S: 550 5.1.0 not with pencil
      E: done, reusable: 0 permfail (550 5.1.0 (the text of the server is left out: it has the secret in it) (in reply to MAIL))
      C: RSET
      S: 250 ok
      E: ready
      ! quit${over}`,
  },
  {
    name: 'a reply to the content that repeats the password is not shown',
    options: { logsIn: true },
    text: `${offering('AUTH PLAIN')}
      ! logIn PLAIN
      C: AUTH PLAIN ${plain}${taken.replace('S: 250 taken', 'S: 250 taken from pencil').replace('(250  taken)', '(250  (the text of the server is left out: it has the secret in it))')}`,
  },
  {
    name: 'a server without AUTH gets no mail that needs a log-in',
    options: { logsIn: true },
    text: `${greeted}
      S: 250 mx.example.com
      E: failed, temporary: the server does not offer AUTH, and the mail must not go without a log-in${over}`,
  },
  {
    name: 'a server that offers AUTH before TLS alone has been tampered with',
    options: { logsIn: true, tls: 'must' },
    text: `${greeted}
      S: 250-mx.example.com
      S: 250-AUTH PLAIN
      S: 250 STARTTLS
      C: STARTTLS
      S: 220 go
      E: handshake
      ! secured
      C: EHLO client.example.org
      S: 250 mx.example.com
      E: failed, temporary: the server offers AUTH before TLS and not under it: somebody on the way may have changed what it says${over}`,
  },
  {
    name: 'mechanisms that were offered before TLS do not count under it',
    options: { logsIn: true, tls: 'must' },
    text: `${greeted}
      S: 250-mx.example.com
      S: 250-AUTH PLAIN
      S: 250 STARTTLS
      C: STARTTLS
      S: 220 go
      E: handshake
      ! secured
      C: EHLO client.example.org
      S: 250-mx.example.com
      S: 250 AUTH LOGIN
      E: login
      ! logIn PLAIN
      E: failed, temporary: AUTH: the server offers the mechanisms LOGIN, and the log-in allows PLAIN${over}`,
  },
  {
    name: 'a log-in that may use no mechanism here',
    options: { logsIn: true },
    text: `${offering('AUTH PLAIN')}
      ! logIn
      E: failed, temporary: AUTH: the server offers the mechanisms PLAIN, and the log-in allows none${over}`,
  },
  {
    name: 'nothing to log in with',
    options: { logsIn: true },
    text: `${offering('AUTH PLAIN')}
      ! loginFailed there is no password
      E: failed, temporary: there is no password${over}`,
  },
  {
    name: 'a server that speaks while nothing was asked',
    options: { logsIn: true },
    text: `${offering('AUTH PLAIN')}
      S: 235 2.7.0 welcome
      E: failed, temporary: protocol error: unexpected reply "235 2.7.0 welcome" to AUTH
      E: close`,
  },
  {
    name: 'a server that says welcome while the password is being salted',
    options: { logsIn: true },
    text: `${offering('AUTH SCRAM-SHA-256')}
      ! logIn SCRAM-SHA-256
      C: AUTH SCRAM-SHA-256 ${scram.first}
      S: 334 ${scram.salted}
      E: derive
      S: 235 2.7.0 welcome
      E: failed, temporary: protocol error: unexpected reply "235 2.7.0 welcome" to AUTH
      E: close
      ! derived`,
  },
  {
    name: 'challenges without end, after the cancel, too',
    options: { logsIn: true },
    text: `${offering('AUTH SCRAM-SHA-256')}
      ! logIn SCRAM-SHA-256
      C: AUTH SCRAM-SHA-256 ${scram.first}
      S: 334 not base64!
      C: *
      S: 334
      E: failed, temporary: protocol error: the server goes on with AUTH after "*" (a challenge of the server is not base64)
      E: close`,
  },
  {
    name: 'OAUTHBEARER that is refused: the challenge with the reason is answered, and the reply counts',
    options: { logsIn: true },
    text: `${offering('AUTH OAUTHBEARER')}
      ! logIn OAUTHBEARER
      C: AUTH OAUTHBEARER bixhPXVzZXIsAWhvc3Q9bXguZXhhbXBsZS5jb20BcG9ydD01ODcBYXV0aD1CZWFyZXIgcGVuY2lsAQE=
      S: 334 eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIn0=
      C: AQ==
      S: 535 5.7.8 no
      E: failed, temporary: 535 5.7.8 no (in reply to AUTH)${over}`,
  },
  {
    name: 'XOAUTH2 that is refused: the challenge with the reason is answered by an empty line',
    options: { logsIn: true },
    text: `${offering('AUTH XOAUTH2')}
      ! logIn XOAUTH2
      C: AUTH XOAUTH2 dXNlcj11c2VyAWF1dGg9QmVhcmVyIHBlbmNpbAEB
      S: 334 eyJzdGF0dXMiOiI0MDAifQ==
      C: 
      S: 535 5.7.8 no
      E: failed, temporary: 535 5.7.8 no (in reply to AUTH)${over}`,
  },
];
