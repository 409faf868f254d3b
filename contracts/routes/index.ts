/**
 * Every route of the HTTP API, once: the functions serve them, API Gateway is built from them, the
 * permission matrix guards them, and the OpenAPI document is generated from them.
 */
import { ALERT_RULES_ROUTES } from './alert-rules.ts';
import { ALERTS_ROUTES } from './alerts.ts';
import { AUDIT_ROUTES } from './audit.ts';
import { CERTIFICATES_ROUTES } from './certificates.ts';
import { COMMANDS_ROUTES } from './commands.ts';
import { CONTRACT_ROUTES } from './contract.ts';
import { DEVICES_ROUTES } from './devices.ts';
import { EXPORTS_ROUTES } from './exports.ts';
import { HEALTH_ROUTES } from './health.ts';
import { METRICS_ROUTES } from './metrics.ts';
import { PEOPLE_ROUTES } from './people.ts';
import { PRESENCE_ROUTES } from './presence.ts';
import { RECORDS_ROUTES } from './records.ts';
import { SERIES_ROUTES } from './series.ts';
import { SITES_ROUTES } from './sites.ts';
import { TYPES_ROUTES } from './types.ts';

export type { RouteConfig } from './route.ts';

/** Every route, by the name of its operation. */
export const ROUTES = {
  ...DEVICES_ROUTES,
  ...CERTIFICATES_ROUTES,
  ...SITES_ROUTES,
  ...TYPES_ROUTES,
  ...COMMANDS_ROUTES,
  ...ALERT_RULES_ROUTES,
  ...ALERTS_ROUTES,
  ...SERIES_ROUTES,
  ...METRICS_ROUTES,
  ...PRESENCE_ROUTES,
  ...RECORDS_ROUTES,
  ...EXPORTS_ROUTES,
  ...AUDIT_ROUTES,
  ...PEOPLE_ROUTES,
  ...HEALTH_ROUTES,
  ...CONTRACT_ROUTES,
} as const;

/** Name of an operation. */
export type RouteName = keyof typeof ROUTES;
