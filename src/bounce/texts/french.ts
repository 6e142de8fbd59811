// The texts of reports in French.

import type { ReportTexts } from '../../values/report-texts.ts';

export const french: ReportTexts = {
  language: 'fr',
  subject_failed: "Votre message n'a pas pu être remis",
  subject_delayed: 'Votre message est retardé, de nouveaux essais suivront',
  subject_relayed: 'Votre message a été transmis',
  subject_expanded: 'Votre message a été réparti vers plusieurs adresses',
  subject_delivered: 'Votre message a été remis',
  greeting: 'Ceci est le système de messagerie de {hostname}.',
  failed:
    "Votre message n'a pas pu être remis aux adresses suivantes. C'est définitif : il n'y aura pas d'autre essai.",
  delayed:
    "Votre message n'a pas encore pu être remis aux adresses suivantes. Il reste dans la file d'attente et les essais continuent : il est inutile de l'envoyer une seconde fois.",
  relayed:
    "Votre message a été transmis, pour les adresses suivantes, à un serveur qui ne confirme pas les remises. Vous n'en entendrez reparler qu'en cas d'échec.",
  expanded:
    "Votre message a été réparti, depuis les adresses suivantes, vers plusieurs autres qui en dépendent. Son arrivée à chacune d'elles n'est pas signalée.",
  delivered: 'Votre message a été remis aux adresses suivantes.',
  server: 'Le serveur {host}',
  unnamed_server: 'Le serveur du destinataire',
  reason: 'La raison :',
  refused_connection: '{server} a refusé la connexion et a répondu :',
  refused_sender: "{server} a refusé l'adresse de l'expéditeur et a répondu :",
  refused_recipient: "{server} a refusé l'adresse du destinataire et a répondu :",
  refused_message: '{server} a refusé le message et a répondu :',
  answered_connection: '{server} a répondu au sujet de la connexion :',
  answered_sender: "{server} a répondu au sujet de l'adresse de l'expéditeur :",
  answered_recipient: "{server} a répondu au sujet de l'adresse du destinataire :",
  answered_message: '{server} a répondu au sujet du message :',
  retry_until: "Les essais continuent jusqu'au {date}.",
  arrived: 'Le message est arrivé ici le {arrival} et porte le numéro {queue_id}.',
  attached: 'Un rapport pour les programmes et une copie du message, ou de son en-tête, sont joints.',
  closing: '',
  quota_subject: 'Votre boîte aux lettres est pleine à {percent} %',
  quota_warning:
    'La boîte aux lettres {address} contient {used} sur {quota}. Une fois pleine, elle ne prend plus de messages. Veuillez supprimer ce dont vous n’avez plus besoin.',
  advice: "Le texte ci-dessus en dit la raison. S'il ne vous aide pas, demandez à votre postmaster.",
  advice_1: "Vérifiez que l'adresse ne contient pas de faute, et renvoyez le message à la bonne adresse.",
  advice_1_10: "Ce domaine n'accepte aucun courrier. Demandez une autre adresse au destinataire.",
  advice_2: "La boîte n'accepte pas de courrier pour le moment. Joignez le destinataire par un autre moyen.",
  advice_2_2:
    'La boîte du destinataire est pleine. Réessayez plus tard, ou joignez le destinataire par un autre moyen.',
  advice_3:
    'Le système de messagerie du destinataire ne peut pas accepter ce message. Son postmaster pourra peut-être vous aider.',
  advice_3_4:
    'Le message est trop volumineux pour le destinataire. Envoyez-le sans pièces jointes volumineuses, ou partagez-les par un lien.',
  advice_4:
    "Le serveur du destinataire n'a pas pu être joint. Vérifiez ce qui suit le @ dans l'adresse ; si c'est juste, réessayez plus tard.",
  advice_4_6: 'Le courrier pour ce domaine tournerait en rond. Le postmaster du domaine doit y remédier.',
  advice_4_7:
    'Le délai des essais est écoulé. Renvoyez le message plus tard, ou joignez le destinataire par un autre moyen.',
  advice_5:
    'Les deux serveurs de messagerie ne se sont pas compris. Veuillez le signaler à votre postmaster.',
  advice_6:
    'Le serveur du destinataire ne peut pas traiter le contenu de ce message. Envoyez-le sous une forme plus simple.',
  advice_6_7:
    "Le serveur du destinataire n'accepte pas d'adresses ni d'en-têtes hors de l'ASCII. Utilisez une adresse en ASCII.",
  advice_7:
    'Le message a été refusé par une règle du destinataire. La réponse ci-dessus en dit peut-être la raison ; le renvoyer sans changement ne servira à rien.',
};
