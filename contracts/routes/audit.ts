/** The audit: read, and nothing else. Nobody can change it or take anything from it. */
import { auditEntry, auditQuery } from '../resources/audit.ts';
import { ok, page, problems, route } from './route.ts';

/** Routes of the audit. */
export const AUDIT_ROUTES = {
  listAudit: route(
    { service: 'records-api', permission: 'audit:read' },
    {
      method: 'get',
      path: '/v1/audit',
      summary: 'Who changed what at a site, and who was denied what',
      description:
        'One entry for each change, and for tries that were denied or refused. Of more than ten such tries of a caller and operation within a minute only each doubling is an entry, with their number.',
      tags: ['audit'],
      request: { query: auditQuery },
      responses: {
        200: ok(page(auditEntry).meta({ id: 'AuditPage' }), 'One page; it may be empty and lead on'),
        ...problems('invalid-request', 'invalid-cursor', 'not-found'),
      },
    },
  ),
} as const;
