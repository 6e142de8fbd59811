// The texts of reports in German.

import type { ReportTexts } from '../../values/report-texts.ts';

export const german: ReportTexts = {
  language: 'de',
  subject_failed: 'Ihre Nachricht konnte nicht zugestellt werden',
  subject_delayed: 'Ihre Nachricht verzögert sich; weitere Versuche folgen',
  subject_relayed: 'Ihre Nachricht wurde weitergegeben',
  subject_expanded: 'Ihre Nachricht wurde an mehrere Adressen verteilt',
  subject_delivered: 'Ihre Nachricht wurde zugestellt',
  greeting: 'Dies ist das Mailsystem auf {hostname}.',
  failed:
    'Ihre Nachricht konnte an die folgenden Adressen nicht zugestellt werden. Das ist endgültig: Es gibt keinen weiteren Versuch.',
  delayed:
    'Ihre Nachricht konnte an die folgenden Adressen noch nicht zugestellt werden. Sie bleibt in der Warteschlange, und es wird weiter versucht: Sie brauchen sie nicht noch einmal zu senden.',
  relayed:
    'Ihre Nachricht wurde für die folgenden Adressen an einen Server weitergegeben, der Zustellungen nicht bestätigt. Sie hören nur dann wieder davon, wenn die Zustellung scheitert.',
  expanded:
    'Ihre Nachricht wurde von den folgenden Adressen an mehrere andere verteilt, die zu ihnen gehören. Ob sie bei jeder davon ankommt, wird nicht gemeldet.',
  delivered: 'Ihre Nachricht wurde an die folgenden Adressen zugestellt.',
  server: 'Der Server {host}',
  unnamed_server: 'Der Server des Empfängers',
  reason: 'Der Grund:',
  refused_connection: '{server} hat die Verbindung abgelehnt und geantwortet:',
  refused_sender: '{server} hat die Absenderadresse abgelehnt und geantwortet:',
  refused_recipient: '{server} hat die Empfängeradresse abgelehnt und geantwortet:',
  refused_message: '{server} hat die Nachricht abgelehnt und geantwortet:',
  answered_connection: '{server} hat zur Verbindung geantwortet:',
  answered_sender: '{server} hat zur Absenderadresse geantwortet:',
  answered_recipient: '{server} hat zur Empfängeradresse geantwortet:',
  answered_message: '{server} hat zur Nachricht geantwortet:',
  retry_until: 'Es wird weiter versucht bis {date}.',
  arrived: 'Die Nachricht kam hier am {arrival} an und hat die Nummer {queue_id}.',
  attached: 'Angehängt sind ein Bericht für Programme und die Nachricht selbst oder ihr Kopf.',
  closing: '',
  quota_subject: 'Ihr Postfach ist zu {percent} % voll',
  quota_warning:
    'Das Postfach {address} enthält {used} von {quota}. Wenn es voll ist, nimmt es keine Mail mehr an. Bitte löschen Sie, was Sie nicht mehr brauchen.',
  advice: 'Der Grund steht oben. Wenn er Ihnen nicht weiterhilft, fragen Sie Ihren Postmaster.',
  advice_1:
    'Prüfen Sie die Adresse auf Tippfehler, und senden Sie die Nachricht noch einmal an die richtige.',
  advice_1_10: 'Die Domain nimmt gar keine Mail an. Fragen Sie den Empfänger nach einer anderen Adresse.',
  advice_2: 'Das Postfach nimmt zurzeit keine Mail an. Erreichen Sie den Empfänger auf einem anderen Weg.',
  advice_2_2:
    'Das Postfach des Empfängers ist voll. Versuchen Sie es später noch einmal, oder erreichen Sie den Empfänger auf einem anderen Weg.',
  advice_3:
    'Das Mailsystem des Empfängers kann diese Nachricht nicht annehmen. Dessen Postmaster kann vielleicht helfen.',
  advice_3_4:
    'Die Nachricht ist für den Empfänger zu groß. Senden Sie sie ohne große Anhänge, oder geben Sie diese über einen Link weiter.',
  advice_4:
    'Der Server des Empfängers war nicht zu erreichen. Prüfen Sie, was in der Adresse nach dem @ steht; wenn es stimmt, versuchen Sie es später noch einmal.',
  advice_4_6: 'Mail an diese Domain liefe im Kreis. Das muss der Postmaster der Domain beheben.',
  advice_4_7:
    'Die Zeit für Versuche ist abgelaufen. Senden Sie die Nachricht später noch einmal, oder erreichen Sie den Empfänger auf einem anderen Weg.',
  advice_5: 'Die beiden Mailserver haben sich nicht verstanden. Bitte sagen Sie es Ihrem Postmaster.',
  advice_6:
    'Der Server des Empfängers kann mit dem Inhalt dieser Nachricht nicht umgehen. Senden Sie sie in einer einfacheren Form.',
  advice_6_7:
    'Der Server des Empfängers nimmt keine Adressen oder Kopfzeilen außerhalb von ASCII an. Verwenden Sie eine Adresse in ASCII.',
  advice_7:
    'Die Nachricht wurde nach einer Regel des Empfängers abgelehnt. Die Antwort oben sagt vielleicht, warum; sie unverändert noch einmal zu senden hilft nicht.',
};
