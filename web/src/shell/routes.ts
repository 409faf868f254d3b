/** The pages: where they are, who may see them, and what is loaded when they are opened. */
import {
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

export interface PageRoute {
  readonly path: string;
  readonly title: string;
  readonly permission: Permission;
  /** Without one it is not in the menu. */
  readonly icon?: ComponentType<{ size?: number }>;
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
