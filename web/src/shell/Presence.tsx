import { Badge } from '@mantine/core';
import { IconAlertTriangle, IconCircleCheck, IconCircleX, IconHelpCircle } from '@tabler/icons-react';
import type { PresenceState } from '../../../contracts/resources/presence.ts';
import { texts } from '../texts.ts';

const LOOKS = {
  online: { colour: 'gray', Icon: IconCircleCheck },
  suspect: { colour: 'yellow', Icon: IconAlertTriangle },
  offline: { colour: 'red', Icon: IconCircleX },
  unknown: { colour: 'gray', Icon: IconHelpCircle },
} as const;

/** Presence by shape, word and colour; what is normal is grey. */
export const Presence = ({ state, why }: { state: PresenceState; why?: string }) => {
  const { colour, Icon } = LOOKS[state];
  return (
    <Badge
      variant="light"
      color={colour}
      leftSection={<Icon size={14} aria-hidden />}
      title={why}
      tt="none"
      fw={500}
      className="state-badge"
      data-state={state}
    >
      {texts.presence[state]}
    </Badge>
  );
};
