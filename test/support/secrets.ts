/** What must stand in no log: found by what it looks like. */
import type { Log } from '../../local/types.ts';

/** Kinds of secrets, and how each looks. */
export const SECRETS: Readonly<Record<string, RegExp>> = {
  'a token': /\beyJ[\w-]{10,}\.[\w-]{10,}(?:\.[\w-]*)?/,
  'a private key, certificate or signing request':
    /-----BEGIN [A-Z ]*(?:PRIVATE KEY|CERTIFICATE(?: REQUEST)?)-----/,
  'an authorization': /\b(?:Bearer|Basic) [\w+/=.-]{8,}|\bauthorization["']?\s*[:=]\s*["']?[^"'\s,}*]{4,}/i,
  'a secret that is named':
    /["']?\b(?:client_?secret|secret_?access_?key|session_?token|refresh_?token|access_?token|id_?token|password)\b\\?["']?\s*[:=]\s*\\?["']?[^\s"'\\,}*]{4,}/i,
  'a signature that opens an object': /X-Amz-(?:Signature|Security-Token)=[\w%+/=-]{16,}/,
};

const ANY = new RegExp(
  Object.values(SECRETS)
    .map(({ source }) => `(?:${source})`)
    .join('|'),
  'i',
);

/** The kind of secret that a text holds, if it holds any. */
export const secretIn = (text: string): string | undefined =>
  ANY.test(text) ? Object.entries(SECRETS).find(([, pattern]) => pattern.test(text))?.[0] : undefined;

/** A log that is looked through: what the gateway and its functions write goes on to `log`. */
export const watchedLog = (log: Log = () => undefined) => {
  const found: string[] = [];
  let lines = 0;
  const watched: Log = (level, message, fields) => {
    const text = fields === undefined ? message : `${message} ${JSON.stringify(fields)}`;
    lines += 1;
    const kind = secretIn(text);
    if (kind !== undefined) found.push(`${kind} in the log: ${text.slice(0, 500)}`);
    log(level, message, fields);
  };
  return {
    log: watched,
    /** How many lines were looked at. */
    lines: () => lines,
    /** @throws {Error} naming the first line that holds a secret */
    check: (): void => {
      if (found.length > 0) throw new Error(`${found.length} lines: ${found[0]}`);
    },
  };
};
