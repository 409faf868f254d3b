/** People: who may sign in, and with which roles. */
import * as z from 'zod';
import { grantsInput, me, person, personDecision, personInput } from '../resources/people.ts';
import { json, ok, page, problems, route } from './route.ts';

/** Cognito knows people by user name, `sub` or e-mail address, and so does a path. */
const personParams = z.object({ id: z.string().min(1).max(128) });

const decision = <const A extends 'disable' | 'enable' | 'sign-out' | 'invite', const S extends string>(
  action: A,
  summary: S,
  description: string,
) =>
  route(
    { service: 'people-api', permission: 'people:manage' },
    {
      method: 'post',
      path: `/v1/people/{id}/${action}`,
      summary,
      description,
      tags: ['people'],
      request: { params: personParams, body: { content: json(personDecision), required: true } },
      responses: {
        200: ok(person, 'The person as is now'),
        ...problems(
          'invalid-request',
          'not-found',
          ...(action === 'disable' ? (['own-access', 'last-administrator'] as const) : []),
          ...(action === 'invite' ? (['not-invited'] as const) : []),
          'body-too-large',
          'unsupported-media-type',
        ),
      },
    },
  );

/** Routes of people. */
export const PEOPLE_ROUTES = {
  readMe: route(
    { service: 'people-api', permission: 'me:read' },
    {
      method: 'get',
      path: '/v1/me',
      summary: 'Who calls, and what they may do at which sites',
      description:
        'As the token says: a change of roles shows in the next token, five minutes later at most.',
      tags: ['people'],
      responses: { 200: ok(me, 'The caller'), ...problems() },
    },
  ),
  listPeople: route(
    { service: 'people-api', permission: 'people:read' },
    {
      method: 'get',
      path: '/v1/people',
      summary: 'List the people that the caller may see',
      description:
        'In no order, as Cognito keeps none. An Admin of every site sees all; an Admin of a site those who hold a role at it, and of them only these roles. A page may hold fewer than `limit`, or nobody, and still lead on.',
      tags: ['people'],
      request: {
        query: z
          .object({
            limit: z.coerce.number().int().min(1).max(60).optional(),
            cursor: z.string().max(8192).optional().meta({ description: '`next` of the page before' }),
          })
          .strict(),
      },
      responses: {
        200: ok(page(person).meta({ id: 'PersonPage' }), 'One page'),
        ...problems('invalid-request', 'invalid-cursor'),
      },
    },
  ),
  addPerson: route(
    { service: 'people-api', permission: 'people:manage' },
    {
      method: 'post',
      path: '/v1/people',
      summary: 'Invite a person by e-mail, with roles',
      description:
        'Cognito mails a temporary password, which is good for three days. Nobody gives what they do not hold themselves at that site. A repeated request is answered with `conflict`: user names and addresses are there once. Where the answer is 5xx, read the person, and give the roles that are missing.',
      tags: ['people'],
      request: { body: { content: json(personInput), required: true } },
      responses: {
        201: {
          ...ok(person, 'The person'),
          headers: z.object({ Location: z.string().meta({ description: 'Where the person is' }) }),
        },
        ...problems('invalid-request', 'conflict', 'body-too-large', 'unsupported-media-type'),
      },
    },
  ),
  readPerson: route(
    { service: 'people-api', permission: 'people:read' },
    {
      method: 'get',
      path: '/v1/people/{id}',
      summary: 'Read a person',
      tags: ['people'],
      request: { params: personParams },
      responses: { 200: ok(person, 'The person'), ...problems('invalid-request', 'not-found') },
    },
  ),
  replaceGrants: route(
    { service: 'people-api', permission: 'people:manage' },
    {
      method: 'put',
      path: '/v1/people/{id}/grants',
      summary: 'Change the roles of a person',
      description:
        'Replaces the roles that the caller may see; what an Admin of one site does not see stays. Takes no `If-Match`: Cognito keeps no version of groups and changes each by itself, so that a check would promise more than holds. The same request again ends in the same roles. A role that is taken away is worth nothing when the last token with it has ended: five minutes later at most.',
      tags: ['people'],
      request: { params: personParams, body: { content: json(grantsInput), required: true } },
      responses: {
        200: ok(person, 'The person as is now'),
        ...problems(
          'invalid-request',
          'not-found',
          'own-access',
          'last-administrator',
          'body-too-large',
          'unsupported-media-type',
        ),
      },
    },
  ),
  disablePerson: decision(
    'disable',
    'Keep a person from signing in, and sign them out',
    'Refresh tokens end at once, the last access token five minutes later at most. The roles stay, for when the person is enabled again. Only for whom every role is in the hands of the caller.',
  ),
  enablePerson: decision('enable', 'Let a person sign in again', 'They have to sign in anew.'),
  signOutPerson: decision(
    'sign-out',
    'Sign a person out everywhere',
    'Refresh tokens end at once, the last access token five minutes later at most. The cookie of the sign-in page lasts for an hour: whoever holds that browser gets in again without a password, unless the person is disabled.',
  ),
  invitePerson: decision(
    'invite',
    'Send the invitation again, with another temporary password',
    'For whoever has not signed in yet.',
  ),
} as const;
