import { ActionIcon, Button, Group, Menu, Popover, Stack, Text, TextInput } from '@mantine/core';
import {
  IconCalendar,
  IconChevronLeft,
  IconChevronRight,
  IconPlayerPause,
  IconPlayerPlay,
  IconZoomIn,
  IconZoomOut,
} from '@tabler/icons-react';
import { useState } from 'react';
import { texts } from '../texts.ts';
import { type Bounds, boundsOf, durationText, LASTS, panned, type Range, zoomed } from './range.ts';
import { fieldOf, instantOfField, offsetText, timeText } from './zone.ts';

interface Props {
  readonly range: Range;
  readonly zone: string;
  readonly onRange: (range: Range) => void;
  /** Back to the last range that went on; absent where nothing goes on by itself. */
  readonly onResume?: () => void;
}

/** Which time is looked at, and whether it goes on. */
export const TimeBar = ({ range, zone, onRange, onResume }: Props) => {
  const live = 'last' in range;
  const bounds = boundsOf(range, Date.now());
  const tools = [
    [texts.range.earlier, IconChevronLeft, () => onRange(panned(bounds, -0.5))],
    [texts.range.later, IconChevronRight, () => onRange(panned(bounds, 0.5))],
    [texts.range.in, IconZoomIn, () => onRange(zoomed(bounds, 0.5))],
    [texts.range.out, IconZoomOut, () => onRange(zoomed(bounds, 2))],
  ] as const;
  return (
    <Group gap="xs" role="toolbar" aria-label={texts.range.label}>
      <Menu position="bottom-start" withArrow>
        <Menu.Target>
          <Button variant="default" size="xs">
            {live
              ? (texts.range.last[range.last] ?? texts.range.lastOther(durationText(range.last)))
              : `${timeText(range.from, zone)} – ${timeText(range.to, zone)}`}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {LASTS.map((last) => (
            <Menu.Item key={last} onClick={() => onRange({ last })}>
              {texts.range.last[last]}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      <Absolute key={live ? range.last : range.from} bounds={bounds} zone={zone} onRange={onRange} />
      <ActionIcon.Group>
        {tools.map(([label, Icon, act]) => (
          <ActionIcon key={label} variant="default" size={30} aria-label={label} title={label} onClick={act}>
            <Icon size={16} aria-hidden />
          </ActionIcon>
        ))}
      </ActionIcon.Group>
      {onResume !== undefined && <Going live={live} onPause={() => onRange(bounds)} onResume={onResume} />}
    </Group>
  );
};

const Absolute = ({ bounds, zone, onRange }: Pick<Props, 'zone' | 'onRange'> & { bounds: Bounds }) => {
  const [opened, setOpened] = useState(false);
  const [from, setFrom] = useState('');
  const [to, setTo] = useState('');
  const open = (): void => {
    setFrom(fieldOf(bounds.from, zone));
    setTo(fieldOf(bounds.to, zone));
    setOpened(true);
  };
  const [first, last] = [instantOfField(from, zone), instantOfField(to, zone)];
  const right = first !== undefined && last !== undefined && first < last;
  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-start" withArrow trapFocus>
      <Popover.Target>
        <Button
          variant="default"
          size="xs"
          leftSection={<IconCalendar size={14} aria-hidden />}
          onClick={() => (opened ? setOpened(false) : open())}
        >
          {texts.range.absolute}
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            if (!right) return;
            onRange({ from: first, to: last });
            setOpened(false);
          }}
        >
          <Stack gap="xs">
            <TextInput
              type="datetime-local"
              step={1}
              label={texts.zone.from(offsetText(first ?? bounds.from, zone))}
              value={from}
              onChange={({ currentTarget }) => setFrom(currentTarget.value)}
            />
            <TextInput
              type="datetime-local"
              step={1}
              label={texts.zone.to(offsetText(last ?? bounds.to, zone))}
              value={to}
              onChange={({ currentTarget }) => setTo(currentTarget.value)}
              error={right ? undefined : texts.range.wrong}
            />
            <Button type="submit" disabled={!right}>
              {texts.range.apply}
            </Button>
          </Stack>
        </form>
      </Popover.Dropdown>
    </Popover>
  );
};

interface GoingProps {
  readonly live: boolean;
  readonly onPause: () => void;
  readonly onResume: () => void;
}

/** Whether what is shown goes on, and stopping that: nothing moves that one cannot hold. */
const Going = ({ live, onPause, onResume }: GoingProps) => (
  <>
    {live ? (
      <Button
        size="xs"
        variant="default"
        leftSection={<IconPlayerPause size={14} aria-hidden />}
        onClick={onPause}
      >
        {texts.range.pause}
      </Button>
    ) : (
      <Button size="xs" leftSection={<IconPlayerPlay size={14} aria-hidden />} onClick={onResume}>
        {texts.range.resume}
      </Button>
    )}
    <Text size="sm" role="status" c="dimmed">
      {live ? texts.range.live : texts.range.paused}
    </Text>
  </>
);
