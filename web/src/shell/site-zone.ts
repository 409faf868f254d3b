/** The zone of the site that is shown: the page says which site, the header and the axes ask. */
import { useQuery } from '@tanstack/react-query';
import { useEffect, useSyncExternalStore } from 'react';
import { sitesQuery } from '../api/queries.ts';

let shown: string | undefined;
const listeners = new Set<() => void>();

const show = (zone: string | undefined): void => {
  shown = zone;
  for (const listener of listeners) listener();
};

/** Names the site of a page; its zone is the one of the page from then on. */
export const useZoneOfSite = (site: string | undefined): void => {
  const { data } = useQuery(sitesQuery);
  const zone = data?.find(({ id }) => id === site)?.timeZone;
  useEffect(() => {
    show(zone);
    return () => show(undefined);
  }, [zone]);
};

/** IANA name; `undefined` where no site is shown, or it has not said its zone. */
export const useShownZone = (): string | undefined =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => shown,
  );
