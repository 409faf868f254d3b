/** Access keys of roles and of the person who runs the gateway. */
import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Credentials } from '../types.ts';

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

function digest(text: string): Buffer {
  return hash('sha256', text, 'buffer');
}

/** Credentials that have been handed out. They live as long as the process and are never written here. */
export class Keyring {
  readonly #byPrincipal = new Map<string, Credentials>();
  readonly #byKey = new Map<string, { readonly principal: string; readonly token: Buffer }>();

  /** Credentials of a principal, made on first demand. */
  of(principal: string): Credentials {
    const known = this.#byPrincipal.get(principal);
    if (known !== undefined) {
      return known;
    }
    const credentials = randomCredentials();
    this.#byPrincipal.set(principal, credentials);
    this.#byKey.set(credentials.accessKeyId, { principal, token: digest(credentials.sessionToken) });
    return credentials;
  }

  /** Who holds a key and its token. The access key alone stands in logs and is worth nothing. */
  identify(accessKeyId: string, sessionToken: string): string | undefined {
    const holder = this.#byKey.get(accessKeyId);
    return holder !== undefined && timingSafeEqual(holder.token, digest(sessionToken))
      ? holder.principal
      : undefined;
  }
}
