/** Sites: listed, described, and forgotten when no device is left. */
import * as z from 'zod';
import { removal } from '../resources/reason.ts';
import { site, siteInput } from '../resources/sites.ts';
import { etag, idParams, ifMatch, json, ok, page, paging, problems, route } from './route.ts';

/** Routes of sites. */
export const SITES_ROUTES = {
  listSites: route(
    { service: 'control-api', permission: 'sites:read' },
    {
      method: 'get',
      path: '/v1/sites',
      summary: 'List the sites that the caller may see, by identifier',
      description: 'Those that are described, and those where devices are registered.',
      tags: ['sites'],
      request: { query: z.object(paging).strict() },
      responses: {
        200: ok(page(site).meta({ id: 'SitePage' }), 'One page'),
        ...problems('invalid-request', 'invalid-cursor'),
      },
    },
  ),
  readSite: route(
    { service: 'control-api', permission: 'sites:read' },
    {
      method: 'get',
      path: '/v1/sites/{id}',
      summary: 'Read a site',
      tags: ['sites'],
      request: { params: idParams },
      responses: { 200: { ...ok(site, 'The site'), ...etag }, ...problems('invalid-request', 'not-found') },
    },
  ),
  describeSite: route(
    { service: 'control-api', permission: 'sites:manage' },
    {
      method: 'put',
      path: '/v1/sites/{id}',
      summary: 'Say what a site is: name, time zone, address, position, contact',
      description:
        'Replaces the description. `If-Match` is required when there is one. The time zone is kept and answered; queries take `tz`.',
      tags: ['sites'],
      request: { params: idParams, headers: ifMatch, body: { content: json(siteInput), required: true } },
      responses: {
        200: { ...ok(site, 'The site as it is now'), ...etag },
        ...problems(
          'invalid-request',
          'not-found',
          'precondition-failed',
          'precondition-required',
          'body-too-large',
          'unsupported-media-type',
        ),
      },
    },
  ),
  removeSite: route(
    { service: 'control-api', permission: 'sites:manage' },
    {
      method: 'delete',
      path: '/v1/sites/{id}',
      summary: 'Remove the description of a site where no device is left',
      description:
        'Refused while a device is there that is not retired. Where only retired ones are, the site stays in lists, undescribed, as their data are of it.',
      tags: ['sites'],
      request: { params: idParams, headers: ifMatch, body: { content: json(removal), required: true } },
      responses: {
        200: ok(site, 'The site as it was'),
        ...problems(
          'invalid-request',
          'not-found',
          'site-in-use',
          'precondition-failed',
          'precondition-required',
          'body-too-large',
          'unsupported-media-type',
        ),
      },
    },
  ),
} as const;
