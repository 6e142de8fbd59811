# Reads a mailbox by IMAP while mail is delivered into it: PORT USER PASSWORD COUNT. Looks again and again until COUNT messages are there, fetches each
# new one, and flags every third. Then prints what it got as JSON.
import imaplib
import json
import sys
import time

port, user, password, count = sys.argv[1:5]
deadline = time.monotonic() + 120
server = imaplib.IMAP4('127.0.0.1', int(port), timeout=60)
server.login(user, password)
server.select('INBOX')
seen = {}
flagged = []
while len(seen) < int(count) and time.monotonic() < deadline:
    server.noop()
    uids = server.uid('SEARCH', 'ALL')[1][0].decode().split()
    for uid in uids:
        if uid in seen:
            continue
        parts = server.uid('FETCH', uid, '(RFC822.SIZE BODY.PEEK[])')[1]
        head, body = parts[0]
        header, text = body.decode('latin-1').split('\r\n\r\n', 1)
        size = int(head.decode().split('RFC822.SIZE ')[1].split()[0])
        seen[uid] = {'size': size, 'octets': len(body), 'header': header, 'textOctets': len(text)}
        if len(seen) % 3 == 0:
            server.uid('STORE', uid, '+FLAGS', r'(\Flagged)')
            flagged.append(uid)
told = {'seen': seen, 'flagged': flagged}
server.logout()
# In a session of its own: what is stored, and not what the first one remembers.
server = imaplib.IMAP4('127.0.0.1', int(port), timeout=60)
server.login(user, password)
server.select('INBOX', readonly=True)
told['still'] = server.uid('SEARCH', 'FLAGGED')[1][0].decode().split()
told['all'] = server.uid('SEARCH', 'ALL')[1][0].decode().split()
told['quota'] = [part.decode() for part in server.getquotaroot('INBOX')[1][1] if part]
server.logout()
print(json.dumps(told))
