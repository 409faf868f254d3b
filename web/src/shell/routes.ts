/** The pages: where they are, who may see them, and what is loaded when they are opened. */
import {
  IconChartLine,
  IconCirclePlus,
  IconLayoutDashboard,
  IconPlayerPlay,
  IconUrgent,
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
];
