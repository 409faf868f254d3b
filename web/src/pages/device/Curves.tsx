import { Alert, Box, Group, Loader, Paper, SegmentedControl, Stack, Text, Title } from '@mantine/core';
import { useLocalStorage, useMediaQuery } from '@mantine/hooks';
import { useMemo, useRef } from 'react';
import { useSearchParams } from 'wouter';
import type { DeviceDetail, InstrumentType } from '../../api/gen/index.ts';
import { axisTitle } from '../../charts/Chart.tsx';
import { ChartWithLegend } from '../../charts/ChartWithLegend.tsx';
import { type Curve, isLine, stateSpans } from '../../charts/curves.ts';
import { Lane } from '../../charts/Lane.tsx';
import { boundsOf, durationText, type Range, rangeFromUrl, rangeToUrl } from '../../charts/range.ts';
import { stateColour } from '../../charts/states.ts';
import { TimeBar } from '../../charts/TimeBar.tsx';
import { offsetText, timeText } from '../../charts/zone.ts';
import { useCurves } from '../../live/use-curves.ts';
import { ProblemView } from '../../shell/ProblemView.tsx';
import { useZone } from '../../shell/preferences.ts';
import { useNow } from '../../shell/use-now.ts';
import { texts } from '../../texts.ts';
import { CompletenessLane } from './CompletenessLane.tsx';
import { SessionsLane } from './SessionsLane.tsx';

const USUAL: Range = { last: 'PT15M' };

interface Props {
  readonly device: DeviceDetail;
  readonly type: InstrumentType;
}

/** Curves that share an axis: of one unit, where people want them so. What has no unit has nothing in common. */
const grouped = (
  curves: readonly Curve[],
  order: readonly string[],
  byUnit: boolean,
): [string, Curve[]][] => {
  const groups = new Map<string, Curve[]>();
  const sorted = [...curves].sort((a, b) => order.indexOf(a.channel) - order.indexOf(b.channel));
  for (const curve of sorted.filter(isLine)) {
    const key = byUnit && curve.unit !== '1' ? curve.unit : `${curve.unit} ${curve.channel}`;
    groups.set(key, [...(groups.get(key) ?? []), curve]);
  }
  return [...groups];
};

export const Curves = ({ device, type }: Props) => {
  const { zone } = useZone();
  const [search, setSearch] = useSearchParams();
  const range = useMemo(() => rangeFromUrl(search, USUAL), [search]);
  const live = 'last' in range;
  const lastLive = useRef<Range>(live ? range : USUAL);
  if (live) lastLive.current = range;
  const origin = useMemo(() => ({ site: device.site, device: device.id }), [device.site, device.id]);
  const { curves, every, loading, error, drawnAt } = useCurves(origin, range, type.channels);
  const tick = useNow(1000, live);
  const { from, to } = boundsOf(range, Math.max(tick, drawnAt));
  const [byUnit, setByUnit] = useLocalStorage({
    key: 'labgate.charts-by',
    defaultValue: 'unit',
    getInitialValueInEffect: false,
  });
  const narrow = useMediaQuery('(max-width: 48em)');

  const setRange = (next: Range): void =>
    setSearch(
      (before) => {
        const url = new URLSearchParams(before);
        for (const name of ['last', 'from', 'to']) url.delete(name);
        for (const [name, value] of Object.entries(rangeToUrl(next))) url.set(name, value);
        return url;
      },
      { replace: true },
    );
  const resume = (): void => setRange(lastLive.current);
  const groups = useMemo(
    () => grouped(curves, Object.keys(type.channels), byUnit === 'unit'),
    [curves, type, byUnit],
  );
  const states = useMemo(() => curves.filter((curve) => !isLine(curve)), [curves]);

  return (
    <Stack gap="sm">
      <Group justify="space-between">
        <TimeBar range={range} zone={zone} onRange={setRange} onResume={resume} />
        <Group gap="xs">
          <SegmentedControl
            size="xs"
            aria-label={texts.device.group}
            value={byUnit}
            onChange={setByUnit}
            data={[
              { value: 'unit', label: texts.device.byUnit },
              { value: 'channel', label: texts.device.byChannel },
            ]}
          />
          {loading && <Loader size="xs" role="status" aria-label={texts.chart.loading} />}
          <Text size="xs" c="dimmed">
            {zone === 'UTC' ? zone : `${zone} (${offsetText(to, zone)})`} ·{' '}
            {every === undefined ? texts.chart.points : texts.chart.buckets(durationText(every))}{' '}
            {texts.chart.help}
          </Text>
        </Group>
      </Group>
      {error !== undefined && <ProblemView error={error} />}
      {!loading && error === undefined && curves.length === 0 && (
        <Alert color="gray" role="status">
          {texts.chart.empty}
        </Alert>
      )}
      {groups.map(([key, some]) => {
        const [first] = some;
        if (first === undefined) return null;
        const title =
          some.length === 1 ? (type.channels[first.channel]?.label ?? first.channel) : axisTitle(first.unit);
        return (
          <Paper key={key} withBorder p="xs">
            <Group gap="xs" px={4}>
              <Title order={2} size="sm">
                {title}
              </Title>
              <Text size="xs" c="dimmed">
                {some.length === 1 ? axisTitle(first.unit) : ''}
              </Text>
            </Group>
            <ChartWithLegend
              id={`${device.id}/${key}`}
              title={title}
              curves={some.map((curve) => {
                const facts = type.channels[curve.channel];
                return {
                  curve,
                  label: facts?.label ?? curve.channel,
                  step: facts?.kind === 'step',
                  resolution: facts?.resolution,
                };
              })}
              from={from}
              to={to}
              zone={zone}
              height={narrow ? 180 : 210}
              sync={device.id}
              onRange={setRange}
              onReset={resume}
            />
          </Paper>
        );
      })}
      <Paper withBorder p="xs">
        <Box pt={4}>
          {states.map((curve) => (
            <Lane
              key={curve.channel}
              title={type.channels[curve.channel]?.label ?? curve.channel}
              from={from}
              to={to}
              summary={`${new Set(curve.values).size}`}
              spans={stateSpans(curve).map((span) => ({
                ...span,
                colour: stateColour(span.what),
                text: span.what,
                tip: `${span.what}: ${timeText(span.from, zone)} – ${timeText(span.to, zone)}`,
              }))}
            />
          ))}
          <SessionsLane device={device.id} from={from} to={to} live={live} zone={zone} />
          <CompletenessLane device={device.id} from={from} to={to} live={live} zone={zone} />
        </Box>
      </Paper>
    </Stack>
  );
};
