/** The pages: where they are, who may see them, and what is loaded when they are opened. */
import {
  IconBell,
  IconBellCog,
  IconChartLine,
  IconCirclePlus,
  IconDownload,
  IconHeartbeat,
  IconLayoutDashboard,
  IconPlayerPlay,
  IconShieldCheck,
  IconTemplate,
  IconUrgent,
  IconUsers,
} from '@tabler/icons-react';
import { type ComponentType, lazy } from 'react';
import type { Permission } from '../../../contracts/roles.ts';
import { texts } from '../texts.ts';
import { AlertCount } from './AlertCount.tsx';

export interface PageRoute {
  readonly path: string;
  readonly title: string;
  readonly permission: Permission;
  /** Without one it is not in the menu. */
  readonly icon?: ComponentType<{ size?: number }>;
  /** What stands beside the title in the menu. */
  readonly count?: ComponentType;
  readonly page: ComponentType;
}

export const ROUTES: readonly PageRoute[] = [
  {
    path: '/',
    title: texts.overview.title,
    permission: 'devices:read',
    icon: IconLayoutDashboard,
    page: lazy(() => import('../pages/overview/Overview.tsx')),
  },
  {
    path: '/devices/:id',
    title: texts.device.title,
    permission: 'devices:read',
    page: lazy(() => import('../pages/device/Device.tsx')),
  },
  {
    path: '/explore',
    title: texts.explore.title,
    permission: 'series:read',
    icon: IconChartLine,
    page: lazy(() => import('../pages/explore/Explore.tsx')),
  },
  {
    path: '/commands',
    title: texts.commands.title,
    permission: 'commands:read',
    icon: IconPlayerPlay,
    page: lazy(() => import('../pages/commands/Commands.tsx')),
  },
  {
    path: '/alerts',
    title: texts.alerts.title,
    permission: 'alerts:read',
    icon: IconBell,
    count: AlertCount,
    page: lazy(() => import('../pages/alerts/Alerts.tsx')),
  },
  {
    path: '/alert-rules',
    title: texts.alertRules.title,
    permission: 'alert-rules:read',
    icon: IconBellCog,
    page: lazy(() => import('../pages/alert-rules/AlertRules.tsx')),
  },
  {
    path: '/alert-rules/new',
    title: texts.alertRules.title,
    permission: 'alert-rules:manage',
    page: lazy(() => import('../pages/alert-rules/NewRule.tsx')),
  },
  {
    path: '/alert-rules/:type/:id',
    title: texts.alertRules.title,
    permission: 'alert-rules:read',
    page: lazy(() => import('../pages/alert-rules/ChangeRule.tsx')),
  },
  {
    path: '/quarantine',
    title: texts.quarantine.title,
    permission: 'quarantine:read',
    icon: IconUrgent,
    page: lazy(() => import('../pages/quarantine/Quarantine.tsx')),
  },
  {
    path: '/register',
    title: texts.register.title,
    permission: 'devices:register',
    icon: IconCirclePlus,
    page: lazy(() => import('../pages/register/Register.tsx')),
  },
  {
    path: '/types',
    title: texts.types.title,
    permission: 'types:read',
    icon: IconTemplate,
    page: lazy(() => import('../pages/types/Types.tsx')),
  },
  {
    path: '/types/:id',
    title: texts.types.title,
    permission: 'types:read',
    page: lazy(() => import('../pages/types/TypeEditor.tsx')),
  },
  {
    path: '/exports',
    title: texts.exports.title,
    permission: 'exports:read',
    icon: IconDownload,
    page: lazy(() => import('../pages/exports/Exports.tsx')),
  },
  {
    path: '/people',
    title: texts.people.title,
    permission: 'people:read',
    icon: IconUsers,
    page: lazy(() => import('../pages/people/People.tsx')),
  },
  {
    path: '/audit',
    title: texts.audit.title,
    permission: 'audit:read',
    icon: IconShieldCheck,
    page: lazy(() => import('../pages/audit/Audit.tsx')),
  },
  {
    path: '/health',
    title: texts.health.title,
    permission: 'health:read',
    icon: IconHeartbeat,
    page: lazy(() => import('../pages/health/Health.tsx')),
  },
];
