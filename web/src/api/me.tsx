/** Who looks at the page, and what they may do: what they may not is not offered. */
import { useSuspenseQuery } from '@tanstack/react-query';
import type { Permission } from '../../../contracts/roles.ts';
import { ask } from './client.ts';
import { readMe } from './gen/index.ts';

/** Asks whether a permission is held: at a site, or without one anywhere. */
export type May = (permission: Permission, site?: string) => boolean;

export const useMe = () =>
  useSuspenseQuery({ queryKey: ['me'], queryFn: () => ask(readMe()), staleTime: 5 * 60_000 }).data;

export const useMay = (): May => {
  const { permissions } = useMe();
  return (permission, site) => {
    const sites = permissions[permission];
    if (sites === undefined) return false;
    return sites === 'all' || site === undefined || sites.includes(site);
  };
};
