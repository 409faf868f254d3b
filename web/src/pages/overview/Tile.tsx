import { Group, Paper, Skeleton, Stack, Text } from '@mantine/core';
import { Link } from 'wouter';
import type { Device, InstrumentType, SnapshotPoint } from '../../api/gen/index.ts';
import { measureText } from '../../charts/numbers.ts';
import { Sparkline } from '../../charts/Sparkline.tsx';
import { usePresence } from '../../live/heard-queries.ts';
import { ageText, isStale } from '../../shell/age.ts';
import { Presence } from '../../shell/Presence.tsx';
import { QualityMark } from '../../shell/QualityMark.tsx';
import { texts } from '../../texts.ts';

/** Values of a tile; the rest is on the device's own page. */
const MOST = 4;

interface Props {
  readonly device: Device;
  readonly type: InstrumentType | undefined;
  /** `undefined` until they are known. */
  readonly values: readonly SnapshotPoint[] | undefined;
  readonly spark: readonly (number | null)[] | undefined;
  readonly sparkChannel: string | undefined;
}

export const Tile = ({ device, type, values, spark, sparkChannel }: Props) => {
  const presence = usePresence(device);
  const now = Date.now();
  const order = Object.keys(type?.channels ?? {});
  const sorted = [...(values ?? [])].sort((a, b) => order.indexOf(a.n) - order.indexOf(b.n));
  return (
    <Paper
      component={Link}
      href={`/devices/${device.id}`}
      withBorder
      p="sm"
      className="tile"
      data-device={device.id}
    >
      <Stack gap={6} h="100%">
        <Group justify="space-between" wrap="nowrap" gap="xs" align="flex-start">
          <div style={{ minWidth: 0 }}>
            <Text fw={600} truncate>
              {device.name ?? device.id}
            </Text>
            <Text size="xs" c="dimmed" truncate>
              {device.id}
              {device.location?.room === undefined ? '' : ` · ${device.location.room}`}
            </Text>
          </div>
          {presence !== undefined && <Presence state={presence.state} why={presence.why} />}
        </Group>
        {values === undefined && <Skeleton h={64} />}
        {values?.length === 0 && (
          <Text size="sm" c="dimmed">
            {texts.overview.noValues}
          </Text>
        )}
        <div>
          {sorted.slice(0, MOST).map(({ n, t, v, u, q }) => {
            const facts = type?.channels[n];
            const age = now - Date.parse(t);
            const stale = isStale(age, facts?.interval);
            return (
              <Group key={n} justify="space-between" wrap="nowrap" gap="xs" className={stale ? 'stale' : ''}>
                <Text size="sm" c="dimmed" truncate>
                  {facts?.label ?? n}
                </Text>
                <Text size="sm" className="numeric" fw={stale ? 400 : 600} style={{ whiteSpace: 'nowrap' }}>
                  <QualityMark quality={q} />
                  {measureText(v, u, facts?.resolution)}
                  {stale && <Text span size="xs">{` (${ageText(age)})`}</Text>}
                </Text>
              </Group>
            );
          })}
          {sorted.length > MOST && (
            <Text size="xs" c="dimmed">
              {texts.overview.moreChannels(sorted.length - MOST)}
            </Text>
          )}
        </div>
        <div style={{ marginTop: 'auto', minHeight: 28 }}>
          {spark !== undefined && sparkChannel !== undefined && (
            <Sparkline values={spark} label={texts.chart.spark(sparkChannel)} />
          )}
        </div>
      </Stack>
    </Paper>
  );
};
