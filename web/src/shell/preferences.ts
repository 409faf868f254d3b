/** What a person chose for all pages; kept by the browser. */
import { useLocalStorage } from '@mantine/hooks';

/** Whose clock times are shown by. */
export const ZONES = ['viewer', 'utc'] as const;
export type ZoneChoice = (typeof ZONES)[number];

/** The IANA name that a choice stands for. */
export const zoneOf = (choice: ZoneChoice): string =>
  choice === 'utc' ? 'UTC' : Intl.DateTimeFormat().resolvedOptions().timeZone;

export const useZone = () => {
  const [choice, setChoice] = useLocalStorage<ZoneChoice>({
    key: 'labgate.zone',
    defaultValue: 'viewer',
    getInitialValueInEffect: false,
  });
  return { choice, setChoice, zone: zoneOf(choice) };
};
