/** A laboratory whose token issuer also knows people that its settings do not, and whose key a test may use. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { JWK } from 'jose';
import { signIn, type Tokens } from '../support/browser.ts';
import { type Lab, openLab } from '../support/lab.ts';

/** Of one site, of none, and with groups that look like roles. */
const PEOPLE: Readonly<Record<string, readonly string[]>> = {
  'operator-1': ['Operator@lab-1'],
  'engineer-1': ['Engineer@lab-1'],
  nobody: [],
  pretender: [
    'Root',
    'admin',
    'ADMIN',
    'Admin@',
    'Admin@lab-1/../lab-2',
    'Admin@*',
    '@lab-1',
    'labgate/admin',
    'x,Admin',
    '[Admin]',
    '[Admin',
    'Engineer,Viewer',
  ],
};

interface Client {
  readonly clientId: string;
  readonly clientSecret?: string;
  readonly tokenEndpoint: string;
  readonly callbackUrls: readonly string[];
}

export interface PeopleLab extends Lab {
  /** The RS256 key that the issuer signs with, private part included. */
  readonly key: JWK & { readonly kid: string };
  /** Signs one of the people in, by the form. */
  signIn(username: string): Promise<Tokens>;
}

/** Opens such a laboratory. */
export const openPeopleLab = async (assembly: string): Promise<PeopleLab> => {
  const lab = await openLab(assembly, { people: PEOPLE });
  const credentials = lab.gateway.credentialsDir;
  const dataDir = dirname(credentials);
  const file = readdirSync(dataDir, { recursive: true, encoding: 'utf8' }).find((name) =>
    name.endsWith('.keys.json'),
  );
  if (file === undefined) throw new Error('the issuer keeps no key');
  const { jwk } = JSON.parse(readFileSync(join(dataDir, file), 'utf8')) as { jwk: PeopleLab['key'] };
  const clients = JSON.parse(readFileSync(join(credentials, 'clients.json'), 'utf8')) as Client[];
  const people = clients.find(({ clientSecret }) => clientSecret === undefined);
  if (people === undefined) throw new Error('no client for people');
  return {
    ...lab,
    key: jwk,
    signIn: (username) =>
      signIn({
        issuer: people.tokenEndpoint.replace(/\/oauth2\/token$/, ''),
        clientId: people.clientId,
        callbackUrl: people.callbackUrls[0] ?? '',
        username,
        password: `Password-1-of-${username}`,
        scope: 'openid labgate/api',
      }),
  };
};
