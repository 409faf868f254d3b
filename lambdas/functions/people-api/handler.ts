/** `people-api`: people and their roles, and what a caller may do. */
import { type Grant, groupOf, type Principal, permissionsOf } from '../../../contracts/roles.ts';
import { dynamoClient } from '../../runtime/clients.ts';
import { readEnv } from '../../runtime/env.ts';
import { createApi, jsonResponse } from '../../runtime/http/api.ts';
import type { AuditFacts } from '../../runtime/http/audit.ts';
import { bufferedHandler } from '../../runtime/http/lambda.ts';
import { pageResponse } from '../../runtime/http/page.ts';
import { ProblemError } from '../../runtime/http/problem.ts';
import { createLogger } from '../../runtime/logger.ts';
import { userPool } from '../../runtime/user-pool.ts';
import { noteAccessChange } from '../../store/registry/access-changes.ts';
import { auditInto } from '../../store/registry/audit.ts';
import { addPerson, disablePerson, replaceGrants } from './change.ts';
import { LIST, listPeople } from './list.ts';
import { findManaged, findPerson, type Known, personFor } from './person.ts';

const env = readEnv(['REGISTRY_TABLE', 'USER_POOL_ID', 'ALLOWED_ORIGINS']);
const registry = { client: dynamoClient(), table: env.REGISTRY_TABLE };
const pool = userPool(env.USER_POOL_ID);
const logger = createLogger();

/** What a change of somebody's grants was, for the audit: of the sites that they are at, or of none that alone is named. */
const about = (
  username: string,
  grants: readonly Grant[],
  change: { readonly before?: string; readonly after?: string } = {},
): AuditFacts => {
  const sites = grants.flatMap(({ site }) => site ?? []);
  return {
    ...(sites.length > 0 && sites.length === grants.length ? { site: [...new Set(sites)] } : {}),
    resource: { kind: 'people', id: username },
    ...change,
  };
};

/**
 * Has tokens of before count no more where that is asked: the live connection. Last, and also where nothing had to be
 * changed: whoever repeats a request that failed half way mends what is missing.
 */
const endOldTokens = ({ user }: Known): Promise<void> => noteAccessChange(registry, user.subject, new Date());

/** The person as is now. */
const answer = async (principal: Principal, { user, grants }: Known): Promise<Response> =>
  jsonResponse(personFor(principal, { user: (await pool.find(user.username)) ?? user, grants }));

const api = createApi('people-api', auditInto(registry, logger), {
  readMe: ({ principal }) => {
    const { subject, name, kind, grants } = principal;
    return jsonResponse({ subject, name, kind, grants, permissions: permissionsOf(principal) });
  },

  listPeople: async ({ query, principal, url }) =>
    pageResponse(url, LIST, await listPeople(pool, principal, query)),

  readPerson: async ({ params, principal }) =>
    jsonResponse(personFor(principal, await findPerson(pool, principal, params.id))),

  addPerson: async ({ body, principal, note }) => {
    note(about(body.email, body.grants));
    const known = await addPerson(pool, principal, body);
    const id = known.user.username;
    note(about(id, known.grants, { after: known.grants.map(groupOf).join(' ') }));
    return jsonResponse(personFor(principal, known), 201, { location: `/v1/people/${id}` });
  },

  replaceGrants: async ({ params, body, principal, note }) => {
    const { known, added, removed } = await replaceGrants(pool, principal, params.id, body.grants);
    const now = known.grants.map(groupOf);
    const gained = new Set(added.map(groupOf));
    const before = [...now.filter((group) => !gained.has(group)), ...removed.map(groupOf)];
    const texts = { before: before.join(' '), after: now.join(' ') };
    const changed = [...added, ...removed];
    note(about(known.user.username, changed.length > 0 ? changed : known.grants, texts));
    // Who only gains a role keeps the connection.
    if (removed.length > 0 || added.length === 0) await endOldTokens(known);
    return jsonResponse(personFor(principal, known));
  },

  disablePerson: async ({ params, principal, note }) => {
    const known = await disablePerson(pool, principal, params.id);
    note(about(known.user.username, known.grants));
    await endOldTokens(known);
    return answer(principal, known);
  },

  enablePerson: async ({ params, principal, note }) => {
    const known = await findManaged(pool, principal, params.id);
    await pool.enable(known.user.username);
    note(about(known.user.username, known.grants));
    return answer(principal, known);
  },

  signOutPerson: async ({ params, principal, note }) => {
    const known = await findManaged(pool, principal, params.id);
    await pool.signOut(known.user.username);
    note(about(known.user.username, known.grants));
    await endOldTokens(known);
    return answer(principal, known);
  },

  invitePerson: async ({ params, principal, note }) => {
    const known = await findManaged(pool, principal, params.id);
    const { username, state } = known.user;
    note(about(username, known.grants));
    if (state !== 'invited' || !(await pool.inviteAgain(username))) throw new ProblemError('not-invited');
    return answer(principal, known);
  },
});

export const handler = bufferedHandler(api, logger, env.ALLOWED_ORIGINS);
