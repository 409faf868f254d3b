import { Badge, Box } from '@mantine/core';
import { IconBroadcast, IconBroadcastOff, IconLoader2 } from '@tabler/icons-react';
import type { LiveState } from '../live/connection.ts';
import { useLiveState } from '../live/use-live.ts';
import { texts } from '../texts.ts';

const ICONS: Record<LiveState, typeof IconBroadcast> = {
  connecting: IconLoader2,
  connected: IconBroadcast,
  reconnecting: IconLoader2,
  paused: IconBroadcastOff,
  ended: IconBroadcastOff,
};

/** Whether values come in as they are measured. */
export const LiveMark = () => {
  const state = useLiveState();
  // The region is there before it says something: only changes in it are read out.
  return (
    <Box role="status" aria-label={texts.live.label} data-live={state ?? 'none'} display="flex">
      {state !== undefined && <Mark state={state} />}
    </Box>
  );
};

const Mark = ({ state }: { state: LiveState }) => {
  const Icon = ICONS[state];
  return (
    <Badge
      variant="light"
      color={state === 'reconnecting' || state === 'ended' ? 'yellow' : 'gray'}
      leftSection={<Icon size={14} aria-hidden />}
      title={texts.live.detail[state]}
      tt="none"
      fw={500}
      className="state-badge"
    >
      {texts.live[state]}
    </Badge>
  );
};
