/** Mail that Cognito would send: files for their owner alone, in the folder of credentials. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '../checked-file.ts';
import type { Log } from '../types.ts';
import type { User } from './credentials.ts';
import type { Pool } from './read.ts';

export interface Outbox {
  /** "Sends" the invitation with a temporary password. */
  invite(pool: Pool, user: User): Promise<void>;
}

/** @param credentialsDir folder below which the mail is */
export function openOutbox(credentialsDir: string, log: Log): Outbox {
  const folder = join(credentialsDir, 'outbox');
  let sent = 0;
  return {
    invite: async ({ invitation }, { username, email, password }) => {
      const body = invitation.body.replaceAll('{username}', username).replaceAll('{####}', password);
      const text = `To: ${email}\nSubject: ${invitation.subject}\n\n${body}\n`;
      await mkdir(folder, { recursive: true, mode: 0o700 });
      sent += 1;
      const at = new Date().toISOString().replaceAll(':', '-');
      const file = join(folder, `${at}-${String(sent).padStart(4, '0')}-${encodeURIComponent(username)}.txt`);
      await replaceFile(file, [Buffer.from(text)]);
      // The password is in the file alone.
      log('info', 'an invitation would be mailed', { to: email, username, file });
    },
  };
}
