/** `people-api`: people and their roles, and what a caller may do. */
import type { Principal } from '../../../contracts/roles.ts';
import { groupOf, permissionsOf } from '../../../contracts/roles.ts';
import { readEnv } from '../../runtime/env.ts';
import { createApi, jsonResponse } from '../../runtime/http/api.ts';
import { bufferedHandler } from '../../runtime/http/lambda.ts';
import { pageResponse } from '../../runtime/http/page.ts';
import { ProblemError } from '../../runtime/http/problem.ts';
import { createLogger } from '../../runtime/logger.ts';
import { userPool } from '../../runtime/user-pool.ts';
import { addPerson, disablePerson, replaceGrants } from './change.ts';
import { LIST, listPeople } from './list.ts';
import { findManaged, findPerson, type Known, personFor } from './person.ts';

const env = readEnv(['USER_POOL_ID']);
const pool = userPool(env.USER_POOL_ID);
const logger = createLogger();

interface Change {
  readonly action: string;
  readonly person: string;
  readonly reason: string | undefined;
  readonly added?: readonly string[];
  readonly removed?: readonly string[];
}

/** Leaves a trace of a change: who, whom, what and why. */
const record = ({ kind, subject, name }: Principal, change: Change): void =>
  logger.info('person changed', { ...change, by: { kind, subject, name } });

/** The person as is now. */
const answer = async (principal: Principal, { user, grants }: Known): Promise<Response> =>
  jsonResponse(personFor(principal, { user: (await pool.find(user.username)) ?? user, grants }));

const api = createApi('people-api', {
  readMe: ({ principal }) => {
    const { subject, name, kind, grants } = principal;
    return jsonResponse({ subject, name, kind, grants, permissions: permissionsOf(principal) });
  },

  listPeople: async ({ query, principal, url }) =>
    pageResponse(url, LIST, await listPeople(pool, principal, query)),

  readPerson: async ({ params, principal }) =>
    jsonResponse(personFor(principal, await findPerson(pool, principal, params.id))),

  addPerson: async ({ body, principal }) => {
    const known = await addPerson(pool, principal, body);
    const id = known.user.username;
    const added = known.grants.map(groupOf);
    record(principal, { action: 'invite', person: id, reason: body.reason, added });
    return jsonResponse(personFor(principal, known), 201, { location: `/v1/people/${id}` });
  },

  replaceGrants: async ({ params, body, principal }) => {
    const { known, added, removed } = await replaceGrants(pool, principal, params.id, body.grants);
    record(principal, {
      action: 'change grants',
      person: known.user.username,
      reason: body.reason,
      added: added.map(groupOf),
      removed: removed.map(groupOf),
    });
    return jsonResponse(personFor(principal, known));
  },

  disablePerson: async ({ params, body: { reason }, principal }) => {
    const known = await disablePerson(pool, principal, params.id);
    record(principal, { action: 'disable', person: known.user.username, reason });
    return answer(principal, known);
  },

  enablePerson: async ({ params, body: { reason }, principal }) => {
    const known = await findManaged(pool, principal, params.id);
    await pool.enable(known.user.username);
    record(principal, { action: 'enable', person: known.user.username, reason });
    return answer(principal, known);
  },

  signOutPerson: async ({ params, body: { reason }, principal }) => {
    const known = await findManaged(pool, principal, params.id);
    await pool.signOut(known.user.username);
    record(principal, { action: 'sign out', person: known.user.username, reason });
    return answer(principal, known);
  },

  invitePerson: async ({ params, body: { reason }, principal }) => {
    const known = await findManaged(pool, principal, params.id);
    const { username, state } = known.user;
    if (state !== 'invited' || !(await pool.inviteAgain(username))) throw new ProblemError('not-invited');
    record(principal, { action: 'invite again', person: username, reason });
    return answer(principal, known);
  },
});

export const handler = bufferedHandler(api, logger);
