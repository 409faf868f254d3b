import { Paper, SimpleGrid, Text } from '@mantine/core';
import type { DeviceDetail, InstrumentType } from '../../api/gen/index.ts';
import { measureText } from '../../charts/numbers.ts';
import { timeText } from '../../charts/zone.ts';
import { useLatest } from '../../live/heard-queries.ts';
import { ageText, isStale } from '../../shell/age.ts';
import { ProblemView } from '../../shell/ProblemView.tsx';
import { useZone } from '../../shell/preferences.ts';
import { QualityMark } from '../../shell/QualityMark.tsx';
import { useNow } from '../../shell/use-now.ts';
import { texts } from '../../texts.ts';

interface Props {
  readonly device: DeviceDetail;
  readonly type: InstrumentType;
}

/** The newest value of each channel, with its age; grey once it is older than its interval allows. */
export const Latest = ({ device, type }: Props) => {
  const { zone } = useZone();
  useNow(1000);
  const now = Date.now();
  const { data, error } = useLatest(device, type);
  if (error !== null && data === undefined) return <ProblemView error={error} />;
  if (data === undefined) return null;
  const order = Object.keys(type.channels);
  const items = [...data.items].sort((a, b) => order.indexOf(a.n) - order.indexOf(b.n));
  return (
    <section aria-label={texts.device.latest}>
      {items.length === 0 && <Text c="dimmed">{texts.device.noValues}</Text>}
      <SimpleGrid cols={{ base: 2, xs: 3, md: 4, lg: 6 }} spacing="xs" mb="md">
        {items.map(({ n, t, v, u, q, arrived }) => {
          const facts = type.channels[n];
          const age = now - Date.parse(t);
          const stale = isStale(age, facts?.interval);
          return (
            <Paper
              key={n}
              withBorder
              px="sm"
              py={6}
              className={stale ? 'stale' : ''}
              data-channel={n}
              title={`${texts.device.measured} ${timeText(Date.parse(t), zone, true)}, ${texts.device.received} ${timeText(Date.parse(arrived), zone, true)}`}
            >
              <Text size="xs" c="dimmed" truncate>
                {facts?.label ?? n}
              </Text>
              <Text size="lg" fw={stale ? 400 : 600} className="numeric" truncate>
                <QualityMark quality={q} />
                {measureText(v, u, facts?.resolution)}
              </Text>
              <Text size="xs" c="dimmed">
                {ageText(age)}
              </Text>
            </Paper>
          );
        })}
      </SimpleGrid>
    </section>
  );
};
