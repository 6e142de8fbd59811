// The texts of reports in English. The advice must be clear to a person who knows nothing of SMTP.

import type { ReportTexts } from '../../values/report-texts.ts';

export const english: ReportTexts = {
  language: 'en',
  subject_failed: 'Your message could not be delivered',
  subject_delayed: 'Your message is delayed, and will be tried again',
  subject_relayed: 'Your message was handed on',
  subject_expanded: 'Your message was passed on to several addresses',
  subject_delivered: 'Your message was delivered',
  greeting: 'This is the mail system at {hostname}.',
  failed:
    'Your message could not be delivered to the following addresses. This is final: it will not be tried again.',
  delayed:
    'Your message could not be delivered to the following addresses yet. It stays in the queue and is tried again: you need not send it a second time.',
  relayed:
    'Your message was handed on for the following addresses to a server that does not confirm deliveries. You will hear of it again only if it fails.',
  expanded:
    'Your message was passed on from the following addresses to several others, which belong to them. Whether it arrives at each of those is not reported.',
  delivered: 'Your message was delivered to the following addresses.',
  server: 'The server {host}',
  unnamed_server: "The recipient's server",
  reason: 'The reason:',
  refused_connection: '{server} refused the connection and said:',
  refused_sender: '{server} refused the sender address and said:',
  refused_recipient: '{server} refused the recipient address and said:',
  refused_message: '{server} refused the message and said:',
  answered_connection: '{server} answered about the connection:',
  answered_sender: '{server} answered about the sender address:',
  answered_recipient: '{server} answered about the recipient address:',
  answered_message: '{server} answered about the message:',
  retry_until: 'It is tried again until {date}.',
  arrived: 'The message arrived here on {arrival} with the queue id {queue_id}.',
  attached: 'A report for programs and a copy of the message, or of its header, are attached.',
  closing: '',
  quota_subject: 'Your mailbox is {percent} % full',
  quota_warning:
    'The mailbox {address} has {used} of {quota}. When it is full, it takes no more mail. Please delete what you do not need any more.',
  advice: 'The text above says why. If it does not help you, ask your postmaster.',
  advice_1: 'Check the address for typing errors, and send the message again to the right one.',
  advice_1_10: 'The domain does not accept mail at all. Ask the recipient for another address.',
  advice_2: 'The mailbox does not take mail at present. Reach the recipient in another way.',
  advice_2_2: "The recipient's mailbox is full. Try again later, or reach the recipient in another way.",
  advice_3: "The recipient's mail system cannot take this message. Its postmaster may be able to help.",
  advice_3_4:
    'The message is too large for the recipient. Send it without large attachments, or share them by a link.',
  advice_4:
    "The recipient's server could not be reached. Check what follows the @ in the address; if it is right, try again later.",
  advice_4_6:
    'Mail for this domain would go round in circles. The postmaster of the domain has to repair that.',
  advice_4_7:
    'The time for trying ran out. Send the message again later, or reach the recipient in another way.',
  advice_5: 'The two mail servers did not understand each other. Please tell your postmaster.',
  advice_6: "The recipient's server cannot handle the content of this message. Send it in a simpler form.",
  advice_6_7:
    "The recipient's server does not take addresses or headers outside ASCII. Use an ASCII address.",
  advice_7:
    'The message was refused by a rule of the recipient. The answer above may say why; sending it again unchanged will not help.',
};
