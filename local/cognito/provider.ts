/** The OpenID provider behind a user pool. */
import { randomUUID } from 'node:crypto';
import Provider, {
  type ClientMetadata,
  type Configuration,
  errors,
  interactionPolicy,
  type JWTStructured,
  type KoaContextWithOIDC,
} from 'oidc-provider';
import type { PoolKeys, User } from './credentials.ts';
import { messagePage, PAGE_HEADERS } from './pages.ts';
import type { Client, Pool } from './read.ts';
import type { Store } from './store.ts';
import type { Users } from './users.ts';

export interface ProviderInput {
  readonly issuer: string;
  readonly pool: Pool;
  readonly users: Users;
  readonly secrets: ReadonlyMap<string, string>;
  readonly keys: PoolKeys;
  readonly store: Store;
}

const OIDC_SCOPES = ['openid', 'email', 'profile', 'phone', 'aws.cognito.signin.user.admin'];
const HOUR = 3_600;

/**
 * An OpenID provider that speaks like one user pool: its clients, users, scopes and claims.
 * Claims: "Understanding the access token" and "Understanding the ID token" of the Cognito developer guide.
 */
export function createProvider(input: ProviderInput): Provider {
  const { issuer, pool, users, keys, store } = input;
  // Names what all scopes belong to in stored grants, which outlive a change of the port.
  const api = `urn:cognito:${pool.id}`;
  const clientOf = (id: string): Client => {
    const client = pool.clients.find((candidate) => candidate.id === id);
    if (!client) throw new errors.InvalidClient(`no client ${id}`);
    return client;
  };
  const configuration: Configuration = {
    adapter: (model) => store.adapter(model),
    clients: pool.clients
      .filter(({ flows }) => flows.length > 0)
      .map((client) => metadata(client, input.secrets)),
    clientDefaults: { id_token_signed_response_alg: 'RS256' },
    jwks: { keys: [{ ...keys.jwk, kty: 'RSA' }] },
    cookies: { keys: [keys.cookie], long: { sameSite: 'lax' }, short: { sameSite: 'lax' } },
    clientBasedCORS: () => true,
    scopes: [...OIDC_SCOPES, ...pool.resourceScopes],
    responseTypes: ['code'],
    claims: {
      openid: ['sub', 'cognito:username', 'cognito:groups', 'token_use', 'event_id', 'origin_jti'],
      email: ['email', 'email_verified'],
    },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      revocation: {
        enabled: true,
        allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId,
      },
      rpInitiatedLogout: { enabled: false },
      // Served apart, since Cognito's takes the very access token that the API takes.
      userinfo: { enabled: false },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => api,
        getResourceServerInfo: (ctx, _resource, { clientId }) => {
          const client = clientOf(clientId);
          checkScopes(ctx, client);
          return {
            scope: client.scopes.join(' '),
            audience: clientId,
            accessTokenTTL: client.validity.access,
            accessTokenFormat: 'jwt',
            jwt: { sign: { alg: 'RS256' } },
          };
        },
      },
    },
    formats: { customizers: { jwt: (ctx, token, jwt) => asCognito(ctx, token.kind, jwt, users) } },
    findAccount: (_ctx, id, token) => {
      const user = users.bySub(id);
      // Of a refresh token, or a code: both are gone, unless they came back from the disk after a crash.
      const isOld = token !== undefined && 'iat' in token && (token.iat ?? 0) < (user?.signedOutAt ?? 0);
      return user?.enabled && !isOld ? { accountId: id, claims: () => idClaims(user) } : undefined;
    },
    interactions: { url: () => `${issuer}/login`, policy: loginPolicy(users) },
    issueRefreshToken: () => true,
    rotateRefreshToken: false,
    loadExistingGrant: async (ctx) => {
      const { client, session } = ctx.oidc;
      if (!client || session?.accountId === undefined) return undefined;
      const known = session.grantIdFor(client.clientId);
      const before = known === undefined ? undefined : await provider.Grant.find(known);
      if (before) return before;
      // Cognito asks nobody for consent: a client has the scopes that the template gives it.
      const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
      const { scopes } = clientOf(client.clientId);
      grant.addOIDCScope(scopes.join(' '));
      grant.addResourceScope(api, scopes.join(' '));
      await grant.save();
      return grant;
    },
    pkce: { required: (_ctx, client) => client.tokenEndpointAuthMethod === 'none' },
    renderError: (ctx, out) => {
      for (const [name, value] of Object.entries(PAGE_HEADERS)) ctx.set(name, value);
      ctx.body = messagePage('That did not work', `${out.error}: ${out.error_description ?? ''}`);
    },
    routes: {
      authorization: '/oauth2/authorize',
      token: '/oauth2/token',
      revocation: '/oauth2/revoke',
      jwks: '/.well-known/jwks.json',
    },
    ttl: {
      AccessToken: (_ctx, _token, client) => clientOf(client.clientId).validity.access,
      AuthorizationCode: 5 * 60,
      ClientCredentials: (_ctx, _token, client) => clientOf(client.clientId).validity.access,
      Grant: 3650 * 24 * HOUR,
      IdToken: (_ctx, _token, client) => clientOf(client.clientId).validity.id,
      Interaction: 15 * 60,
      RefreshToken: (_ctx, _token, client) => clientOf(client.clientId).validity.refresh,
      Session: HOUR,
    },
    discovery: { userinfo_endpoint: `${issuer}/oauth2/userInfo`, end_session_endpoint: `${issuer}/logout` },
  };
  const provider = new Provider(issuer, configuration);
  return provider;
}

/** Asks whoever has a session to sign in again when their account is disabled: the form tells them so. */
function loginPolicy(users: Users): interactionPolicy.DefaultPolicy {
  const { Check, base } = interactionPolicy;
  const policy = base();
  const isShutOut = (ctx: KoaContextWithOIDC): boolean =>
    ctx.oidc.session?.accountId !== undefined && !users.bySub(ctx.oidc.session.accountId)?.enabled;
  policy.get('login')?.checks.add(new Check('no_account', 'the account is disabled', isShutOut));
  return policy;
}

function metadata(client: Client, secrets: ReadonlyMap<string, string>): ClientMetadata {
  const secret = secrets.get(client.id);
  const code = client.flows.includes('code');
  return {
    client_id: client.id,
    client_name: client.name,
    ...(secret === undefined ? {} : { client_secret: secret }),
    token_endpoint_auth_method: secret === undefined ? 'none' : 'client_secret_basic',
    grant_types: code ? ['authorization_code', 'refresh_token'] : ['client_credentials'],
    response_types: code ? ['code'] : [],
    redirect_uris: code ? [...client.callbackUrls] : [],
    scope: client.scopes.join(' '),
    // Cognito's ID tokens always tell when the user has signed in.
    require_auth_time: true,
  };
}

/** A scope that the client does not have is an error, never left out; no scope at all means all it has. */
function checkScopes(ctx: KoaContextWithOIDC, client: Client): void {
  const { params } = ctx.oidc;
  if (!params || (ctx.oidc.route === 'token' && params['grant_type'] !== 'client_credentials')) return;
  const asked = params['scope'];
  if (asked === undefined) {
    params['scope'] = client.scopes.join(' ');
    return;
  }
  const foreign = String(asked)
    .split(' ')
    .find((scope) => !client.scopes.includes(scope));
  if (foreign !== undefined) throw new errors.InvalidScope('requested scope is not allowed', foreign);
}

const idClaims = (user: User) => ({
  sub: user.sub,
  'cognito:username': user.username,
  ...(user.groups.length > 0 ? { 'cognito:groups': [...user.groups] } : {}),
  email: user.email,
  email_verified: true,
  token_use: 'id',
  origin_jti: randomUUID(),
  event_id: randomUUID(),
});

/** Gives an access token the claims of Cognito's. */
function asCognito(ctx: KoaContextWithOIDC, kind: string, jwt: JWTStructured, users: Users): void {
  const { payload } = jwt;
  payload['token_use'] = 'access';
  payload['version'] = 2;
  payload['jti'] = randomUUID();
  // Cognito's access tokens name their client in client_id and have no audience; the library insists on one,
  // so it stays where the library sees it and the token does not.
  Object.defineProperty(payload, 'aud', { enumerable: false });
  if (kind === 'ClientCredentials') {
    payload['auth_time'] = payload['iat'];
    return;
  }
  const user = users.bySub(payload['sub'] as string | undefined);
  if (!user) throw new errors.InvalidGrant('user is gone');
  payload['username'] = user.username;
  if (user.groups.length > 0) payload['cognito:groups'] = [...user.groups];
  payload['origin_jti'] = randomUUID();
  payload['event_id'] = randomUUID();
  const source = ctx.oidc.entities.AuthorizationCode ?? ctx.oidc.entities.RefreshToken;
  payload['auth_time'] = source?.authTime ?? payload['iat'];
  // With openid and its kind, which a token for a resource would not carry otherwise.
  payload['scope'] = source?.scope ?? payload['scope'];
}
