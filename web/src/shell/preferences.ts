/** What a person chose for all pages; kept by the browser. */
import { useLocalStorage } from '@mantine/hooks';
import { useShownZone } from './site-zone.ts';

/** Whose clock times are shown by. */
export const ZONES = ['site', 'viewer', 'utc'] as const;
export type ZoneChoice = (typeof ZONES)[number];

/** IANA name of the zone of this computer. */
export const viewerZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

export const useZone = () => {
  const [choice, setChoice] = useLocalStorage<ZoneChoice>({
    key: 'labgate.zone',
    defaultValue: 'site',
    getInitialValueInEffect: false,
  });
  const site = useShownZone();
  /** The IANA name that a choice stands for. A site that has not said its zone, or none on the page: the viewer's. */
  const zoneOf = (which: ZoneChoice): string =>
    which === 'utc' ? 'UTC' : ((which === 'site' ? site : undefined) ?? viewerZone());
  return { choice, setChoice, zone: zoneOf(choice), zoneOf };
};
