/** Access keys of roles and of the person who runs the gateway. */
import { randomBytes } from 'node:crypto';
import type { AccessKey, Credentials } from '../types.ts';

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** Random credentials of the shape that STS gives. */
export function randomCredentials(): Credentials {
  const key = Array.from(randomBytes(16), (byte) => BASE32[byte % BASE32.length]).join('');
  return {
    accessKeyId: `ASIA${key}`,
    secretAccessKey: randomBytes(30).toString('base64'),
    sessionToken: randomBytes(48).toString('base64'),
  };
}

/** So long is told that a key has expired; after that it is one that nobody knows. */
const REMEMBERED_MS = 3_600_000;

/** Credentials that have been handed out. They live as long as the process and are never written here. */
export class Keyring {
  readonly #lasting = new Map<string, AccessKey>();
  readonly #byId = new Map<string, AccessKey>();

  /** The lasting credentials of a principal, made on first demand. */
  of(principal: string): AccessKey {
    const known = this.#lasting.get(principal);
    if (known !== undefined) {
      return known;
    }
    const key = { ...randomCredentials(), principal, session: 'local' };
    this.#lasting.set(principal, key);
    this.#byId.set(key.accessKeyId, key);
    return key;
  }

  /** Credentials of a principal that end after so many seconds. */
  issue(
    principal: string,
    session: string,
    seconds: number,
    now = Date.now(),
  ): AccessKey & { readonly expires: number } {
    for (const [id, { expires }] of this.#byId) {
      if (expires !== undefined && expires + REMEMBERED_MS < now) this.#byId.delete(id);
    }
    const key = { ...randomCredentials(), principal, session, expires: now + seconds * 1000 };
    this.#byId.set(key.accessKeyId, key);
    return key;
  }

  /** The key of an id. The id alone stands in logs and is worth nothing. */
  find(accessKeyId: string): AccessKey | undefined {
    return this.#byId.get(accessKeyId);
  }
}
