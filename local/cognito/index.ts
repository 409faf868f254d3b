/** The stand-in for Cognito: an issuer of tokens for each user pool of the assembly. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { Origins } from '../assembly/origins.ts';
import type { Connections } from '../connections.ts';
import { listenHttp } from '../http-listener.ts';
import type { PartOptions } from '../types.ts';
import { AdminApi, type AdminPool } from './admin-api.ts';
import { loadClientSecrets, loadKeys, loadUsers, type SampleUser } from './credentials.ts';
import { openOutbox } from './outbox.ts';
import { type PoolServer, servePool } from './pool.ts';
import { type Pool, readPools, resourceTypes } from './read.ts';
import { openStore } from './store.ts';
import { openUsers } from './users.ts';

export type { SampleUser };
export { resourceTypes };

export interface CognitoOptions extends Omit<PartOptions, 'endpoint' | 'iam'> {
  /** Gets the operations that need AWS credentials; nobody asks for them when absent. */
  readonly endpoint?: PartOptions['endpoint'];
  readonly iam?: PartOptions['iam'];
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Folder for `users.json`, `clients.json` and the mail in `outbox/`, readable by its owner alone. */
  readonly credentialsDir: string;
  /** Whether each group has a sample user; yes when absent. */
  readonly samples?: boolean;
  /** Users besides the one of each group. */
  readonly users?: readonly SampleUser[];
  /** Bounds that are shared with other listeners; its own when absent. */
  readonly connections?: Connections;
}

export interface CognitoPart {
  /** Issuer URL of a user pool, the `iss` of its tokens; key set and discovery are below it. */
  issuer(userPoolId: string): string;
  /** What stands in place of the domain of the pool that has one. */
  readonly origins: Origins;
  /** `undefined` when the assembly has no user pool. */
  readonly address: { readonly host: string; readonly port: number; readonly url: string } | undefined;
  close(): Promise<void>;
}

/**
 * Serves the user pools of the assembly. Each pool is below `/<user pool id>`; the OAuth endpoints of the
 * pool that has a domain are at the root as well, as on Cognito's hosted UI: `/oauth2/authorize`, `/login`,
 * `/oauth2/token`, `/oauth2/userInfo`, `/oauth2/revoke`, `/logout`.
 * @throws {Error} naming what the assembly declares and this server cannot do, or the port that is taken
 */
export async function startCognito(options: CognitoOptions): Promise<CognitoPart> {
  const { assembly, log, credentialsDir } = options;
  const pools = readPools(assembly);
  const [main, another] = pools.filter(({ domain }) => domain !== undefined);
  if (another)
    throw new Error(`one AWS::Cognito::UserPoolDomain is served locally, ${another.id} has one as well`);
  for (const pool of pools.filter(({ mfaRequired }) => mfaRequired)) {
    log('warn', `user pool ${pool.id} wants a second factor, which nobody is asked for locally`);
  }
  if (pools.length === 0) {
    const issuer = (id: string): never => {
      throw new Error(`no user pool ${id} in the assembly`);
    };
    return { issuer, origins: new Map(), address: undefined, close: () => Promise.resolve() };
  }

  const servers = new Map<string, PoolServer>();
  await using opened = new AsyncDisposableStack();
  opened.defer(async () => {
    for (const pool of servers.values()) await pool.close();
  });
  const listener = await listenHttp(options, (request, response) => {
    serve(servers, main, request, response).catch((cause: unknown) => {
      log('error', 'the token issuer failed', {
        cause: cause instanceof Error ? cause.stack : String(cause),
      });
      if (response.headersSent) response.destroy();
      else response.writeHead(500, { 'content-type': 'application/json' }).end('{"error":"server_error"}');
    });
  });
  // What is said of users and clients may be wrong: then nothing listens any more.
  opened.defer(() => listener.close(0));
  const { host, port, url } = listener;
  const issuer = (id: string): string => {
    if (!pools.some((pool) => pool.id === id)) throw new Error(`no user pool ${id} in the assembly`);
    return `${url}/${id}`;
  };

  const folder = options.dataDir === undefined ? undefined : join(options.dataDir, 'cognito');
  const sampled = options.samples === false ? pools.map((pool) => ({ ...pool, groups: [] })) : pools;
  const everybody = await loadUsers(credentialsDir, sampled, options.users ?? []);
  const secrets = await loadClientSecrets(credentialsDir, pools, (pool) =>
    pool === main ? url : issuer(pool.id),
  );
  const admin = new Map<string, AdminPool>();
  for (const pool of pools) {
    const keys = await loadKeys(folder, pool.id);
    const users = await openUsers(pool, everybody, credentialsDir, folder);
    const store = await openStore(folder, pool.id);
    admin.set(pool.id, { pool, users, store });
    servers.set(pool.id, servePool({ pool, issuer: issuer(pool.id), users, store, secrets, keys, log }));
  }
  options.endpoint?.register('cognito-idp', new AdminApi(admin, openOutbox(credentialsDir, log)));
  const running = opened.move();
  const { region } = assembly;
  const origins = new Map(
    main?.domain === undefined ? [] : [[`https://${main.domain}.auth.${region}.amazoncognito.com`, url]],
  );
  return { issuer, origins, address: { host, port, url }, close: () => running.disposeAsync() };
}

async function serve(
  servers: ReadonlyMap<string, PoolServer>,
  main: Pool | undefined,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(`http://local${request.url?.startsWith('/') ? request.url : '/'}`);
  const [, first = '', ...rest] = url.pathname.split('/');
  const named = servers.get(first);
  if (named) url.pathname = `/${rest.join('/')}`;
  const pool = named ?? (main && servers.get(main.id));
  if (pool) return pool.handle(request, response, { base: named ? `/${first}` : '', url });
  response.writeHead(404, { 'content-type': 'application/json' }).end('{"error":"not_found"}');
}
