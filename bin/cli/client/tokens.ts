/** Access tokens: by a program's credentials, by a person's sign-in, or as given. */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import * as z from 'zod';
import { reach } from './reach.ts';
import { type Target, UsageError } from './target.ts';

const tokenResponse = z.object({ access_token: z.string(), expires_in: z.number() });

const post = async (url: string, form: Record<string, string>, basic?: string): Promise<string> => {
  const response = await reach(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      ...(basic === undefined ? {} : { authorization: `Basic ${basic}` }),
    },
    body: new URLSearchParams(form),
  });
  const text = await response.text();
  if (!response.ok)
    throw new UsageError(`the token endpoint refused (${response.status}): ${text.slice(0, 200)}`);
  return tokenResponse.parse(JSON.parse(text)).access_token;
};

/**
 * Gets a token with client credentials: of a named program of the target, or of the environment variables
 * `LABGATE_CLIENT_ID` and `LABGATE_CLIENT_SECRET`.
 */
const programToken = (target: Target, name: string | undefined): Promise<string> => {
  const { LABGATE_CLIENT_ID: id, LABGATE_CLIENT_SECRET: secret } = process.env;
  const known = target.programs.find((program) => name === undefined || program.name === name);
  const chosen =
    name === undefined && id !== undefined && secret !== undefined
      ? { clientId: id, clientSecret: secret }
      : known;
  if (chosen === undefined || target.tokenEndpoint === undefined) {
    throw new UsageError(
      name === undefined
        ? 'no credentials: set LABGATE_TOKEN, or LABGATE_CLIENT_ID and LABGATE_CLIENT_SECRET, or sign in with `labgate token --sign-in`'
        : `the target knows no program ${name}; it knows: ${target.programs.map((program) => program.name).join(', ') || 'none'}`,
    );
  }
  const basic = Buffer.from(`${chosen.clientId}:${chosen.clientSecret}`).toString('base64');
  return post(target.tokenEndpoint, { grant_type: 'client_credentials' }, basic);
};

/** The token for the calls of one command. */
export const accessToken = async (target: Target, program?: string): Promise<string> => {
  const given = process.env['LABGATE_TOKEN'];
  return program === undefined && given !== undefined ? given : programToken(target, program);
};

/** Port of the address that the sign-in page leads back to; the settings list it. */
const CALLBACK_PORT = 8976;

/**
 * Signs a person in: authorization code with PKCE (RFC 7636), answered on the loopback address (RFC 8252).
 * @param show is given the address to open in a browser
 */
export const signIn = async (target: Target, show: (url: string) => void): Promise<string> => {
  const { authorizeEndpoint, tokenEndpoint, peopleClientId } = target;
  if (authorizeEndpoint === undefined || tokenEndpoint === undefined || peopleClientId === undefined) {
    throw new UsageError(
      'the target names no sign-in page: use the outputs file of the deployment as --target',
    );
  }
  const verifier = randomBytes(32).toString('base64url');
  const state = randomBytes(16).toString('base64url');
  const redirect = `http://localhost:${CALLBACK_PORT}/callback`;
  const url = new URL(authorizeEndpoint);
  url.search = new URLSearchParams({
    response_type: 'code',
    client_id: peopleClientId,
    redirect_uri: redirect,
    scope: 'openid labgate/api',
    state,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  }).toString();
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const server = createServer((request, response) => {
    const answer = new URL(request.url ?? '/', redirect);
    if (answer.pathname !== '/callback') {
      response.writeHead(404).end();
      return;
    }
    const code = answer.searchParams.get('code');
    const genuine = answer.searchParams.get('state') === state;
    response.setHeader('content-type', 'text/plain; charset=utf-8');
    response.end(genuine && code !== null ? 'Signed in. You may close this page.' : 'Sign-in failed.');
    if (genuine && code !== null) resolve(code);
    else
      reject(
        new UsageError(`sign-in failed: ${answer.searchParams.get('error') ?? 'the state does not match'}`),
      );
  });
  server.listen(CALLBACK_PORT, 'localhost');
  await once(server, 'listening');
  try {
    show(url.toString());
    const code = await promise;
    return await post(tokenEndpoint, {
      grant_type: 'authorization_code',
      client_id: peopleClientId,
      code,
      redirect_uri: redirect,
      code_verifier: verifier,
    });
  } finally {
    server.close();
    server.closeAllConnections();
  }
};
